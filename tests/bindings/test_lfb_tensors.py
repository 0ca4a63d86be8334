#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tensors from Python: memory shared with NumPy, torch and buffers, and copied only where it has to be."""

import array
import gc
import importlib.util
import sys
import unittest
import weakref

from gi.repository import GLib

try:
    import numpy as np
except ImportError as error:
    print("skipped: NumPy is missing: %s" % error, file=sys.stderr)
    sys.exit(77)

from lfb_cases import Lfb, load, recorded

DTYPES = {
    "float32": Lfb.DType.FLOAT32, "float64": Lfb.DType.FLOAT64, "float16": Lfb.DType.FLOAT16,
    "uint8": Lfb.DType.UINT8, "int8": Lfb.DType.INT8, "int16": Lfb.DType.INT16, "int32": Lfb.DType.INT32,
    "int64": Lfb.DType.INT64, "bool": Lfb.DType.BOOL,
}


class Watched(np.ndarray):
    """An array that can be watched going away."""


class WithNumPy(unittest.TestCase):
    def test_in_without_a_copy(self):
        for name, dtype in DTYPES.items():
            with self.subTest(name=name):
                numbers = np.arange(6).reshape(2, 3).astype(name)
                tensor = Lfb.Tensor(numbers)
                self.assertEqual(tensor.get_address(), numbers.ctypes.data)
                self.assertEqual((tensor.shape, tensor.dtype), ((2, 3), dtype))
                self.assertEqual(bytes(tensor.get_bytes().get_data()), numbers.tobytes())

    def test_out_without_a_copy(self):
        for name in DTYPES:
            with self.subTest(name=name):
                tensor = Lfb.Tensor(np.arange(6).reshape(2, 3).astype(name))
                for numbers in (np.asarray(tensor), tensor.numpy()):
                    self.assertEqual(numbers.ctypes.data, tensor.get_address())
                    self.assertEqual((numbers.dtype, numbers.shape), (np.dtype(name), (2, 3)))
                    self.assertTrue((numbers == np.arange(6).reshape(2, 3).astype(name)).all())
                    self.assertFalse(numbers.flags.writeable)

    def test_results_come_out_without_a_copy(self):
        file = recorded("add")
        self.assertEqual(np.asarray(file["input.0"]).ctypes.data, file["input.0"].get_address())
        x, y = (np.array(file[name].numpy()) for name in ("input.0", "input.1"))
        result = Lfb.Session(load("add"))(x, y)
        self.assertEqual(result.numpy().ctypes.data, result.get_address())
        self.assertLess(np.abs(result.numpy() - file["reference.0"].numpy()).max(), 0.05)

    def test_the_tensor_keeps_the_array(self):
        numbers = np.arange(1000, dtype=np.float32).view(Watched)
        gone = weakref.ref(numbers)
        tensor = Lfb.Tensor(numbers)
        del numbers
        gc.collect()
        self.assertIsNotNone(gone())
        content = tensor.get_bytes()
        value = Lfb.Value(tensor)
        del tensor
        gc.collect()
        self.assertIsNotNone(gone())
        self.assertEqual(value.unpack().numpy()[999], 999)
        del value, content
        gc.collect()
        self.assertIsNone(gone())

    def test_the_array_keeps_the_tensor(self):
        numbers = Lfb.Tensor(np.arange(1000, dtype=np.float32)).numpy()
        gc.collect()
        self.assertEqual(numbers[999], 999)
        self.assertIsInstance(numbers.base, Lfb.Tensor)

    def test_what_has_to_be_copied(self):
        numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
        for wanted, made in ((numbers.T, numbers.T), (numbers[:, ::2], numbers[:, ::2]),
                             (numbers, numbers.astype(">f4")), (numbers, np.asfortranarray(numbers)),
                             (np.broadcast_to(numbers[0], (4, 3)), np.broadcast_to(numbers[0], (4, 3)))):
            tensor = Lfb.Tensor(made)
            self.assertNotEqual(tensor.get_address(), made.ctypes.data)
            self.assertEqual((tensor.dtype, tensor.shape), (Lfb.DType.FLOAT32, wanted.shape))
            self.assertTrue((tensor.numpy() == wanted).all())
        unaligned = np.frombuffer(b"x" + numbers.tobytes(), np.float32, offset=1)
        self.assertTrue((Lfb.Tensor(unaligned).numpy() == numbers.ravel()).all())

    def test_scalars_and_empty_arrays(self):
        for made in (np.float32(2.5), np.array(7), np.zeros((0, 3), np.int8), np.zeros(0, np.float64)):
            tensor = Lfb.Tensor(made)
            self.assertEqual((tensor.shape, tensor.numpy().shape), (made.shape, made.shape))
            self.assertEqual(tensor.numpy().tolist(), made.tolist())

    def test_bfloat16(self):
        tensor = Lfb.Tensor(np.uint16([0x3f80, 0x4000]), dtype=Lfb.DType.BFLOAT16)
        self.assertEqual(tensor.dtype, Lfb.DType.BFLOAT16)
        self.assertEqual((tensor.numpy().dtype, tensor.numpy().tolist()), (np.uint16, [0x3f80, 0x4000]))

    def test_quantized(self):
        integers = np.uint8([[10, 12]])
        tensor = Lfb.Tensor(integers, scale=0.5, zero_point=10)
        self.assertEqual((tensor.dtype, tensor.scale, tensor.zero_point, tensor.qscheme),
                         (Lfb.DType.QUINT8, 0.5, 10, Lfb.QScheme.PER_TENSOR_AFFINE))
        self.assertEqual(tensor.numpy().ctypes.data, integers.ctypes.data)
        self.assertEqual(tensor.dequantize().numpy().tolist(), [[0, 1]])
        self.assertEqual(Lfb.Tensor(np.int8([1]), scale=1.0).dtype, Lfb.DType.QINT8)
        self.assertEqual(Lfb.Tensor([1, 2], dtype=Lfb.DType.QINT32, scale=1.0).dtype, Lfb.DType.QINT32)

        channels = Lfb.Tensor(np.int8([[1, 2], [3, 4]]), scale=[0.5, 2.0], zero_point=[0, 1], axis=0)
        self.assertEqual((channels.dtype, channels.axis), (Lfb.DType.QINT8, 0))
        self.assertEqual(channels.scales.numpy().tolist(), [0.5, 2])
        self.assertEqual(channels.zero_points.numpy().tolist(), [0, 1])
        self.assertEqual(channels.dequantize().numpy().tolist(), [[0.5, 1], [4, 6]])
        self.assertEqual(channels.integers.numpy().tolist(), [[1, 2], [3, 4]])

    def test_numbers_of_numpy_are_arguments(self):
        for number, native in ((np.float32(2.5), 2.5), (np.int64(3), 3), (np.bool_(True), True)):
            self.assertEqual(Lfb.Value(number), Lfb.Value(native))
        self.assertEqual(Lfb.Value(np.float32([1, 2])).unpack().numpy().tolist(), [1, 2])

    def test_what_is_refused(self):
        for data, arguments in ((np.zeros(2, np.complex64), {}), (np.zeros(2, np.uint16), {}),
                                (np.zeros(2, np.uint32), {}), (np.array(["a"]), {}), (np.array([None]), {}),
                                (np.zeros(2, np.float64), {"dtype": Lfb.DType.INT64}),
                                (np.zeros(2, np.float32), {"dtype": Lfb.DType.QUINT8}),
                                (np.zeros(2), {"zero_point": 3}), (np.zeros(2), {"dtype": 3}), (None, {}), ("text", {}),
                                ([[1], [2, 3]], {}), ([1, "a"], {}), ([[1], 2], {})):
            with self.subTest(data=data, arguments=arguments), self.assertRaises(TypeError):
                Lfb.Tensor(data, **arguments)


    def test_element_types_by_other_names(self):
        for dtype in ("int8", "torch.int8", np.int8, np.dtype("int8"), Lfb.DType.INT8):
            self.assertEqual(Lfb.Tensor([1, 2], dtype).dtype, Lfb.DType.INT8)
        self.assertEqual(Lfb.Tensor([1], "qint8", scale=0.5).dtype, Lfb.DType.QINT8)
        self.assertEqual(Lfb.Tensor.new_for_bytes("int16", [1], b"ab").dtype, Lfb.DType.INT16)
        with self.assertRaisesRegex(ValueError, "float33; there are float32, float64"):
            Lfb.Tensor([1], "float33")

    def test_converting(self):
        for given, dtype in (("float64", "float32"), ("float32", "float64"), ("int64", "int8"), ("int64", "float32"),
                             ("float32", "float16"), ("bool", "int64")):
            numbers = np.array([0, 1, 3]).astype(given)
            tensor = Lfb.Tensor(numbers, dtype)
            self.assertEqual((str(tensor.dtype), tensor.tolist()), (dtype, numbers.astype(dtype).tolist()))

    def test_lists_out(self):
        for name in DTYPES:
            numbers = np.arange(12).reshape(2, 3, 2).astype(name)
            self.assertEqual(Lfb.Tensor(numbers).tolist(), numbers.tolist())
        self.assertEqual(Lfb.Tensor(np.uint16([0x3f80, 0xc040]), dtype="bfloat16").tolist(), [1.0, -3.0])
        self.assertEqual(Lfb.Tensor(np.zeros((2, 0, 3), np.int8)).tolist(), [[], []])
        self.assertEqual((Lfb.Tensor(2.5).tolist(), Lfb.Tensor([[2.5]]).item()), (2.5, 2.5))
        self.assertEqual(Lfb.Tensor(np.uint8([10, 12]), scale=0.5).tolist(), [10, 12])
        with self.assertRaisesRegex(ValueError, "2 elements, not one"):
            Lfb.Tensor([1, 2]).item()

    def test_dlpack_gives_a_copy(self):
        tensor = Lfb.Tensor(np.float32([1, 2]))
        self.assertEqual(tensor.__dlpack_device__(), (1, 0))
        numbers = np.from_dlpack(tensor)
        self.assertEqual(numbers.tolist(), [1, 2])
        self.assertNotEqual(numbers.ctypes.data, tensor.get_address())


class WithoutNumPy(unittest.TestCase):
    def test_buffers(self):
        numbers = array.array("f", [1.5, 2.5, 3.5])
        tensor = Lfb.Tensor(numbers)
        self.assertEqual(tensor.get_address(), numbers.buffer_info()[0])
        with self.assertRaises(BufferError):
            numbers.append(4.5)
        del tensor
        gc.collect()
        numbers.append(4.5)

        matrix = memoryview(bytearray(range(6))).cast("B", (2, 3))
        self.assertEqual(Lfb.Tensor(matrix).shape, (2, 3))
        self.assertEqual(bytes(Lfb.Tensor(b"abc").get_bytes().get_data()), b"abc")
        self.assertEqual(Lfb.Tensor(bytearray()).shape, (0,))
        for code, dtype in zip("bhiqfd", (Lfb.DType.INT8, Lfb.DType.INT16, Lfb.DType.INT32, Lfb.DType.INT64,
                                          Lfb.DType.FLOAT32, Lfb.DType.FLOAT64)):
            self.assertEqual(Lfb.Tensor(array.array(code, [1])).dtype, dtype)

    def test_lists(self):
        for data, dtype, shape in (([1.5], Lfb.DType.FLOAT32, (1,)), ([[1, 2], [3, 4]], Lfb.DType.INT64, (2, 2)),
                                   ([True, False], Lfb.DType.BOOL, (2,)), ([1, 2.5], Lfb.DType.FLOAT32, (2,)),
                                   ([], Lfb.DType.FLOAT32, (0,)), ([[], []], Lfb.DType.FLOAT32, (2, 0)),
                                   (3, Lfb.DType.INT64, ()), (3.5, Lfb.DType.FLOAT32, ())):
            tensor = Lfb.Tensor(data)
            self.assertEqual((tensor.dtype, tensor.shape), (dtype, shape))
        self.assertEqual(bytes(Lfb.Tensor([1, 2], dtype=Lfb.DType.INT8).get_bytes().get_data()), b"\1\2")

    def test_bytes_are_taken_as_they_are(self):
        numbers = array.array("f", [1.5, 2.5])
        for data in (numbers, bytes(numbers), bytearray(numbers), memoryview(numbers), np.float32([1.5, 2.5]),
                     GLib.Bytes.new(numbers.tobytes())):
            tensor = Lfb.Tensor.new_for_bytes(Lfb.DType.FLOAT32, [2], data)
            self.assertEqual(bytes(tensor.get_bytes().get_data()), numbers.tobytes())

    def test_names_and_reshaping(self):
        tensor = Lfb.Tensor.new_named(Lfb.Tensor([[1, 2, 3]]), "numbers")
        self.assertEqual((tensor.name, repr(tensor)), ("numbers", "<Lfb.Tensor int64[1, 3]>"))
        turned = tensor.reshape([3, 1])
        self.assertEqual((turned.shape, turned.get_address()), ((3, 1), tensor.get_address()))
        self.assertTrue(tensor.equal(Lfb.Tensor([[1, 2, 3]])))
        self.assertIs(Lfb.Tensor(tensor), tensor)


@unittest.skipUnless(importlib.util.find_spec("torch"), "torch is missing")
class WithTorch(unittest.TestCase):
    def test_tensors_of_torch(self):
        import torch
        numbers = torch.arange(6, dtype=torch.float32).reshape(2, 3)
        tensor = Lfb.Tensor(numbers)
        self.assertEqual((tensor.get_address(), tensor.shape), (numbers.data_ptr(), (2, 3)))
        self.assertEqual(Lfb.Tensor(numbers.T).numpy().tolist(), numbers.T.tolist())
        self.assertEqual(Lfb.Tensor(numbers.requires_grad_()).shape, (2, 3))

        half = Lfb.Tensor(torch.tensor([1.0, 2.0], dtype=torch.bfloat16))
        self.assertEqual((half.dtype, half.numpy().tolist()), (Lfb.DType.BFLOAT16, [0x3f80, 0x4000]))

        quantized = Lfb.Tensor(torch.quantize_per_tensor(torch.tensor([0.0, 1.0]), 0.5, 10, torch.quint8))
        self.assertEqual((quantized.dtype, quantized.scale, quantized.zero_point), (Lfb.DType.QUINT8, 0.5, 10))
        self.assertEqual(quantized.numpy().tolist(), [10, 12])
        channels = Lfb.Tensor(torch.quantize_per_channel(
            torch.tensor([[1.0], [4.0]]), torch.tensor([0.5, 2.0]), torch.tensor([0, 1]), 0, torch.qint8))
        self.assertEqual((channels.dtype, channels.axis), (Lfb.DType.QINT8, 0))
        self.assertEqual(channels.dequantize().numpy().tolist(), [[1], [4]])

        self.assertEqual(Lfb.Tensor([1], torch.int8).dtype, Lfb.DType.INT8)
        for given, value in ((torch.quint8, "torch.quint8"), (torch.per_tensor_affine, "torch.per_tensor_affine"),
                             (torch.channels_last, "torch.channels_last"), (torch.device("cpu"), "device('cpu')"),
                             (torch.Size([1, 2]), "(1, 2)")):
            self.assertEqual(Lfb.Value(given).to_string(), value)

        x, y = (torch.from_numpy(np.array(recorded("add")[name].numpy())) for name in ("input.0", "input.1"))
        self.assertEqual(Lfb.Session(load("add"))(x, y=y).shape, (3, 12))

    def test_tensors_for_torch(self):
        import torch
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.uint8,
                      torch.int16, torch.int32, torch.int64):
            with self.subTest(dtype=dtype):
                numbers = torch.arange(6).reshape(2, 3).to(dtype)
                tensor = Lfb.Tensor(numbers)
                again = torch.from_dlpack(tensor)
                self.assertEqual(again.dtype, dtype)
                self.assertTrue(torch.equal(again, numbers))
                again[0, 0] = 7
                self.assertEqual(tensor.tolist()[0][0], 0)
        self.assertTrue(torch.equal(torch.from_numpy(np.array(tensor)), numbers))


if __name__ == "__main__":
    sys.argv.insert(1, "-v")
    unittest.main()
