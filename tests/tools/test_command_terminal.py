# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lowerfb shows on a terminal: colours and bars, and only there."""

import json
import os
import re
import unittest

import tensors
from command import CommandTest, recorded, reference

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Colours(CommandTest):
    def setUp(self):
        super().setUp()
        self.done("lower", reference("conv2d_relu"), "-o", "lowered")
        self.ways = [["--help"], ["run", "--help"], ["cpu"], ["show", reference("conv2d_relu")],
                     ["lower", reference("conv2d_relu"), "-o", "out", "--report", "text"],
                     ["compare", reference("conv2d_relu"), "lowered", recorded("conv2d_relu")]]

    def test_on_a_terminal(self):
        """With colours there is the same text, and it ends without one."""
        for way in self.ways:
            status, shown, said = self.on_terminal(*way)
            self.assertEqual((status, said), (0, ""), way)
            self.assertRegex(shown, ESCAPE, way)
            self.assertEqual(ESCAPE.sub("", shown), self.done(*way), way)
            self.assertEqual(len(ESCAPE.findall(shown)), 2 * shown.count("\x1b[0m"), way)

    def test_what_stands_out(self):
        text = self.on_terminal("show", reference("conv2d_relu"))[1]
        for node in tensors.document(reference("conv2d_relu"))["nodes"]:
            if node["op"] != "output":
                self.assertIn(f"\x1b[1m%{node['name']}\x1b[0m = \x1b[32m", text)
        text = self.on_terminal("lower", reference("conv2d_relu"), "-o", "out", "--report", "text")[1]
        self.assertRegex(text, r"\x1b\[33m  quantize_per_tensor ")
        text = self.on_terminal("run", "--help")[1]
        self.assertIn("\x1b[1mExamples:\x1b[0m\n", text)
        self.assertRegex(text, r"\n\x1b\[36m  lowerfb run ")
        text = self.on_terminal("compare", "lowered", "lowered", recorded("conv2d_relu"))[1]
        self.assertRegex(text, r"\x1b\[32moutput\.0 .*inf dB\x1b\[0m")

    def test_not_where_they_are_not_wanted(self):
        for way in self.ways:
            plain = self.done(*way)
            self.assertNotIn("\x1b", plain)
            for env in [{"NO_COLOR": "1"}, {"TERM": "dumb"}]:
                self.assertEqual(self.on_terminal(*way, env=env), (0, plain, ""), (way, env))
            self.assertRegex(self.on_terminal(*way, env={"NO_COLOR": ""})[1], ESCAPE, "empty is not set")

    def test_documents_stay_documents(self):
        for way in [["show", reference("linear"), "--json"], ["show", reference("linear"), "--format", "dot"],
                    ["cpu", "--json"], ["lower", reference("linear"), "-o", "out", "--json"]]:
            self.assertEqual(self.on_terminal(*way), (0, self.done(*way), ""))

    def test_errors(self):
        status, shown, said = self.on_terminal("show", "no-such")
        self.assertEqual((status, shown), (1, ""))
        self.assertTrue(said.startswith("\x1b[1;31mlowerfb:\x1b[0m "), said)
        self.assertEqual(self.on_terminal("show", "no-such", env={"NO_COLOR": "1"})[2], self.fails("show", "no-such"))
        self.assertTrue(self.on_terminal("cpu", "now")[2].startswith("\x1b[1;31mlowerfb cpu:\x1b[0m "))

    def test_models_do_not_steer_the_terminal(self):
        contents, metadata = tensors.read(reference("linear"))
        document = json.loads(metadata["lowerfb"])
        document["nodes"].insert(-1, {"name": "strange", "op": "call_function", "target": "torch.\x1b[2Jclear", "args": []})
        tensors.write(self.folder / "strange", contents, {**metadata, "lowerfb": json.dumps(document)})
        result = self.lowerfb("show", "strange")
        if result.returncode == 0:
            self.assertIn(b"\x1b[2J", result.stdout, "what is piped is what there is")
            for env in [{}, {"NO_COLOR": "1"}]:
                shown = self.on_terminal("show", "strange", env=env)[1]
                self.assertNotIn("\x1b[2J", shown)
                self.assertIn("\\x1b[2Jclear", shown)
        else:
            self.assertNotIn(b"\x1b", result.stderr)


class Bars(CommandTest):
    def bench(self, **options):
        self.done("lower", reference("linear"), "-o", "lowered")
        status, shown, said = self.on_terminal("bench", "lowered", recorded("linear"), **options)
        self.assertEqual(status, 0)
        self.assertRegex(ESCAPE.sub("", shown), r"(?m)^median [\d.]+ ms")
        lines = said.split("\r\x1b[K")
        self.assertEqual((lines[0], lines[-1]), ("", ""), "the line is taken away at the end")
        self.assertGreater(len(lines), 3)
        return lines[1:-1]

    def test_a_bar_grows(self):
        filled = []
        for line in self.bench(columns=100):
            plain = ESCAPE.sub("", line)
            bar, percent = re.fullmatch(r"running lowered +(━*╌*) +(\d+) % +\d+ s", plain).groups()
            self.assertEqual(len(bar), 40)
            self.assertAlmostEqual(bar.count("━") / len(bar), int(percent) / 100, delta=0.03)
            filled.append(bar.count("━"))
        self.assertEqual(filled, sorted(filled))
        self.assertGreater(filled[-1], filled[0])

    def test_without_colour_and_unicode(self):
        for line in self.bench(env={"NO_COLOR": "1", "LC_ALL": "C"}):
            self.assertRegex(line, r"\Arunning lowered +#+-* +\d+ % +\d+ s\Z")

    def test_narrow_terminals(self):
        for columns in [2, 30]:
            for line in self.bench(columns=columns):
                self.assertLess(len(ESCAPE.sub("", line)), columns + 1, line)

    def test_nothing_on_dumb_terminals(self):
        self.done("lower", reference("linear"), "-o", "lowered")
        self.assertEqual(self.on_terminal("bench", "lowered", recorded("linear"), env={"TERM": "dumb"})[2], "")


class ForScripts(CommandTest):
    def test_show_and_report(self):
        model = reference("linear_chain")
        self.assertEqual(self.done("show", model, "--json"), self.done("show", model, "--format", "json"))
        self.assertEqual(self.done("lower", model, "-o", "out", "--json"),
                         self.done("lower", model, "-o", "out", "--report", "json"))

    def test_compare(self):
        self.done("lower", reference("two_outputs"), "-o", "lowered")
        outputs = json.loads(self.done("compare", reference("two_outputs"), "lowered", recorded("two_outputs"),
                                       "--json"))["outputs"]
        self.assertEqual([output["name"] for output in outputs], ["output.0", "output.1"])
        rows = self.done("compare", reference("two_outputs"), "lowered", recorded("two_outputs")).splitlines()[1:]
        for output, row in zip(outputs, rows):
            self.assertEqual(json.loads(re.search(r"\[.*\]", row)[0]), output["shape"])
            elements, different, largest, mean, ratio, _ = row.split("]")[1].split()
            self.assertEqual((output["elements"], output["different"]), (int(elements), int(different)))
            self.assertEqual((f"{output['largest']:.6g}", f"{output['mean']:.6g}"), (largest, mean))
            self.assertEqual("inf" if output["signal_to_noise_db"] is None else f"{output['signal_to_noise_db']:.2f}",
                             ratio)
        same = json.loads(self.done("compare", "lowered", "lowered", recorded("two_outputs"), "--json"))["outputs"]
        self.assertEqual([(output["different"], output["signal_to_noise_db"]) for output in same], [(0, None)] * 2)

    def test_cpu(self):
        found = json.loads(self.done("cpu", "--json", env={"LOWERFB_CPU": "c"}))
        self.assertEqual(found["limit"], "c")
        self.assertEqual(set(found["kernels"].values()), {"c"})
        rows = dict(line.split(None, 1) for line in self.done("cpu").splitlines() if line)
        found = json.loads(self.done("cpu", "--json"))
        self.assertEqual(found["kernels"], {key: value for key, value in rows.items() if key not in ["detected", "limit"]})
        self.assertEqual(", ".join(found["detected"]) or "none", rows["detected"])
        self.assertIsNone(found["limit"])

    def test_bench(self):
        found = json.loads(self.done("bench", reference("linear"), recorded("linear"), "--json", "--threads", "1"))
        self.assertEqual(set(found), {"median_ms", "min_ms", "max_ms", "runs", "threads", "cpu", "arena_bytes",
                                      "arena_bound_bytes"})
        self.assertLessEqual(found["min_ms"], found["median_ms"])
        self.assertEqual(found["threads"], 1)


class Advice(CommandTest):
    def test_subcommands_that_were_meant(self):
        for word, meant in [("lwoer", "lower"), ("lowr", "lower"), ("shw", "show"), ("compar", "compare"), ("cup", "cpu")]:
            self.fails(word, status=2, says=f"did you mean `lowerfb {meant}`")
        for word in ["x", "train", "--shw", "comparecompare" * 100]:
            self.assertNotIn("did you mean", self.fails(word, status=2))

    def test_archives_of_pytorch(self):
        (self.folder / "model.pt").write_bytes(b"PK\x03\x04" + bytes(2000))
        for way in [["show", "model.pt"], ["lower", "model.pt", "-o", "out"],
                    ["run", "model.pt", recorded("linear"), "-o", "out"]]:
            self.fails(*way, says=["model.pt", "torch.save", "lowerfb_torch.convert_and_save"])
        self.assertEqual(os.listdir(self.folder), ["model.pt"])

    def test_options_that_contradict(self):
        model = reference("linear")
        self.fails("show", model, "--json", "--format", "dot", status=2, says="--format dot")
        self.fails("lower", model, "-o", "out", "--json", "--report", "text", status=2, says="--report text")
        self.fails("bench", model, "--json", "--profile", status=2, says="--profile")


if __name__ == "__main__":
    unittest.main()
