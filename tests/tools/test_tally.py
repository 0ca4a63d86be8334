# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/tally.py counts what really happened, and takes nothing for a success that is none."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TALLY = os.environ["LOWERFB_TALLY"]

UNITTEST = """test_a (t.T.test_a) ... ok
test_b (t.T.test_b) ... skipped 'no torch'
test_c (t.T.test_c)
What it is about. ... {c}

----------------------------------------------------------------------
Ran 3 tests in 0.001s

{end}
"""


def entry(name, result, stdout="", stderr=""):
    return {"name": f"lowerfb:{name}", "result": result, "stdout": stdout, "stderr": stderr}


class Tally(unittest.TestCase):
    def tally(self, *entries, options=()):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
            log.write("".join(json.dumps(one) + "\n" for one in entries))
            log.flush()
            result = subprocess.run([sys.executable, "-B", TALLY, log.name, *options], capture_output=True, text=True)
        counts = tuple(map(int, result.stdout.split()))
        self.assertEqual(result.returncode, 1 if counts[1] else 0, result.stderr)
        return counts, result.stderr

    def counts(self, *entries, options=()):
        return self.tally(*entries, options=options)[0]

    def test_tap(self):
        text = "TAP version 13\n# seed\n1..4\nok 1 /a\nok 2 /b # SKIP no disk\nok 3 - c\nnot ok 4 /d # TODO later\n"
        self.assertEqual(self.counts(entry("core / t", "OK", text)), (3, 0, 1))
        self.assertEqual(self.counts(entry("core / t", "ERROR", "1..2\nok 1 /a\nnot ok 2 /b\n")), (1, 1, 0))

    def test_unittest(self):
        good = UNITTEST.format(c="ok", end="OK (skipped=1)")
        counts, notes = self.tally(entry("python / t", "OK", stderr=good))
        self.assertEqual(counts, (2, 0, 1))
        self.assertIn("no torch", notes)
        bad = UNITTEST.format(c="FAIL", end="FAILED (failures=1, skipped=1)")
        self.assertEqual(self.counts(entry("python / t", "FAIL", stderr=bad)), (1, 1, 1))

    def test_one_where_the_output_tells_nothing(self):
        self.assertEqual(self.counts(entry("docs / t", "OK", "all well\n"), entry("docs / u", "FAIL")), (1, 1, 0))

    def test_a_crash_is_a_failure_whatever_passed_before(self):
        for result in ["ERROR", "FAIL", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"]:
            self.assertEqual(self.counts(entry("core / t", result, "1..2\nok 1 /a\n")), (1, 1, 0), result)

    def test_skipped(self):
        skipped = entry("bindings+gjs / t", "SKIP", "There is no gjs\n")
        counts, notes = self.tally(skipped)
        self.assertEqual(counts, (0, 0, 1))
        self.assertIn("There is no gjs", notes)
        self.assertEqual(self.counts(skipped, options=["--none-skipped"]), (0, 1, 1))
        # As a case of a test that ran, it is no failure.
        self.assertEqual(self.counts(entry("core / t", "OK", "1..2\nok 1 /a\nok 2 /b # SKIP\n"),
                                     options=["--none-skipped"]), (1, 0, 1))

    def test_required_suites(self):
        ran = entry("bindings+gjs / t", "OK")
        self.assertEqual(self.counts(ran, options=["--require", "gjs", "bindings"]), (1, 0, 0))
        self.assertEqual(self.counts(ran, options=["--require", "gjs", "vala"]), (1, 1, 0))
        self.assertEqual(self.counts(entry("gjs / t", "SKIP"), options=["--require", "gjs"]), (0, 1, 1))
        self.assertEqual(self.counts(options=["--require", "gjs"]), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
