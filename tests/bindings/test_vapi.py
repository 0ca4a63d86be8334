#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vapi has no rough edges: the C that valac makes passes what the headers ask for, and no pointers or
lengths are left for the caller to guess."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
BUILD = pathlib.Path(os.environ["LOWERFB_BUILD"])
VAPI = (BUILD / "lowerfb" / "lowerfb-1.0.vapi").read_text(encoding="utf-8")

if not all(map(shutil.which, ("valac", "cc", "pkg-config"))):
    print("skipped: valac, cc or pkg-config is missing", file=sys.stderr)
    sys.exit(77)


class Vapi(unittest.TestCase):
    def test_the_c_fits_the_headers(self):
        """valac guesses some types, such as int for a length; the compiler says so, and goes on."""
        flags = shlex.split(subprocess.run(["pkg-config", "--cflags", "gio-2.0"], capture_output=True, text=True,
                                           check=True).stdout)
        for path in ("bindings/vala/examples/tour.vala", "bindings/vala/examples/digits.vala"):
            with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as folder:
                shutil.copy(TOP / path, folder)
                name = pathlib.Path(path).name
                subprocess.run(["valac", "-C", "--vapidir", BUILD / "lowerfb", "--pkg", "lowerfb-1.0", "--pkg", "gio-2.0",
                                name], cwd=folder, check=True, capture_output=True, timeout=60)
                said = subprocess.run(["cc", "-fsyntax-only", "-Wincompatible-pointer-types", "-Wint-conversion",
                                       "-Wimplicit-function-declaration", f"-I{TOP}", f"-I{BUILD}", f"-I{BUILD}/lowerfb", *flags,
                                       name.replace(".vala", ".c")],
                                      cwd=folder, check=True, capture_output=True, text=True, timeout=60,
                                      env={**os.environ, "LC_ALL": "C"}).stderr
                self.assertEqual(re.findall(r"^.*(?:argument \d+ of '?lfb_|declaration of).*$", said, re.MULTILINE), [])

    def test_what_is_declared(self):
        for line in VAPI.splitlines():
            # Pointers, and arrays that have no length.
            self.assertNotRegex(line, r"\bvoid\*|\bpointer\b|[a-z]\*", line)
            if re.search(r"\[\]\??\)* \w+ ?\(|\)\[\] \w+ \(", line) and "public" in line:
                before = VAPI[:VAPI.index(line)].splitlines()[-1]
                before += VAPI[:VAPI.index(line)].splitlines()[-2]
                self.assertRegex(before, r"array_length_type = \"gsize\"|array_null_terminated = true", line)
            if re.search(r"\[\]\??\)* \w+[,)=]", line):
                self.assertRegex(line, r"array_length_type = \"gsize\"|array_null_terminated = true", line)

    def test_async_is_async(self):
        self.assertEqual(set(re.findall(r"async [\w.\[\]]+ (\w+)", VAPI)),
                         {"load_async", "save_async", "lower_async", "run_async", "run_values_async"})
        self.assertNotRegex(VAPI, r"_finish \(|AsyncReadyCallback")

    def test_errors_and_lists(self):
        self.assertIn("public errordomain Error {", VAPI)
        self.assertEqual(len(re.findall(r"public int size ?\{", VAPI)), 2)
        # What may be left out.
        for text in ("Session (Lfb.GraphModule model, Lfb.SessionOptions? options = null)",
                     "PackedLinear (Lfb.Tensor weight, Lfb.Tensor? bias = null)", "string? name = null) throws"):
            self.assertIn(text, VAPI)


if __name__ == "__main__":
    unittest.main()
