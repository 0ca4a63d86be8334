#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tour in C, Python, JavaScript and Vala: each runs, all print the same, and the page about it is of them."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
FILES = [TOP / "data/digits/digits.reference.safetensors", TOP / "data/digits/digits.test.safetensors"]
STEPS = ["Open a model", "Look at it", "Lower it", "Read the report", "Run it", "Compare", "Change a graph",
         "Write a pass", "Call one kernel", "Quantization parameters", "In the background, with progress",
         "Handle an error"]
HEADINGS = [f"{i + 1}. {step}" for i, step in enumerate(STEPS)]

# What each language has to have called: the C name, and with it what the others make of it.
FUNCTIONS = {
    "lfb_graph_module_load": ("GraphModule.load(", "GraphModule.load(", "GraphModule.load ("),
    "lfb_graph_find": ('graph["', "graph.find(", "graph.find ("),
    "lfb_graph_module_get_module": ('model["', "get_module(", "get_module ("),
    "lfb_node_get_users": (".users", ".users", "get_users ("),
    "lfb_lowerer_lower ": ("lowerer.lower(", "lowerer.lower(", "lowerer.lower ("),
    "lfb_lowerer_get_report": ("lowerer.report", "lowerer.report", "lowerer.report"),
    "lfb_lowering_note_get_reason": ("note.reason", "note.reason", "note.reason"),
    "lfb_tensor_file_load": ("TensorFile.load(", "TensorFile.load(", "TensorFile.load ("),
    "lfb_session_new": ("Lfb.Session(", "Lfb.Session(", "Lfb.Session ("),
    "lfb_session_run ": ("session(images)", "session.run(", "session.run ("),
    "lfb_graph_module_copy": ("lowered.copy()", "lowered.copy()", "lowered.copy ()"),
    "lfb_graph_create_node": ("create_node(", "create_node(", "create_node ("),
    "lfb_node_append": (".append(", ".append(", ".append ("),
    "lfb_node_replace_input_with": ("replace_input_with(", "replace_input_with(", "replace_input_with ("),
    "lfb_node_replace_all_uses_with": ("replace_all_uses_with(", "replace_all_uses_with(", "replace_all_uses_with ("),
    "lfb_graph_module_check": (".check()", ".check()", ".check ()"),
    "LFB_TYPE_PASS": ("(Lfb.Pass)", "extends Lfb.Pass", ": Lfb.Pass"),
    "lfb_pass_report": ("self.report(", "this.report(", "report ("),
    "lfb_lowerer_insert_pass": ("insert_pass(", "insert_pass(", "insert_pass ("),
    "lfb_tensor_new_quantized": ("scale=0.5", "scale: 0.5", "Tensor.quantized ("),
    "lfb_packed_linear_apply": (".apply(", ".apply(", ".apply ("),
    "lfb_call ": ("Lfb.call(", "Lfb.call(", "Lfb.call ("),
    "lfb_tensor_dequantize": ("dequantize()", "dequantize()", "dequantize ()"),
    "lfb_tensor_get_scales": (".scales", "get_scales()", "get_scales ()"),
    "lfb_qconfig_get_activation": (".activation", ".activation", "get_activation ()"),
    "lfb_progress_get_fraction": ("progress.fraction", "progress.fraction", "progress.fraction"),
    "lfb_lowerer_lower_async": ("await Lfb.Lowerer(", "lowerAsync(", "yield other.lower_async ("),
    "lfb_session_run_async": ("run_async(", "runAsync(", "yield second.run_async ("),
    "g_cancellable_cancel": ("cancellable.cancel()", "cancellable.cancel()", "cancellable.cancel ()"),
    "LFB_ERROR_IO": ("Lfb.FileError", "Lfb.Error.IO", "Lfb.Error.IO"),
    "LFB_ERROR_DTYPE": ("Lfb.DTypeError", "Lfb.Error.DTYPE", "Lfb.Error.DTYPE"),
}

PROGRAMS = {"c": "bindings/c/examples/tour.c", "python": "bindings/python/examples/tour.py",
            "gjs": "bindings/gjs/examples/tour.js", "vala": "bindings/vala/examples/tour.vala"}


def load_maker():
    spec = importlib.util.spec_from_file_location("make_tour", TOP / "doc/make-tour.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return maker


class Tour(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def output(self, *command):
        result = subprocess.run([*command, *FILES], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=120, env={**os.environ, "LC_ALL": "C", "G_DEBUG": "fatal-warnings"})
        self.assertEqual((result.returncode, result.stderr), (0, b""), command)
        return result.stdout.decode()

    printed = None

    def of_c(self):
        if Tour.printed is None:
            Tour.printed = self.output(os.environ["LOWERFB_TOUR_C"])
        return Tour.printed

    def test_c(self):
        text = self.of_c()
        self.assertEqual(re.findall(r"^\d+\. .*$", text, re.MULTILINE), HEADINGS)
        # A heading and what happened.
        for heading, printed in load_maker().output_of(text).items():
            self.assertNotEqual(printed, "", heading)
        self.assertIn("445 of 450 digits", text)

    def same_as_c(self, *command):
        self.assertEqual(self.output(*command), self.of_c())

    def test_python(self):
        if importlib.util.find_spec("numpy") is None:
            self.skipTest("NumPy is missing")
        self.same_as_c(sys.executable, "-B", TOP / PROGRAMS["python"])

    def test_javascript(self):
        gjs = shutil.which("gjs")
        if gjs is None:
            self.skipTest("gjs is missing")
        self.same_as_c(gjs, "-m", TOP / PROGRAMS["gjs"])

    def test_vala(self):
        if not os.environ.get("LOWERFB_TOUR_VALA"):
            self.skipTest("valac is missing")
        self.same_as_c(os.environ["LOWERFB_TOUR_VALA"])

    def test_the_same_is_shown_in_each_language(self):
        sources = {language: (TOP / path).read_text(encoding="utf-8") for language, path in PROGRAMS.items()}
        for name, others in FUNCTIONS.items():
            for language, spelled in zip(sources, (name, *others)):
                self.assertIn(spelled, sources[language], f"{PROGRAMS[language]} does not show {name}")

    def test_the_page_is_of_the_programs(self):
        page = (TOP / "doc/tour.md").read_text(encoding="utf-8")
        made = load_maker().page(TOP, self.of_c())
        self.assertEqual(page, made, "doc/tour.md is not what doc/make-tour.py makes")
        self.assertEqual(re.findall(r"^## (\d+\. .*)$", page, re.MULTILINE), HEADINGS)
        self.assertEqual(len(re.findall(r"^```(?:c|python|javascript|vala)$", page, re.MULTILINE)), 4 * 13)


if __name__ == "__main__":
    unittest.main()
