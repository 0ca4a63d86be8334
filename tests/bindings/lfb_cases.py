# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python tests of the library share: the models of tests/cases, and how to compare."""

import os
import pathlib

import gi

gi.require_version("Lfb", "1.0")
from gi.repository import Lfb  # noqa: E402

CASES = pathlib.Path(os.environ["LOWERFB_CASES"])


def load(name):
    return Lfb.GraphModule.load(CASES / f"{name}.reference.safetensors")


def recorded(name):
    """What went into a model and came out of it when PyTorch ran it."""
    return Lfb.TensorFile.load(CASES / f"{name}.io.safetensors")


def numbers(tensor):
    """The elements of a float32 tensor, without NumPy."""
    return memoryview(tensor.get_bytes().get_data()).cast("f")


def far_apart(result, expected, step):
    """How many elements are a step apart; -1 if one is neither equal nor just that."""
    count = 0
    for a, b in zip(numbers(result), numbers(expected), strict=True):
        if abs(a - b) > 1e-5 * step:
            count += 1
            if abs(abs(a - b) - step) > 1e-3 * step:
                return -1
    return count
