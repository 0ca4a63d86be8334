#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The torch exporter in detail: names, values, tensors, files, and what it refuses.

Run with PYTHONPATH at bindings/python. Without torch it is skipped (exit code 77).
"""

import functools
import math
import operator
import os
import sys
import tempfile
import unittest
import unittest.mock
import warnings

try:
    import torch
except ImportError as error:
    if __name__ != "__main__":
        raise unittest.SkipTest("torch is missing: %s" % error)
    print("skipped: torch is missing: %s" % error, file=sys.stderr)
    sys.exit(77)

import torch.nn.functional as F
from torch import fx, nn

import lowerfb_torch
from lowerfb_torch import ExportError, naming, safetensors
from lowerfb_torch.values import TensorTable, ValueEncoder
from torch_document import ModelFile, decode, same_bits

warnings.filterwarnings("ignore")


def fake_class(module, name, base=nn.Module):
    return type(name, (base,), {"__module__": module})


class Names(unittest.TestCase):
    def test_types_of_all_torch_versions(self):
        for module, name, wanted in (
                ("torch.nn.modules.conv", "Conv2d", "torch.nn.Conv2d"),
                ("torch.nn.quantized._reference.modules.conv", "Conv2d",
                 "torch.ao.nn.quantized.reference.Conv2d"),
                ("torch.ao.nn.quantized.reference.modules.conv", "Conv2d",
                 "torch.ao.nn.quantized.reference.Conv2d"),
                ("torch.nn.intrinsic.modules.fused", "ConvReLU2d",
                 "torch.ao.nn.intrinsic.ConvReLU2d"),
                ("torch.ao.nn.intrinsic.modules.fused", "LinearLeakyReLU",
                 "torch.ao.nn.intrinsic.LinearLeakyReLU"),
                ("torch.nn.intrinsic.quantized.modules.conv_relu", "ConvReLU2d",
                 "torch.ao.nn.intrinsic.quantized.ConvReLU2d"),
                ("torch.ao.nn.intrinsic.quantized.dynamic.modules.linear_relu", "LinearReLU",
                 "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU"),
                ("torch.nn.quantized.modules.linear", "Linear", "torch.ao.nn.quantized.Linear"),
                ("torch.nn.quantized.dynamic.modules.rnn", "LSTM",
                 "torch.ao.nn.quantized.dynamic.LSTM"),
                ("torch.nn.qat.modules.conv", "Conv2d", "torch.ao.nn.qat.Conv2d"),
                ("torch.nn.quantizable.modules.rnn", "LSTM", "torch.ao.nn.quantizable.LSTM"),
                ("torch.quantization.stubs", "DeQuantStub",
                 "torch.ao.quantization.stubs.DeQuantStub"),
                ("mine.modules.deep", "Block", "mine.modules.deep.Block"),
                ("torchlike.nn.quantized", "Linear", "torchlike.nn.quantized.Linear")):
            with self.subTest(module=module):
                self.assertEqual(naming.type_name(fake_class(module, name)), wanted)

    def test_real_types(self):
        self.assertEqual(naming.type_name(nn.ReLU6), "torch.nn.ReLU6")
        self.assertEqual(naming.type_name(int), "builtins.int")
        self.assertEqual(naming.type_name(torch.Tensor), "torch.Tensor")
        self.assertEqual(naming.type_name(type(fx.symbolic_trace(nn.Linear(1, 1)))),
                         "torch.fx.GraphModule")

    def test_functions(self):
        for function, wanted in (
                (F.conv2d, "torch.conv2d"), (torch.conv2d, "torch.conv2d"),
                (F.linear, "torch.nn.functional.linear"),
                (torch._C._nn.linear, "torch.nn.functional.linear"),
                (torch._C._nn.avg_pool3d, "torch.nn.functional.avg_pool3d"),
                (torch._C._nn.adaptive_avg_pool2d, "torch._C._nn.adaptive_avg_pool2d"),
                (F.adaptive_avg_pool2d, "torch.nn.functional.adaptive_avg_pool2d"),
                (F.max_pool2d, "torch.nn.functional.max_pool2d"),
                (F.logsigmoid, "torch.nn.functional.logsigmoid"),
                (F.relu, "torch.nn.functional.relu"), (torch.relu, "torch.relu"),
                (F.sigmoid, "torch.nn.functional.sigmoid"), (torch.sigmoid, "torch.sigmoid"),
                (F.hardtanh_, "torch.nn.functional.hardtanh_"),
                (torch.einsum, "torch.einsum"), (torch.special.expit, "torch.special.expit"),
                (operator.add, "operator.add"), (operator.__mul__, "operator.mul"),
                (operator.getitem, "operator.getitem"), (getattr, "builtins.getattr"),
                (len, "builtins.len"), (math.sqrt, "math.sqrt"),
                (torch._assert, "torch._assert"),
                (torch.Tensor.add, "torch.Tensor.add"),
                (torch.quantize_per_tensor, "torch.quantize_per_tensor"),
                (torch.ops.quantized.add_relu, "torch.ops.quantized.add_relu"),
                (torch.ops.quantized.linear_prepack, "torch.ops.quantized.linear_prepack"),
                (torch.ops.aten.add.Tensor, "torch.ops.aten.add.Tensor"),
                (same_bits, "torch_document.same_bits")):
            with self.subTest(wanted=wanted):
                self.assertEqual(naming.function_name(function), wanted)

    def test_functions_spelled_as_in_other_versions(self):
        for module, name, wanted in (
                ("torch._ops.ops.quantized", "add_relu", "torch.ops.quantized.add_relu"),
                ("torch._ops.quantized", "add_relu", "torch.ops.quantized.add_relu"),
                ("torch._ops.aten", "mm", "torch.ops.aten.mm"),
                ("torch.functional", "newer", "torch.newer"),
                ("torch._C._nn", "linear", "torch.nn.functional.linear"),
                ("torch._C._nn", "other", "torch._C._nn.other"),
                ("torch._C._VariableFunctions", "conv9d", "torch.conv9d"),
                ("torch", "_VariableFunctionsClass.conv9d", "torch.conv9d"),
                ("_operator", "newer", "operator.newer")):
            def function():
                pass
            function.__module__, function.__qualname__ = module, name
            with self.subTest(module=module, name=name):
                self.assertEqual(naming.function_name(function), wanted)


class Values(unittest.TestCase):
    def encode(self, value, nodes=()):
        return ValueEncoder(TensorTable()).encode(value, "here", "t", nodes)

    def test_encodings(self):
        for value, wanted in (
                (None, None), (True, True), (False, False), (3, 3), (-2 ** 63, -2 ** 63),
                (2.5, 2.5), (3.0, 3.0), ("text", "text"),
                (math.inf, {"float": "inf"}), (-math.inf, {"float": "-inf"}),
                (math.nan, {"float": "nan"}),
                ([1, [2.0]], [1, [2.0]]), ((1, (2,)), {"tuple": [1, {"tuple": [2]}]}),
                (torch.Size([2, 3]), {"tuple": [2, 3]}),
                ({"a": (1,), "b": None}, {"dict": {"a": {"tuple": [1]}, "b": None}}),
                (slice(1, None, 2), {"slice": [1, None, 2]}),
                (slice(None), {"slice": [None, None, None]}),
                (Ellipsis, {"ellipsis": True}),
                (torch.quint8, {"dtype": "quint8"}), (torch.float32, {"dtype": "float32"}),
                (torch.bool, {"dtype": "bool"}), (torch.quint2x4, {"dtype": "quint2x4"}),
                (torch.per_channel_affine, {"qscheme": "per_channel_affine"}),
                (torch.channels_last, {"memory_format": "channels_last"}),
                (torch.device("cpu"), {"device": "cpu"}),
                (torch.device("cuda", 1), {"device": "cuda:1"}),
                (nn.Linear, {"type": "torch.nn.Linear"}),
                (torch.tensor(3).numpy()[()], 3)):
            with self.subTest(value=value):
                found = self.encode(value)
                self.assertEqual(repr(found), repr(wanted))

    def test_nodes(self):
        graph = fx.Graph()
        x = graph.placeholder("x")
        self.assertEqual(self.encode((x, [x]), {"x"}),
                         {"tuple": [{"node": "x"}, [{"node": "x"}]]})
        with self.assertRaisesRegex(ExportError, "here: node x does not come before"):
            self.encode(x)

    def test_refused(self):
        nested = []
        for _ in range(60):
            nested = [nested]
        for value, message in (
                (1j, "no encoding for 1j, a builtins.complex"),
                ({1, 2}, "no encoding for {1, 2}"),
                (len, "no encoding for <built-in function len>"),
                (object(), "a builtins.object"), (b"x", "builtins.bytes"),
                (torch.complex64, "no encoding for torch.complex64"),
                (torch.strided, "torch.layout"),
                (2 ** 63, "9223372036854775808 does not fit in 64 bits"),
                ({1: 2}, "the key 1 of a dict is not text"), ("\ud800", "not valid Unicode"),
                ([0, (1, 1j)], r"\[1\]\[1\]: no encoding"), (nested, "nested deeper"),
                (torch.zeros(2, dtype=torch.complex64), "a tensor of torch.complex64"),
                (torch.zeros(2).to_sparse(), "layout torch.sparse_coo"),
                (torch.zeros(2, device="meta"), "without data")):
            with self.subTest(message=message):
                with self.assertRaisesRegex(ExportError, "^here.*" + message):
                    self.encode(value)


class Tensors(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = os.path.join(scratch.name, "t.safetensors")

    def through_a_file(self, tensor):
        table = TensorTable()
        value = ValueEncoder(table).encode(tensor, "here", "t")
        safetensors.write(self.path, table.tensors)
        return decode(value, ModelFile(self.path).tensors), value

    def test_every_dtype_bit_for_bit(self):
        torch.manual_seed(1)
        for tensor in (torch.randn(3, 5), torch.randn(2, 3).double(), torch.randn(7).half(),
                       torch.randn(7).bfloat16(), torch.arange(-3, 9).reshape(3, 4),
                       torch.tensor([-2 ** 31, 5], dtype=torch.int32),
                       torch.tensor([-5, 7], dtype=torch.int16),
                       torch.tensor([-128, 127], dtype=torch.int8),
                       torch.tensor([0, 255], dtype=torch.uint8), torch.tensor([True, False]),
                       torch.tensor([math.nan, math.inf, -math.inf, -0.0]), torch.tensor(2.5),
                       torch.empty(0, 3), nn.Parameter(torch.randn(2, 2))):
            with self.subTest(dtype=tensor.dtype, shape=tensor.shape):
                self.assertTrue(same_bits(self.through_a_file(tensor)[0], tensor))

    def test_any_memory_layout(self):
        base = torch.arange(24.).reshape(2, 3, 4)
        for tensor in (base.permute(2, 0, 1), base[:, ::2], base[1], base.expand(2, 2, 3, 4),
                       torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
                       torch.view_as_complex(torch.randn(3, 2)).conj().imag):
            self.assertTrue(same_bits(self.through_a_file(tensor)[0], tensor.clone()))

    def test_quantized(self):
        torch.manual_seed(2)
        x = torch.randn(4, 6)
        scales, zeros = torch.rand(6).double() + .1, torch.arange(6)
        for tensor in (torch.quantize_per_tensor(x, .03, 100, torch.quint8),
                       torch.quantize_per_tensor(x, .03, -3, torch.qint8).t(),
                       torch.quantize_per_tensor(x, 1e-6, 0, torch.qint32),
                       torch.quantize_per_channel(x, scales, zeros, 1, torch.qint8),
                       torch.quantize_per_channel(x, scales.float(), zeros.float() + .5, 1,
                                                  torch.quint8)):
            found, value = self.through_a_file(tensor)
            self.assertTrue(same_bits(found.int_repr(), tensor.int_repr()))
            self.assertTrue(torch.equal(found.dequantize(), tensor.dequantize()))
            self.assertEqual(found.qscheme(), tensor.qscheme())
            self.assertNotIn("shape", value)

    def test_sub_byte_types_are_packed_low_bits_first(self):
        x = torch.tensor([[0., 1, 2], [3, 4, 15]])
        ones, zeros = torch.ones(2), torch.zeros(2)
        for dtype, wanted in ((torch.quint4x2, [0x10, 0x32, 0xf4]),
                              (torch.quint2x4, [0xe4, 0x0f])):
            tensor = torch.quantize_per_channel(x, ones, zeros, 0, dtype)
            _, name, shape, packed, scale, zero_point = self.through_a_file(tensor)[0]
            self.assertEqual("torch." + name, str(dtype))
            self.assertEqual(shape, [2, 3])
            self.assertEqual(packed.tolist(), wanted)
            self.assertTrue(same_bits(scale, ones) and same_bits(zero_point, zeros))
            odd = torch.quantize_per_channel(x[:1], ones[:1], zeros[:1], 0, dtype)
            self.assertEqual(self.through_a_file(odd)[0][2], [1, 3])

    def test_names_and_sharing(self):
        table, tensor = TensorTable(), torch.randn(3, 4)
        self.assertEqual(table.add("a", tensor), "a")
        self.assertEqual(table.add("b", tensor.detach()), "a")
        self.assertEqual(table.add("b", nn.Parameter(tensor)), "a")
        self.assertEqual(table.add("a", tensor.clone()), "a.1")
        self.assertEqual(table.add("a", tensor[:2]), "a.2")
        self.assertEqual(table.add("a", tensor.reshape(4, 3)), "a.3")
        self.assertEqual(table.add("e", torch.empty(0)), "e")
        self.assertEqual(table.add("__metadata__", torch.ones(1)), "__metadata__.1")
        self.assertEqual(set(table.tensors), {"a", "a.1", "a.2", "a.3", "e", "__metadata__.1"})
        self.assertEqual(table.tensors["a"].data_ptr(), tensor.data_ptr())

    def test_file_layout(self):
        tensors = {"bytes": torch.ones(3, dtype=torch.uint8), "halves": torch.ones(3).half(),
                   "floats": torch.ones(5), "longs": torch.ones(1, dtype=torch.int64)}
        safetensors.write(self.path, tensors, {"key": "text"})
        file = ModelFile(self.path)
        self.assertEqual(file.metadata, {"key": "text"})
        self.assertEqual(file.start % 64, 0)
        end = 0
        for begin, next_end, dtype in sorted(file.offsets.values(), key=lambda o: o[:2]):
            self.assertEqual(begin, end)
            self.assertEqual(begin % torch.empty(0, dtype=dtype).element_size(), 0)
            end = next_end
        self.assertEqual(end, file.size)


class Files(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.path = os.path.join(scratch.name, "file.safetensors")

    def test_tensors_of_a_run(self):
        torch.manual_seed(3)
        x = torch.randn(2, 3)
        tensors = {"input.0": x, "mask": torch.tensor([True, False]),
                   "input.1": torch.quantize_per_tensor(x, .05, 7, torch.quint8)}
        lowerfb_torch.save_tensors(self.path, tensors)
        file = ModelFile(self.path)
        self.assertEqual(file.tensors["input.1"].dtype, torch.uint8)
        self.assertEqual(file.metadata["qparams"],
                         '{"input.1": {"dtype": "quint8", "qscheme": "per_tensor_affine", '
                         '"scale": 0.05, "zero_point": 7}}')
        found = lowerfb_torch.load_tensors(self.path)
        self.assertEqual(set(found), set(tensors))
        self.assertTrue(same_bits(found["input.0"], x))
        self.assertTrue(found["input.1"].is_quantized)
        self.assertTrue(torch.equal(found["input.1"], tensors["input.1"]))
        lowerfb_torch.save_tensors(self.path, {"input.0": x})
        self.assertEqual(ModelFile(self.path).metadata, {})

    def test_tensors_that_a_run_cannot_have(self):
        x = torch.randn(2, 3)
        for tensor, message in (
                (torch.quantize_per_channel(x, torch.ones(2), torch.zeros(2), 0, torch.qint8),
                 "tensor a: qint8 per_channel_affine.*; only .* per tensor"),
                (x.to_sparse(), "tensor a: .*layout"),
                ([1, 2], "tensor a: a list is not a tensor")):
            with self.assertRaisesRegex(ExportError, message):
                lowerfb_torch.save_tensors(self.path, {"a": tensor})
        self.assertEqual(os.listdir(self.folder), [])

    def test_malformed_files(self):
        lowerfb_torch.save_tensors(self.path, {"a": torch.ones(4)})
        with open(self.path, "rb") as file:
            good = file.read()
        for data, message in (
                (b"", "0 bytes are too few"), (b"\xff" * 16, "the header should have"),
                (good[:-4], "tensor a: offsets 0 to 16"),
                (good.replace(b"[4]", b"[5]"), "tensor a: 16 bytes do not fit"),
                (good.replace(b"F32", b"F99"), "tensor a: 'F99'"),
                (good.replace(b"{", b"(", 1), "not JSON")):
            with open(self.path, "wb") as file:
                file.write(data)
            with self.subTest(message=message):
                with self.assertRaisesRegex(ExportError, message):
                    lowerfb_torch.load_tensors(self.path)
        for qparams in ('{"b": {}}', '[]', '{"a": {"qscheme": "per_tensor_affine"}}', 'x',
                        '{"a": {"dtype": "quint8", "qscheme": "per_tensor_affine", "scale": 1.0, '
                        '"zero_point": 0}}'):
            safetensors.write(self.path, {"a": torch.ones(4)}, {"qparams": qparams})
            with self.assertRaisesRegex(ExportError, "qparams do not fit"):
                lowerfb_torch.load_tensors(self.path)
        with self.assertRaisesRegex(ExportError, "no document"):
            lowerfb_torch.load_model(self.path)

    def test_load_model(self):
        lowerfb_torch.save(fx.symbolic_trace(nn.Linear(2, 3)), self.path)
        document, tensors = lowerfb_torch.load_model(self.path)
        file = ModelFile(self.path)
        self.assertEqual(document, file.document)
        self.assertEqual(set(tensors), set(file.tensors))

    def test_failure_leaves_the_old_file(self):
        lowerfb_torch.save_tensors(self.path, {"a": torch.ones(4)})
        with open(self.path, "rb") as file:
            old = file.read()
        with unittest.mock.patch.object(safetensors, "_bytes_of", side_effect=OSError("disk full")):
            with self.assertRaises(OSError):
                lowerfb_torch.save_tensors(self.path, {"b": torch.ones(4)})
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), old)
        self.assertEqual(os.listdir(self.folder), ["file.safetensors"])

    def test_symbolic_link_stays_one(self):
        link = os.path.join(self.folder, "link")
        os.symlink(self.path, link)
        lowerfb_torch.save_tensors(link, {"a": torch.ones(4)})
        self.assertTrue(os.path.islink(link))
        self.assertEqual(set(lowerfb_torch.load_tensors(self.path)), {"a"})


class Refusals(unittest.TestCase):
    """Errors of whole models name the file, the node and the argument."""

    def refused(self, model, message, **arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.safetensors")
            with self.assertRaisesRegex(ExportError, r"m\.safetensors: " + message):
                lowerfb_torch.save(model, path, **arguments)
            self.assertEqual(os.listdir(folder), [])

    def model(self, build, root=None):
        graph = fx.Graph()
        graph.output(build(graph, graph.placeholder("x")))
        return fx.GraphModule(nn.Module() if root is None else root, graph)

    def test_arguments(self):
        self.refused(self.model(lambda g, x: g.call_function(torch.add, (x, 1j))),
                     "node add: argument 1: no encoding for 1j")
        self.refused(self.model(lambda g, x: g.call_function(torch.add, (x, 1), {"out": {2: x}})),
                     "node add: argument out: the key 2")
        self.refused(self.model(lambda g, x: g.call_function(torch.add, (x, [0, 2 ** 70]))),
                     r"node add: argument 1\[1\]: .* 64 bits")

    def test_functions_without_a_name(self):
        model = self.model(lambda g, x: g.call_function(torch.add, (x, x)))
        list(model.graph.nodes)[1].target = functools.partial(torch.add, alpha=2)
        self.refused(model, "node add: functools.partial.* has no module and name")

    def test_settings_and_tensors(self):
        odd = nn.MaxPool2d(2)
        odd.stride = {1, 2}
        root = nn.Sequential(odd)
        self.refused(self.model(lambda g, x: g.call_module("0", (x,)), root),
                     "module 0: setting stride: no encoding")
        sparse = nn.Linear(2, 2)
        sparse.register_buffer("mask", torch.eye(2).to_sparse())
        self.refused(self.model(lambda g, x: g.call_module("0", (x,)), nn.Sequential(sparse)),
                     "module 0: tensor mask: a tensor of layout")

    def test_float16_weights_of_lowered_modules(self):
        """Only FBGEMM packs them; what it hands out is float32 that float16 can hold."""
        linear = fake_class("torch.nn.quantized.dynamic.modules.linear", "Linear")()
        linear.weight = lambda: torch.tensor([[1.5, -0.25]])
        linear.bias = lambda: None
        model = self.model(lambda g, x: g.call_module("0", (x,)), nn.Sequential(linear))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.safetensors")
            lowerfb_torch.save(model, path)
            file = ModelFile(path)
        entry = file.document["modules"]["0"]
        self.assertEqual(entry, {"type": "torch.ao.nn.quantized.dynamic.Linear",
                                 "tensors": {"weight": {"tensor": "0.weight"}, "bias": None}})
        self.assertTrue(same_bits(file.tensors["0.weight"], torch.tensor([[1.5, -0.25]]).half()))

    def test_missing_parts(self):
        model = self.model(lambda g, x: g.call_module("0", (x,)), nn.Sequential(nn.ReLU()))
        del model._modules["0"]
        self.refused(model, "node _0: module 0 does not exist")
        root = nn.Module()
        root.scale = torch.ones(1)
        model = self.model(lambda g, x: g.call_function(torch.mul, (x, g.get_attr("scale"))), root)
        del model.scale
        self.refused(model, "node scale: attribute scale does not exist")

    def test_what_is_not_a_graph(self):
        self.refused(nn.Linear(2, 2), "a torch.fx.GraphModule is wanted, not a torch.nn.Linear")

    def test_example_inputs(self):
        model = fx.symbolic_trace(nn.ReLU())
        self.refused(model, "2 example inputs for 1 placeholders",
                     example_inputs=(torch.ones(1), torch.ones(1)))

    def test_qconfigs(self):
        from torch.ao.quantization import QConfig
        broken = QConfig(activation=lambda: 1 / 0, weight=None)
        self.refused(fx.symbolic_trace(nn.ReLU()),
                     "qconfig of node n: activation: the observer cannot be made: division",
                     qconfig_map={"n": broken})

    def test_modules_of_an_application_are_carried_along(self):
        class Custom(nn.Module):
            def __init__(self, width, options):
                super().__init__()
                self.width, self.options = width, options
                self.weight = nn.Parameter(torch.ones(width))

        root = nn.Sequential(Custom(3, {1, 2}))
        model = self.model(lambda g, x: g.call_module("0", (x,)), root)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.safetensors")
            lowerfb_torch.save(model, path)
            entry = ModelFile(path).document["modules"]["0"]
        self.assertTrue(entry["type"].endswith(".Custom"))
        self.assertEqual(entry["config"], {"width": 3})
        self.assertEqual(entry["tensors"], {"weight": {"tensor": "0.weight"}})


if __name__ == "__main__":
    unittest.main()
