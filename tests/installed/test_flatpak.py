# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manifest in data/flatpak: it names every source, and what its modules do works."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from installation import TOP, Installation

MANIFEST = TOP / "data" / "flatpak" / "org.example.DigitPad.json"
PAGE = TOP / "doc" / "flatpak.md"


def check_source(source, folder):
    """What is wrong with one source of a module; None: nothing."""
    if source["type"] in ("dir", "file"):
        return None if (folder / source["path"]).exists() else f"there is no {source['path']}"
    if not source.get("url", "").startswith("https://"):
        return f"the URL of {source} is not one of https"
    if source["type"] == "archive":
        return None if re.fullmatch("[0-9a-f]{64}", source.get("sha256", "")) else f"{source} has no sha256"
    if source["type"] == "git":
        return None if re.fullmatch("[0-9a-f]{40}", source.get("commit", "")) and source.get("tag") \
            else f"{source} does not name a tag and a commit"
    return f"{source['type']} is no known type"


class Flatpak(unittest.TestCase):
    def setUp(self):
        self.manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
        self.lowerfb, self.app = self.manifest["modules"]

    def test_the_page_shows_the_manifest(self):
        self.assertIn(f"```json\n{MANIFEST.read_text(encoding='utf-8')}```\n", PAGE.read_text(encoding="utf-8"))

    def test_names(self):
        self.assertEqual(self.manifest["id"], MANIFEST.stem)
        self.assertIn(f"ID = '{MANIFEST.stem}'", (TOP / "bindings/gjs/examples/digit-pad/digit-pad.js").read_text())
        self.assertEqual((self.manifest["runtime"], self.manifest["sdk"]), ("org.gnome.Platform", "org.gnome.Sdk"))
        self.assertRegex(self.manifest["runtime-version"], r"^\d+$")
        self.assertEqual([self.lowerfb["name"], self.app["name"]], ["lowerfb", "digit-pad"])

    def test_every_source_is_named(self):
        for module in self.manifest["modules"]:
            self.assertTrue(module["sources"])
            for source in module["sources"]:
                self.assertIsNone(check_source(source, MANIFEST.parent))
        self.assertEqual((MANIFEST.parent / self.lowerfb["sources"][0]["path"]).resolve(), TOP.resolve())
        for source in [{"type": "git", "url": "https://example.org/a.git", "tag": "1"}, {"type": "file", "path": "no"},
                       {"type": "archive", "url": "https://example.org/a.tar.gz"}, {"type": "svn"}]:
            self.assertIsNotNone(check_source(source, MANIFEST.parent), source)

    def test_options_are_those_of_meson(self):
        known = dict(re.findall(r"option\('(\w+)', type: '(\w+)'", (TOP / "meson_options.txt").read_text()))
        values = {"boolean": {"true", "false"}, "feature": {"enabled", "disabled", "auto"}}
        text = PAGE.read_text(encoding="utf-8")
        for option in self.lowerfb["config-opts"]:
            name, value = re.fullmatch(r"-D(\w+)=(\w+)", option).groups()
            self.assertIn(value, values[known[name]])
            self.assertIn(f"`{option}`", text, "the page does not say why")

    @unittest.skipUnless(shutil.which("gjs"), "gjs is missing")
    def test_the_modules_work(self):
        """Meson's part is that of the installation; the commands of the other are done as they are."""
        installation = Installation()
        self.addCleanup(installation.remove)
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as name:
            for source in self.app["sources"]:
                path = MANIFEST.parent / source["path"]
                if source["type"] == "dir":
                    shutil.copytree(path, name, dirs_exist_ok=True)
                else:
                    shutil.copy(path, name)
            for command in self.app["build-commands"]:
                subprocess.run(["sh", "-euc", command], cwd=name, check=True,
                               env={**os.environ, "FLATPAK_DEST": str(installation.prefix)})
        for pattern in self.manifest["cleanup"]:
            path = installation.prefix / pattern.lstrip("/")
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        command = self.manifest["command"]
        self.assertIn("--model", installation.run(command, "--help", cwd=pathlib.Path("/")))
        launcher = (installation.prefix / "bin" / command).read_text()
        for name in re.findall(r"\$data/([\w.-]+)", launcher):
            self.assertTrue((installation.prefix / "share" / command / name).exists(), name)
        for name in ["applications/{}.desktop", "metainfo/{}.metainfo.xml", "icons/hicolor/scalable/apps/{}.svg"]:
            self.assertTrue((installation.prefix / "share" / name.format(self.manifest["id"])).exists(), name)


if __name__ == "__main__":
    unittest.main()
