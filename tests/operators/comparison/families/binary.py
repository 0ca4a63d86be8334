# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arithmetic, comparison and choice on two operands that broadcast."""

import numpy
import torch

from ..draw import BYTES, FLOATS, INTEGERS, PLAIN
from ..trial import Bound, Trial, compares, double_all
from .unary import RAISES

POWER = Bound(ulps=2, double=100, precise=double_all)


def operands(draw, name, dtypes=PLAIN, numbers="bif", special=0.3):
    """Two tensors, or a tensor and a number; for Python's operators either may be the number."""
    shape = draw.shape()
    left = draw.plain(shape, dtypes, special)
    right = draw.plain(draw.broadcast(shape), dtypes, special)
    if draw.chance(0.4):
        right = right.to(left.dtype)
    if draw.chance(0.25):
        right = draw.number(numbers)
    if name.startswith("operator.") and draw.chance(0.2):
        left = draw.number(numbers)
    elif draw.chance(0.1) and isinstance(right, torch.Tensor):
        left, right = right, left
    return left, right


def _fused(left, right, alpha):
    """PyTorch's kernels fuse the product and the sum, and so round once where we round twice."""
    def condition(ours, theirs):
        if ours.error is not None or theirs.error is not None or not ours.value.is_float:
            return False
        product = torch.as_tensor(right).double() * alpha
        a, b = ours.value.data.astype(float), theirs.value.data.astype(float)
        size = numpy.abs(product.numpy()) + numpy.abs(torch.as_tensor(left).double().numpy())
        step = {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1.2e-7, "float64": 3e-16}[ours.value.dtype]
        with numpy.errstate(all="ignore"):
            return bool(numpy.all((a == b) | (numpy.isnan(a) & numpy.isnan(b)) | (numpy.abs(a - b) <= 2 * step * size)))
    return "alpha * other is rounded before it is added; PyTorch fuses them", condition


@compares("torch.add", "torch.sub")
def sums(draw, name):
    left, right = operands(draw, name)
    if draw.chance(0.6):
        return Trial(left, right)
    alpha = draw.number("if")
    return Trial(left, right, settings={"alpha": alpha}, tolerated=[_fused(left, right, alpha)])


@compares("operator.add", "operator.iadd", "operator.sub", "operator.isub", "torch.rsub", "torch.mul",
          "operator.imul", "torch.maximum", "torch.minimum")
def arithmetic(draw, name):
    if name in ("operator.add", "operator.iadd") and draw.chance(0.1):
        kind = draw.choice((list, tuple))
        return Trial(kind(draw.shape()), kind(draw.shape()))
    return Trial(*operands(draw, name))


@compares("torch.true_divide", "operator.itruediv", "torch.floor_divide", "torch.remainder", "torch.fmod",
          "operator.floordiv")
def quotients(draw, name):
    return Trial(*operands(draw, name))


@compares("torch.div")
def division(draw, name):
    settings = draw.choice(({}, {"rounding_mode": None}, {"rounding_mode": "floor"}, {"rounding_mode": "trunc"},
                            {"rounding_mode": "up"} if draw.chance(0.1) else {}))
    return Trial(*operands(draw, name), settings=settings)


@compares("torch.pow")
def power(draw, name):
    left, right = operands(draw, name)
    return Trial(left, right, bound=POWER, tolerated=[RAISES])


@compares("torch.atan2")
def angle(draw, name):
    return Trial(*operands(draw, name), bound=POWER)


@compares("torch.eq", "torch.ne", "torch.lt", "torch.le", "torch.gt", "torch.ge")
def comparison(draw, name):
    if draw.chance(0.15):
        shape, dtype = draw.shape(), draw.choice(BYTES)
        left = draw.quantized(shape, dtype)
        right = draw.quantized(shape, dtype, left.q_scale(), left.q_zero_point()) if draw.chance(0.7) else draw.floats(shape)
        return Trial(left, right)
    if name in ("operator.eq", "operator.ne") and draw.chance(0.2):
        things = (None, True, 1, 2.5, "sum", "max", (1, 2), (1, 3), [1, 2], torch.float32, torch.int64)
        return Trial(draw.choice(things), draw.choice(things))
    left, right = operands(draw, name)
    return Trial(left, right)


@compares("torch.logical_and", "torch.logical_or", "torch.logical_xor")
def logic(draw, name):
    left, right = operands(draw, name)
    return Trial(left, right)


@compares("torch.bitwise_and", "torch.bitwise_or", "torch.bitwise_xor")
def bits(draw, name):
    dtypes = INTEGERS + (torch.bool, torch.bool) if draw.chance(0.95) else FLOATS
    return Trial(*operands(draw, name, dtypes, "bi"))


@compares("torch.bitwise_not")
def bitwise_not(draw, name):
    if name.startswith("operator.") and draw.chance(0.2):
        return Trial(draw.number("bi"))
    return Trial(draw.plain(draw.shape(), INTEGERS + (torch.bool,) if draw.chance(0.95) else FLOATS))


@compares("torch.where")
def where(draw, name):
    left, right = operands(draw, name)
    shape = list(left.shape) if isinstance(left, torch.Tensor) else draw.shape()
    condition = draw.bools(draw.broadcast(shape))
    return Trial(condition, left, right)


@compares("torch.masked_fill")
def masked_fill(draw, name):
    data = draw.plain(draw.shape())
    mask = draw.bools(draw.broadcast(list(data.shape)))
    value = draw.number() if draw.chance(0.7) else draw.plain([])
    return Trial(data, mask, value)
