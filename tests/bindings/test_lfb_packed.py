#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packed weights and buffers from Python: FBGEMM's own results, arrays written in place, bad arguments."""

import array
import gc
import json
import sys
import unittest

from gi.repository import GLib

try:
    import numpy as np
except ImportError as error:
    print("skipped: NumPy is missing: %s" % error, file=sys.stderr)
    sys.exit(77)

from lfb_cases import CASES, Lfb

VECTORS = sorted((CASES.parent / "vectors").glob("*.safetensors"))


def channels_first(tensor):
    return np.ascontiguousarray(np.moveaxis(tensor.numpy(), -1, 1))


class Vectors(unittest.TestCase):
    def test_every_byte(self):
        self.assertEqual(len(VECTORS), 124)
        for path in VECTORS:
            with self.subTest(name=path.stem):
                file = Lfb.TensorFile.load(path)
                case = json.loads(file.get_metadata("case"))
                is_conv = case["op"] != "linear"
                arrange = channels_first if is_conv else np.asarray
                weight = Lfb.Tensor(arrange(file["w"]), scale=file["w_scale"], zero_point=file["w_zero_point"], axis=0)
                x = Lfb.Tensor(arrange(file["x"]), scale=case["x_scale"], zero_point=case["x_zero_point"])
                if is_conv:
                    packed = Lfb.PackedConv(weight, file["bias"], stride=case["stride"], padding=case["padding"],
                                            dilation=case["dilation"], groups=case["groups"])
                else:
                    packed = Lfb.PackedLinear(weight, file["bias"])
                apply = packed.apply_relu if case["relu"] else packed.apply
                expected = arrange(file["y"])

                result = apply(x, case["y_scale"], case["y_zero_point"])
                self.assertEqual((result.scale, result.zero_point), (case["y_scale"], case["y_zero_point"]))
                self.assertEqual(int((result.numpy() != expected).sum()), 0)
                self.assertEqual(result.shape, expected.shape)

                out = np.full(packed.get_output_shape(x.shape), 77, np.uint8)
                self.assertIs(apply(x, case["y_scale"], case["y_zero_point"], out=out), out)
                self.assertEqual(int((out != expected).sum()), 0)


class Linear(unittest.TestCase):
    def setUp(self):
        weight = Lfb.Tensor(np.array([[3, 4], [-1, 1]], np.int8), scale=np.float32([0.25, 0.5]), zero_point=[0, 0], axis=0)
        self.packed = Lfb.PackedLinear(weight, [1.0, -1.0])
        self.x = Lfb.Tensor(np.array([[11, 12]], np.uint8), scale=0.5, zero_point=10)

    def test_attributes(self):
        self.assertEqual((self.packed.in_features, self.packed.out_features), (2, 2))
        self.assertEqual(self.packed.bias.numpy().tolist(), [1, -1])
        self.assertEqual(self.packed.weight.numpy().tolist(), [[3, 4], [-1, 1]])
        self.assertIsNone(Lfb.PackedLinear(self.packed.weight).bias)

    def test_forms(self):
        self.assertEqual(self.packed.apply(self.x, 1, 5).numpy().tolist(), [[7, 4]])
        self.assertEqual(self.packed.apply_relu(self.x, scale=1, zero_point=5).numpy().tolist(), [[7, 5]])
        self.assertEqual(self.packed.apply(self.x, 1).numpy().tolist(), [[2, 0]])
        full = self.packed.apply_dynamic(np.float32([[-1, 3]]))
        reduced = self.packed.apply_dynamic(np.float32([[-1, 3]]), reduce_range=True)
        np.testing.assert_allclose(full.numpy(), [[(-64 * 3 + 191 * 4) * 4 / 255 / 4 + 1, (64 + 191) * 4 / 255 / 2 - 1]],
                                   rtol=1e-6)
        np.testing.assert_allclose(reduced.numpy(), [[(-32 * 3 + 95 * 4) * 4 / 127 / 4 + 1, (32 + 95) * 4 / 127 / 2 - 1]],
                                   rtol=1e-6)

    def test_values(self):
        value = self.packed.to_value()
        by_name = Lfb.call("torch.ops.quantized.linear", [self.x, value, 1.0, 5])
        again = Lfb.PackedLinear.new_for_value(value)
        self.assertEqual(by_name.numpy().tolist(), [[7, 4]])
        self.assertEqual(again.apply(self.x, 1, 5).numpy().tolist(), [[7, 4]])

    def test_into_buffers_of_all_sorts(self):
        floats = np.float32([[-1, 3]])
        expected = self.packed.apply_dynamic(floats).numpy()
        for out in (bytearray(2), array.array("B", [9, 9]), Lfb.Buffer(2), np.zeros((1, 2), np.uint8)):
            with self.subTest(kind=type(out).__name__):
                self.packed.apply(self.x, 1, 5, out=out)
                self.assertEqual(bytes(out), b"\x07\x04")
        for out in (array.array("f", [0, 0]), Lfb.Buffer(8), np.zeros((1, 2), np.float32)):
            with self.subTest(kind=type(out).__name__):
                self.packed.apply_dynamic(floats, out=out)
                self.assertEqual(bytes(out), expected.tobytes())

        buffer = Lfb.Buffer(2)
        view = np.asarray(buffer)
        self.assertEqual((len(buffer), view.tolist(), view.ctypes.data), (2, [0, 0], buffer.address))
        self.packed.apply_into(self.x, 1, 5, buffer)
        self.assertEqual(view.tolist(), [7, 4])
        view[0] = 1
        self.assertEqual(bytes(buffer), b"\x01\x04")
        del buffer
        gc.collect()
        self.assertEqual(view.tolist(), [1, 4])

    def test_arrays_that_cannot_be_written_to(self):
        frozen = np.zeros((1, 2), np.uint8)
        frozen.setflags(write=False)
        for out, kind, text in (
                (frozen, TypeError, "writable"),
                (np.zeros((2, 2), np.uint8)[:, :1].T, TypeError, "one block"),
                (b"12", TypeError, "writable"),
                (np.zeros((1, 2), np.float32), TypeError, "uint8"),
                (np.zeros((2, 1), np.uint8), ValueError, r"\(1, 2\)"),
                ("text", TypeError, "bytes-like")):
            with self.subTest(out=out), self.assertRaisesRegex(kind, text):
                self.packed.apply(self.x, 1, 5, out=out)
        with self.assertRaises(GLib.Error) as raised:
            self.packed.apply(self.x, 1, 5, out=bytearray(1))
        self.assertTrue(raised.exception.matches(Lfb.error_quark(), Lfb.Error.RANGE))
        self.assertIn("`buffer` has 1 bytes", raised.exception.message)
        # The memory of the input itself.
        x = np.array([[11, 12]], np.uint8)
        with self.assertRaises(GLib.Error) as raised:
            self.packed.apply(Lfb.Tensor(x, scale=0.5, zero_point=10), 1, 5, out=x)
        self.assertIn("overlaps", raised.exception.message)
        self.assertEqual(x.tolist(), [[11, 12]])

    def test_bad_weights(self):
        for weight, bias, code, text in (
                (np.zeros((1, 2), np.float32), None, Lfb.Error.DTYPE, "float32"),
                (Lfb.Tensor(np.zeros(2, np.int8), scale=1), None, Lfb.Error.SHAPE, "`weight`"),
                (self.packed.weight, [1.0], Lfb.Error.SHAPE, "`bias` has the shape [1], expected [2]"),
                (self.packed.weight, [1.0, float("nan")], Lfb.Error.RANGE, "nan at element 1")):
            with self.subTest(text=text), self.assertRaises(GLib.Error) as raised:
                Lfb.PackedLinear(weight, bias)
            self.assertTrue(raised.exception.matches(Lfb.error_quark(), code))
            self.assertIn(text, raised.exception.message)
        with self.assertRaises(GLib.Error) as raised:
            self.packed.apply(self.x, 0, 5)
        self.assertTrue(raised.exception.matches(Lfb.error_quark(), Lfb.Error.RANGE))
        with self.assertRaises(TypeError):
            self.packed.apply(self.x)
        with self.assertRaises(TypeError):
            self.packed.apply(self.x, 1, 5, 6)


class Conv(unittest.TestCase):
    def test_settings(self):
        weight = Lfb.Tensor(np.array([[[1, 3]]], np.int8), scale=1)
        packed = Lfb.PackedConv(weight, stride=2, transpose=True, output_padding=1)
        self.assertEqual(packed.settings, {
            "stride": (2,), "padding": (0,), "output_padding": (1,), "dilation": (1,), "groups": 1,
            "padding_mode": "zeros", "transpose": True})
        self.assertEqual((packed.in_channels, packed.out_channels, packed.groups, packed.n_spatial, packed.transposed),
                         (1, 1, 1, 1, True))
        x = Lfb.Tensor(np.array([[[1, 2]]], np.uint8), scale=1)
        self.assertEqual(packed.apply(x, 1, 5).numpy().tolist(), [[[6, 8, 7, 11, 5]]])
        self.assertEqual(packed.get_output_shape([7, 1, 2]), [7, 1, 5])
        self.assertEqual(Lfb.PackedConv(weight, **packed.settings).settings, packed.settings)

    def test_torch_agrees(self):
        try:
            import torch
        except ImportError:
            self.skipTest("PyTorch is missing")
        engine = next(name for name in ("fbgemm", "onednn") if name in torch.backends.quantized.supported_engines)
        torch.backends.quantized.engine = engine
        generator = torch.Generator().manual_seed(1)
        weight = torch.quantize_per_channel(torch.rand((4, 3, 3, 3), generator=generator) - 0.5,
                                            torch.rand(4, generator=generator) * 0.01 + 0.002,
                                            torch.zeros(4, dtype=torch.int64), 0, torch.qint8)
        bias = torch.rand(4, generator=generator)
        x = torch.quantize_per_tensor(torch.rand((2, 3, 8, 8), generator=generator) * 2, 0.01, 20, torch.quint8)
        packed = Lfb.PackedConv(weight, bias, stride=2, padding=1)
        module = torch.ops.quantized.conv2d_prepack(weight, bias, [2, 2], [1, 1], [1, 1], 1)
        expected = torch.ops.quantized.conv2d(x, module, 0.02, 30).int_repr().numpy()
        found = np.zeros(expected.shape, np.uint8)
        packed.apply(x, 0.02, 30, out=found)
        # PyTorch rounds with fused multiply-adds: one step now and then.
        self.assertLessEqual(np.abs(found.astype(int) - expected).max(), 1)
        self.assertLessEqual((found != expected).mean(), 0.01)

    def test_bad_settings(self):
        weight = Lfb.Tensor(np.array([[[1, 3]]], np.int8), scale=1)
        for settings, code, text in (
                ({"strides": 1}, Lfb.Error.ARGUMENT, "unknown setting `strides`"),
                ({"stride": 0}, Lfb.Error.RANGE, "`stride` is 0"),
                ({"groups": 2}, Lfb.Error.SHAPE, "expected a multiple of the 2 groups")):
            with self.subTest(settings=settings), self.assertRaises(GLib.Error) as raised:
                Lfb.PackedConv(weight, **settings)
            self.assertTrue(raised.exception.matches(Lfb.error_quark(), code))
            self.assertIn(text, raised.exception.message)


if __name__ == "__main__":
    unittest.main()
