#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what Meson's tests did: tally.py TESTLOG.json [--none-skipped] [--require SUITE ...]

Prints "PASSED FAILED SKIPPED" as the last line of stdout: test cases where a
test's output tells them (TAP, Python's unittest), one a test where it does not.
What failed or was skipped, and why, goes to stderr. A required suite of which
no test ran is a failure, and so, with --none-skipped, is every test that was
skipped as a whole.
"""

import argparse
import collections
import json
import re
import sys

GOOD = {"OK", "EXPECTEDFAIL"}

Counts = collections.namedtuple("Counts", "passed failed skipped reasons")


def count_tap(text):
    """The cases of a test that speaks TAP; none if it does not."""
    passed = failed = 0
    reasons = []
    for line in text.splitlines():
        match = re.match(r"(not )?ok\b(.*?)(?:# *(skip|todo)\S*(.*))?$", line, re.IGNORECASE)
        if match is None:
            continue
        wrong, name, directive, reason = match.groups()
        if directive and directive.lower() == "skip":
            reasons.append(f"{name.strip(' -0123456789')}: {reason.strip()}")
        elif wrong and not directive:
            failed += 1
        else:
            passed += 1
    return Counts(passed, failed, len(reasons), reasons)


def count_unittest(text):
    """The cases of Python tests, run with -v or without."""
    ran = re.search(r"^Ran (\d+) tests? in ", text, re.MULTILINE)
    if ran is None:
        return Counts(0, 0, 0, [])
    found = dict(re.findall(r"\b(failures|errors|skipped|expected failures|unexpected successes)=(\d+)",
                            text[ran.end():]))
    failed = sum(int(found.get(kind, 0)) for kind in ["failures", "errors", "unexpected successes"])
    skipped = int(found.get("skipped", 0))
    reasons = re.findall(r"^(.+?) \.\.\. skipped (.+)$", text, re.MULTILINE)
    # A class or module that fails as a whole is an error without a test that ran.
    passed = max(int(ran.group(1)) - failed - skipped, 0)
    return Counts(passed, failed, skipped, [f"{name}: {reason}" for name, reason in reasons])


def count(test):
    """The cases of one test, never better than what Meson made of it as a whole."""
    output = test.get("stdout") or "", test.get("stderr") or ""
    found = count_tap(output[0])
    if found[:3] == (0, 0, 0):
        found = count_unittest("\n".join(output))
    result = test["result"]
    if result == "SKIP":
        reasons = found.reasons or [next(filter(None, "\n".join(output).splitlines()), "no reason given")]
        return Counts(0, 0, max(found.skipped, 1), reasons)
    if result not in GOOD and found.failed == 0:
        found = found._replace(failed=1)
    if result in GOOD and found[:3] == (0, 0, 0):
        found = found._replace(passed=1)
    return found


def suites_of(test):
    """The suites that Meson puts in front of its name: "project:suite+suite / name"."""
    place, _, _ = test["name"].rpartition(" / ")
    return set(filter(None, place.partition(":")[2].split("+")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("--none-skipped", action="store_true")
    parser.add_argument("--require", metavar="SUITE", nargs="*", default=[])
    arguments = parser.parse_args()

    with open(arguments.log, encoding="utf-8") as file:
        tests = [json.loads(line) for line in file if line.strip()]

    passed = failed = skipped = 0
    ran = set()
    for test in tests:
        counts = count(test)
        passed += counts.passed
        failed += counts.failed
        skipped += counts.skipped
        if counts.failed:
            print(f"FAILED {test['name']}: {counts.failed} of its cases, {test['result']}", file=sys.stderr)
        for reason in counts.reasons:
            print(f"skipped {test['name']}: {reason}", file=sys.stderr)
        if test["result"] != "SKIP" and counts.passed + counts.failed > 0:
            ran |= suites_of(test)
        elif arguments.none_skipped:
            failed += 1
            print(f"FAILED {test['name']}: it was skipped, and all have to run", file=sys.stderr)

    for suite in arguments.require:
        if suite not in ran:
            failed += 1
            print(f"FAILED suite {suite}: it has to run, but no test of it did", file=sys.stderr)

    print(passed, failed, skipped)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
