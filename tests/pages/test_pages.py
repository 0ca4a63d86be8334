# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md and the guides say is so: their samples run, their links lead somewhere."""

import configparser
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

import samples

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
README = TOP / "README.md"
GUIDES = sorted(path for path in (TOP / "doc").glob("*.md"))
PAGES = [README, *GUIDES]
DIGITS = ["data/digits/digits.reference.safetensors", "data/digits/digits.test.safetensors"]

# Few samples may be left unrun; each says why.
MOST_NOT_RUN = 12


class Runner:
    """Runs programs in a folder that looks like the top of the sources, for reading; what they write stays there."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for name in ["data", "bindings", "doc"]:
            (self.folder / name).symlink_to(TOP / name)

    def command(self, *command, **variables):
        result = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                                env={**os.environ, "NO_COLOR": "1", **variables})
        if result.returncode != 0:
            raise AssertionError(f"{command}: {result.returncode}\n{(result.stdout + result.stderr).decode()}")
        return result.stdout.decode()

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def missing(self, language):
        """The program that the language needs here, if it is not there."""
        needed = {"python": None, "js": "gjs", "vala": "valac", "c": "cc", "meson": "meson", "sh": "bash"}[language]
        return needed if needed and shutil.which(needed) is None else None

    def sh(self, code, arguments):
        return self.command("bash", "-euo", "pipefail", "-c", code)

    def python(self, code, arguments):
        return self.command(sys.executable, "-B", self.write("sample.py", code), *arguments)

    def js(self, code, arguments):
        return self.command("gjs", "-m", self.write("sample.js", code), *arguments)

    def vala(self, code, arguments):
        if " main (" not in code:
            code = ("void sample () throws Error {\n" + code + "}\nint main () {\n  try {\n    sample ();\n    return 0;\n"
                    "  } catch (Error error) {\n    printerr (\"%s\\n\", error.message);\n    return 1;\n  }\n}\n")
        self.write("sample.vala", code)
        self.command("valac", "--vapidir", os.environ["LOWERFB_VAPIDIR"], "--pkg", "gio-2.0", "--pkg", "lowerfb-1.0", "-X", "-w",
                     "-o", "sample-vala", "sample.vala")
        return self.command("./sample-vala", *arguments)

    def c(self, code, arguments):
        """A program, statements of one, or functions of the library, which are compiled alone."""
        is_program = re.search(r"(?m)^main \(", code) is not None
        is_part = not is_program and re.search(r"(?m)^\{$", code) is not None
        if not is_program and not is_part:
            code = "#include <lowerfb/lowerfb.h>\nint main (void) {\n" + code + "\nreturn 0; }\n"
        self.write("sample.c", code)
        flags = self.command("pkg-config", "--cflags", "--libs", "lowerfb-1.0").split()
        self.command("cc", "-Wall", "-Werror", *(["-c", "-o", "sample.o"] if is_part else ["-o", "sample-c"]), "sample.c",
                     *flags)
        return "" if is_part else self.command("./sample-c", *arguments)

    def meson(self, code, arguments):
        """A project whose sources are those of the C example."""
        project = self.folder / "project"
        project.mkdir()
        text = code if code.startswith("project (") or code.startswith("project(") else f"project('sample', 'c')\n{code}"
        (project / "meson.build").write_text(text)
        for source in re.findall(r"'([\w-]+\.c)'", code):
            shutil.copy(TOP / "bindings/c/examples/digits.c", project / source)
        self.command("meson", "setup", "project/build", "project")
        return self.command("meson", "compile", "-C", "project/build")


class Samples(unittest.TestCase):
    """A test for each page is added below."""

    def check(self, page):
        not_run = []
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as folder:
            runner = Runner(folder)
            for program in samples.programs(page.read_text(encoding="utf-8")):
                code = "\n".join(program.parts)
                where = f"{page.name}, line {program.line} ({program.language})"
                if program.reason:
                    continue
                if program.sources:
                    self.assertTrue(any(code.strip() in (TOP / path).read_text(encoding="utf-8")
                                        for path in program.sources), where)
                    continue
                if program.language == "json":
                    json.loads(code)
                elif program.language == "ini":
                    configparser.ConfigParser().read_string(code)
                elif program.language in samples.PROGRAMS:
                    missing = runner.missing(program.language) or self.lacks(code, program.language)
                    if missing:
                        not_run.append(f"{where}: {missing} is missing")
                        continue
                    with self.subTest(where):
                        text = getattr(runner, program.language)(code, shlex.split(program.arguments))
                        for part in program.prints:
                            self.assertIn(part, text, where)
        if not_run:
            self.skipTest("; ".join(not_run))

    def lacks(self, code, language):
        if language == "python":
            for module in re.findall(r"(?m)^(?:import|from) (numpy|torch)\b", code):
                if importlib.util.find_spec(module) is None:
                    return module
        if language == "sh":
            for command in ["jq", "dot", "mypy"]:
                if re.search(rf"(?m)(^|\| *){command}\b", code) and shutil.which(command) is None:
                    return command
        return None


def add_test(page):
    setattr(Samples, "test_" + page.stem.replace("-", "_"), lambda self: self.check(page))


for page in PAGES:
    add_test(page)


class Pages(unittest.TestCase):
    def test_samples_are_marked_as_such(self):
        """An indented block would be code that nobody runs."""
        for page in PAGES:
            text = samples.without_code(page.read_text(encoding="utf-8"))
            self.assertEqual(re.findall(r"(?m)^\n    \S.*$", text), [], page.name)

    def test_few_are_not_run(self):
        found = [(page.name, program) for page in PAGES for program in samples.programs(page.read_text(encoding="utf-8"))]
        run = [name for name, program in found if program.language in samples.PROGRAMS and not program.reason]
        self.assertGreater(len(run), 20)
        self.assertLessEqual(sum(bool(program.reason) for _, program in found), MOST_NOT_RUN)

    def test_links(self):
        slugs = {re.search(r"(?m)^Slug: (.+)$", page.read_text(encoding="utf-8"))[1] for page in GUIDES} | {"operators"}
        for page in PAGES:
            text = samples.without_code(page.read_text(encoding="utf-8"))
            for link in re.findall(r"\]\(([^)\s]+)\)", text):
                if "://" in link:
                    continue
                name, _, _ = link.partition("#")
                if page == README or not name.endswith(".html"):
                    self.assertTrue((page.parent / name).exists(), (page.name, link))
                elif "." not in name.removesuffix(".html"):
                    self.assertIn(name.removesuffix(".html"), slugs, (page.name, link))

    def test_every_page_is_listed(self):
        """In README.md, in the reference, and in what Meson knows of."""
        names = {page.name for page in GUIDES}
        linked = set(re.findall(r"\]\(doc/([\w-]+\.md)\)", README.read_text(encoding="utf-8")))
        self.assertEqual(names - linked, set())
        config = tomllib.loads((TOP / "doc/lowerfb.toml.in").read_text(encoding="utf-8"))
        self.assertEqual(names ^ set(config["extra"]["content_files"]), {"operators.md"})
        build = re.search(r"doc_pages = files\((.*?)\)", (TOP / "doc/meson.build").read_text(), re.DOTALL)[1]
        self.assertEqual(names, set(re.findall(r"'([\w-]+\.md)'", build)))
        for page in GUIDES:
            head = page.read_text(encoding="utf-8").splitlines()[:4]
            self.assertRegex("\n".join(head), r"\ATitle: (.+)\nSlug: [\w-]+\n\n# \1\Z", page.name)
            self.assertEqual(head[1], f"Slug: {page.stem}")


class Mechanism(unittest.TestCase):
    """A sample that is wrong is found to be."""

    def run_page(self, text):
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text(text, encoding="utf-8")
            result = unittest.TestResult()
            case = Samples("test_README")
            setattr(case, case._testMethodName, lambda: case.check(page))
            case.run(result)
            return len(result.failures) + len(result.errors)

    def test_wrong_samples(self):
        for language, right, wrong in [
                ("sh", "lowerfb cpu | cat", "lowerfb show no-such | cat"), ("sh", "true", "false\ntrue"),
                ("python", "assert True", "assert False"), ("js", "print(1)", "print(one)"),
                ("vala", "print (\"\");", "print (none);"), ("c", "g_print (\"a\");", "g_print (1);"),
                ("json", "{}", "{"), ("ini", "[a]\nb = 1", "b = 1")]:
            self.assertEqual(self.run_page(f"```{language}\n{right}\n```\n"), 0, language)
            self.assertEqual(self.run_page(f"```{language}\n{wrong}\n```\n"), 1, language)

    def test_comments(self):
        self.assertEqual(self.run_page("<!-- setup python\na = 1\n-->\n```python\nprint(a)\n```\n"), 0)
        self.assertEqual(self.run_page("```python\na = 1\n```\n\n```python\nprint(a)\n```\n"), 0)
        self.assertEqual(self.run_page("```python\na = 1\n```\n<!-- sample: new -->\n```python\nprint(a)\n```\n"), 1)
        self.assertEqual(self.run_page("<!-- sample: prints 2 -->\n```python\nprint(1)\n```\n"), 1)
        program = "import sys; print(sys.argv[1:])"
        self.assertEqual(self.run_page("<!-- sample: arguments a 'b c' -->\n<!-- sample: prints ['a', 'b c'] -->\n"
                                       f"```python\n{program}\n```\n"), 0)
        self.assertEqual(self.run_page("<!-- sample: not run: for a good reason -->\n```sh\nfalse\n```\n"), 0)
        parts = "<!-- samples: from tests/pages/samples.py tests/run -->\n\n```python\nimport {}\n```\n"
        self.assertEqual(self.run_page(parts.format("dataclasses\nimport re")), 0)
        self.assertEqual(self.run_page(parts.format("nothing")), 1)
        for text in ["<!-- sample: not run: -->\n```sh\ntrue\n```\n", "```perl\n1\n```\n", "```\n1\n```\n",
                     "<!-- sample: new -->\n", "<!-- sample: nonsense -->\n```sh\ntrue\n```\n"]:
            with self.assertRaises(ValueError):
                samples.programs(text)


class Readme(unittest.TestCase):
    TEXT = README.read_text(encoding="utf-8")
    EXAMPLES = {"python": "bindings/python/examples/digits.py", "js": "bindings/gjs/examples/digits.js",
                "vala": "bindings/vala/examples/digits.vala"}

    def block(self, language):
        found = re.findall(rf"^```{language}\n(.*?)^```$", self.TEXT, re.MULTILINE | re.DOTALL)
        return found[0]

    def test_programs_are_the_examples(self):
        for language, path in self.EXAMPLES.items():
            lines = (TOP / path).read_text(encoding="utf-8").splitlines()
            program = "\n".join(line for line in lines if not re.search(r"^#!|SPDX", line)).strip()
            self.assertEqual(self.block(language).strip(), program, f"README.md and {path} differ")
            self.assertLess(len(program.splitlines()), 35, path)

    def test_what_they_print_is_what_is_said(self):
        said = re.search(r"reads (\d+ of \d+) correctly", self.TEXT.replace("\n", " "))[1]
        programs = [program for program in samples.programs(self.TEXT) if program.language in self.EXAMPLES]
        self.assertEqual(len(programs), 3)
        for program in programs:
            self.assertEqual((program.prints, program.arguments), ([f"{said} digits"], " ".join(DIGITS)))

    def test_the_two_scripts(self):
        for name in ["data/demo", "tests/run"]:
            self.assertRegex(self.TEXT, rf"(?m)^{name} ")
            self.assertTrue(os.access(TOP / name, os.X_OK), name)


if __name__ == "__main__":
    unittest.main()
