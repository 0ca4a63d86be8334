#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what writes in place with PyTorch: small graphs, random ones, and every operator.

Every output has to be PyTorch's to the bit, in a second run of the session too, and no input may
change. What a session cannot tell has to be refused, and only that: the random graphs say how many
were. A failure shows the graph and the seed that makes it. Of every operator the result is written
to, which has to reach its arguments, or not, as in PyTorch.

Exits with 1 if anything is wrong, with 77 if PyTorch or PyGObject is missing.
"""

import argparse
import collections
import os
import sys
import traceback
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
# Its operators warn of outputs that they resize themselves.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
sys.dont_write_bytecode = True
SKIPPED = 77

try:
    import gi
    import torch
except ImportError as error:
    print("SKIP: the comparison needs PyGObject and PyTorch: %s" % error)
    sys.exit(SKIPPED)
try:
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb  # noqa: F401 (the comparison does)
except (ImportError, ValueError) as error:
    print("SKIP: no typelib of the library was built: %s" % error)
    sys.exit(SKIPPED)

from comparison import families  # noqa: E402
from comparison.names import rows as all_rows  # noqa: E402
from in_place import cases, drawing, effects  # noqa: E402
from in_place.building import Builder  # noqa: E402
from in_place.judging import Wrong, judge  # noqa: E402


def show(name, builder, message):
    print("%s: %s\n%s" % (name, message, builder.graph))


def run_case(function, words):
    builder = Builder()
    outputs = function(builder)
    model, expected = builder.finish(outputs)
    try:
        refusal = judge(model, builder.inputs, expected)
    except Wrong as error:
        show(function.__name__, builder, error)
        return False
    if words is None and refusal is None:
        return True
    if words is not None and refusal is not None and all(word in refusal[1] for word in words):
        return True
    show(function.__name__, builder, "refused: %s" % (refusal,) if refusal else "not refused")
    return False


def run_random(seed, counts):
    builder, outputs = drawing.draw(seed)
    model, expected = builder.finish(outputs)
    try:
        refusal = judge(model, builder.inputs, expected)
    except Wrong as error:
        show("seed %d" % seed, builder, error)
        return False
    counts["graphs"] += 1
    counts["writes"] += builder.writes
    if refusal is None:
        return True
    if refusal[0] == "session" and any(text in refusal[1] for text in drawing.MAY_BE_REFUSED):
        counts["refused"] += 1
        return True
    show("seed %d" % seed, builder, "refused: %s: %s" % refusal)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first random graph (%(default)s)")
    parser.add_argument("--graphs", type=int, default=200, help="how many random graphs (%(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains this")
    parser.add_argument("--trials", type=int, default=2, help="how many for each name of an operator (%(default)s)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    engines = torch.backends.quantized.supported_engines
    torch.backends.quantized.engine = "onednn" if "onednn" in engines else "fbgemm"

    chosen = [(function, words) for function, words in cases.CASES if options.only in function.__name__]
    failed = 0
    for function, words in chosen:
        try:
            failed += not run_case(function, words)
        except Exception:  # a case that does not even build is one more that failed
            print("%s: %s" % (function.__name__, traceback.format_exc()))
            failed += 1
    print("%d cases, %d failed" % (len(chosen), failed))

    counts = collections.Counter()
    wrong = sum(not run_random(seed, counts) for seed in range(options.seed, options.seed + options.graphs))
    print("seeds %d to %d: %d random graphs with %d writes, %d refused, %d wrong" %
          (options.seed, options.seed + options.graphs - 1, options.graphs, counts["writes"], counts["refused"], wrong))
    if options.graphs >= 100 and counts["refused"] * 4 > counts["graphs"]:
        print("too many are refused")
        failed += 1

    families.load()
    lines, unlike, counts = effects.compare(all_rows(), options.trials)
    print("\n".join(lines))
    if options.trials >= 2 and counts["refused"] * 4 > counts["compared"]:
        print("too many are refused")
        failed += 1
    return 1 if failed + wrong + unlike else 0


if __name__ == "__main__":
    sys.exit(main())
