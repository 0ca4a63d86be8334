# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each subcommand of lowerfb does what it is for."""

import json
import math
import pathlib
import unittest

import tensors
from command import CASES, CommandTest, recorded, reference


class Show(CommandTest):
    def test_text_has_every_node(self):
        text = self.done("show", reference("inverted_residual"))
        for node in tensors.document(reference("inverted_residual"))["nodes"]:
            if node["op"] != "output":
                self.assertRegex(text, rf"(?m)^%{node['name']} = \S")
        self.assertEqual(text, self.done("show", reference("inverted_residual"), "--format", "text"))

    def test_json_is_the_document(self):
        for case in ["two_outputs", "dict_output", "skip_by_none_qconfig"]:
            text = self.done("show", reference(case), "--format=json")
            self.assertEqual(json.loads(text), tensors.document(reference(case)), case)

    def test_dot_has_every_node(self):
        text = self.done("show", "--format", "dot", reference("conv2d_relu"))
        self.assertRegex(text, r"\Adigraph\b")
        self.assertTrue(text.rstrip().endswith("}"))
        for node in tensors.document(reference("conv2d_relu"))["nodes"]:
            self.assertIn(node["name"], text)


class Lower(CommandTest):
    def lowered(self, case, *options):
        self.done("lower", reference(case), "-o", "out", *options)
        return tensors.document(self.folder / "out")

    def test_same_steps_as_torch(self):
        for case in ["linear", "linear_relu_module", "conv2d_relu", "conv3d", "reshape_size", "max_pool2d_module"]:
            expected = json.loads((CASES / f"{case}.lowered.json").read_text())["nodes"]
            found = self.lowered(case)["nodes"]
            self.assertEqual([(node["op"], node["target"]) for node in found],
                             [(node["op"], node["target"]) for node in expected], case)

    def test_only_the_result_is_left(self):
        self.lowered("conv2d")
        self.assertEqual(self.files(), ["out"])

    def test_in_place(self):
        model = self.folder / "model"
        model.write_bytes(reference("linear").read_bytes())
        model.chmod(0o640)
        self.done("lower", "model", "-o", "model")
        self.assertEqual(tensors.document(model), self.lowered("linear"))
        self.assertEqual(model.stat().st_mode & 0o777, 0o640)

    def test_report_as_text(self):
        text = self.done("lower", reference("linear_chain"), "-o", "out", "--report", "text")
        for node in tensors.document(reference("linear_chain"))["nodes"]:
            if node["op"] == "call_module":
                self.assertIn(node["name"], text)

    def test_report_as_json(self):
        text = self.done("lower", reference("linear_chain"), "-o", "out", "--report", "json")
        report = json.dumps(json.loads(text))
        for node in tensors.document(reference("linear_chain"))["nodes"]:
            if node["op"] == "call_module":
                self.assertIn(f'"{node["name"]}"', report)

    def test_no_report_unless_asked(self):
        self.assertEqual(self.done("lower", reference("linear"), "-o", "out"), "")

    def test_keep_original_weights(self):
        weights = {name: tensor for name, tensor in tensors.read(reference("f_linear"))[0].items()
                   if tensor[0] == "F32" and len(tensor[1]) == 2}
        self.assertTrue(weights)
        contents = {}
        for options in [[], ["--keep-original-weights"]]:
            self.lowered("f_linear", *options)
            contents[len(options)] = [tensor for tensor in tensors.read(self.folder / "out")[0].values()]
        for name, weight in weights.items():
            self.assertNotIn(weight, contents[0], name)
            self.assertIn(weight, contents[1], name)

    def test_strict_upstream(self):
        # torch fuses torch.nn.functional.relu with a dynamic linear, but not torch.relu.
        contents, metadata = tensors.read(reference("f_dyn_linear_relu"))
        document = json.loads(metadata["lowerfb"])
        relu = next(node for node in document["nodes"] if node["name"] == "relu")
        relu.update(target="torch.relu", kwargs={})
        tensors.write(self.folder / "model", contents, {"lowerfb": json.dumps(document)})
        for options, fused in [((), True), (("--strict-upstream",), False)]:
            self.done("lower", "model", "-o", "out", *options)
            targets = [node["target"] for node in tensors.document(self.folder / "out")["nodes"]]
            self.assertEqual("torch.ops.quantized.linear_relu_dynamic" in targets, fused)
            self.assertEqual("torch.relu" in targets, not fused)


class Run(CommandTest):
    def outputs(self, model, inputs):
        self.done("run", model, inputs, "-o", "outputs")
        return tensors.read(self.folder / "outputs")

    def assert_close(self, case, found, key):
        """Within a step of 8 bits over the range of the recorded numbers."""
        expected = {name: tensor for name, tensor in tensors.read(recorded(case))[0].items()
                    if name.startswith(key + ".")}
        self.assertTrue(expected)
        self.assertEqual(sorted(found), sorted(name.replace(key, "output") for name in expected))
        for name, tensor in expected.items():
            result = found[name.replace(key, "output")]
            self.assertEqual(result[:2], tensor[:2], (case, name))
            a, b = tensors.numbers(result), tensors.numbers(tensor)
            step = (max(b) - min(b)) / 128
            self.assertLessEqual(max(abs(x - y) for x, y in zip(a, b)), step, (case, name))

    def test_reference_and_lowered(self):
        for case in ["linear", "conv1d_relu", "conv2d_groups", "conv3d", "two_outputs", "max_pool2d_module"]:
            found, metadata = self.outputs(reference(case), recorded(case))
            self.assert_close(case, found, "reference")
            self.assertNotIn("qparams", metadata)
            self.done("lower", reference(case), "-o", "lowered")
            lowered = self.outputs("lowered", recorded(case))
            self.assert_close(case, lowered[0], "lowered")
            self.done("run", "--lower", reference(case), recorded(case), "-o", "at once")
            self.assertEqual(tensors.read(self.folder / "at once"), lowered)

    def test_inputs_by_the_name_of_their_placeholder(self):
        names = [node["name"] for node in tensors.document(reference("add"))["nodes"]
                 if node["op"] == "placeholder"]
        inputs = tensors.read(recorded("add"))[0]
        by_place = self.outputs(reference("add"), recorded("add"))
        # Named, in reverse order of the file, and beside a name that is taken by place only.
        tensors.write(self.folder / "named", {
            names[1]: inputs["input.1"], names[0]: inputs["input.0"], "input.0": inputs["input.1"]})
        self.assertEqual(self.outputs(reference("add"), "named"), by_place)

    def quantized(self):
        """A model that ends with the quantized output of `linear`, as the case does without dequantize."""
        contents, metadata = tensors.read(reference("linear"))
        document = json.loads(metadata["lowerfb"])
        output = document["nodes"][-1]
        dequantize = next(node for node in document["nodes"] if {"node": node["name"]} in output["args"])
        output["args"] = [dequantize["args"][0]]
        document["nodes"].remove(dequantize)
        tensors.write(self.folder / "quantized", contents, {**metadata, "lowerfb": json.dumps(document)})

    def test_quantized_output_carries_its_qparams(self):
        self.quantized()
        found, metadata = self.outputs("quantized", recorded("linear"))
        self.assertEqual(found["output.0"][0], "U8")
        qparams = json.loads(metadata["qparams"])["output.0"]
        self.assertEqual((qparams["dtype"], qparams["qscheme"]), ("quint8", "per_tensor_affine"))
        real = [(q - qparams["zero_point"]) * qparams["scale"] for q in tensors.numbers(found["output.0"])]
        expected = tensors.numbers(tensors.read(recorded("linear"))[0]["reference.0"])
        self.assertEqual(len(real), len(expected))
        for a, b in zip(real, expected):
            self.assertAlmostEqual(a, b, delta=1.001 * qparams["scale"])

    def test_quantized_input_is_read_with_its_qparams(self):
        integers = bytes(range(24))
        document = {"lowerfb": 1, "nodes": [
            {"name": "x", "op": "placeholder", "target": "x", "args": []},
            {"name": "y", "op": "call_method", "target": "dequantize", "args": [{"node": "x"}]},
            {"name": "output", "op": "output", "target": "output", "args": [{"node": "y"}]}],
            "attributes": {}, "modules": {}}
        tensors.write(self.folder / "model", {}, {"lowerfb": json.dumps(document)})
        tensors.write(self.folder / "inputs", {"x": ("U8", [4, 6], integers)}, {"qparams": json.dumps(
            {"x": {"dtype": "quint8", "qscheme": "per_tensor_affine", "scale": 0.5, "zero_point": 3}})})
        found, _ = self.outputs("model", "inputs")
        self.assertEqual(found["output.0"], tensors.floats([4, 6], [(q - 3) * 0.5 for q in integers]))

    def test_wrong_inputs(self):
        right = tensors.read(recorded("add"))[0]
        wrong = {
            "missing": ({"input.0": right["input.0"]}, ["input.1", "input.0"]),
            "none": ({}, ["input.0", "nothing"]),
            "surplus": ({**right, "input.2": right["input.0"]}, ["input.2", "2 inputs"]),
            "shape": ({**right, "input.1": tensors.floats([3, 5], range(15))}, []),
            "dtype": ({**right, "input.1": ("I64", [3, 12], bytes(8 * 36))}, []),
        }
        for name, (inputs, says) in wrong.items():
            tensors.write(self.folder / name, inputs)
            self.fails("run", reference("add"), name, "-o", "outputs", says=says)
            self.assertNotIn("outputs", self.files(), name)


class Compare(CommandTest):
    def rows(self, *arguments):
        """The table, as a dict from the names of outputs to those of columns to texts."""
        lines = self.done("compare", *arguments).splitlines()
        self.assertEqual(lines[0].split(), ["output", "shape", "elements", "different", "largest", "mean",
                                            "signal/noise"])
        rows = {}
        for line in lines[1:]:
            before, _, rest = line.partition("]")
            name, _, shape = before.partition("[")
            numbers = rest.split()
            self.assertEqual((len(numbers), numbers[-1]), (6, "dB"))
            rows[name.strip()] = json.loads(f"[{shape}]"), *map(float, numbers[:-1])
        return rows

    def test_a_model_equals_itself(self):
        rows = self.rows(reference("two_outputs"), reference("two_outputs"), recorded("two_outputs"))
        self.assertEqual(list(rows), ["output.0", "output.1"])
        for row in rows.values():
            self.assertEqual(row[2:], (0, 0, 0, math.inf))

    def test_the_numbers(self):
        """Two models whose outputs are known, down to infinities and NaN."""
        a = [1.0, -2.0, 3.0, 4.0, math.inf, math.nan]
        b = [1.0, -2.5, 3.0, 4.25, math.inf, math.nan]
        signal, noise = 1 + 4 + 9 + 16, 0.25 + 0.0625
        for finite in [True, False]:
            n = 4 if finite else 6
            self.constant("a", a[:n])
            self.constant("b", b[:n])
            tensors.write(self.folder / "inputs", {"x": tensors.floats([1], [0])})
            shape, elements, different, largest, mean, ratio = self.rows("a", "b", "inputs")["output.0"]
            self.assertEqual((shape, elements, different, largest), ([n], n, 2, 0.5))
            self.assertAlmostEqual(mean, 0.75 / n, places=5)
            if finite:
                self.assertAlmostEqual(ratio, 10 * math.log10(signal / noise), places=2)

    def test_a_nan_on_one_side_shows(self):
        self.constant("a", [1.0, 2.0])
        self.constant("b", [math.nan, 2.0])
        tensors.write(self.folder / "inputs", {"x": tensors.floats([1], [0])})
        row = self.rows("a", "b", "inputs")["output.0"]
        self.assertEqual(row[2], 1)
        self.assertTrue(math.isnan(row[3]) and math.isnan(row[5]))

    def test_reference_and_lowered(self):
        self.done("lower", reference("conv2d_relu"), "-o", "lowered")
        rows = self.rows(reference("conv2d_relu"), "lowered", recorded("conv2d_relu"))
        expected = tensors.numbers(tensors.read(recorded("conv2d_relu"))[0]["reference.0"])
        shape, elements, different, largest, mean, ratio = rows["output.0"]
        self.assertEqual((shape, elements), ([2, 6, 9, 9], 972))
        self.assertLessEqual(different, 10)
        self.assertLessEqual(largest, (max(expected) - min(expected)) / 128)
        self.assertLessEqual(mean, largest)
        self.assertGreater(ratio, 40)

    def test_every_case(self):
        """From end to end: what lowering makes of a model computes much the same."""
        suffix = ".reference.safetensors"
        cases = sorted(path.name[:-len(suffix)] for path in CASES.glob("*" + suffix))
        self.assertGreater(len(cases), 100)
        for case in cases:
            self.done("lower", reference(case), "-o", "lowered")
            rows = self.rows(reference(case), "lowered", recorded(case))
            self.assertTrue(rows, case)
            for row in rows.values():
                self.assertGreater(row[5], 20, (case, row))

    def constant(self, name, values):
        """A model that returns @values whatever its input is."""
        document = {"lowerfb": 1, "nodes": [
            {"name": "x", "op": "placeholder", "target": "x", "args": []},
            {"name": "c", "op": "get_attr", "target": "c", "args": []},
            {"name": "output", "op": "output", "target": "output", "args": [{"node": "c"}]}],
            "attributes": {"c": {"tensor": "c"}}, "modules": {}}
        tensors.write(self.folder / name, {"c": tensors.floats([len(values)], values)},
                      {"lowerfb": json.dumps(document)})

    def test_shapes_and_numbers_of_outputs_must_agree(self):
        self.constant("a", [1, 2, 3])
        self.constant("b", [1, 2])
        tensors.write(self.folder / "inputs", {"x": tensors.floats([1], [0])})
        self.fails("compare", "a", "b", "inputs", says=["output.0", "[3] from a", "[2] from b"])
        self.fails("compare", reference("two_outputs"), reference("linear"), recorded("two_outputs"))


class Cpu(CommandTest):
    def test_detection(self):
        text = self.done("cpu")
        self.assertRegex(text, r"(?m)^detected +\S")
        self.assertRegex(text, r"(?m)^limit +none$")
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
        self.assertEqual("avx2" in text.split("\n")[0].replace(",", " ").split(), "avx2" in flags)

    def test_limit(self):
        text = self.done("cpu", env={"LOWERFB_CPU": "c"})
        self.assertRegex(text, r"(?m)^limit +c$")
        self.assertRegex(text, r"(?m)^conv +c$")


if __name__ == "__main__":
    unittest.main()
