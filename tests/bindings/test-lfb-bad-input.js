/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bad input from JavaScript: each row is refused with an error of the right code
 * whose message names the culprit.
 */

import GLib from 'gi://GLib';
import Lfb from 'gi://Lfb?version=1.0';

import {CASES, fails, load, path, run, test, throws} from './tap.js';

const E = Lfb.Error, D = Lfb.DType;
const floats = new Lfb.Tensor(new Float32Array(36).fill(0.5), [3, 12]);
const bytes = new Uint8Array(3);
const quint8 = Lfb.Value.for_dtype(D.QUINT8);

/* Two models, for the rows that change one. A node does not keep its graph alive. */
function world() {
    const model = load('add'), other = load('add');
    const [graph, otherGraph] = [model.get_graph(), other.get_graph()];
    const gone = graph.create_node(Lfb.Op.CALL_FUNCTION, 'torch.add', [], null, 'gone');
    graph.erase_node(gone);
    return {
        model, other, graph, otherGraph, gone,
        add: graph.find('add'), x: graph.find('x'), foreign: otherGraph.find('y'),
    };
}

/* The model, after something was done to it that the library lets pass. */
function changed(change) {
    const model = load('add');
    change(model);
    return model;
}

const cyclic = () => changed(({graph}) => graph.find('dequantize').set_args([graph.find('add')]));
const lower = model => new Lfb.Lowerer().lower(model);
const runs = (...inputs) => new Lfb.Session(load('add')).run(inputs);
const per_channel = options => new Lfb.Tensor(bytes, [3], {axis: 0, zero_point: [0, 0, 0], ...options});
const whole = GLib.file_get_contents(path('add'))[1];

/* What is done; the code it fails with; what the message says. */
const table = {
    'a file that is not there': [() => Lfb.GraphModule.load('/nowhere/m.safetensors'), E.IO, '/nowhere/m.safetensors'],
    'a folder': [() => Lfb.GraphModule.load(CASES), E.IO, 'directory'],
    'a file of tensors as a model': [() => Lfb.GraphModule.load(`${CASES}/add.io.safetensors`), E.FORMAT, 'add.io'],
    'half a header': [() => Lfb.GraphModule.load_bytes(new GLib.Bytes(whole.slice(0, 1000))), E.FORMAT, 'header'],
    'half the data': [() => Lfb.GraphModule.load_bytes(new GLib.Bytes(whole.slice(0, -100))), E.RANGE,
        '`b.weight_zero_point`'],
    'no bytes': [() => Lfb.GraphModule.load_bytes(new GLib.Bytes([])), E.FORMAT, '8 bytes'],
    'a folder to save in': [({model}) => model.save('/nowhere/m.safetensors'), E.IO, '/nowhere/m.safetensors'],
    'saving a broken model': [() => cyclic().save('/nowhere/m.safetensors'), E.INVALID_GRAPH, '`dequantize`'],

    'too few bytes': [() => new Lfb.Tensor(new Float32Array(2), [3]), E.SHAPE, '12 bytes, not 8'],
    'a negative dimension': [() => new Lfb.Tensor(bytes, [-3]), E.SHAPE, '[-3]'],
    'a shape beyond memory': [() => new Lfb.Tensor(bytes, [2 ** 40, 2 ** 40]), E.RANGE, '1099511627776'],
    '65 dimensions': [() => new Lfb.Tensor(bytes, new Array(65).fill(1)), E.SHAPE, '65 dimensions'],
    'quint8 without a scale': [() => new Lfb.Tensor(bytes, [3], {dtype: D.QUINT8}), E.DTYPE, 'quint8'],
    'address 0': [() => Lfb.Tensor.new_for_pointer(D.UINT8, [3], 0, 3, null), E.ARGUMENT, 'address 0'],
    'a scale of NaN': [() => new Lfb.Tensor(bytes, [3], {scale: NaN}), E.RANGE, 'not nan'],
    'an infinite scale': [() => new Lfb.Tensor(bytes, [3], {scale: Infinity}), E.RANGE, 'not inf'],
    'a scale of 0': [() => new Lfb.Tensor(bytes, [3], {scale: 0}), E.RANGE, 'not 0'],
    'a zero point outside': [() => new Lfb.Tensor(bytes, [3], {scale: 1, zero_point: 256}), E.RANGE, '256'],
    'quint8 of floats': [() => Lfb.Tensor.new_quantized(floats, 1, 0, D.QUINT8), E.DTYPE, 'not of float32'],
    'an axis that is not there': [() => per_channel({scale: [1, 1, 1], axis: 1}), E.RANGE, 'Axis 1'],
    'too few scales': [() => per_channel({scale: [1]}), E.SHAPE, 'vector of 3'],
    "a channel's scale": [() => per_channel({scale: [1, -1, 1]}), E.RANGE, 'Channel 1'],
    'floats dequantized': [() => floats.dequantize(), E.DTYPE, 'float32[3, 12]'],
    'another size': [() => floats.reshape([5, 5]), E.SHAPE, '[5, 5]'],

    'a node that is read': [({graph, add}) => graph.erase_node(add), E.INVALID_GRAPH, '`quantize_per_tensor_4` reads'],
    'a foreign node erased': [({graph, foreign}) => graph.erase_node(foreign), E.INVALID_GRAPH, '`y` is not in'],
    'a foreign node read': [({add, foreign}) => add.set_args([foreign]), E.INVALID_GRAPH, '`y` belongs to another'],
    'a foreign node deep inside': [({add, foreign}) => add.set_kwargs({a: [{b: foreign}]}), E.INVALID_GRAPH,
        '`y` belongs to another'],
    'a foreign node moved': [({add, foreign}) => add.append(foreign), E.INVALID_GRAPH, '`y` belong to different'],
    'a foreign replacement': [({add, foreign}) => add.replace_all_uses_with(foreign), E.INVALID_GRAPH, '`y`'],
    'a node that reads itself': [({add}) => add.set_args([add]), E.INVALID_GRAPH, '`add` cannot read its own'],
    'an erased node changed': [({gone}) => gone.set_args([1]), E.INVALID_GRAPH, '`gone` has been erased'],
    'an erased node read': [({add, gone}) => add.set_args([gone]), E.INVALID_GRAPH, '`gone` has been erased'],
    'an erased node erased': [({graph, gone}) => graph.erase_node(gone), E.INVALID_GRAPH, '`gone` is not in'],
    'a name that is taken': [({x}) => x.set_name('y'), E.INVALID_GRAPH, '`y` is taken'],
    "a new node's name": [({graph}) => graph.create_node(Lfb.Op.PLACEHOLDER, 'x', [], null, 'add'), E.INVALID_GRAPH,
        '`add` is taken'],
    'a place behind the end': [({add}) => add.set_arg(5, 1), E.RANGE, 'no place 5'],
    'a module without a path': [({model}) => model.set_module('', new Lfb.Module('torch.nn.ReLU')), E.ARGUMENT, 'path'],
    'an alias of itself': [({model}) => model.set_alias('a', 'a'), E.INVALID_GRAPH, '`a`'],

    'a cycle lowered': [() => lower(cyclic()), E.INVALID_GRAPH, '`dequantize` reads `add`'],
    'a cycle run': [() => new Lfb.Session(cyclic()), E.INVALID_GRAPH, '`dequantize` reads `add`'],
    'a missing module': [() => lower(changed(model => model.remove_module('b'))), E.INVALID_GRAPH, 'module `b`'],
    'a missing attribute': [() => new Lfb.Session(changed(model => model.remove_attribute('a_scale_0'))),
        E.INVALID_GRAPH, '`a_scale_0`'],
    'an unknown function': [() => new Lfb.Session(changed(({graph}) => graph.find('add').set_target('my.own'))),
        E.UNSUPPORTED, '`add` (my.own)'],
    'a pass that is not there': [() => new Lfb.Lowerer().remove_pass('nothing'), E.NOT_FOUND, '`nothing`'],

    'too few inputs': [() => runs(floats), E.ARGUMENT, 'input `y`'],
    'no inputs': [() => runs(), E.ARGUMENT, 'input `x`'],
    'too many inputs': [() => runs(floats, floats, floats), E.ARGUMENT, 'expected 2'],
    'an input of another shape': [() => runs(floats, new Float32Array(13)), E.SHAPE, '[13]'],
    'an input of another dtype': [() => runs(floats, new Uint8Array(12)), E.DTYPE, '`y` is a uint8 tensor'],

    'an unknown operator': [() => Lfb.call('torch.ops.quantized.nothing', []), E.NOT_FOUND, 'quantized.nothing'],
    'too few arguments': [() => Lfb.call('torch.quantize_per_tensor', [floats]), E.ARGUMENT, '`scale`'],
    'too many arguments': [() => Lfb.call('torch.nn.functional.relu', new Array(9).fill(floats)), E.ARGUMENT, '9 arg'],
    'an unknown argument': [() => Lfb.call('torch.nn.functional.relu', [floats], {slope: 1}), E.ARGUMENT, '`slope`'],
    'an argument of another kind': [() => Lfb.call('torch.nn.functional.relu', ['text']), E.ARGUMENT, '`input`'],
    'an argument twice': [() => Lfb.call('torch.nn.functional.relu', [floats], {input: floats}), E.ARGUMENT, 'twice'],
    "a call's scale of NaN": [() => Lfb.call('torch.quantize_per_tensor', [floats, NaN, 0, quint8]), E.RANGE,
        '`scale` is nan'],
    "a call's zero point": [() => Lfb.call('torch.quantize_per_tensor', [floats, 0.5, 300, quint8]), E.RANGE,
        '`zero_point` is 300'],
    'shapes that do not multiply': [() => Lfb.call('torch.matmul', [floats, floats]), E.SHAPE, '[3, 12]'],
    'names without values': [() => Lfb.call('torch.nn.functional.relu', [floats], ['inplace'], []), E.ARGUMENT,
        '1 names are given for 0'],
    'values without names': [() => Lfb.call('torch.nn.functional.relu', [floats], [], [true]), E.ARGUMENT,
        '0 names are given for 1'],
    'an unknown instruction set': [() => Lfb.set_cpu_limit('z80'), E.NOT_FOUND, 'z80'],
    'an unknown kernel': [() => Lfb.get_kernel_variant('nothing'), E.NOT_FOUND, 'nothing'],
};

for (const [name, [func, code, text]] of Object.entries(table))
    test(name, () => fails(() => func(world()), code, text));

test('what gjs itself refuses', () => {
    throws(() => Lfb.Tensor.new_for_bytes(99, [1], new GLib.Bytes([1])), Error, '99');
    throws(() => new Lfb.Session(null), Error, 'model');
    throws(() => new Lfb.Session(load('add')).run([null]), GLib.Error, 'missing');
    throws(() => load('add').graph.find('add').set_args([new Date()]), TypeError, 'argument');
    throws(() => new Lfb.Node(), TypeError, 'create_node');
});

run();
