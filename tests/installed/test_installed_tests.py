# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that are installed run where they were installed, as gnome-desktop-testing-runner does it."""

import configparser
import pathlib
import shutil
import tempfile
import unittest

from installation import Installation


class InstalledTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()
        cls.addClassCleanup(cls.installation.remove)
        cls.tests = sorted(cls.installation.prefix.glob("share/installed-tests/lowerfb-1.0/*.test"))

    def test_descriptions(self):
        self.assertGreater(len(self.tests), 10)
        for path in self.tests:
            description = configparser.ConfigParser()
            description.read(path)
            self.assertEqual(description["Test"]["Type"], "session")
            paths = [word.rpartition("=")[2] for word in description["Test"]["Exec"].split() if "installed-tests" in word]
            self.assertTrue(paths, path)
            for program in paths:
                self.assertTrue(program.startswith(str(self.installation.prefix)), path)
                self.assertTrue(pathlib.Path(program).exists(), program)

    @unittest.skipUnless(shutil.which("gnome-desktop-testing-runner"), "gnome-desktop-testing is missing")
    def test_they_pass(self):
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as folder:
            text = self.installation.run("gnome-desktop-testing-runner", "--report-directory", folder, "lowerfb-1.0",
                                         cwd=folder, XDG_DATA_DIRS=f"{self.installation.prefix}/share:/usr/share")
        self.assertIn(f"SUMMARY: total={len(self.tests)}; passed={len(self.tests)}; skipped=0; failed=0", text)


if __name__ == "__main__":
    unittest.main()
