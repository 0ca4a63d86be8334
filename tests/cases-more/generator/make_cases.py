#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Make the cases beside this folder: make_cases.py [OUTDIR] [--only SUBSTRING]

Needs Debian's python3-torch (1.13) and the exporter of this project. OUTDIR is the folder above
unless given. The recorded numbers are those of the oneDNN engine.
"""

import argparse
import contextlib
import importlib
import os
import sys
import warnings

# oneDNN's cache of primitives forgets output zero points: a second convolution of the same shape
# could be computed with those of the first.
os.environ.setdefault("LRU_CACHE_CAPACITY", "1")

import torch  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from builder import CASES  # noqa: E402
from recording import record  # noqa: E402

MODULES = ["cases_modules", "cases_sharing", "cases_dynamic", "cases_functionals", "cases_binary",
           "cases_operators", "cases_in_place", "cases_ranges", "cases_graphs"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=os.path.dirname(HERE))
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.backends.quantized.engine = "onednn"
    # Conversion asks for the engine's name to decide on reduce_range: answer as FBGEMM would.
    type(torch.backends.quantized).engine = property(lambda self: "fbgemm")
    for module in MODULES:
        importlib.import_module(module)
    failed, made = 0, {"torch": 0, "hand": 0}
    for name, build in sorted(CASES.items()):
        if arguments.only not in name:
            continue
        try:
            # torch prints about some patterns that it does not lower.
            with contextlib.redirect_stdout(sys.stderr):
                summary = record(name, *build(), arguments.folder)
            made[summary["by"]] += 1
            if "torch_1_13" in summary:
                print("%-44s by hand; torch: %s" % (name, summary["torch_1_13"]))
        except Exception as error:
            failed += 1
            print("%-44s NOT MADE: %s: %s" % (name, type(error).__name__, error))
            if os.environ.get("TRACEBACK"):
                raise
    print("%d made by torch, %d by hand, %d not made" % (made["torch"], made["hand"], failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
