# SPDX-License-Identifier: LGPL-2.1-or-later
"""Binary operators (pass 7) and shape reads (pass 8)."""

import operator

import torch
import torch.nn.functional as F
from torch import nn

from builder import UNCHANGED, case, quantized, quantized_input
from weighted import linear

OPERATORS = (operator.add, torch.add, operator.mul, torch.mul)


def two(b, *shape):
    shape = shape or (3, 12)
    return b.start(*shape), b.start(*shape, name="y")


@case
def scalar_on_the_left(b):
    """All four, with and without relu; no scale is appended."""
    x, _ = two(b)
    outputs = []
    for i, function in enumerate(OPERATORS):
        outputs.append(b.requantize(b.function(function, 2 if i % 2 else 0.5, x)))
        y = b.function(function, -1.5, x)
        y = b.function(F.relu, y) if i % 2 else b.module("r%d" % i, nn.ReLU(), y)
        outputs.append(b.requantize(y))
    b.output(tuple(outputs))
    b.torch_makes(steps=1.5)


@case
def binary_torch_relu(b):
    """The third spelling of relu that torch fuses."""
    x, y = two(b)
    b.output([b.requantize(b.function(torch.relu, b.function(f, x, y))) for f in OPERATORS])


@case
def binary_one_dequantize(b):
    """Both operands through one dequantize, which a sine reads too."""
    q = b.quantize(b.input(3, 12))
    x = b.dequantize(q)
    found = [b.requantize(b.function(f, x, x)) for f in OPERATORS]
    turned = b.requantize(b.method("transpose", x, 0, 1), like=q)
    square = b.requantize(b.function(torch.matmul, x, turned))
    b.output((*found, square, b.function(torch.sin, x)))


def method_relu(b):
    x, y = two(b)
    b.output(b.requantize(b.method("relu", b.function(operator.add, x, y))))


@case
def add_relu_method_strict(b):
    method_relu(b)
    b.torch_makes(modes=["strict"])


@case
def add_relu_method(b):
    method_relu(b)
    b.expect(quantized_input() + quantized_input("y", "p") + """
        s = get_attr("relu_scale_0")
        z = get_attr("relu_zero_point_0")
        a = torch.ops.quantized.add_relu(q, p, s, z)
        d = a.dequantize()
        output(d)
        """, modes=["default"])


@case
def add_alpha_one(b):
    x, y = two(b)
    b.output(b.requantize(b.function(F.relu, b.function(torch.add, x, y, alpha=1))))


@case
def add_alpha_two(b):
    """torch drops it."""
    x, y = two(b)
    q = b.quantize(b.function(torch.add, x, y, alpha=2))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["add"]})


@case
def add_keywords(b):
    """Neither operand is given by position: torch fails an assertion."""
    x, y = two(b)
    q = b.quantize(b.function(torch.add, input=x, other=y))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["add"]})


@case
def matmul_relu(b):
    """There is no kernel for it: torch stops half-way."""
    x, y = two(b, 4, 4)
    q = b.quantize(b.function(torch.relu, b.function(torch.matmul, x, y)))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["relu"]})


@case
def operators_not_in_the_table(b):
    """operator.matmul, the in-place forms, methods: they stay float."""
    x, y = two(b, 4, 4)
    found = [b.function(operator.matmul, x, y), b.function(operator.iadd, b.function(torch.sin, x), y),
             b.method("add", x, y), b.method("mul_", b.function(torch.cos, x), y),
             b.function(operator.sub, x, y)]
    found = [b.quantize(node) for node in found]
    b.output(tuple(b.dequantize(q) for q in found))
    b.torch_makes(left={q.name: [] for q in found})


@case
def binary_with_a_float_user(b):
    """Another user, and what reads the shape: the new node stands elsewhere."""
    x, y = two(b)
    total = b.function(operator.add, x, y)
    p = b.quantize(total)
    product = b.function(torch.mul, x, y)
    n = b.method("size", product, 0)
    q = b.quantize(product)
    b.output((b.dequantize(p), b.function(torch.sin, total),
              b.method("view", b.dequantize(q), n, -1, 2)))
    b.expect(UNCHANGED, left={p.name: ["sin"], q.name: ["size"]})


@case
def binary_one_operand_float(b):
    x, y = two(b)
    p = b.quantize(b.function(torch.mul, x, b.function(torch.sin, y)))
    q = b.quantize(b.function(operator.add, b.function(torch.cos, x), 1))
    b.output((b.dequantize(p), b.dequantize(q)))
    b.torch_makes(left={p.name: ["sin"], q.name: ["cos"]})


@case
def number_then_copy(b):
    """Behind add and mul with a number, a copying operator has the range of the old quantize."""
    x = b.start(3, 4, 6)
    y = b.quantize(b.function(operator.mul, x, 0.5))
    y = b.quantize(b.function(F.max_pool1d, b.dequantize(y), 2), like=y)
    y = b.quantize(b.function(operator.add, b.dequantize(y), 0.25))
    b.output(b.requantize(b.method("relu", b.dequantize(y)), like=y))


# ---- shape reads ----

@case
def size_of_lowered(b):
    """The methods read before the dequantize; torch 1.13 knows getattr only."""
    y = b.requantize(b.module("l", linear(), b.start(3, 12)))
    n, m = b.method("size", y, 0), b.method("size", y, dim=1)
    v = b.requantize(b.method("reshape", y, n, 2, -1), scale=0.05, zero_point=64)
    shape = b.method("size", v)
    b.output((b.method("view", b.function(torch.sin, v), n, m), b.method("reshape", y, shape)))
    b.expect(quantized_input() + """
        y = module["l"](q)
        d = y.dequantize()
        n = y.size(0)
        m = y.size(dim=1)
        w = d.reshape(n, 2, -1)
        """ + quantized("r", "w", "reshape") + """
        v = r.dequantize()
        shape = r.size()
        s = torch.sin(v)
        first = s.view(n, m)
        second = d.reshape(shape)
        output((first, second))
        """, modules={"l": "torch.ao.nn.quantized.Linear"})


@case
def getattr_of_lowered(b):
    """Only the shape is read before the dequantize, not the number of dimensions."""
    y = b.requantize(b.module("l", linear(), b.start(3, 12)))
    n = b.function(operator.getitem, b.function(getattr, y, "shape"), 0)
    b.output(b.method("view", b.function(torch.sin, y), n, b.function(getattr, y, "ndim"), -1))
