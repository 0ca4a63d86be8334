# SPDX-License-Identifier: LGPL-2.1-or-later
"""add, mul and matmul of bytes with bytes and with numbers, and floordiv."""

import numpy
import torch

from .. import rules
from ..draw import BYTES, LIMITS
from ..names import resolve
from ..trial import Trial, compares
from .quantized_activation import output

F32 = numpy.float32


def _pair(draw, dtype):
    shape = draw.shape()
    return draw.quantized(shape, dtype), draw.quantized(draw.broadcast(shape), dtype)


def added(left, right, scale, zero_point, low):
    x = rules.dequantize(left) + rules.dequantize(right)
    if low is not None:
        x = numpy.maximum(x, F32(0))
    return rules.quantize(x, scale, zero_point, left.dtype)


def multiplied(left, right, scale, zero_point, low):
    multiplier = (F32(left.q_scale()) * F32(right.q_scale())) * (F32(1) / F32(scale))
    product = rules.centred(left) * rules.centred(right)
    return rules.Steps(product.astype(F32) * multiplier, scale, zero_point, left.dtype, low)


def _add_number(data, number):
    """q', s' and z': only these two change, unless the zero point leaves the range."""
    low, high = LIMITS[data.dtype]
    q, s, z = data.int_repr().numpy().astype(numpy.int64), data.q_scale(), data.q_zero_point()
    steps = float(numpy.rint(number / s))
    moved = z - steps
    if low <= moved <= high:
        return q, s, int(moved)
    if moved < low:
        scale, zero = (high - moved) / (high - low) * s, low
    else:
        scale, zero = (moved - low) / (high - low) * s, high
    values = (q - z + steps).astype(F32) * (F32(s) * (F32(1) / F32(scale)))
    return rules.Steps(values, scale, zero, data.dtype).integers().astype(numpy.int64), scale, zero


def _mul_number(data, number):
    low, high = LIMITS[data.dtype]
    q, s, z = data.int_repr().numpy().astype(numpy.int64), data.q_scale(), data.q_zero_point()
    if number > 0:
        return q, number * s, z
    if number == 0:
        return q * 0, 1.0, 0
    return high + low - q, -number * s, high - (z - low)


def with_number(draw, name, relu):
    dtype = draw.choice(BYTES)
    data = draw.quantized(draw.shape(), dtype)
    number = draw.choice((0, 1, -1, 0.5, -0.25, 3, draw.float(-3, 3), draw.float(-300, 300), data.q_scale() * 1.5,
                          1e-3))

    def rule():
        q, scale, zero = (_mul_number if "mul" in name else _add_number)(data, number)
        q = numpy.maximum(q, zero) if relu else q
        q = numpy.asarray(q).astype("u1" if dtype == torch.quint8 else "i1")
        return torch._make_per_tensor_quantized_tensor(torch.from_numpy(q), scale, zero)

    far = abs(number / data.q_scale()) > 1e6 and "add" in name
    tiny = ("PyTorch's result has a scale that underflows", lambda ours, theirs: far)
    return Trial(data, number, rule=rule, tolerated=[tiny])


@compares("torch.ops.quantized.add", "torch.ops.quantized.add_relu", "torch.ops.quantized.mul",
          "torch.ops.quantized.mul_relu")
def arithmetic(draw, name):
    relu = "relu" in name
    if "scalar" in name or draw.chance(0.3):
        return with_number(draw, name, relu)
    dtype = draw.choice(BYTES)
    left, right = _pair(draw, dtype)
    scale, zero_point = output(draw, dtype, 1e-3, 10)
    rule = multiplied if "mul" in name else added
    # PyTorch warns where the result is larger than its first operand. Of one whose channels are the last, its
    # product of qint8 (XNNPACK's) permutes the sizes but not those that it broadcasts to, and so either
    # refuses or writes beyond its result: the heap breaks. So it gets them in their own order.
    full = lambda: left.expand(torch.broadcast_shapes(left.shape, right.shape)).contiguous()   # noqa: E731
    return Trial(left, right, scale, zero_point, expect=lambda: resolve(name)(full(), right, scale, zero_point),
                 rule=lambda: rule(left, right, scale, zero_point, zero_point if relu else None))


@compares("torch.ops.quantized.matmul")
def matmul(draw, name):
    dtype = draw.choice(BYTES)
    n = draw.size(7)
    batch = draw.shape(0, 2, 3)
    left = draw.quantized(batch + [draw.size(), n], dtype)
    right = draw.quantized((draw.broadcast(batch) if draw.chance(0.3) else batch) +
                           [n + (1 if draw.chance(0.03) else 0), draw.size()], dtype)
    scale, zero_point = output(draw, dtype, 1e-2, 100)

    def rule():
        multiplier = (F32(left.q_scale()) * F32(right.q_scale())) * (F32(1) / F32(scale))
        product = rules.centred(left) @ rules.centred(right)
        return rules.Steps(product.astype(F32) * multiplier, scale, zero_point, dtype)

    broadcasts = ("PyTorch's kernel does not broadcast batches, or loses their order",
                  lambda ours, theirs: theirs.error is not None and left.shape[:-2] != right.shape[:-2])
    return Trial(left, right, scale, zero_point, rule=rule, tolerated=[broadcasts])
