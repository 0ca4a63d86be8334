# SPDX-License-Identifier: LGPL-2.1-or-later
"""One graph by the library: equal to what PyTorch made of it, refused, or wrong."""

import os
import tempfile

import lowerfb_torch
import numpy
from gi.repository import GLib, Lfb


class Wrong(Exception):
    pass


def _same(ours, theirs):
    data = ours.numpy()
    if theirs.is_quantized:
        return (ours.scale == theirs.q_scale() and ours.zero_point == theirs.q_zero_point() and
                numpy.array_equal(data, theirs.int_repr().contiguous().numpy()))
    theirs = theirs.detach().contiguous().numpy()
    return data.dtype == theirs.dtype and data.shape == theirs.shape and numpy.array_equal(data, theirs, equal_nan=True)


def load(model):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "model.safetensors")
        lowerfb_torch.save(model, path)
        return Lfb.GraphModule.load(path)


def judge(model, inputs, expected):
    """None if the outputs are those expected, else (when, message) of a refusal.

    Raises Wrong if the outputs are others, or others in a second run, or if an input has changed.
    """
    try:
        session = Lfb.Session(load(model))
    except GLib.Error as error:
        return "session", error.message
    given = [Lfb.Tensor(value.clone()) for value in inputs]
    for run in ("first", "second"):
        try:
            outputs = session.run(given)
        except GLib.Error as error:
            if run == "second":
                raise Wrong("the second run fails: %s" % error.message) from None
            return "run", error.message
        if len(outputs) != len(expected):
            raise Wrong("%d outputs, expected %d" % (len(outputs), len(expected)))
        for index, (ours, theirs) in enumerate(zip(outputs, expected)):
            if not _same(ours, theirs):
                raise Wrong("%s run, output %d is\n%s\nand PyTorch's\n%s" % (run, index, ours.numpy(), theirs))
    for index, (tensor, value) in enumerate(zip(given, inputs)):
        if not _same(tensor, value):
            raise Wrong("input %d was changed" % index)
    return None
