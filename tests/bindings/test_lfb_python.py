#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the overrides add for Python: mappings, what things print as, errors by class, copies, pickles."""

import copy
import os
import pickle
import subprocess
import sys
import unittest

from gi.repository import Gio, GLib

from lfb_cases import Lfb, load, recorded

# Of every code the class, and what of Python's own it is.
ERRORS = {
    "FAILED": ("FailedError", RuntimeError), "FORMAT": ("FormatError", ValueError),
    "UNSUPPORTED": ("UnsupportedError", RuntimeError), "INVALID_GRAPH": ("InvalidGraphError", ValueError),
    "ARGUMENT": ("ArgumentError", TypeError), "SHAPE": ("ShapeError", ValueError),
    "DTYPE": ("DTypeError", TypeError), "RANGE": ("RangeError", ValueError),
    "NOT_FOUND": ("NotFoundError", LookupError), "IO": ("FileError", RuntimeError),
}


class Raising(Lfb.Pass):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def do_run(self, model):
        raise self.error


class Errors(unittest.TestCase):
    def test_every_code_has_a_class(self):
        codes = {str(code).upper().replace("-", "_"): code for code in Lfb.Error.__enum_values__.values()}
        self.assertEqual(set(codes), set(ERRORS))
        for name, (class_name, native) in ERRORS.items():
            with self.subTest(name=name):
                klass = getattr(Lfb, class_name)
                error = klass("that is why")
                self.assertIsInstance(error, (Lfb.LfbError, GLib.Error, native))
                for parent in (Lfb.LfbError, GLib.Error, native):
                    self.assertIsInstance(error, parent)
                self.assertTrue(error.matches(Lfb.error_quark(), codes[name]))
                self.assertEqual((str(error), error.message), ("that is why", "that is why"))
                self.assertEqual(klass.__module__ + "." + klass.__name__, "gi.repository.Lfb." + class_name)

    def test_they_go_through_the_library(self):
        for class_name, _native in ERRORS.values():
            klass = getattr(Lfb, class_name)
            lowerer = Lfb.Lowerer()
            lowerer.add_pass(Raising(klass("node `b` is odd")))
            with self.assertRaises(klass) as caught:
                lowerer.lower(load("add"))
            self.assertIs(type(caught.exception), klass)
            self.assertEqual(caught.exception.message, "Pass Raising: node `b` is odd")

    def test_caught_as_what_they_are(self):
        with self.assertRaises(Lfb.FileError):
            Lfb.GraphModule.load("/nowhere")
        with self.assertRaises(GLib.Error):
            Lfb.GraphModule.load("/nowhere")
        with self.assertRaises(Lfb.ShapeError):
            Lfb.Tensor([1, 2]).reshape([3])
        with self.assertRaises(LookupError):
            Lfb.call("torch.nothing")
        with self.assertRaises(Lfb.NotFoundError):
            Lfb.set_cpu_limit("z80")
        with self.assertRaises(TypeError):
            Lfb.Session(load("add"))([1], [2])

    def test_errors_of_others_stay_theirs(self):
        cancelled = Gio.Cancellable()
        cancelled.cancel()
        with self.assertRaises(GLib.Error) as caught:
            Lfb.Lowerer().lower(load("add"), cancellable=cancelled)
        self.assertNotIsInstance(caught.exception, Lfb.LfbError)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    def test_wrong_arguments_are_named(self):
        model = load("add")
        session = Lfb.Session(model)
        for do, text in (
                (lambda: Lfb.Lowerer().lower(None), r"Lfb\.Lowerer\.lower\(\): argument model: must not be None"),
                (lambda: Lfb.Lowerer().lower("add"), r"Lfb\.Lowerer\.lower\(\): argument model: Expected"),
                (lambda: Lfb.Session(None), r"Lfb\.Session\.new\(\): argument model: must not be None"),
                (lambda: model.graph.erase_node(None), r"Lfb\.Graph\.erase_node\(\): argument node"),
                (lambda: model.graph.create_node(1.5, "x"), "an Lfb.Op or its name, not 1.5"),
                (lambda: Lfb.set_cpu_limit(3), r"Lfb\.set_cpu_limit\(\): "),
                (lambda: Lfb.DType.get_bits("int8"), r"Lfb\.DType\.get_bits\(\): "),
                (lambda: Lfb.Buffer(-1), r"Lfb\.Buffer\.new\(\): -1 not in range"),
                (lambda: Lfb.Value(2 ** 64), r"Lfb\.Value\.for_int\(\): 18446744073709551616 not in range"),
                (lambda: model.graph["add"].set_args(3), "Arguments by position are a list or a tuple, not int"),
                (lambda: model.graph["add"].set_kwargs([1]), "Arguments by name are a dictionary, not list"),
                (lambda: Lfb.call("torch.relu", 3), "Arguments by position are a list"),
                (lambda: session.run(3), "a list, or a dictionary by their names, not int"),
                (lambda: session(q=[1.0]), "no input `q`; its inputs are x, y"),
                (lambda: session([1.0], x=[1.0]), "`x` is given twice"),
                (lambda: Lfb.Session(model, threads=2), "no setting threads of sessions, but n_threads, profile"),
                (lambda: Lfb.Session(model, Lfb.SessionOptions(), n_threads=2), "not both"),
                (lambda: model.graph.create_node("call", "x"), "No node does call; there are placeholder")):
            with self.subTest(text=text), self.assertRaisesRegex((TypeError, ValueError, OverflowError), text):
                do()

    def test_no_call_crashes(self):
        """Every method of every class on objects made past their constructors, with wrong arguments."""
        script = """if True:
            import itertools, gi
            gi.require_version("Lfb", "1.0")
            from gi.repository import GObject, Lfb
            from gi.module import repository
            calls = 0
            for info in repository.get_infos("Lfb"):
                klass = getattr(Lfb, info.get_name())
                if not hasattr(klass, "__gtype__") or not klass.__gtype__.is_a(GObject.Object):
                    continue
                for method in filter(lambda method: method.is_method(), info.get_methods()):
                    names = [argument.get_name() for argument in method.get_arguments()]
                    for wrong in itertools.product(["x", 1, [], None, -1, b"", 0.5], repeat=min(len(names), 2)):
                        made = GObject.new(klass)
                        arguments = [*wrong, *[None] * (len(names) - len(wrong))]
                        try:
                            getattr(made, method.__name__)(*arguments)
                        except Exception:
                            pass
                        calls += 1
            print(calls)
        """
        result = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, timeout=120,
                                env={**os.environ, "G_DEBUG": ""})
        self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        self.assertGreater(int(result.stdout), 1000)


class Mappings(unittest.TestCase):
    def test_files(self):
        file = Lfb.TensorFile()
        self.assertTrue(file)
        file["a"], file["b"] = [1.5], [2, 3]
        self.assertEqual((list(file), len(file), "a" in file, "c" in file, 3 in file), (["a", "b"], 2, True, False, False))
        self.assertEqual({name: tensor.tolist() for name, tensor in file.items()}, {"a": [1.5], "b": [2, 3]})
        self.assertEqual(list(file.keys()), ["a", "b"])
        self.assertEqual([str(tensor.dtype) for tensor in file.values()], ["float32", "int64"])
        self.assertEqual(repr(file), "<Lfb.TensorFile of a, b>")
        file.set_metadata("made", "here")
        self.assertEqual(file.metadata, {"made": "here"})
        with self.assertRaises(KeyError):
            file["c"]

    def test_models(self):
        model = load("add")
        self.assertEqual(model["a"].type_name, "torch.ao.nn.quantized.reference.Linear")
        self.assertEqual(str(model["a_scale_0"].dtype), "float32")
        self.assertEqual(set(model), {*model.list_modules(), *model.list_attributes()})
        self.assertEqual(len(model), len(list(model)))
        self.assertTrue("a" in model and "nothing" not in model)
        model["extra"], model["act"] = [1.5, 2.5], Lfb.Module("torch.nn.ReLU", {"inplace": False})
        self.assertEqual((model["extra"], model.get_attribute("extra").to_string()), ([1.5, 2.5], "[1.5, 2.5]"))
        self.assertEqual(repr(model["act"]), "<Lfb.Module torch.nn.ReLU(inplace=False)>")
        del model["extra"], model["act"]
        for do in (lambda: model["extra"], lambda: model["act"], lambda: model.__delitem__("act"), lambda: model[3]):
            with self.assertRaises(KeyError):
                do()
        empty = Lfb.GraphModule(Lfb.Graph())
        self.assertTrue(empty and empty.graph)
        self.assertEqual((len(empty), len(empty.graph)), (0, 0))

    def test_maps(self):
        model = load("add")
        qconfigs = model.qconfig_map
        self.assertEqual(set(qconfigs), set(qconfigs.list_names()))
        self.assertEqual(qconfigs["a"].weight["dtype"], "qint8")
        qconfigs = copy.copy(qconfigs)
        qconfigs["a"] = None
        self.assertIsNone(qconfigs["a"])
        self.assertIsNotNone(model.qconfig_map["a"])
        del qconfigs["a"]
        self.assertNotIn("a", qconfigs)
        with self.assertRaises(KeyError):
            qconfigs["a"]
        model.qconfig_map = {"a": None}
        self.assertEqual(dict(model.qconfig_map), {"a": None})

        scopes = model.node_name_to_scope
        self.assertEqual(scopes["a"], (scopes.get_path("a"), scopes.get_type_name("a")))
        scopes["b"] = ("net.b", "torch.nn.Linear")
        self.assertEqual((scopes["b"], scopes.get_path("b")), (("net.b", "torch.nn.Linear"), "net.b"))
        model.node_name_to_scope = {"x": ("", "Net")}
        self.assertEqual(dict(model.node_name_to_scope), {"x": ("", "Net")})

    def test_reports(self):
        lowerer = Lfb.Lowerer()
        lowerer.lower(load("add"))
        report = lowerer.report
        self.assertIs(report["a"], report.find("a"))
        self.assertIs(report[0], next(iter(report)))
        self.assertEqual([note.node_name for note in report[:2]], [report[0].node_name, report[1].node_name])
        self.assertTrue("a" in report and report["a"] in report and "nothing" not in report and None not in report)
        with self.assertRaises(KeyError):
            report["nothing"]
        with self.assertRaises(IndexError):
            report[99]


class Printing(unittest.TestCase):
    def test_what_things_print_as(self):
        model = load("add")
        lowerer = Lfb.Lowerer()
        lowered = lowerer.lower(model)
        options = Lfb.SessionOptions(n_threads=1)
        conv = Lfb.PackedConv(Lfb.Tensor([[[[1]]], [[[2]]]], "qint8", scale=0.5))
        for thing, text in (
                (model, "<Lfb.GraphModule of 26 nodes, 2 modules, 10 attributes>"),
                (model.graph, "<Lfb.Graph of 26 nodes>"), (model.graph["x"], "<Lfb.Node %x = placeholder"),
                (model.qconfig_map, "<Lfb.QConfigMap of "), (model.node_name_to_scope, "<Lfb.ScopeMap of "),
                (Lfb.QConfig({"dtype": "quint8"}), "<Lfb.QConfig activation={'dtype': 'quint8'} weight=None>"),
                (lowerer, "<Lfb.Lowerer of 11 passes>"), (lowerer.report, "<Lfb.LoweringReport: 5 of 7 lowered>"),
                (Raising(None), "<Lfb.Pass Raising>"), (Lfb.Progress(), "<Lfb.Progress 0% not begun>"),
                (options, "<Lfb.SessionOptions n_threads=1 profile=False>"),
                (Lfb.Session(lowered, options), "<Lfb.Session of <Lfb.GraphModule of "),
                (Lfb.Session(lowered, options), "on 1 threads, inputs x, y>"),
                (Lfb.Tensor([[1.5]]), "<Lfb.Tensor float32[1, 1]>"),
                (Lfb.Tensor([1], "quint8", scale=0.5, zero_point=3),
                 "<Lfb.Tensor quint8[1] scale 0.5 zero point 3>"),
                (Lfb.Buffer(3), "<Lfb.Buffer of 3 bytes>"), (Lfb.Value([1, None]), "<Lfb.Value [1, None]>"),
                (conv, "<Lfb.PackedConv of 1 to 2 channels>"),
                (Lfb.PackedLinear(Lfb.Tensor([[1, 2]], "qint8", scale=0.5)), "<Lfb.PackedLinear of 2 to 1 features>"),
                (Lfb.DType.QINT8, "Lfb.DType.QINT8"), (Lfb.Op.CALL_MODULE, "Lfb.Op.CALL_MODULE"),
                (Lfb.QScheme.NONE, "Lfb.QScheme.NONE"), (Lfb.Error.NOT_FOUND, "Lfb.Error.NOT_FOUND"),
                (Lfb.MemoryFormat.CHANNELS_LAST_3D, "Lfb.MemoryFormat.CHANNELS_LAST_3D"),
                (Lfb.ValueKind.INT, "Lfb.ValueKind.INT")):
            with self.subTest(text=text):
                self.assertIn(text, repr(thing))
        self.assertEqual(f"{Lfb.DType.QINT8} {Lfb.Op.CALL_MODULE} {Lfb.QScheme.PER_TENSOR_AFFINE}",
                         "qint8 call_module per_tensor_affine")

    def test_names_of_operations(self):
        graph = Lfb.Graph()
        x = graph.create_node("placeholder", "x")
        graph.create_node("output", "output", [x])
        self.assertEqual([node.op for node in graph], [Lfb.Op.PLACEHOLDER, Lfb.Op.OUTPUT])

    def test_properties_are_attributes(self):
        from gi.module import repository
        checked = 0
        for info in repository.get_infos("Lfb"):
            klass = getattr(Lfb, info.get_name())
            for prop in info.get_properties() if hasattr(info, "get_properties") else []:
                self.assertIsInstance(getattr(klass, prop.get_name().replace("-", "_"), None), property,
                                      f"{info.get_name()}.{prop.get_name()}")
                checked += 1
        self.assertGreater(checked, 30)


class Copies(unittest.TestCase):
    def test_copies(self):
        model, tensor = load("add"), Lfb.Tensor([1.5])
        for duplicate in (copy.copy, copy.deepcopy):
            self.assertIs(duplicate(tensor), tensor)
            again = duplicate(model)
            again.graph["x"].name = "input"
            self.assertIn("x", model.graph)
            self.assertEqual(str(duplicate(model.graph)), str(model.graph))

    def test_pickles_in_another_process(self):
        model = load("add")
        tensors = [Lfb.Tensor.new_named(Lfb.Tensor([[1.5, 2.5]]), "name"),
                   Lfb.Tensor([1, 2], "qint8", scale=0.5, zero_point=1),
                   Lfb.Tensor([[1], [2]], "qint8", scale=[0.5, 2.0], zero_point=0, axis=0)]
        script = """if True:
            import pickle, sys
            model, tensors, error = pickle.load(sys.stdin.buffer)
            print(model.graph)
            print([(tensor.name, repr(tensor), tensor.tolist()) for tensor in tensors])
            print(type(error).__name__, error)
        """
        result = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, timeout=60,
                                input=pickle.dumps((model, tensors, Lfb.ShapeError("so"))))
        self.assertEqual(result.stderr, b"")
        self.assertEqual(result.stdout.decode(), "%s\n%s\nShapeError so\n" % (
            model.graph, [(tensor.name, repr(tensor), tensor.tolist()) for tensor in tensors]))

    def test_inputs_of_a_session(self):
        session, file = Lfb.Session(load("add")), recorded("add")
        x, y = file["input.0"], file["input.1"]
        expected = session(x, y)
        self.assertEqual(session.prepare([x.tolist(), y]), [{"shape": expected.shape, "dtype": Lfb.DType.FLOAT32}])
        with self.assertRaisesRegex(Lfb.ArgumentError, "no example in the model"):
            session.prepare()
        self.assertTrue(session.run({"y": y, "x": x})[0].equal(expected))
        self.assertTrue(session(x.tolist(), y=y.tolist()).equal(expected))


if __name__ == "__main__":
    sys.argv.insert(1, "-v")
    unittest.main()
