#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads handwritten digits: digits.py digits.reference.safetensors digits.test.safetensors"""

import sys

import gi

gi.require_version("Lfb", "1.0")
from gi.repository import Lfb  # noqa: E402

reference = Lfb.GraphModule.load(sys.argv[1])
lowerer = Lfb.Lowerer()
model = lowerer.lower(reference)
print(lowerer.report)

data = Lfb.TensorFile.load(sys.argv[2])
labels = data["labels"].numpy()
session = Lfb.Session(model)
scores = session(data["input.0"]).numpy()

right = (scores.argmax(axis=1) == labels).sum()
print(f"{right} of {len(labels)} digits read correctly: {right / len(labels):.2%}")
