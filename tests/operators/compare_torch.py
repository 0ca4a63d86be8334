#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares every operator with its counterpart in PyTorch, on random arguments.

For each row of the library's table of operators: how many trials there were, how many gave PyTorch's
result to the bit, by how much the others differed, and why that is tolerated. Integers have to be
PyTorch's and those of the numerics; where PyTorch's kernel rounds differently on a tie, the rule
decides. Where it has no kernel, or has one that follows another rule, the rule alone is compared.
Floats have to be within the bound that the operator's family states. What PyTorch refuses has to be
refused.

Exits with 1 if results differ otherwise, or if there is an operator that no family compares; with 77 if
PyTorch or PyGObject is missing.
"""

import argparse
import os
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
# Its operators warn of outputs that they resize themselves.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
sys.dont_write_bytecode = True
SKIPPED = 77


def skip(reason):
    print("SKIP: %s" % reason)
    sys.exit(SKIPPED)


try:
    import gi
    import numpy  # noqa: F401 (the comparison does)
    import torch
except ImportError as error:
    skip("the comparison needs PyGObject, NumPy and PyTorch: %s" % error)
try:
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb
except (ImportError, ValueError) as error:
    skip("no typelib of the library was built: %s" % error)

from comparison import families, table  # noqa: E402
from comparison.names import rows as all_rows  # noqa: E402
from comparison.run import run_row  # noqa: E402
from comparison.trial import drawer_of, unknown  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", default=os.environ.get("LFB_TEST_SEED", "1"),
                        help="what the random arguments are drawn from ($LFB_TEST_SEED or 1)")
    parser.add_argument("--trials", type=int, default=200, help="how many for each operator (%(default)s)")
    parser.add_argument("--only", default=[], metavar="TEXT", action="append",
                        help="only operators whose name contains this; may be repeated")
    parser.add_argument("--family", default=[], metavar="NAME", action="append",
                        help="only what this module of comparison/families compares; may be repeated")
    parser.add_argument("--trial", type=int, help="only this one, by its number in the seed that a failure shows")
    parser.add_argument("--failures", type=int, default=3, help="how many to show for each operator (%(default)s)")
    return parser.parse_args()


def wanted(row, options):
    if options.family and drawer_of(row).__module__.rsplit(".", 1)[1] not in options.family:
        return False
    return not options.only or any(text in name for text in options.only for name in row.names)


def main():
    options = arguments()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    engines = torch.backends.quantized.supported_engines
    torch.backends.quantized.engine = "onednn" if "onednn" in engines else "fbgemm"
    families.load()

    every = all_rows()
    print("lowerfb beside PyTorch %s, engine %s, CPU %s, seed %s" %
          (torch.__version__, torch.backends.quantized.engine, ", ".join(Lfb.get_cpu_features()) or "plain",
           options.seed))
    started = time.monotonic()
    report = table.Report(options.failures)
    for row in every:
        if row.has_parts:
            continue  # models have their parts, which are compared; whole models are in tests/cases
        if row.title.startswith("torchvision.") and not row.known:
            print("SKIP: %s: there is no torchvision" % row.title)
        elif drawer_of(row) is None:
            report.complain("%s is not compared" % row.title)
        elif wanted(row, options):
            report.add(run_row(drawer_of(row), row, options.trials, options.seed, options.trial))
    for name in unknown(every):
        report.complain("no operator is called %s, but the comparison knows it" % name)
    report.close(options.trials if options.trial is None else 1, time.monotonic() - started)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
