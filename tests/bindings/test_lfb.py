#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library from Python: models, graphs, lowering, passes, running, all of it also in the background."""

import gc
import pathlib
import sys
import tempfile
import threading
import unittest

from gi.repository import Gio, GLib

from lfb_cases import CASES, Lfb, far_apart, load, numbers, recorded

NODES = ["x", "a_input_scale_0", "a_input_zero_point_0", "quantize_per_tensor", "dequantize"]


class Graphs(unittest.TestCase):
    def setUp(self):
        self.model = load("add")
        self.graph = self.model.graph

    def test_looking_at_a_graph(self):
        self.assertEqual(len(self.graph), 26)
        nodes = list(self.graph)
        self.assertEqual([node.name for node in nodes][:5], NODES)
        self.assertEqual([nodes[0].op, nodes[10].op, nodes[-1].op],
                         [Lfb.Op.PLACEHOLDER, Lfb.Op.CALL_MODULE, Lfb.Op.OUTPUT])
        self.assertIs(self.graph["add"], nodes[20])
        self.assertIs(self.graph[-1], nodes[25])
        self.assertIn("add", self.graph)
        self.assertIn(nodes[3], self.graph)
        self.assertNotIn("sub", self.graph)
        with self.assertRaises(KeyError):
            self.graph["sub"]
        self.assertEqual(repr(self.graph["add"]),
                         "<Lfb.Node %add = operator.add(%dequantize_2, %dequantize_3)>")
        self.assertEqual(str(self.model).splitlines()[0], "%x = placeholder")

    def test_a_node_as_attributes(self):
        add = self.graph["add"]
        self.assertEqual((add.target, add.op), ("operator.add", Lfb.Op.CALL_FUNCTION))
        self.assertEqual(add.args, (self.graph["dequantize_2"], self.graph["dequantize_3"]))
        self.assertEqual(add.kwargs, {})
        self.assertEqual(add.inputs, list(add.args))
        self.assertEqual([user.name for user in add.users], ["quantize_per_tensor_4"])
        self.assertEqual((add.previous.name, add.next.name), ("dequantize_3", "_scale_0"))
        self.assertIs(add.graph, self.graph)
        self.assertEqual(self.graph["quantize_per_tensor"].args[3], Lfb.DType.QUINT8)

    def test_signatures_of_the_library(self):
        add = self.model.get_graph().find("add")
        args = add.get_args()
        self.assertEqual([type(arg) for arg in args], [Lfb.Value, Lfb.Value])
        self.assertTrue(add.set_args([args[1], Lfb.Value.for_int(3)]))
        del args
        gc.collect()
        self.assertEqual(add.get_arg(1).get_int(), 3)
        self.assertEqual(add.get_arg(0).get_node().get_name(), "dequantize_3")
        self.assertEqual(add.get_kwargs().get_n_items(), 0)
        self.assertIsNone(add.get_arg(2))
        self.assertIsNone(self.graph.find("sub"))

    def test_arguments_are_native_values(self):
        add = self.graph["add"]
        x = self.graph["x"]
        tensor = Lfb.Tensor([1.5, 2.5])
        values = (None, True, False, 3, -2 ** 63, 2.5, float("inf"), "text", (1, 2), [1, [2, ()]], {"a": 1, "b": {}},
                  slice(1, None, 2), ..., x, tensor, Lfb.DType.QINT8, Lfb.QScheme.PER_TENSOR_AFFINE,
                  Lfb.MemoryFormat.CHANNELS_LAST)
        add.args = values
        add.kwargs = {"alpha": 2, "nested": [x, {"deep": (x,)}]}
        self.assertEqual(add.args, values)
        self.assertEqual([type(arg) for arg in add.args], [type(value) for value in values])
        self.assertEqual(add.kwargs, {"alpha": 2, "nested": [x, {"deep": (x,)}]})
        self.assertEqual([node.name for node in add.inputs], ["x"])
        add.set_arg(3, 4.0)
        self.assertEqual((add.args[3], type(add.args[3])), (4.0, float))

    def test_values(self):
        for data in (None, True, 7, 7.0, "a", (1, [2.5, None]), {"k": ...}):
            with self.subTest(data=data):
                self.assertEqual(Lfb.Value(data).unpack(), data)
                self.assertEqual(Lfb.Value(data), Lfb.Value(data))
        self.assertNotEqual(Lfb.Value(3), Lfb.Value(3.0))
        self.assertNotEqual(Lfb.Value((1,)), Lfb.Value([1]))
        device = Lfb.Value.for_device("cpu")
        self.assertEqual(device.unpack(), device)
        self.assertEqual(Lfb.Value(device), device)
        nest = []
        nest.append(nest)
        for wrong, exception in ((nest, ValueError), (object(), TypeError), ({1: 2}, TypeError),
                                 (2 ** 64, OverflowError), ([b"bytes"], TypeError)):
            with self.assertRaises(exception):
                Lfb.Value(wrong)

    def test_changing_a_graph(self):
        add, output = self.graph["add"], self.graph["output"]
        relu = self.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu", (add,), {"inplace": False})
        add.append(relu)
        add.replace_all_uses_with(relu)
        self.assertEqual((relu.name, relu.args, relu.previous), ("relu", (add,), add))
        self.assertEqual([user.name for user in add.users], ["relu"])
        relu.name = "activation"
        self.assertIn("activation", self.graph)
        self.assertEqual(self.graph.lint(), [])
        output.args = (add,)
        self.assertTrue(self.graph.eliminate_dead_code())
        self.assertNotIn("activation", self.graph)
        self.assertIsNone(relu.graph)

    def test_a_loop_may_change_its_graph(self):
        seen = []
        self.graph["output"].args = ()
        for node in self.graph:
            seen.append(node.name)
            if node.name == "add":
                for name in ("output", "dequantize_4", "quantize_per_tensor_4", "_zero_point_0"):
                    self.graph.erase_node(self.graph[name])
        self.assertEqual(seen[-2:], ["add", "_scale_0"])
        self.assertEqual(len(self.graph), 22)

    def test_building_a_model(self):
        graph = Lfb.Graph()
        x = graph.create_node(Lfb.Op.PLACEHOLDER, "x")
        relu = graph.create_node(Lfb.Op.CALL_MODULE, "act", [x])
        graph.create_node(Lfb.Op.OUTPUT, "output", [relu])
        model = Lfb.GraphModule.new(graph)
        model.set_module("act", Lfb.Module("torch.nn.ReLU", {"inplace": False}))
        self.assertEqual(model.get_module("act").config, {"inplace": False})
        self.assertEqual(list(numbers(Lfb.Session(model)([-1.5, 2.5]))), [0, 2.5])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.safetensors"
            self.model.save(path)
            again = Lfb.GraphModule.load(path)
            self.assertEqual(str(again), str(self.model))
            self.assertEqual(str(Lfb.GraphModule.load(str(path))), str(self.model))
            self.assertEqual(str(Lfb.GraphModule.load_bytes(self.model.to_bytes())), str(self.model))

            file = Lfb.TensorFile()
            file["one"] = [1.5]
            file.save(path)
            file = Lfb.TensorFile.load(path)
            self.assertEqual((len(file), list(file), "one" in file, "two" in file), (1, ["one"], True, False))
            self.assertEqual(list(numbers(file["one"])), [1.5])

    def test_maps(self):
        qconfigs = self.model.qconfig_map
        self.assertEqual(qconfigs.get("a").weight["dtype"], "qint8")
        scopes = self.model.node_name_to_scope
        self.assertEqual(scopes.get_path("a"), "a")
        qconfigs = qconfigs.copy()
        qconfigs.set("a", None)
        qconfigs.set("b", Lfb.QConfig({"observer": "MinMaxObserver"}, {"observer": "MinMaxObserver"}))
        self.assertTrue(qconfigs.skips("a"))
        lowered = Lfb.Lowerer().lower(self.model, qconfigs)
        self.assertEqual(lowered.get_module("a").type_name, "torch.ao.nn.quantized.reference.Linear")
        self.assertEqual(lowered.get_module("b").type_name, "torch.ao.nn.quantized.Linear")


class Lowering(unittest.TestCase):
    def setUp(self):
        self.model = load("add")
        self.text = str(self.model)

    def tearDown(self):
        self.assertEqual(str(self.model), self.text, "the model was changed")

    def test_lowering_with_a_report(self):
        told = []
        lowerer = Lfb.Lowerer(keep_original_weights=True)
        lowerer.connect("rewritten", lambda _lowerer, name, node, text: told.append((name, node.name)))
        self.assertIsNone(lowerer.report)
        lowered = lowerer.lower(self.model)
        self.assertEqual(lowered.graph["add"].target, "torch.ops.quantized.add")
        self.assertEqual(lowered.get_module("a").type_name, "torch.ao.nn.quantized.Linear")
        self.assertIn(("static-modules", "a"), told)
        self.assertIn(("binary-operators", "add"), told)

        report = lowerer.report
        self.assertEqual((len(report), report.get_n_lowered()), (7, 5))
        notes = {note.node_name: note for note in report}
        self.assertEqual((notes["a"].lowered, notes["a"].pass_name), (True, "static-modules"))
        self.assertFalse(notes["quantize_per_tensor"].lowered)
        self.assertIn("input `x`", notes["quantize_per_tensor"].reason)
        self.assertIs(report.find("a"), notes["a"])
        self.assertIn("5 of 7", str(report))

    def test_maps_may_be_dictionaries(self):
        skipped = Lfb.QConfigMap()
        skipped.set("a", None)
        expected = str(Lfb.lower_to_fbgemm(self.model, skipped, Lfb.ScopeMap()))
        self.assertNotEqual(expected, str(Lfb.lower_to_fbgemm(self.model)))
        for maps in (({"a": None}, {}), ({"a": None, "b": Lfb.QConfig(), "nobody": None}, {"a": ("a", "torch.nn.Linear")})):
            with self.subTest(maps=maps):
                self.assertEqual(str(Lfb.lower_to_fbgemm(self.model, *maps)), expected)
                self.assertEqual(str(Lfb.Lowerer().lower(self.model, *maps)), expected)
        for maps in (({"a": 3}, None), ({3: None}, None), (None, {"a": 3}), (None, {"a": ("a",)}), ("a", None)):
            with self.subTest(maps=maps), self.assertRaises((TypeError, ValueError)):
                Lfb.lower_to_fbgemm(self.model, *maps)

    def test_scopes_from_a_dictionary(self):
        model = load("f_linear")
        lowered = Lfb.lower_to_fbgemm(model, None, {"linear": ("net.block", "torch.nn.Linear")})
        self.assertIn("net_block_packed_weight_0", lowered.list_attributes())

    def test_the_whole_pass_in_one_call(self):
        self.assertEqual(str(Lfb.lower_to_fbgemm(self.model)), str(Lfb.Lowerer().lower(self.model)))
        self.assertEqual(str(Lfb.lower_to_fbgemm(self.model, None, None, False)),
                         str(Lfb.Lowerer.new().lower(self.model, None, None, None)))

    def test_a_pass_that_rewrites(self):
        lowerer = Lfb.Lowerer()
        lowerer.insert_pass(AddRelu(name="add-relu"), "static-modules")
        self.assertEqual(lowerer.get_passes()[0].name, "add-relu")
        lowered = lowerer.lower(self.model)
        self.assertEqual(lowered.graph["add"].target, "torch.ops.quantized.add_relu")
        note = lowerer.report.find("relu")
        self.assertEqual((note.lowered, note.pass_name, note.result), (True, "add-relu", "stands behind add"))

        file = recorded("add")
        inputs = [file["input.0"], file["input.1"]]
        plain, = Lfb.Session(Lfb.lower_to_fbgemm(self.model)).run(inputs)
        self.assertTrue(any(number < 0 for number in numbers(plain)))
        cut, = Lfb.Session(lowered).run(inputs)
        self.assertEqual(list(numbers(cut)), [max(number, 0) for number in numbers(plain)])

    def test_a_pass_alone(self):
        model = self.model.copy()
        step = AddRelu()
        self.assertEqual(step.name, "AddRelu")
        self.assertTrue(step.run(model))
        self.assertIn("relu", model.graph)
        self.assertFalse(Lfb.Pass.new_builtin("shape-reads").run(model))

    def test_a_pass_that_fails(self):
        for raised, code, text in (
                (GLib.Error.new_literal(Lfb.error_quark(), "node `b` is odd", Lfb.Error.SHAPE),
                 Lfb.Error.SHAPE, "Pass failing: node `b` is odd"),
                (KeyError("weight"), Lfb.Error.FAILED, "Pass failing: KeyError: 'weight'")):
            lowerer = Lfb.Lowerer()
            lowerer.add_pass(Failing(raised))
            with self.subTest(raised=raised), self.assertRaises(GLib.Error) as caught:
                lowerer.lower(self.model)
            error = caught.exception
            self.assertTrue(error.matches(Lfb.error_quark(), code))
            self.assertEqual(error.message, text)
            self.assertIs(error.__cause__, raised)
            self.assertIsNone(lowerer.report)

    def test_a_pass_that_breaks_the_graph(self):
        lowerer = Lfb.Lowerer()
        lowerer.add_pass(Breaking())
        with self.assertRaises(GLib.Error) as caught:
            lowerer.lower(self.model)
        self.assertTrue(caught.exception.matches(Lfb.error_quark(), Lfb.Error.INVALID_GRAPH))


class AddRelu(Lfb.Pass):
    """Puts a relu behind every addition."""

    def do_run(self, model):
        changed = False
        for node in model.graph:
            if node.target == "operator.add":
                relu = model.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu", [node])
                node.append(relu)
                node.replace_all_uses_with(relu)
                self.report(relu, True, "stands behind %s" % node.name)
                changed = True
        return changed


class Failing(Lfb.Pass):
    def __init__(self, exception):
        super().__init__(name="failing")
        self.exception = exception

    def do_run(self, model):
        model.graph["add"].target = "operator.mul"
        raise self.exception


class Breaking(Lfb.Pass):
    def do_run(self, model):
        model.graph.find("x").set_target("y")
        model.graph.get_last().prepend(model.graph["x"])
        return True


class Running(unittest.TestCase):
    def test_reference_and_lowered_agree_with_what_was_recorded(self):
        for name in ("add", "add_relu", "conv2d_relu", "linear_chain", "two_outputs"):
            model, file = load(name), recorded(name)
            inputs = [file[f"input.{i}"] for i in range(len(file)) if f"input.{i}" in file]
            for kind, runs in (("reference", model), ("lowered", Lfb.Lowerer().lower(model))):
                outputs = Lfb.Session(runs).run(inputs)
                for i, output in enumerate(outputs):
                    expected = file[f"{kind}.{i}"]
                    self.assertEqual(output.shape, expected.shape)
                    step = smallest_step(expected)
                    with self.subTest(name=name, kind=kind, output=i):
                        self.assertIn(far_apart(output, expected, step),
                                      range(max(1, output.get_n_elements() // 100) + 1))

    def test_inputs_by_position_and_by_name(self):
        session = Lfb.Session(load("add"), n_threads=2, profile=True)
        file = recorded("add")
        x, y = file["input.0"], file["input.1"]
        result = session(x, y)
        self.assertIsInstance(result, Lfb.Tensor)
        self.assertEqual(session.n_threads, 2)
        for again in (session(x=x, y=y), session(x, y=y), session(y=y, x=x), session.run([x, y], None)[0],
                      session(numbers(x).cast("B").cast("f", x.shape), y)):
            self.assertTrue(again.equal(result))
        with self.assertRaisesRegex(TypeError, "`y` is missing"):
            session(x=x)
        with self.assertRaisesRegex(TypeError, "`z`"):
            session(x, y, z=x)
        self.assertIn("quantize_per_tensor", session.profile_to_text())
        self.assertGreater(session.peak_memory, 0)
        self.assertEqual(session.list_inputs(), ["x", "y"])

    def test_nested_inputs(self):
        graph = Lfb.Graph()
        x = graph.create_node(Lfb.Op.PLACEHOLDER, "x")
        first, rest = (graph.create_node(Lfb.Op.CALL_FUNCTION, "operator.getitem", [x, i]) for i in (0, 1))
        second = graph.create_node(Lfb.Op.CALL_FUNCTION, "operator.getitem", [rest, "k"])
        total = graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.sub", [first, second])
        graph.create_node(Lfb.Op.OUTPUT, "output", [total])
        session, given = Lfb.Session(Lfb.GraphModule.new(graph)), [Lfb.Tensor([3.0, 5.0]), {"k": Lfb.Tensor([1.0, 1.0])}]
        for result in (session(given), session(tuple(given)), session(x=given), session.run([given])[0],
                       session(Lfb.Value(given)), session.run_values([Lfb.Value(given)])[0]):
            self.assertEqual(list(numbers(result)), [2.0, 4.0])
        with self.assertRaisesRegex(ValueError, "nested"):
            given.append(given)
            session(given)

        # Where there are but numbers, that is a tensor as it is everywhere.
        graph = Lfb.Graph()
        graph.create_node(Lfb.Op.OUTPUT, "output", [graph.create_node(Lfb.Op.PLACEHOLDER, "x")])
        session = Lfb.Session(Lfb.GraphModule.new(graph))
        self.assertEqual(session([[1.0, 2.0]]).shape, (1, 2))
        self.assertEqual([item.shape for item in session([Lfb.Tensor([1.0]), Lfb.Tensor([1.0, 2.0])])], [(1,), (2,)])

    def test_several_outputs(self):
        file = recorded("two_outputs")
        outputs = Lfb.Session.new(load("two_outputs"), None)(file["input.0"])
        self.assertEqual([type(output) for output in outputs], [Lfb.Tensor, Lfb.Tensor])

    def test_several_threads(self):
        session, file = Lfb.Session(load("add")), recorded("add")
        expected, wrong = session(file["input.0"], file["input.1"]), []

        def work():
            for _ in range(50):
                if not session(file["input.0"], file["input.1"]).equal(expected):
                    wrong.append(threading.current_thread())

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_calling_an_operator(self):
        quantized = Lfb.call("torch.quantize_per_tensor", [Lfb.Tensor([1.0, 2.5]), 0.5, 10, Lfb.DType.QUINT8])
        self.assertEqual((quantized.scale, quantized.zero_point), (0.5, 10))
        self.assertEqual(bytes(quantized.get_bytes().get_data()), bytes([12, 15]))
        summed = Lfb.call("torch.ops.quantized.add", [quantized, quantized], {"scale": 0.5, "zero_point": 0})
        self.assertEqual(list(numbers(summed.dequantize())), [2, 5])

        raw = Lfb.call("torch.quantize_per_tensor", [Lfb.Value(Lfb.Tensor([1.0])), Lfb.Value(0.5)],
                       ["zero_point", "dtype"], [Lfb.Value(10), Lfb.Value(Lfb.DType.QINT8)])
        self.assertIsInstance(raw, Lfb.Value)
        self.assertEqual(raw.get_tensor().dtype, Lfb.DType.QINT8)
        self.assertIn("torch.ops.quantized.linear", Lfb.list_operators())
        self.assertEqual([name for name in dir(Lfb) if "kernel" in name], ["get_kernel_variant", "list_kernels"])
        variants = {Lfb.get_kernel_variant(name) for name in Lfb.list_kernels()}
        self.assertLessEqual(variants, {"c", *Lfb.get_cpu_features()})


def smallest_step(tensor):
    """The output scale, seen in the numbers: their smallest distance."""
    steps = sorted(set(numbers(tensor)))
    return min(b - a for a, b in zip(steps, steps[1:]))


class Background(unittest.TestCase):
    """The same in the background, called back in the main context."""

    def wait(self, start):
        loop, results = GLib.MainLoop(), []

        def done(source, result, *_data):
            results.append((source, result, threading.current_thread()))
            loop.quit()

        start(done)
        timeout = GLib.timeout_add_seconds(60, loop.quit)
        loop.run()
        self.assertEqual(len(results), 1, "nothing was called back")
        GLib.source_remove(timeout)
        self.assertIs(results[0][2], threading.main_thread())
        return results[0][1]

    def test_load_lower_run(self):
        file, path = recorded("add"), str(CASES / "add.reference.safetensors")
        model = Lfb.GraphModule.load_finish(self.wait(lambda done: Lfb.GraphModule.load_async(path, None, done)))

        threads = []
        lowerer = Lfb.Lowerer()
        step = Watching()
        step.threads = threads
        lowerer.insert_pass(step, "dead-code")
        lowerer.connect("rewritten", lambda *_args: threads.append(threading.current_thread()))
        lowered = lowerer.lower_finish(self.wait(lambda done: lowerer.lower_async(model, None, None, None, done)))
        self.assertEqual(str(lowered), str(Lfb.lower_to_fbgemm(model)))
        self.assertEqual(set(threads), {threading.main_thread()})
        self.assertGreater(len(threads), 1)
        self.assertIn("5 of 7", str(lowerer.report))

        session = Lfb.Session(lowered)
        inputs = [file["input.0"], file["input.1"]]
        outputs = session.run_finish(self.wait(lambda done: session.run_async(inputs, None, done)))
        self.assertTrue(outputs[0].equal(session(*inputs)))

        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/model.safetensors"
            self.assertTrue(lowered.save_finish(self.wait(lambda done: lowered.save_async(path, None, done))))
            self.assertEqual(str(Lfb.GraphModule.load(path)), str(lowered))

    def test_progress(self):
        progress, seen = Lfb.Progress(), []
        progress.connect("notify", lambda progress, _pspec: seen.append(
            (progress.fraction, progress.message, threading.current_thread())))
        lowerer, model = Lfb.Lowerer(progress=progress), load("add")
        lowerer.lower(model)
        self.assertEqual([message for _fraction, message, _thread in seen if message == "fold-weights"][:1],
                         ["fold-weights"])
        self.assertEqual((progress.fraction, progress.message), (1, "lowered"))
        self.assertEqual(sorted(fraction for fraction, _message, _thread in seen),
                         [fraction for fraction, _message, _thread in seen])

        # What comes as one report and is what was shown before is no change.
        progress.report(0, "waiting")
        seen.clear()
        lowered = lowerer.lower_finish(self.wait(lambda done: lowerer.lower_async(model, None, None, None, done)))
        self.assertEqual(seen[-1][:2], (1, "lowered"))

        seen.clear()
        session = Lfb.Session(lowered, progress=progress)
        self.assertEqual(seen[-1][:2], (1, "ready"))
        file = recorded("add")
        inputs = [file["input.0"], file["input.1"]]
        progress.report(0, "waiting")
        seen.clear()
        session.run_finish(self.wait(lambda done: session.run_async(inputs, None, done)))
        self.assertEqual(seen[-1][0], 1)
        self.assertEqual({thread for _fraction, _message, thread in seen}, {threading.main_thread()})
        progress.report(0.5, "mine")
        self.assertEqual((progress.fraction, progress.message), (0.5, "mine"))

    def test_errors(self):
        model, session = load("add"), Lfb.Session(load("add"))
        cancelled, lowerer = Gio.Cancellable(), Lfb.Lowerer()
        cancelled.cancel()
        lowerer.add_pass(Failing(ValueError("no")))
        lfb, gio = Lfb.error_quark(), Gio.io_error_quark()
        for start, finish, domain, code in (
                (lambda done: Lfb.GraphModule.load_async("/nowhere", None, done),
                 Lfb.GraphModule.load_finish, lfb, Lfb.Error.IO),
                (lambda done: lowerer.lower_async(model, None, None, None, done),
                 lowerer.lower_finish, lfb, Lfb.Error.FAILED),
                (lambda done: session.run_async([], None, done), session.run_finish, lfb, Lfb.Error.ARGUMENT),
                (lambda done: lowerer.lower_async(model, None, None, cancelled, done),
                 lowerer.lower_finish, gio, Gio.IOErrorEnum.CANCELLED),
                (lambda done: session.run_async([Lfb.Tensor([[1.0]])] * 2, cancelled, done),
                 session.run_finish, gio, Gio.IOErrorEnum.CANCELLED)):
            with self.subTest(code=code), self.assertRaises(GLib.Error) as caught:
                finish(self.wait(start))
            self.assertTrue(caught.exception.matches(domain, code), caught.exception)


class Watching(Lfb.Pass):
    def do_run(self, model):
        self.threads.append(threading.current_thread())
        return False


if __name__ == "__main__":
    sys.argv.insert(1, "-v")
    unittest.main()
