/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the overrides add for JavaScript: names for enumerations, lists and maps to
 * loop over, what things print as, promises, and arguments that gjs would let pass.
 */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Lfb from 'gi://Lfb?version=1.0';

import {equal, fails, load, ok, path, recorded, rejects, run, test, throws} from './tap.js';

test('enumerations by their names', () => {
    for (const dtype of ['int8', Lfb.DType.INT8])
        equal(new Lfb.Tensor([1, 2], null, {dtype}).dtype, Lfb.DType.INT8);
    equal(new Lfb.Tensor([1], null, {dtype: 'qint8', scale: 0.5}).dtype, Lfb.DType.QINT8);
    const graph = new Lfb.Graph();
    const x = graph.create_node('placeholder', 'x');
    graph.create_node('output', 'output', [x]);
    equal([...graph].map(node => node.op), [Lfb.Op.PLACEHOLDER, Lfb.Op.OUTPUT]);
    for (const wrong of ['float33', 99, -1, 1.5, {}]) {
        throws(() => new Lfb.Tensor([1], null, {dtype: wrong}), TypeError, 'element type');
        throws(() => graph.create_node(wrong, 'x'), TypeError, 'operation');
    }
});

test('what gjs would let pass', () => {
    const model = load('add'), session = new Lfb.Session(model);
    for (const wrong of ['a', 3, [1.5], [null, 'x'], ['']])
        throws(() => new Lfb.Tensor(new Float32Array(1), wrong), TypeError, 'shape');
    throws(() => new Lfb.Tensor([1], null, {zero_point: 3}), TypeError, 'scale');
    for (const wrong of [-1, 1.5, 'two'])
        throws(() => new Lfb.Session(model, {n_threads: wrong}), RangeError, `${wrong}`);
    throws(() => new Lfb.Session(model, {threads: 1}), Error, 'threads');
    for (const wrong of [3, 'a'])
        throws(() => session.run(wrong), TypeError, 'inputs of a session');
    throws(() => Lfb.call('torch.relu', 3), TypeError, 'an array, not 3');
    throws(() => {
        model.graph.find('add').args = 3;
    }, TypeError, 'an array, not 3');
    throws(() => Lfb.lower_to_fbgemm(model, null, {a: 'a'}), TypeError, 'scope of a');
    for (const wrong of [null, 'a', 3, undefined])
        throws(() => new Lfb.Lowerer().lower(wrong), Error, 'model');
});

test('lists and maps', () => {
    const model = load('add');
    equal([model.graph.length, [...model.graph].length], [26, 26]);
    equal(new Lfb.GraphModule(model.graph.copy()).graph.length, 26);
    equal([...model.qconfig_map].map(([name]) => name), model.qconfig_map.list_names());
    equal(Object.fromEntries(model.qconfig_map).a.weight.dtype, 'qint8');
    equal(Object.fromEntries(model.node_name_to_scope).a[0], 'a');
    const module = model.get_module('a');
    equal(module.config.in_features, 12);
    equal(module.tensors.weight.shape, module.get_tensor('weight').get_shape());
    equal(module.graph_module, null);

    const lowerer = new Lfb.Lowerer();
    lowerer.lower(model);
    equal([lowerer.report.length, [...lowerer.report].length], [7, 7]);
});

test('maps may be objects', () => {
    const model = load('add'), skipped = new Lfb.QConfigMap();
    skipped.set('a', null);
    const expected = `${Lfb.lower_to_fbgemm(model, skipped, new Lfb.ScopeMap())}`;
    ok(expected !== `${Lfb.lower_to_fbgemm(model)}`, 'the map says nothing');
    for (const maps of [[{a: null}, {}], [new Map([['a', null]]), {a: ['a', 'torch.nn.Linear']}]]) {
        equal(`${Lfb.lower_to_fbgemm(model, ...maps)}`, expected);
        equal(`${new Lfb.Lowerer().lower(model, ...maps)}`, expected);
    }
});

test('what things print as', () => {
    const model = load('add'), lowerer = new Lfb.Lowerer();
    const lowered = lowerer.lower(model), [note] = lowerer.report, file = new Lfb.TensorFile();
    file.add('one', new Lfb.Tensor([1]));
    for (const [thing, text] of [
        [model.graph.find('x'), '%x = placeholder'], [model.qconfig_map, '[Lfb.QConfigMap of '],
        [model.node_name_to_scope, '[Lfb.ScopeMap of '], [lowerer, '[Lfb.Lowerer of 11 passes]'],
        [note, `[Lfb.LoweringNote ${note.node_name}: `], [file, '[Lfb.TensorFile of one]'],
        [new Lfb.Session(lowered, {n_threads: 1}), 'nodes on 1 threads, inputs x, y]'],
        [new Lfb.SessionOptions({profile: true}), '[Lfb.SessionOptions n_threads 0 profile true]'],
        [new Lfb.Progress(), "[Lfb.Progress 0% not begun]"], [new Lfb.Buffer(3), '[Lfb.Buffer of 3 bytes]'],
        [new Lfb.Module('torch.nn.ReLU', {inplace: false}), "[Lfb.Module torch.nn.ReLU {'inplace': False}]"],
        [new Lfb.QConfig({dtype: 'quint8'}), "[Lfb.QConfig activation {'dtype': 'quint8'} weight null]"],
        [new Lfb.PackedLinear(new Lfb.Tensor([[1, 2]], null, {dtype: 'qint8', scale: 0.5})),
            '[Lfb.PackedLinear of 2 to 1 features]'],
        [Lfb.Pass.new_builtin('dead-code'), '[Lfb.Pass dead-code]'],
    ])
        ok(`${thing}`.includes(text), `${thing} does not say ${text}`);
});

test('promises', async () => {
    const model = await Lfb.GraphModule.loadAsync(path('add')), file = recorded('add');
    const lowered = await new Lfb.Lowerer().lowerAsync(model);
    equal(`${lowered}`, `${Lfb.lower_to_fbgemm(model)}`);
    const session = new Lfb.Session(lowered), inputs = [file.get('input.0'), file.get('input.1')];
    const [expected] = session.run(inputs);
    for (const [output] of await Promise.all([session.runAsync(inputs), session.run_async(inputs),
        session.runAsync({y: inputs[1], x: inputs[0]})]))
        ok(output.equal(expected), 'the results differ');

    const cancelled = new Gio.Cancellable(), name = `${GLib.get_tmp_dir()}/${GLib.uuid_string_random()}`;
    cancelled.cancel();
    await rejects(session.runAsync(inputs, cancelled), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, '');
    await rejects(Lfb.GraphModule.loadAsync('/nowhere'), Lfb.Error, Lfb.Error.IO, '/nowhere');
    equal(await lowered.saveAsync(name), true);
    GLib.unlink(name);
    fails(() => session.run([]), Lfb.Error.ARGUMENT, '`x`');
});

test('one input alone', () => {
    const graph = new Lfb.Graph();
    graph.create_node('output', 'output', [graph.create_node('placeholder', 'x')]);
    const session = new Lfb.Session(new Lfb.GraphModule({graph}));
    for (const x of [new Float32Array([1, 2]), new Lfb.Tensor([1, 2])])
        equal([...session.run(x)[0].unpack()], [1, 2]);
    equal(session.prepare([new Float32Array(3)]).unpack()[0].shape, [3]);
});

run();
