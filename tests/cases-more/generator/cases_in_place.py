# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators that work in place, which on integers may change what others read (pass 9)."""

import operator

import torch
import torch.nn.functional as F
from torch import nn

from builder import UNCHANGED, case, quantized, quantized_input
from cases_operators import SIGMOID, TANH
from weighted import linear


def in_place(b, calls):
    """Operators that work in place, each on a quantized input that nobody else reads."""
    outputs = []
    for i, (target, args, how) in enumerate(calls):
        q = b.quantize(b.input(2, 1, 4, name="x%d" % i))
        call = b.method if isinstance(target, str) else b.function
        outputs.append(b.requantize(call(target, b.dequantize(q), *args), **(how or {"like": q})))
    b.output(tuple(outputs))


@case
def fixed_methods_in_place(b):
    in_place(b, [("sigmoid_", (), SIGMOID), ("tanh_", (), TANH)])
    b.torch_makes(truth="reference")


@case
def copying_in_place(b):
    in_place(b, [("relu_", (), None), (F.hardtanh_, (-0.5, 0.7), None)])


@case
def shape_methods_in_place(b):
    in_place(b, [("detach_", (), None), ("squeeze_", (1,), None), ("unsqueeze_", (0,), None),
                 ("resize_", (4, 2), None)])


@case
def in_place_on_a_shared_quantize(b):
    """On integers, the operators would change what the others read."""
    q = b.quantize(b.input(2, 1, 4))
    found = [b.quantize(b.method("relu_", b.dequantize(q)), like=q),
             b.quantize(b.method("unsqueeze_", b.dequantize(q), 0), like=q),
             b.quantize(b.method("sigmoid_", b.dequantize(q)), **SIGMOID),
             b.quantize(b.function(F.hardtanh_, b.dequantize(q), -0.5, 0.7), like=q)]
    b.output((*(b.dequantize(p) for p in found), b.dequantize(q)))
    b.expect(UNCHANGED, left={p.name: [p.args[0].name] for p in found})


@case
def in_place_by_setting_on_a_shared_quantize(b):
    q = b.quantize(b.input(2, 4, 6))
    found = [b.module("r", nn.ReLU(inplace=True), b.dequantize(q)),
             b.module("six", nn.ReLU6(inplace=True), b.dequantize(q)),
             b.function(F.relu, b.dequantize(q), inplace=True),
             b.function(F.hardtanh, b.dequantize(q), -0.5, 0.7, inplace=True)]
    found = [b.quantize(y, like=q) for y in found]
    b.output((*(b.dequantize(p) for p in found), b.dequantize(q)))
    b.expect(UNCHANGED, left={p.name: [p.args[0].name] for p in found})


@case
def own_range_in_place(b):
    """Operators that make a range of their own make a tensor of their own, whatever they are told."""
    q = b.quantize(b.input(2, 4, 6))
    found = [b.function(F.leaky_relu, b.dequantize(q), negative_slope=0.2, inplace=True),
             b.function(F.elu, b.dequantize(q), alpha=0.6, inplace=True),
             b.function(F.hardswish, b.dequantize(q), inplace=True),
             b.module("elu", nn.ELU(0.7, inplace=True), b.dequantize(q)),
             b.module("leaky", nn.LeakyReLU(0.3, inplace=True), b.dequantize(q)),
             b.module("swish", nn.Hardswish(inplace=True), b.dequantize(q))]
    b.output((*(b.requantize(y) for y in found), b.dequantize(q)))


@case
def in_place_behind_a_view(b):
    """What it would change is the tensor that it is a view of."""
    q = b.quantize(b.input(2, 4, 6))
    v = b.quantize(b.method("view", b.dequantize(q), 8, 6), like=q)
    r = b.quantize(b.method("relu_", b.dequantize(v)), like=q)
    b.output((b.dequantize(r), b.dequantize(q)))
    b.expect(quantized_input() + """
        v = q.view(8, 6)
        vd = v.dequantize()
        y = vd.relu_()
        """ + quantized("r", "y", "relu_") + """
        rd = r.dequantize()
        qd = q.dequantize()
        output((rd, qd))
        """, left={r.name: ["relu_"]})


@case
def dequantize_changed_in_place(b):
    """The method has no users; those that read the dequantize after it read what it made."""
    d = b.start(2, 12)
    b.method("clamp_", d, -0.3, 0.4)
    found = [b.quantize(b.module("l", linear(), d)),
             b.quantize(b.function(operator.add, d, d)),
             b.quantize(b.function(F.hardswish, d, inplace=False))]
    b.output(tuple(b.dequantize(q) for q in found))
    b.expect(UNCHANGED, left={q.name: ["clamp_"] for q in found})


@case
def dynamic_input_changed_in_place(b):
    """Lowered, the module would read the input after it was changed."""
    x = b.function(torch.mul, b.input(3, 12), 2.0)
    d = b.dynamic(x)
    b.method("clamp_", x, -0.5, 0.5)
    b.output((b.module("l", linear(), d), x))
    b.expect(UNCHANGED, left={d.args[0].name: ["clamp_"]})


@case
def view_changed_in_place(b):
    """A change through a view reaches what it is a view of: here the dequantize."""
    d = b.start(2, 12)
    b.method("clamp_", b.method("view", d, 4, 6), -0.3, 0.4)
    q = b.quantize(b.module("l", linear(), d))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["clamp_"]}, runs=False)
