# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another project has lowerfb among its subprojects, builds it, and runs with it.

To compile the library once more takes minutes. So that is done only if the environment has
LOWERFB_SUBPROJECT=full; otherwise the project's own source is compiled, with the headers that the
subproject makes, and linked to the library that is there already.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from installation import BUILD, DIGITS, TOP

PROJECT = """project('reader', 'c', default_options: ['default_library=static'])

lowerfb = dependency('lowerfb-1.0', version: '>= 1.0')
executable('reader', 'digits.c', dependencies: lowerfb)
"""

WRAP = """[wrap-file]
directory = lowerfb

[provide]
dependency_names = lowerfb-1.0
"""

# Only what this needs, so that it is built quickly.
LEAN = ["introspection=disabled", "vapi=disabled", "docs=disabled", "tests=false"]


class Subproject(unittest.TestCase):
    def run_in(self, folder, *command):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PKG_CONFIG")}
        result = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=500)
        text = (result.stdout + result.stderr).decode()
        self.assertEqual(result.returncode, 0, text[-4000:])
        return text

    def test_it(self):
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as name:
            folder = pathlib.Path(name)
            (folder / "subprojects").mkdir()
            # What Git knows of, as a clone would have it: not what was built beside it.
            (folder / "subprojects" / "lowerfb").mkdir()
            for entry in ["lowerfb", "bindings", "data", "doc", "meson.build", "meson_options.txt", "COPYING"]:
                (folder / "subprojects" / "lowerfb" / entry).symlink_to(TOP / entry)
            (folder / "subprojects" / "lowerfb.wrap").write_text(WRAP)
            (folder / "meson.build").write_text(PROJECT)
            shutil.copy(TOP / "bindings/c/examples/digits.c", folder)
            text = self.run_in(folder, "meson", "setup", "build", "--buildtype=plain", "--wrap-mode=forcefallback",
                               *(f"-Dlowerfb:{option}" for option in LEAN))
            self.assertRegex(text, r"Dependency lowerfb-1\.0 found: YES .*\(overridden\)")
            if os.environ.get("LOWERFB_SUBPROJECT") == "full":
                self.run_in(folder, "ninja", "-C", "build", "-j2", "reader")
            else:
                self.run_in(folder, "ninja", "-C", "build", "reader.p/digits.c.o")
                library = BUILD / "lowerfb"
                self.run_in(folder, os.environ.get("CC", "cc"), "-o", "build/reader", "build/reader.p/digits.c.o",
                            f"-L{library}", f"-Wl,-rpath,{library}", "-llowerfb-1.0", "-lgobject-2.0", "-lglib-2.0")
            text = self.run_in(folder, "build/reader", *DIGITS)
            self.assertIn("445 of 450 digits", text)


if __name__ == "__main__":
    unittest.main()
