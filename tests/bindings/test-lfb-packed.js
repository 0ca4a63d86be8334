/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packed weights and buffers from JavaScript. */

import GLib from 'gi://GLib';
import Lfb from 'gi://Lfb?version=1.0';

import {CASES, equal, fails, ok, run, test} from './tap.js';

const {DType} = Lfb;

function makeLinear() {
    const weight = new Lfb.Tensor(new Int8Array([3, 4, -1, 1]), [2, 2], {scale: [0.25, 0.5], zero_point: [0, 0], axis: 0});
    return new Lfb.PackedLinear(weight, new Float32Array([1, -1]));
}

const x = new Lfb.Tensor(new Uint8Array([11, 12]), [1, 2], {scale: 0.5, zero_point: 10});

test('linear', () => {
    const packed = makeLinear();
    equal([packed.in_features, packed.out_features], [2, 2]);
    equal(packed.bias.unpack(), new Float32Array([1, -1]));
    equal(new Lfb.PackedLinear(packed.weight).bias, null);
    const y = packed.apply(x, 1, 5);
    equal([y.unpack(), y.scale, y.zero_point, y.get_shape()], [new Uint8Array([7, 4]), 1, 5, [1, 2]]);
    equal(packed.apply(x, 1).unpack(), new Uint8Array([2, 0]));
    equal(packed.apply_relu(x, 1, 5).unpack(), new Uint8Array([7, 5]));

    const floats = new Lfb.Tensor(new Float32Array([-1, 3]), [1, 2]);
    for (const [reduce, levels, low, high] of [[undefined, 255, -64, 191], [true, 127, -32, 95]]) {
        const [first, second] = packed.apply_dynamic(floats, reduce).unpack();
        ok(Math.abs(first - ((low * 3 + high * 4) / levels + 1)) < 1e-5, `${first}`);
        ok(Math.abs(second - ((high - low) * 2 / levels - 1)) < 1e-5, `${second}`);
    }
});

test('conv', () => {
    const weight = new Lfb.Tensor(new Int8Array([1, 3]), [1, 1, 2], {scale: 1});
    const packed = new Lfb.PackedConv(weight, null, {stride: 2, transpose: true, output_padding: 1});
    equal([packed.in_channels, packed.out_channels, packed.groups, packed.n_spatial, packed.transposed], [1, 1, 1, 1, true]);
    equal(packed.settings.unpack().stride, [2]);
    const image = new Lfb.Tensor(new Uint8Array([1, 2]), [1, 1, 2], {scale: 1});
    equal(packed.apply(image, 1, 5).unpack(), new Uint8Array([6, 8, 7, 11, 5]));
    equal(packed.get_output_shape([7, 1, 2]), [7, 1, 5]);
    equal(new Lfb.PackedConv(weight).apply(image, 1, 5).unpack(), new Uint8Array([12]));
});

test('buffers are seen without a copy', () => {
    const packed = makeLinear();
    const buffer = new Lfb.Buffer(2);
    const view = buffer.unpack();
    equal([buffer.size, view], [2, new Uint8Array([0, 0])]);
    packed.apply_into(x, 1, 5, buffer);
    equal(view, new Uint8Array([7, 4]));
    packed.apply_relu_into(x, 1, 5, buffer);
    equal(view, new Uint8Array([7, 5]));

    const floats = new Lfb.Tensor(new Float32Array([-1, 3]), [1, 2]);
    const room = new Lfb.Buffer(12);
    packed.apply_dynamic_into(floats, false, room);
    equal(room.unpack(Float32Array).slice(0, 2), packed.apply_dynamic(floats).unpack());
    const half = Lfb.Buffer.new_for_pointer(buffer.address, 1, buffer);
    fails(() => packed.apply_into(x, 1, 5, half), Lfb.Error.RANGE, '`buffer` has 1 bytes');
    fails(() => packed.apply_into(x, 1, 5, Lfb.Buffer.new_for_pointer(x.get_address(), 2, x)), Lfb.Error.ARGUMENT, 'overlaps');
});

test('values', () => {
    const packed = makeLinear();
    const value = packed.to_value();
    equal(Lfb.call('torch.ops.quantized.linear', [x, value, Lfb.Value.for_double(1), 5]).unpack(), new Uint8Array([7, 4]));
    equal(Lfb.PackedLinear.new_for_value(value).apply(x, 1, 5).unpack(), new Uint8Array([7, 4]));
    fails(() => Lfb.PackedConv.new_for_value(value), Lfb.Error.ARGUMENT, 'expected a packed weight of class Conv2d');
});

test('a result of FBGEMM', () => {
    const file = Lfb.TensorFile.load(GLib.build_filenamev([CASES, '..', 'vectors', 'linear_17x130x64_relu.safetensors']));
    const settings = JSON.parse(file.get_metadata('case'));
    const weight = Lfb.Tensor.new_quantized_per_channel(file.get('w'), file.get('w_scale'), file.get('w_zero_point'), 0, DType.QINT8);
    const input = Lfb.Tensor.new_quantized(file.get('x'), settings.x_scale, settings.x_zero_point, DType.QUINT8);
    const packed = new Lfb.PackedLinear(weight, file.get('bias'));
    equal(packed.apply_relu(input, settings.y_scale, settings.y_zero_point).unpack(), file.get('y').unpack());
});

test('bad arguments', () => {
    const {weight} = makeLinear();
    fails(() => new Lfb.PackedLinear(weight, [1]), Lfb.Error.SHAPE, '`bias` has the shape [1], expected [2]');
    fails(() => new Lfb.PackedLinear(weight, [1, Infinity]), Lfb.Error.RANGE, '`bias` is inf at element 1');
    fails(() => new Lfb.PackedLinear([[1, 2]]), Lfb.Error.DTYPE, 'expected qint8');
    fails(() => new Lfb.PackedConv(weight), Lfb.Error.SHAPE, '`weight` has the shape [2, 2]');
    const kernel = new Lfb.Tensor(new Int8Array([1]), [1, 1, 1], {scale: 1});
    fails(() => new Lfb.PackedConv(kernel, null, {strides: 1}), Lfb.Error.ARGUMENT, 'unknown setting `strides`');
    fails(() => makeLinear().apply(x, 0, 0), Lfb.Error.RANGE, '`scale`');
});

run();
