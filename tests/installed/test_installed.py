# SPDX-License-Identifier: LGPL-2.1-or-later
"""After `meson install`, the examples run away from the sources, in every language."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from installation import DIGITS, PREFIX, TOP, Installation

PYTHON = os.environ["LOWERFB_PYTHON"]

# All that there may be. What is built for tests and measurements is not among it.
EXPECTED = [
    r"bin/lowerfb",
    r"include/lowerfb-1\.0/lowerfb/(\w+/)?lfb-[\w-]+\.h",
    r"include/lowerfb-1\.0/lowerfb/lowerfb\.h",
    r"lib/[^/]+/liblowerfb-1\.0\.so(\.0(\.0\.0)?)?",
    r"lib/[^/]+/girepository-1\.0/Lfb-1\.0\.typelib",
    r"lib/[^/]+/pkgconfig/lowerfb-1\.0\.pc",
    r"lib/python3(\.\d+)?/(dist|site)-packages/gi/overrides/\w+(/\w+)*\.pyi?",
    r"lib/python3(\.\d+)?/(dist|site)-packages/lowerfb_torch/\w+\.py",
    r"lib/python3(\.\d+)?/(dist|site)-packages/[\w-]+-stubs/[\w/]+\.pyi",
    r"share/bash-completion/completions/lowerfb",
    r"share/zsh/site-functions/_lowerfb",
    r"share/fish/vendor_completions\.d/lowerfb\.fish",
    r"share/doc/lowerfb-1\.0/.+",
    r"share/gir-1\.0/Lfb-1\.0\.gir",
    r"share/gjs-1\.0/overrides/\w+(/\w+)*\.js",
    r"share/lowerfb-1\.0/lowerfb-document\.schema\.json",
    r"share/man/man1/lowerfb\.1",
    r"share/vala/vapi/lowerfb-1\.0\.(vapi|deps)",
]
# Only with -Dinstalled_tests=true.
INSTALLED_TESTS = [r"(libexec|share)/installed-tests/lowerfb-1\.0/.+"]
# What is there only if it was built: the documentation and the vapi.
OPTIONAL = re.compile(r"share/(doc|vala)|-stubs|gjs")


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()
        cls.addClassCleanup(cls.installation.remove)
        cls.prefix = cls.installation.prefix

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for path in DIGITS:
            shutil.copy(path, self.folder)

    def run_here(self, *command, **variables):
        return self.installation.run(*command, cwd=self.folder, **variables)

    def example(self, path):
        return shutil.copy(TOP / "bindings" / path, self.folder)

    def reads_digits(self, *command, **variables):
        text = self.run_here(*command, *(path.name for path in DIGITS), **variables)
        self.assertIn("445 of 450 digits", text)

    def test_what_is_there(self):
        files = self.installation.files()
        for path in files:
            self.assertTrue(any(re.fullmatch(pattern, path) for pattern in EXPECTED + INSTALLED_TESTS), path)
        for pattern in EXPECTED:
            if not OPTIONAL.search(pattern):
                self.assertTrue(any(re.fullmatch(pattern, path) for path in files), pattern)

    def test_every_header(self):
        """All that the headers include is there, and nothing that is private."""
        include = self.prefix / "include" / "lowerfb-1.0"
        headers = list(include.rglob("*.h"))
        self.assertGreater(len(headers), 20)
        for path in headers:
            self.assertNotIn("private", path.name)
            for name in re.findall(r"#\s*include <(lowerfb/[^>]+)>", path.read_text(encoding="utf-8")):
                self.assertTrue((include / name).exists(), (path, name))

    def test_command(self):
        reference, images = (path.name for path in DIGITS)
        self.run_here("lowerfb", "lower", reference, "-o", "lowered.safetensors")
        self.run_here("lowerfb", "run", "lowered.safetensors", images, "-o", "scores.safetensors")
        same = json.loads(self.run_here("lowerfb", "compare", "lowered.safetensors", "lowered.safetensors", images,
                                        "--json"))
        self.assertEqual(same["outputs"][0]["different"], 0)

    def test_c(self):
        flags = self.run_here("pkg-config", "--cflags", "--libs", "lowerfb-1.0").split()
        self.assertIn(f"-I{self.prefix}/include/lowerfb-1.0", flags)
        self.run_here(os.environ.get("CC", "cc"), "-Wall", "-Werror", "-o", "digits", self.example("c/examples/digits.c"), *flags)
        self.reads_digits("./digits")
        version = self.run_here("pkg-config", "--modversion", "lowerfb-1.0").strip()
        self.assertEqual(self.run_here("lowerfb", "--version"), f"lowerfb {version}\n")

    @unittest.skipUnless(PYTHON, "there is no Python with PyGObject")
    def test_python(self):
        self.reads_digits(PYTHON, "-B", self.example("python/examples/digits.py"))
        where = self.run_here(PYTHON, "-B", "-c", "import gi; gi.require_version('Lfb', '1.0');"
                              "from gi.repository import Lfb; import gi.overrides.Lfb as o; print(o.__file__)")
        self.assertTrue(where.startswith(str(self.prefix)), where)

    @unittest.skipUnless(PYTHON, "there is no Python with PyGObject")
    def test_python_looks_there_by_itself(self):
        """Below the prefixes of Debian, no variable has to be set."""
        if PREFIX not in ["/usr", "/usr/local"]:
            self.skipTest(f"Python does not look below {PREFIX}")
        overrides = self.installation.one("lib/**/gi/overrides/Lfb.py")
        folder = PREFIX / overrides.parents[2].relative_to(self.prefix)
        paths = subprocess.run([PYTHON, "-I", "-c", "import sys; print(*sys.path, sep='\\n')"], check=True,
                               stdout=subprocess.PIPE, encoding="utf-8").stdout.splitlines()
        self.assertIn(str(folder), paths)

    @unittest.skipUnless(shutil.which("gjs"), "gjs is missing")
    def test_javascript(self):
        self.reads_digits("gjs", "-m", self.example("gjs/examples/digits.js"))

    @unittest.skipUnless(shutil.which("valac"), "valac is missing")
    def test_vala(self):
        if not list(self.prefix.glob("share/vala/vapi/*.vapi")):
            self.skipTest("the vapi was not built")
        self.run_here("valac", "--pkg", "lowerfb-1.0", "-X", "-w", "-o", "digits", self.example("vala/examples/digits.vala"))
        self.reads_digits("./digits")

    def test_tour(self):
        """The programs of the tour print the same in every language that is here."""
        names = [path.name for path in DIGITS]
        flags = self.run_here("pkg-config", "--cflags", "--libs", "lowerfb-1.0").split()
        self.run_here(os.environ.get("CC", "cc"), "-o", "tour", self.example("c/examples/tour.c"), *flags)
        printed = {"c": self.run_here("./tour", *names)}
        self.assertEqual(len(re.findall(r"(?m)^\d+\. ", printed["c"])), 12)
        if PYTHON:
            printed["python"] = self.run_here(PYTHON, "-B", self.example("python/examples/tour.py"), *names)
        if shutil.which("gjs"):
            printed["js"] = self.run_here("gjs", "-m", self.example("gjs/examples/tour.js"), *names)
        if shutil.which("valac") and list(self.prefix.glob("share/vala/vapi/*.vapi")):
            self.run_here("valac", "--pkg", "lowerfb-1.0", "-X", "-w", "-o", "tour", self.example("vala/examples/tour.vala"))
            printed["vala"] = self.run_here("./tour", *names)
        for language, text in printed.items():
            self.assertEqual(text, printed["c"], language)

    def test_manual(self):
        if shutil.which("man") is None:
            self.skipTest("man is missing")
        found = self.run_here("man", "-w", "lowerfb", MANPATH=f"{self.prefix}/share/man")
        self.assertEqual(found.strip(), f"{self.prefix}/share/man/man1/lowerfb.1")

    def test_schema(self):
        schema = json.loads((self.prefix / "share/lowerfb-1.0/lowerfb-document.schema.json").read_text())
        self.assertIn("nodes", json.dumps(schema))

    def test_documentation(self):
        pages = self.prefix / "share/doc/lowerfb-1.0"
        if not pages.exists():
            self.skipTest("the documentation was not built")
        for name in ["index.html", "class.Session.html", "first-steps.html"]:
            self.assertTrue((pages / name).exists(), name)


if __name__ == "__main__":
    unittest.main()
