# SPDX-License-Identifier: LGPL-2.1-or-later
"""A copy of what `meson install` puts below the prefix, in a folder that goes away again."""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

BUILD = pathlib.Path(os.environ["LOWERFB_BUILD"])
TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
PREFIX = os.environ["LOWERFB_PREFIX"]
DIGITS = [TOP / "data/digits/digits.reference.safetensors", TOP / "data/digits/digits.test.safetensors"]


class Installation:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lowerfb-test-"))
        command = ["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", self.folder]
        # Tests run side by side, but Meson keeps one record of what it installed.
        lock = os.open(BUILD, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
        finally:
            os.close(lock)
        if result.returncode != 0:
            raise AssertionError((result.stdout + result.stderr).decode())
        self.prefix = self.folder / PREFIX.lstrip("/")
        # These name the prefix; everything else is found by way of variables.
        for pattern in ["**/*.pc", "**/*.test"]:
            for path in self.prefix.glob(pattern):
                path.write_text(path.read_text().replace(PREFIX + "/", f"{self.prefix}/")
                                .replace(f"prefix={PREFIX}\n", f"prefix={self.prefix}\n"))

    def remove(self):
        shutil.rmtree(self.folder)

    def files(self):
        """Paths below the prefix."""
        return sorted(str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir())

    def one(self, pattern):
        """The one path that matches."""
        found = list(self.prefix.glob(pattern))
        if len(found) != 1:
            raise AssertionError(f"{pattern}: {found}")
        return found[0]

    def environment(self):
        """As a user has it for whom the prefix is one of those that the system looks at; no trace of the sources."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("LOWERFB_") and str(BUILD) not in value and str(TOP) not in value}
        library = self.one("**/liblowerfb-1.0.so.0").parent
        data = f"{self.prefix}/share:/usr/local/share:/usr/share"
        environment.update(
            PATH=f"{self.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
            LD_LIBRARY_PATH=str(library),
            GI_TYPELIB_PATH=str(library / "girepository-1.0"),
            PKG_CONFIG_PATH=str(library / "pkgconfig"),
            XDG_DATA_DIRS=data,
            HOME=str(self.folder),
            LC_ALL="C.UTF-8",
        )
        overrides = list(self.prefix.glob("lib/**/gi/overrides/Lfb.py"))
        if overrides:
            environment["PYTHONPATH"] = str(overrides[0].parent.parent.parent)
        return environment

    def run(self, *command, cwd, timeout=120, **variables):
        """Its output; fails with it where the program does."""
        result = subprocess.run(command, cwd=cwd, env={**self.environment(), **variables}, stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=timeout)
        if result.returncode != 0:
            raise AssertionError(f"{command}: {result.returncode}\n{(result.stdout + result.stderr).decode()}")
        return result.stdout.decode()
