/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The library from JavaScript: tensors, graphs, lowering, passes, running, and
 * all of it in the background.
 */

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Lfb from 'gi://Lfb?version=1.0';
import System from 'system';

import {equal, fails, load, ok, path, recorded, rejects, run, test, throws} from './tap.js';

/* Tensors */

test('typed arrays in and out', () => {
    for (const [array, dtype] of [
        [new Float32Array([1.5, -2, 3, 4]), Lfb.DType.FLOAT32],
        [new Float64Array([1.5, -2, 3, 4]), Lfb.DType.FLOAT64],
        [new Uint8Array([1, 2, 3, 255]), Lfb.DType.UINT8],
        [new Int8Array([1, -2, 3, 4]), Lfb.DType.INT8],
        [new Int16Array([1, -2, 3, 4]), Lfb.DType.INT16],
        [new Int32Array([1, -2, 3, 4]), Lfb.DType.INT32],
        [new BigInt64Array([1n, -2n, 3n, 4n]), Lfb.DType.INT64],
    ]) {
        const tensor = new Lfb.Tensor(array, [2, 2]);
        equal([tensor.dtype, tensor.get_shape()], [dtype, [2, 2]]);
        equal(tensor.unpack(), array);
        equal(tensor.unpack().constructor, array.constructor);
        equal(new Lfb.Tensor(array.subarray(1)).unpack(), array.slice(1));
    }
    equal(new Lfb.Tensor(new Uint8Array([0, 1]), null, {dtype: Lfb.DType.BOOL}).dtype, Lfb.DType.BOOL);
    equal(`${new Lfb.Tensor(new Uint16Array([1]), null, {dtype: Lfb.DType.BFLOAT16})}`, 'bfloat16[1]');
    equal(new Lfb.Tensor([[1.5, 2], [3, 4]]).unpack(), new Float32Array([1.5, 2, 3, 4]));
    equal(new Lfb.Tensor([1, 2], null, {dtype: Lfb.DType.INT64}).unpack(), new BigInt64Array([1n, 2n]));
    equal(new Lfb.Tensor([], [0, 3]).unpack().length, 0);
    throws(() => new Lfb.Tensor([[1], [2, 3]]), TypeError, 'rows');
    throws(() => new Lfb.Tensor(['a']), TypeError, 'holds a');
    throws(() => new Lfb.Tensor(new Uint16Array(2)), TypeError, 'dtype');
    throws(() => new Lfb.Tensor(null), TypeError, 'null');
});

test('no copy once the bytes are those of GLib', () => {
    const bytes = new GLib.Bytes(new Uint8Array(new Float32Array([1.5, 2.5]).buffer));
    const first = Lfb.Tensor.new_for_bytes(Lfb.DType.FLOAT32, [2], bytes);
    const second = Lfb.Tensor.new_for_bytes(Lfb.DType.FLOAT32, [2, 1], first.get_bytes());
    equal(second.get_address(), first.get_address());
    equal(second.reshape([1, 2]).get_address(), first.get_address());
    const third = Lfb.Tensor.new_for_pointer(Lfb.DType.FLOAT32, [2], first.get_address(), 8, first);
    equal(third.get_address(), first.get_address());

    /* Two views of the same memory: what one writes the other sees. */
    const [a, b] = [first.unpack(), second.unpack()];
    a[0] = 7;
    equal(b[0], 7);
});

test('arrays live as long as they are needed', () => {
    let tensor = new Lfb.Tensor(new Float32Array(10000).fill(2.5));
    const array = tensor.unpack();
    tensor = null;
    System.gc();
    for (let i = 0; i < 100; i++)
        new Lfb.Tensor(new Float32Array(10000));
    ok(array.every(number => number === 2.5), 'the memory was freed');
});

test('quantized tensors', () => {
    const tensor = new Lfb.Tensor(new Uint8Array([10, 12]), [1, 2], {scale: 0.5, zero_point: 10});
    equal([tensor.dtype, tensor.scale, tensor.zero_point], [Lfb.DType.QUINT8, 0.5, 10]);
    equal(tensor.unpack(), new Uint8Array([10, 12]));
    equal(tensor.dequantize().unpack(), new Float32Array([0, 1]));
    equal(`${tensor}`, 'quint8[1, 2] scale 0.5 zero point 10');

    const channels = new Lfb.Tensor(new Int8Array([1, 2, 3, 4]), [2, 2],
        {scale: [0.5, 2], zero_point: [0, 1], axis: 0});
    equal([channels.dtype, channels.axis], [Lfb.DType.QINT8, 0]);
    equal(channels.get_scales().unpack(), new Float32Array([0.5, 2]));
    equal(channels.get_zero_points().unpack(), new BigInt64Array([0n, 1n]));
    equal(channels.dequantize().unpack(), new Float32Array([0.5, 1, 4, 6]));
});

/* Graphs */

test('looking at a graph', () => {
    const {graph} = load('add');
    const nodes = [...graph];
    equal(nodes.length, 26);
    equal(nodes.slice(0, 3).map(node => node.name), ['x', 'a_input_scale_0', 'a_input_zero_point_0']);
    equal([nodes[0].op, nodes[10].op, nodes[25].op], [Lfb.Op.PLACEHOLDER, Lfb.Op.CALL_MODULE, Lfb.Op.OUTPUT]);

    const add = graph.find('add');
    equal(add, nodes[20]);
    equal([add.target, add.op], ['operator.add', Lfb.Op.CALL_FUNCTION]);
    equal(add.args, [graph.find('dequantize_2'), graph.find('dequantize_3')]);
    equal(add.kwargs, {});
    equal(add.inputs, add.args);
    equal(add.users, [graph.find('quantize_per_tensor_4')]);
    equal(`${add}`, '%add = operator.add(%dequantize_2, %dequantize_3)');
    equal(graph.find('sub'), null);
    equal(graph.find('quantize_per_tensor').args[3].get_dtype(), Lfb.DType.QUINT8);
});

test('signatures of the library', () => {
    const model = load('add');
    const add = model.get_graph().find('add');
    let args = add.get_args();
    ok(args.every(arg => arg instanceof Lfb.Value), 'values were expected');
    add.set_args([args[1], Lfb.Value.for_int(3)]);
    args = null;
    System.gc();
    equal(add.get_arg(1).get_int(), 3);
    equal(add.get_arg(0).get_node().get_name(), 'dequantize_3');
    equal(add.get_kwargs().get_n_items(), 0);
    equal(add.get_arg(2), null);
});

test('arguments are native values', () => {
    const {graph} = load('add');
    const [add, x] = [graph.find('add'), graph.find('x')];
    const args = [null, true, 3, -3, 2.5, Infinity, 'text', [1, [2, []]], {a: 1, b: {}}, x, new Lfb.Tensor([1.5])];
    add.args = args;
    add.kwargs = {alpha: 2, nested: [x, {deep: [x]}]};
    equal(add.args, args);
    equal(add.kwargs, {alpha: 2, nested: [x, {deep: [x]}]});
    equal(add.inputs, [x]);
    add.set_arg(0, Lfb.Value.for_double(4));
    equal(add.get_arg(0).get_kind(), Lfb.ValueKind.DOUBLE);
});

test('values', () => {
    equal(Lfb.Value.from(3).get_kind(), Lfb.ValueKind.INT);
    equal(Lfb.Value.from(3n).get_kind(), Lfb.ValueKind.INT);
    equal(Lfb.Value.from(3.5).get_kind(), Lfb.ValueKind.DOUBLE);
    equal(Lfb.Value.from(1e300).get_kind(), Lfb.ValueKind.DOUBLE);
    equal(Lfb.Value.from([1]).get_kind(), Lfb.ValueKind.LIST);
    equal(Lfb.Value.from(Object.freeze([1])).get_kind(), Lfb.ValueKind.TUPLE);
    ok(Object.isFrozen(Lfb.Value.for_ints([1, 2]).unpack()), 'a tuple is a frozen array');
    equal(Lfb.Value.from(new Map([['k', [1.5]]])).unpack(), {k: [1.5]});
    const dtype = Lfb.Value.for_dtype(Lfb.DType.QINT8);
    ok(Lfb.Value.from([dtype]).unpack()[0].equal(dtype), 'an element type stays a value');
    equal(`${Lfb.Value.from([null, {a: Object.freeze([1, 2.5])}])}`, "[None, {'a': (1, 2.5)}]");
    const nest = [];
    nest.push(nest);
    throws(() => Lfb.Value.from(nest), RangeError, 'deeper');
    throws(() => Lfb.Value.from(Symbol.iterator), TypeError, '');
    throws(() => Lfb.Value.from(new Date()), TypeError, 'argument');
});

test('changing a graph', () => {
    const {graph} = load('add');
    const [add, output] = [graph.find('add'), graph.find('output')];
    const relu = graph.create_node(Lfb.Op.CALL_FUNCTION, 'torch.nn.functional.relu', [add], {inplace: false});
    add.append(relu);
    add.replace_all_uses_with(relu);
    equal([relu.name, relu.args, relu.get_previous()], ['relu', [add], add]);
    equal(add.users, [relu]);
    relu.set_name('activation');
    equal(graph.find('activation'), relu);
    equal(graph.lint(), []);
    output.args = [add];
    equal(graph.eliminate_dead_code(), true);
    equal(graph.find('activation'), null);
    equal(relu.get_graph(), null);
});

test('a loop may change its graph', () => {
    const {graph} = load('add');
    const seen = [];
    graph.find('output').args = [];
    for (const node of graph) {
        seen.push(node.name);
        if (node.name === 'add') {
            for (const name of ['output', 'dequantize_4', 'quantize_per_tensor_4', '_zero_point_0'])
                graph.erase_node(graph.find(name));
        }
    }
    equal(seen.slice(-2), ['add', '_scale_0']);
    equal(graph.get_n_items(), 22);
});

test('building a model, and files', () => {
    const graph = new Lfb.Graph();
    const x = graph.create_node(Lfb.Op.PLACEHOLDER, 'x');
    const relu = graph.create_node(Lfb.Op.CALL_MODULE, 'act', [x]);
    graph.create_node(Lfb.Op.OUTPUT, 'output', [relu]);
    const model = new Lfb.GraphModule({graph});
    model.set_module('act', new Lfb.Module('torch.nn.ReLU', {inplace: false}));
    equal(model.get_module('act').get_config().unpack(), {inplace: false});

    const folder = GLib.dir_make_tmp('lowerfb-XXXXXX');
    const file = `${folder}/model.safetensors`;
    model.save(file);
    const again = Lfb.GraphModule.load(file);
    equal(`${again}`, `${model}`);
    equal(new Lfb.Session(again).run([new Float32Array([-1.5, 2.5])])[0].unpack(), new Float32Array([0, 2.5]));

    const tensors = new Lfb.TensorFile();
    tensors.add('one', new Lfb.Tensor([1.5]));
    tensors.save(file);
    equal([...Lfb.TensorFile.load(file)].map(([name, tensor]) => [name, tensor.unpack()[0]]), [['one', 1.5]]);
    GLib.unlink(file);
    GLib.rmdir(folder);
});

/* Lowering */

test('lowering with a report', () => {
    const model = load('add');
    const before = `${model}`;
    const lowerer = new Lfb.Lowerer({keep_original_weights: true});
    const told = [];
    lowerer.connect('rewritten', (_lowerer, name, node) => told.push(`${name} ${node.name}`));
    equal(lowerer.report, null);
    const lowered = lowerer.lower(model);
    equal(lowered.graph.find('add').target, 'torch.ops.quantized.add');
    equal(lowered.get_module('a').type_name, 'torch.ao.nn.quantized.Linear');
    ok(told.includes('static-modules a') && told.includes('binary-operators add'), told.join());
    equal(`${model}`, before);

    const notes = [...lowerer.report];
    equal([notes.length, lowerer.report.get_n_lowered()], [7, 5]);
    const note = notes.find(({node_name}) => node_name === 'a');
    equal([note.lowered, note.pass_name], [true, 'static-modules']);
    ok(lowerer.report.find('quantize_per_tensor').reason.includes('input `x`'), 'the reason names the input');
    ok(`${lowerer.report}`.startsWith('5 of 7'), 'the text begins with the sum');

    equal(`${Lfb.lower_to_fbgemm(model)}`, `${new Lfb.Lowerer().lower(model, null, null, null)}`);
});

/* Puts a relu behind every addition. */
const AddRelu = GObject.registerClass(class AddRelu extends Lfb.Pass {
    vfunc_run(model) {
        let changed = false;
        for (const node of model.graph) {
            if (node.target !== 'operator.add')
                continue;
            const relu = model.graph.create_node(Lfb.Op.CALL_FUNCTION, 'torch.nn.functional.relu', [node]);
            node.append(relu);
            node.replace_all_uses_with(relu);
            this.report(relu, true, `stands behind ${node.name}`);
            changed = true;
        }
        return changed;
    }
});

const Failing = GObject.registerClass(class Failing extends Lfb.Pass {
    vfunc_run(model) {
        model.graph.find('add').target = 'operator.mul';
        throw this.exception;
    }
});

test('a pass that rewrites', () => {
    const model = load('add'), file = recorded('add');
    const lowerer = new Lfb.Lowerer();
    lowerer.insert_pass(new AddRelu({name: 'add-relu'}), 'static-modules');
    equal(lowerer.get_passes()[0].name, 'add-relu');
    const lowered = lowerer.lower(model);
    equal(lowered.graph.find('add').target, 'torch.ops.quantized.add_relu');
    const note = lowerer.report.find('relu');
    equal([note.lowered, note.pass_name, note.result], [true, 'add-relu', 'stands behind add']);

    const inputs = [file.get('input.0'), file.get('input.1')];
    const plain = new Lfb.Session(Lfb.lower_to_fbgemm(model)).run(inputs)[0].unpack();
    ok(plain.some(number => number < 0), 'nothing to cut off');
    equal(new Lfb.Session(lowered).run(inputs)[0].unpack(), plain.map(number => Math.max(number, 0)));

    const alone = new AddRelu();
    equal(alone.name, 'AddRelu');
    equal(alone.run(model), true);
    equal(model.graph.find('relu').args, [model.graph.find('add')]);
});

test('a pass that fails', () => {
    const model = load('add');
    const before = `${model}`;
    const lowerer = new Lfb.Lowerer();
    const failing = new Failing({name: 'failing'});
    lowerer.add_pass(failing);
    failing.exception = new GLib.Error(Lfb.Error, Lfb.Error.SHAPE, 'node `b` is odd');
    fails(() => lowerer.lower(model), Lfb.Error.SHAPE, 'Pass failing: node `b` is odd');
    failing.exception = new TypeError('not a number');
    throws(() => lowerer.lower(model), TypeError, 'Pass failing: not a number');
    equal(lowerer.report, null);
    equal(`${model}`, before);
});

test('a pass that breaks the graph', () => {
    const Breaking = GObject.registerClass(class Breaking extends Lfb.Pass {
        vfunc_run({graph}) {
            graph.get_last().prepend(graph.find('x'));
            return true;
        }
    });
    const lowerer = new Lfb.Lowerer();
    lowerer.add_pass(new Breaking());
    fails(() => lowerer.lower(load('add')), Lfb.Error.INVALID_GRAPH, '`x`');
});

/* Running */

/* The output scale, seen in the numbers: their smallest distance. */
function smallestStep(array) {
    const steps = [...new Set(array)].sort((a, b) => a - b);
    return steps.slice(1).reduce((step, number, i) => Math.min(step, number - steps[i]), Infinity);
}

test('reference and lowered model agree with what was recorded', () => {
    for (const name of ['add', 'add_relu', 'conv2d_relu', 'linear_chain', 'two_outputs']) {
        const model = load(name), file = recorded(name);
        const inputs = [...file].filter(([key]) => key.startsWith('input.')).map(([, tensor]) => tensor);
        for (const [kind, runs] of [['reference', model], ['lowered', Lfb.lower_to_fbgemm(model)]]) {
            new Lfb.Session(runs).run(inputs).forEach((output, k) => {
                const expected = file.get(`${kind}.${k}`).unpack(), step = smallestStep(expected);
                equal(output.get_shape(), file.get(`${kind}.${k}`).get_shape());
                const apart = output.unpack().map((number, i) => Math.abs(number - expected[i]) / step);
                const other = apart.filter(steps => steps > 1e-5);
                ok(other.length <= Math.max(1, apart.length / 100), `${name} ${kind}: ${other.length} differ`);
                ok(other.every(steps => Math.abs(steps - 1) < 1e-3), `${name} ${kind}: ${other} steps apart`);
            });
        }
    }
});

test('inputs by position and by name', () => {
    const session = new Lfb.Session(load('add'), {n_threads: 2, profile: true}), file = recorded('add');
    const [x, y] = [file.get('input.0'), file.get('input.1')];
    const [result] = session.run([x, y]);
    equal(session.n_threads, 2);
    for (const again of [session.run({x, y}), session.run(new Map([['y', y], ['x', x]])), session.run([x, y], null)])
        ok(again[0].equal(result), 'the results differ');
    throws(() => session.run({x}), TypeError, 'input y is missing');
    throws(() => session.run({x, y, z: x}), TypeError, 'no input z');
    ok(session.profile_to_text().includes('quantize_per_tensor'), 'the profile names nodes');
    ok(session.peak_memory > 0, 'memory was taken');
    equal(Lfb.Session.new(load('add'), null).list_inputs(), ['x', 'y']);
});

test('calling an operator', () => {
    const dtype = Lfb.Value.for_dtype(Lfb.DType.QUINT8);
    const quantized = Lfb.call('torch.quantize_per_tensor', [new Float32Array([1, 2.5]), 0.5, 10, dtype]);
    equal([quantized.scale, quantized.zero_point, quantized.unpack()], [0.5, 10, new Uint8Array([12, 15])]);
    const summed = Lfb.call('torch.ops.quantized.add', [quantized, quantized], {scale: 0.5, zero_point: 0});
    equal(summed.dequantize().unpack(), new Float32Array([2, 5]));
    const raw = Lfb.call('torch.quantize_per_tensor',
        [Lfb.Value.for_tensor(new Lfb.Tensor([1])), Lfb.Value.for_double(0.5)],
        ['zero_point', 'dtype'], [Lfb.Value.for_int(10), dtype]);
    ok(raw instanceof Lfb.Value, 'values give a value');
    equal(raw.get_tensor().unpack(), new Uint8Array([12]));
    ok(Lfb.list_operators().includes('torch.ops.quantized.linear'), 'linear is an operator');
});

/* In the background */

test('load, lower and run with promises', async () => {
    const model = await Lfb.GraphModule.load_async(path('add')), file = recorded('add');
    const lowerer = new Lfb.Lowerer();
    let told = 0;
    lowerer.connect('rewritten', () => told++);
    lowerer.insert_pass(new AddRelu(), 'static-modules');
    const lowered = await lowerer.lower_async(model);
    equal(lowered.graph.find('add').target, 'torch.ops.quantized.add_relu');
    ok(told > 1, 'the signal was not heard');

    const session = new Lfb.Session(lowered), inputs = {x: file.get('input.0'), y: file.get('input.1')};
    const [output] = await session.run_async(inputs);
    ok(output.equal(session.run(inputs)[0]), 'the results differ');
});

test('lists and objects of tensors as inputs', async () => {
    const graph = new Lfb.Graph(), item = 'operator.getitem', call = Lfb.Op.CALL_FUNCTION;
    const x = graph.create_node(Lfb.Op.PLACEHOLDER, 'x');
    const second = graph.create_node(call, item, [graph.create_node(call, item, [x, 1]), 'k']);
    const sum = graph.create_node(call, 'torch.sub', [graph.create_node(call, item, [x, 0]), second]);
    graph.create_node(Lfb.Op.OUTPUT, 'output', [sum]);
    const session = new Lfb.Session(Lfb.GraphModule.new(graph));
    const given = [new Lfb.Tensor([3, 5]), {k: new Float32Array([1, 1])}];
    for (const [output] of [session.run([given]), session.run({x: given}), await session.run_async([given])])
        equal([...output.unpack()], [2, 4]);
    fails(() => session.run([[1, 2]]), Lfb.Error.SHAPE, 'getitem');
});

test('load, lower and run with callbacks', async () => {
    const model = await new Promise(resolve => {
        Lfb.GraphModule.load_async(path('add'), null, (_source, result) =>
            resolve(Lfb.GraphModule.load_finish(result)));
    });
    const lowered = await new Promise(resolve => {
        new Lfb.Lowerer().lower_async(model, null, null, null, (lowerer, result) =>
            resolve(lowerer.lower_finish(result)));
    });
    equal(`${lowered}`, `${Lfb.lower_to_fbgemm(model)}`);
    const input = new Lfb.Tensor(new Float32Array(12), [1, 12]);
    const outputs = await new Promise(resolve => {
        new Lfb.Session(lowered).run_async([input, input], null, (session, result) =>
            resolve(session.run_finish(result)));
    });
    equal(outputs[0].get_shape(), [1, 12]);
});

test('errors in the background', async () => {
    const model = load('add'), session = new Lfb.Session(model);
    const cancelled = new Gio.Cancellable(), lowerer = new Lfb.Lowerer(), failing = new Failing({name: 'failing'});
    cancelled.cancel();
    failing.exception = new GLib.Error(Lfb.Error, Lfb.Error.DTYPE, 'no');
    await rejects(Lfb.GraphModule.load_async('/nowhere'), Lfb.Error, Lfb.Error.IO, '/nowhere');
    await rejects(session.run_async([]), Lfb.Error, Lfb.Error.ARGUMENT, '`x`');
    await rejects(lowerer.lower_async(model, null, null, cancelled), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, '');
    await rejects(model.save_async('/nowhere/m', null), Lfb.Error, Lfb.Error.IO, '/nowhere/m');
    lowerer.add_pass(failing);
    await rejects(lowerer.lower_async(model), Lfb.Error, Lfb.Error.DTYPE, 'Pass failing: no');
});

run();
