# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page and the completions of shells: they know all that the command knows, and work."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from command import COMMAND, CommandTest

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
MANUAL = TOP / "doc" / "lowerfb.1"
COMPLETION = TOP / "data" / "completion"
FILES = {"bash": "lowerfb.bash", "zsh": "_lowerfb", "fish": "lowerfb.fish"}


def output(*command, **options):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **options)
    return result.stdout.decode(), result.stderr.decode(), result.returncode


class Known(CommandTest):
    """What --help tells."""

    def setUp(self):
        super().setUp()
        self.subcommands = re.findall(r"(?m)^  (\w+)  +[A-Z]", self.done("--help"))
        self.assertEqual(len(self.subcommands), 6)
        self.options = {name: re.findall(r"(?m)^  (?:(-\w), )?(--[\w-]+)(?:=(\S+))?", self.done(name, "--help"))
                        for name in self.subcommands}
        self.assertGreater(sum(map(len, self.options.values())), 15)


class Manual(Known):
    def section(self, name):
        text = MANUAL.read_text(encoding="utf-8").replace("\\-", "-")
        return re.search(rf"^\.SS lowerfb {name}\b(.*?)(?=^\.S[HS])", text, re.MULTILINE | re.DOTALL)[1]

    def test_everything_is_in_it(self):
        for name in self.subcommands:
            section = self.section(name)
            for short, long, argument in self.options[name]:
                if long == "--help":
                    continue
                self.assertRegex(section, rf"(?m)^\.B\w? (?:{short} \", \" )?{long}\b" if short else rf"(?m)^\.B\w? {long}\b",
                                 name)
                for word in (argument or "").split("|"):
                    self.assertIn(word, section, (name, long))
            told = set(re.findall(r"(?m)^\.B\w? (?:-\w \", \" )?(--[\w-]+)", section))
            self.assertEqual(told, {long for _, long, _ in self.options[name]} - {"--help"}, name)

    def test_what_surrounds_it(self):
        text = MANUAL.read_text(encoding="utf-8").replace("\\-", "-")
        overview = self.done("--help")
        for word in set(re.findall(r"\b(?:LOWERFB_\w+|NO_COLOR)\b", overview)):
            self.assertIn(f".B {word}\n", text)
        for word in re.search(r"LOWERFB_CPU=(\S+)", overview)[1].split("|"):
            self.assertRegex(text, rf"(?m)^\.I {word}\b|\.IR {word} ")
        version = re.search(r"\d+\.\d+", self.done("--version"))[0]
        self.assertIn(f'"lowerfb {version}"', text)

    def test_formatters_like_it(self):
        checks = [(["mandoc", "-T", "lint", "-W", "style", MANUAL], 0), (["man", "--warnings", "-l", MANUAL], 0)]
        found = 0
        for command, status in checks:
            if shutil.which(command[0]):
                found += 1
                text, complaints, code = output(*command, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
                self.assertEqual((complaints, code), ("", status), command)
                if command[0] == "mandoc":
                    self.assertEqual(text, "")
        if found == 0:
            self.skipTest("neither mandoc nor man is here")


class Completion(Known):
    def bash(self, *words):
        """What the function finds for the last of @words."""
        script = (f'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lowerfb; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        text, complaints, status = output("bash", "--norc", "-c", script, "bash", COMPLETION / FILES["bash"], *words,
                                          cwd=self.folder)
        self.assertEqual((complaints, status), ("", 0))
        return sorted(text.split())

    def fish(self, *words):
        command = f'source {COMPLETION / FILES["fish"]}; complete -C "{" ".join(words)}"'
        text, complaints, status = output("fish", "--no-config", "-c", command, cwd=self.folder,
                                          env={**os.environ, "HOME": str(self.folder)})
        self.assertEqual((complaints, status), ("", 0))
        return sorted(line.split("\t")[0] for line in text.splitlines())

    def complete(self, shell):
        complete = getattr(self, shell)
        (self.folder / "model.safetensors").touch()
        (self.folder / "notes.txt").touch()
        self.assertEqual([word for word in complete("lowerfb", "") if word[0] != "-"], sorted(self.subcommands))
        self.assertEqual(complete("lowerfb", "s"), ["show"])
        for name in self.subcommands:
            self.assertEqual(complete("lowerfb", name, "--"), sorted(long for _, long, _ in self.options[name]), name)
            for _, long, argument in self.options[name]:
                if "|" in argument:
                    self.assertEqual(complete("lowerfb", name, long, ""), sorted(argument.split("|")), (name, long))
        self.assertIn("model.safetensors", complete("lowerfb", "show", "mo"))
        self.assertIn("model.safetensors", complete("lowerfb", "run", "model.safetensors", "-o", "m"))

    def test_bash(self):
        self.complete("bash")
        self.assertEqual(self.bash("lowerfb", "show", "--format", "=", "d"), ["dot"])
        self.assertEqual(self.bash("lowerfb", "show", "--format", "="), ["dot", "json", "text"])
        self.assertEqual(self.bash("lowerfb", "show", ""), ["model.safetensors"])
        self.assertEqual(self.bash("lowerfb", "nothing", ""), [])

    @unittest.skipUnless(shutil.which("fish"), "fish is missing")
    def test_fish(self):
        self.complete("fish")

    def test_nothing_is_left_out_for_zsh(self):
        text = (COMPLETION / FILES["zsh"]).read_text(encoding="utf-8")
        for name in self.subcommands:
            self.assertIn(f"'{name}:", text)
            part = re.search(rf"^        {name}\)(.*?);;", text, re.MULTILINE | re.DOTALL)[1]
            told = set(re.findall(r"(--[\w-]+)(?==?[\[}'])", part))
            self.assertEqual(told, {long for _, long, _ in self.options[name]} - {"--help"}, name)

    def typed(self, command, setup, line, expected):
        """Types @line into a shell on a terminal, and waits for it to show @expected."""
        master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "dumb", "HOME": str(self.folder), "PS1": "$ ",
                       "PATH": f"{os.path.dirname(COMMAND)}:{os.environ['PATH']}"}
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=self.folder, env=environment,
                                   start_new_session=True)
        os.close(slave)
        self.addCleanup(os.close, master)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.write(master, (setup + "; echo rea''dy\n").encode())
        shown, sent, end = "", False, time.monotonic() + 30
        while time.monotonic() < end and not (sent and expected in shown):
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 4096).decode(errors="replace")
            if not sent and "ready" in shown:
                shown, sent = "", True
                os.write(master, line.encode())
        self.assertIn(expected, shown)

    def test_typed_into_bash(self):
        self.typed(["bash", "--norc", "-i"], f"source {COMPLETION / FILES['bash']}", "lowerfb bench --pr\t", "--profile")

    @unittest.skipUnless(shutil.which("zsh"), "zsh is missing")
    def test_typed_into_zsh(self):
        setup = f"fpath=({COMPLETION} $fpath); autoload -U compinit; compinit -u -D"
        self.typed(["zsh", "-f", "-i"], setup, "lowerfb bench --pr\t", "--profile")


if __name__ == "__main__":
    unittest.main()
