#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The torch exporter on whole models: conversion watched, documents and tensors as torch had them.

Run with PYTHONPATH at bindings/python. Without torch it is skipped (exit code 77).
"""

import copy
import importlib
import os
import sys
import tempfile
import threading
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

from torch import fx, nn
from torch.ao import quantization as q
from torch.ao.quantization.fx.custom_config import PrepareCustomConfig
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

import lowerfb_torch
import torch_networks
from torch_document import ModelFile, decode, references, resolve, same_bits

warnings.filterwarnings("ignore")

CONVERT = importlib.import_module("torch.ao.quantization.fx.convert")
LOWER = CONVERT.lower_to_fbgemm

# Packing, for the tests with models that torch has lowered, takes an engine that can.
torch.backends.quantized.engine = next(
    engine for engine in ("fbgemm", "onednn", "qnnpack")
    if engine in torch.backends.quantized.supported_engines)


class ExportCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.path = os.path.join(scratch.name, "model.safetensors")

    def saved(self, graph_module, **arguments):
        lowerfb_torch.save(graph_module, self.path, **arguments)
        return ModelFile(self.path)

    def assert_describes(self, document, graph_module, file):
        """The document says the same as the graph module: nodes, targets, arguments, tensors."""
        nodes = list(graph_module.graph.nodes)
        self.assertEqual([n["name"] for n in document["nodes"]], [n.name for n in nodes])
        for entry, node in zip(document["nodes"], nodes):
            self.assertEqual(entry["op"], node.op)
            target = resolve(entry["target"]) if node.op == "call_function" else entry["target"]
            self.assertEqual(target, node.target)
            plain = fx.node.map_arg((node.args, dict(node.kwargs)), lambda n: ("node", n.name))
            found = (tuple(decode(entry["args"], file.tensors)),
                     decode({"dict": entry.get("kwargs", {})}, file.tensors))
            self.assertEqual(repr(found), repr(plain), node.name)
        for target, value in document["attributes"].items():
            own = graph_module
            for name in target.split("."):
                own = getattr(own, name)
            self.assertTrue(same_bits(decode(value, file.tensors), own), target)
        modules = dict(graph_module.named_modules(remove_duplicate=False))
        self.assert_modules(document, modules, file)

    def assert_modules(self, document, modules, file):
        called = [n["target"] for n in document["nodes"] if n["op"] == "call_module"]
        self.assertLessEqual(set(called), set(document["modules"]))
        for path, entry in document["modules"].items():
            if "alias" in entry:
                self.assertIs(modules[entry["alias"]], modules[path])
                continue
            self.assertEqual(entry["type"].rpartition(".")[2], type(modules[path]).__name__)
            state = {**modules[path]._parameters, **modules[path]._buffers}
            self.assertEqual(set(entry.get("tensors", {})), set(state), path)
            for name, value in entry.get("tensors", {}).items():
                if state[name] is None:
                    self.assertIsNone(value)
                else:
                    self.assertTrue(same_bits(decode(value, file.tensors), state[name]),
                                    "%s.%s" % (path, name))
            for name, value in entry.get("config", {}).items():
                self.assertEqual(decode(value, file.tensors), getattr(modules[path], name), name)


class Networks(ExportCase):
    """Every network of torch_networks, and what is common to all."""

    def check(self, name):
        network = torch_networks.NETWORKS[name]
        model, inputs = torch_networks.prepared(name)
        twin = copy.deepcopy(model)
        handed = {}

        def spy(model, qconfig_map, node_name_to_scope):
            lowerfb_torch.save(model, self.path + ".spied", qconfig_map, node_name_to_scope, inputs)
            handed.update(qconfig_map=qconfig_map, scope=node_name_to_scope)
            return model

        CONVERT.lower_to_fbgemm = spy
        self.addCleanup(setattr, CONVERT, "lower_to_fbgemm", LOWER)
        convert_fx(twin)
        CONVERT.lower_to_fbgemm = LOWER

        reference = lowerfb_torch.convert_and_save(model, self.path, inputs)
        self.assertIs(CONVERT.lower_to_fbgemm, LOWER)
        with open(self.path, "rb") as ours, open(self.path + ".spied", "rb") as spied:
            self.assertEqual(ours.read(), spied.read())

        file = ModelFile(self.path)
        document = file.document
        self.assertEqual(document["lowerfb"], 1)
        self.assertEqual(document["producer"], "torch " + torch.__version__)
        self.assert_describes(document, reference, file)
        types = {path: entry.get("type") for path, entry in document["modules"].items()}
        for path, kind in network.types.items():
            self.assertEqual(types.get(path), kind, path)
        targets = {node["target"] for node in document["nodes"]}
        self.assertLessEqual(set(network.targets), targets)
        self.assertEqual(set(references(document)), set(file.tensors))

        self.assertEqual({k: v is None for k, v in document["qconfig_map"].items()},
                         {k: v is None for k, v in handed["qconfig_map"].items()})
        self.assertEqual({k: v[0] for k, v in document["node_name_to_scope"].items()},
                         {k: v[0] for k, v in handed["scope"].items()})
        metas = [node["meta"] for node in document["nodes"] if node["op"] == "placeholder"]
        self.assertEqual(metas, [{"shape": list(t.shape), "dtype": str(t.dtype)[6:]}
                                 for t in inputs])


def _add_network_tests():
    for name in torch_networks.NETWORKS:
        setattr(Networks, "test_" + name, lambda self, name=name: self.check(name))


_add_network_tests()


class Details(ExportCase):
    def convert(self, name):
        reference = lowerfb_torch.convert_and_save(torch_networks.prepared(name)[0], self.path)
        return reference, ModelFile(self.path)

    def test_weight_quantization_of_a_static_module(self):
        _, file = self.convert("conv2d_batch_norm_relu")
        config = file.document["modules"]["c.0"]["config"]
        self.assertEqual(config["weight_qscheme"], {"qscheme": "per_channel_affine"})
        self.assertEqual(config["weight_dtype"], {"dtype": "qint8"})
        self.assertEqual(config["kernel_size"], {"tuple": [3, 3]})
        self.assertEqual(config["padding_mode"], "zeros")
        self.assertIs(config["transposed"], False)
        self.assertEqual(file.document["qconfigs"][0]["weight"], {
            "observer": "PerChannelMinMaxObserver", "dtype": "qint8",
            "qscheme": "per_channel_symmetric", "reduce_range": False, "quant_min": -128,
            "quant_max": 127})

    def test_recurrent_modules_have_the_settings_of_each_weight(self):
        _, file = self.convert("dynamic_lstm")
        entry = file.document["modules"]["r"]
        for part in ("ih_l0", "hh_l0", "ih_l1", "hh_l1", "ih_l0_reverse", "hh_l1_reverse"):
            self.assertEqual(entry["config"]["weight_%s_dtype" % part], {"dtype": "qint8"})
            self.assertEqual(entry["config"]["weight_%s_qscheme" % part],
                             {"qscheme": "per_tensor_affine"})
            for suffix in ("scale", "zero_point", "axis"):
                self.assertIn("weight_%s_%s" % (part, suffix), entry["tensors"])

    def test_float16_and_4_bit_weights(self):
        _, file = self.convert("float16_linear")
        config = file.document["modules"]["l"]["config"]
        self.assertEqual(config["weight_dtype"], {"dtype": "float16"})
        self.assertIsNone(config["weight_qscheme"])
        _, file = self.convert("embedding_4bit")
        entry = file.document["modules"]["e"]
        self.assertEqual(entry["config"]["weight_dtype"], {"dtype": "quint4x2"})
        self.assertEqual(entry["config"]["weight_qscheme"],
                         {"qscheme": "per_channel_affine_float_qparams"})
        zero_points = decode(entry["tensors"]["weight_zero_point"], file.tensors)
        self.assertEqual(zero_points.dtype, torch.float32)
        self.assertEqual(list(zero_points.shape), [10])

    def test_module_under_two_paths_is_an_alias(self):
        class Shared(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                self.second = self.first

            def forward(self, x):
                return self.second(self.first(x))

        class Leaf(fx.Tracer):
            def is_leaf_module(self, module, path):
                return True

        model = Shared()
        graph = Leaf().trace(model)
        list(graph.nodes)[2].target = "second"  # torch traces both calls to the first path
        file = self.saved(fx.GraphModule(model, graph))
        self.assertEqual(file.document["modules"]["second"], {"alias": "first"})
        self.assertEqual(set(file.document["modules"]), {"first", "first.0", "first.1", "second"})
        self.assertEqual(list(file.document["modules"])[0], "first")
        self.assertEqual(set(file.tensors), {"first.0.weight", "first.0.bias"})

    def test_tied_weights_are_stored_once_and_views_apart(self):
        class Tied(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
                self.b.weight = self.a.weight
                self.register_buffer("turned", self.a.weight.detach().t())

            def forward(self, x):
                return self.b(self.a(x)) + self.turned

        model = fx.symbolic_trace(Tied())
        file = self.saved(model)
        modules = file.document["modules"]
        self.assertEqual(modules["a"]["tensors"]["weight"], modules["b"]["tensors"]["weight"])
        self.assertEqual(len(file.tensors), 4)
        self.assertTrue(same_bits(file.tensors["turned"], model.a.weight.t()))
        self.assertEqual([n["op"] for n in file.document["nodes"]].count("get_attr"), 1)

    def test_lowered_model(self):
        for name, path, kind in (("linear_relu", "l", "intrinsic.quantized.LinearReLU"),
                                 ("conv2d_depthwise", "c", "quantized.Conv2d")):
            lowered = convert_fx(torch_networks.prepared(name)[0])
            module = getattr(lowered, path)
            file = self.saved(lowered)
            entry = file.document["modules"][path]
            self.assertEqual(list(file.document["modules"]), [path])
            self.assertEqual(entry["type"], "torch.ao.nn." + kind)
            self.assertEqual(entry["config"]["scale"], module.scale)
            self.assertEqual(entry["config"]["zero_point"], module.zero_point)
            weight = decode(entry["tensors"]["weight"], file.tensors)
            self.assertTrue(same_bits(weight.int_repr(), module.weight().int_repr()))
            self.assertTrue(torch.equal(weight.dequantize(), module.weight().dequantize()))
            self.assertTrue(same_bits(decode(entry["tensors"]["bias"], file.tensors),
                                      module.bias()))

    def test_lowered_functionals_have_unpacked_weights(self):
        for name, kind, rank in (("functional_linear", "LinearPackedParamsBase", 2),
                                 ("functional_conv1d", "Conv2dPackedParamsBase", 4)):
            file = self.saved(convert_fx(torch_networks.prepared(name)[0]))
            packed, = [v for v in file.document["attributes"].values() if "packed" in v]
            self.assertEqual(packed["packed"], kind)
            value = decode(packed, file.tensors)
            self.assertEqual(value["weight"].dim(), rank)
            self.assertEqual(value["weight"].dtype, torch.qint8)
            self.assertEqual(value["bias"].dtype, torch.float32)
            if rank == 4:
                self.assertEqual(list(value["weight"].shape), [6, 4, 1, 3])
                self.assertEqual((value["stride"][1], value["groups"]), (2, 1))
                self.assertFalse(value["transpose"])

    def test_lowered_recurrent_module(self):
        lowered = convert_fx(torch_networks.prepared("dynamic_lstm")[0])
        file = self.saved(lowered)
        self.assertEqual(list(file.document["modules"]), ["r"])
        tensors = file.document["modules"]["r"]["tensors"]
        weight = decode(tensors["weight_hh_l1_reverse"], file.tensors)
        self.assertTrue(torch.equal(weight.dequantize(),
                                    lowered.r.get_weight()["weight_hh_l1_reverse"].dequantize()))
        self.assertEqual(list(decode(tensors["bias_ih_l0"], file.tensors).shape), [24])
        self.assertNotIn("scale", file.document["modules"]["r"]["config"])

    def test_scales_that_torch_keeps_as_buffers_are_settings(self):
        for name, path, kind in (("batch_norm_relu", "n", "intrinsic.quantized.BNReLU2d"),
                                 ("norms", "i", "quantized.InstanceNorm2d"),
                                 ("own_ranges", "e", "quantized.ELU")):
            lowered = convert_fx(torch_networks.prepared(name)[0])
            entry = self.saved(lowered).document["modules"][path]
            self.assertEqual(entry["type"], "torch.ao.nn." + kind)
            self.assertEqual(entry["config"]["scale"], float(getattr(lowered, path).scale))
            self.assertEqual(entry["config"]["zero_point"], int(getattr(lowered, path).zero_point))
            self.assertIsInstance(entry["config"]["zero_point"], int)
            self.assertFalse({"scale", "zero_point"} & set(entry.get("tensors", {})))

    def test_qconfigs_of_fake_quantize_modules_are_written_once_each(self):
        qconfigs = [q.get_default_qat_qconfig("fbgemm"), q.get_default_qat_qconfig("fbgemm"),
                    q.default_dynamic_qconfig, q.QConfig(activation=nn.Identity, weight=None)]
        given = {"n%d" % i: qconfig for i, qconfig in enumerate(qconfigs)}
        document = self.saved(fx.symbolic_trace(nn.ReLU()), qconfig_map=given).document
        self.assertEqual(document["qconfig_map"], {"n0": 0, "n1": 0, "n2": 1, "n3": 2})
        trained, dynamic, nothing = document["qconfigs"]
        self.assertEqual(trained["activation"]["observer"], "FusedMovingAvgObsFakeQuantize")
        self.assertEqual((trained["activation"]["dtype"], trained["activation"]["quant_max"],
                          trained["activation"]["reduce_range"]), ("quint8", 127, True))
        self.assertEqual(trained["weight"]["qscheme"], "per_channel_symmetric")
        self.assertEqual(dynamic["activation"]["observer"], "PlaceholderObserver")
        self.assertEqual(nothing, {"activation": None, "weight": None})

    def test_float_model(self):
        file = self.saved(fx.symbolic_trace(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))))
        self.assertEqual(file.document["modules"]["1"]["type"], "torch.nn.BatchNorm2d")
        self.assertEqual(file.document["modules"]["1"]["config"]["eps"], 1e-5)
        self.assertEqual(file.tensors["1.num_batches_tracked"].dtype, torch.int64)
        self.assertNotIn("qconfig_map", file.document)
        self.assertNotIn("meta", file.document["nodes"][0])


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.l, self.r = nn.Linear(4, 4), nn.ReLU()

    def forward(self, x):
        return self.r(self.l(x))


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.inner, self.b = nn.Linear(4, 4), Inner(), nn.Linear(4, 3)

    def forward(self, x):
        return self.b(self.inner(self.a(x)))


class Conversion(ExportCase):
    def test_standalone_module_is_a_document_of_its_own(self):
        x = torch.randn(2, 4)
        inside = PrepareCustomConfig().set_input_quantized_indexes([0]) \
            .set_output_quantized_indexes([0])
        custom = PrepareCustomConfig().set_standalone_module_name(
            "inner", q.QConfigMapping().set_global(q.get_default_qconfig("fbgemm")), (x,), inside,
            None)
        model = prepare_fx(Outer().eval(), torch_networks.static(), (x,),
                           prepare_custom_config=custom)
        model(x)
        reference = lowerfb_torch.convert_and_save(model, self.path, (x,))
        file = ModelFile(self.path)
        entry = file.document["modules"]["inner"]
        self.assertEqual(set(file.document["modules"]), {"a", "inner", "b"})
        inner = entry["graph"]
        self.assert_describes(inner, reference.inner, file)
        self.assertEqual(inner["modules"]["l.0"]["type"], "torch.ao.nn.quantized.reference.Linear")
        self.assertEqual(inner["qconfig_map"], {"x": None, "l": 0, "output": None})
        self.assertEqual(inner["node_name_to_scope"]["l"], ["l", "torch.nn.Linear"])
        self.assertIn("inner", file.document["qconfig_map"])
        self.assertIn("inner.l.0.weight", file.tensors)
        self.assertEqual(inner["nodes"][1]["target"], "dequantize")

    def test_every_engine_name(self):
        backend = type(torch.backends.quantized)
        real = backend.engine
        written = set()
        try:
            for name in ("fbgemm", "x86", "qnnpack", "onednn", "none"):
                backend.engine = property(lambda self, name=name: name)
                model, _ = torch_networks.prepared("conv2d_batch_norm_relu")
                lowerfb_torch.convert_and_save(model, self.path)
                with open(self.path, "rb") as file:
                    written.add(file.read())
        finally:
            backend.engine = real
        self.assertEqual(len(written), 1)

    def test_maps_are_remembered_for_save(self):
        reference, qconfig_map, scopes = lowerfb_torch.convert(torch_networks.prepared("linear")[0])
        self.assertEqual(set(qconfig_map), {"x", "l", "output"})
        self.assertEqual(scopes["l"], ("l", nn.Linear))
        remembered = self.saved(reference).document
        self.assertEqual(set(remembered["qconfig_map"]), set(qconfig_map))
        given = self.saved(reference, qconfig_map={"l": None}).document
        self.assertEqual(given["qconfig_map"], {"l": None})
        self.assertEqual(given["node_name_to_scope"], remembered["node_name_to_scope"])

    def test_newer_calls_of_the_lowering(self):
        """torch 2.x renamed an argument and added one."""
        from lowerfb_torch import capture
        model = fx.symbolic_trace(nn.Linear(2, 2))
        hook = capture._Hook(None, None)
        with capture._watch() as seen:
            hook(model, node_name_to_qconfig={"a": None}, node_name_to_scope={"a": ("", None)},
                 keep_original_weights=False)
            self.assertEqual(capture.maps_of(model), ({"a": None}, {"a": ("", None)}))
            hook(model, {"b": None}, {}, True)
            self.assertEqual(capture.maps_of(model), ({"b": None}, {}))
            with self.assertRaisesRegex(lowerfb_torch.ExportError, "node_name_to_scope"):
                hook(model, {"b": None}, mapping={})
        self.assertEqual(seen, [model, model])

    def test_conversion_without_lowering_is_an_error(self):
        """As in a version of torch that no longer calls lower_to_fbgemm."""
        from torch.ao.quantization import quantize_fx
        model, _ = torch_networks.prepared("linear")
        with unittest.mock.patch.object(quantize_fx, "convert_fx", lambda model: model):
            with self.assertRaisesRegex(lowerfb_torch.ExportError, "lower_to_fbgemm"):
                lowerfb_torch.convert_and_save(model, self.path)
        self.assertFalse(os.path.exists(self.path))
        self.assertIs(CONVERT.lower_to_fbgemm, LOWER)

    def test_torch_without_the_hooked_function_is_an_error(self):
        model, _ = torch_networks.prepared("linear")
        with unittest.mock.patch.object(CONVERT, "lower_to_fbgemm", None):
            with self.assertRaisesRegex(lowerfb_torch.ExportError, "no torch.ao.*lower_to_fbgemm"):
                lowerfb_torch.convert_and_save(model, self.path)
        self.assertEqual(lowerfb_torch.convert(model)[0].l.__class__.__name__, "Linear")

    def test_failing_conversion_restores_torch(self):
        with self.assertRaises(Exception):
            lowerfb_torch.convert_and_save(nn.Linear(2, 2), self.path)
        self.assertIs(CONVERT.lower_to_fbgemm, LOWER)
        self.assertFalse(os.path.exists(self.path))

    def test_other_threads_lower_as_ever(self):
        """While one thread converts, torch's own convert_fx in another one lowers."""
        lowered, errors = [], []
        models = [torch_networks.prepared("linear")[0] for _ in range(4)]
        inside, done = threading.Event(), threading.Event()

        def ours(model, path):
            try:
                lowerfb_torch.convert_and_save(model, path)
            except Exception as error:  # told to the main thread
                errors.append(error)

        from lowerfb_torch import capture

        def hold():
            with capture._watch():
                inside.set()
                done.wait(60)

        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait(60)
        self.assertIsNot(CONVERT.lower_to_fbgemm, LOWER)
        threads = [threading.Thread(target=ours, args=(model, self.path + str(i)))
                   for i, model in enumerate(models[:3])]
        for thread in threads:
            thread.start()
        lowered.append(convert_fx(models[3]))
        for thread in threads:
            thread.join()
        done.set()
        holder.join()
        self.assertEqual(errors, [])
        self.assertIs(CONVERT.lower_to_fbgemm, LOWER)
        self.assertIn(".quantized.", type(lowered[0].l).__module__)
        self.assertNotIn("reference", type(lowered[0].l).__module__)
        for i in range(3):
            document = ModelFile(self.path + str(i)).document
            self.assertEqual(document["modules"]["l"]["type"],
                             "torch.ao.nn.quantized.reference.Linear")


if __name__ == "__main__":
    unittest.main()
