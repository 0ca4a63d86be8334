# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arithmetic, comparison and choice on two operands that broadcast."""

import numpy
import torch

from ..draw import BYTES, FLOATS, INTEGERS, PLAIN
from ..reasons import COMPLEX, HALF, LARGE, both, fused, overflowing
from ..trial import Bound, Trial, compares, double_all

POWER = Bound(ulps=2, double=1000, precise=double_all)


def operands(draw, name, dtypes=PLAIN, numbers="bif", special=0.3):
    """Two tensors, or a tensor and a number; for Python's operators either may be the number."""
    shape = draw.shape()
    left = draw.plain(shape, dtypes, special)
    right = draw.plain(draw.broadcast(shape), dtypes, special)
    if draw.chance(0.4):
        right = right.to(left.dtype)
    if numbers and draw.chance(0.25):
        right = draw.number(numbers)
    if numbers and name.startswith("operator.") and draw.chance(0.2):
        left = draw.number(numbers)
    elif draw.chance(0.1) and isinstance(right, torch.Tensor):
        left, right = right, left
    return left, right


@compares("torch.add", "torch.sub", "torch.rsub")
def sums(draw, name):
    left, right = operands(draw, name)
    if draw.chance(0.6):
        return Trial(left, right)
    alpha = draw.number("iifb")
    pair = (right, left) if name.endswith("rsub") else (left, right)
    return Trial(left, right, settings={"alpha": alpha}, tolerated=[fused(*pair, alpha), HALF])


@compares("operator.add", "operator.iadd", "operator.sub", "operator.isub", "torch.mul",
          "operator.imul")
def arithmetic(draw, name):
    if name in ("operator.add", "operator.iadd") and draw.chance(0.1):
        kind = draw.choice((list, tuple))
        return Trial(kind(draw.shape()), kind(draw.shape()))
    return Trial(*operands(draw, name), tolerated=[HALF])


@compares("torch.maximum", "torch.minimum")
def extremes(draw, name):
    return Trial(*operands(draw, name, numbers=""))


def _reciprocals(left, right):
    """A number by a tensor is Tensor.__rtruediv__, which multiplies by the reciprocal."""
    def condition(ours, theirs):
        if isinstance(left, torch.Tensor) or not both(ours, theirs):
            return False
        a, b = ours.value.data.astype(numpy.float64), theirs.value.data.astype(numpy.float64)
        sizes = (1 / right.to(getattr(torch, ours.value.dtype)).double()).abs().numpy()
        limits = torch.finfo(getattr(torch, ours.value.dtype))
        with numpy.errstate(all="ignore"):
            close = (a == b) | (numpy.abs(a - b) <= 2 * limits.eps * numpy.abs(b)) | (numpy.isnan(a) & numpy.isnan(b))
        return bool(numpy.all(close | (sizes > limits.max) | (sizes < limits.tiny)))
    return "PyTorch multiplies a number by the reciprocal, which leaves the range", condition


@compares("torch.true_divide", "operator.itruediv")
def quotients(draw, name):
    left, right = operands(draw, name)
    return Trial(left, right, bound=Bound() if isinstance(left, torch.Tensor) else Bound(ulps=2),
                 tolerated=[HALF, _reciprocals(left, right)])


# PyTorch's float16 and bfloat16 kernels round every step on the way to a rounded quotient.
WIDE = tuple(dtype for dtype in PLAIN if dtype not in (torch.float16, torch.bfloat16))


@compares("torch.floor_divide", "torch.remainder", "torch.fmod", "operator.floordiv", "operator.ifloordiv",
          "operator.imod")
def rounded_quotients(draw, name):
    left, right = operands(draw, name, WIDE, "bih")
    return Trial(left, right, tolerated=[overflowing(left, right)])


@compares("torch.div")
def division(draw, name):
    mode = draw.choice((None, None, "floor", "trunc", "up" if draw.chance(0.1) else None))
    settings = {"rounding_mode": mode} if mode or draw.chance(0.5) else {}
    left, right = operands(draw, name, PLAIN if mode is None else WIDE, "bih")
    return Trial(left, right, settings=settings, tolerated=[HALF, overflowing(left, right)])


@compares("torch.pow", "operator.ipow")
def power(draw, name):
    left, right = operands(draw, name)
    return Trial(left, right, bound=POWER, tolerated=[COMPLEX, LARGE])


@compares("torch.atan2")
def angle(draw, name):
    return Trial(*operands(draw, name, numbers=""), bound=POWER)


@compares("torch.eq", "torch.ne", "torch.lt", "torch.le", "torch.gt", "torch.ge")
def comparison(draw, name):
    if draw.chance(0.15):
        shape, dtype = draw.shape(), draw.choice(BYTES)
        left = draw.quantized(shape, dtype)
        alike = draw.chance(0.7)
        right = draw.quantized(shape, dtype, left.q_scale(), left.q_zero_point()) if alike else draw.floats(shape)
        return Trial(left, right)
    if name in ("operator.eq", "operator.ne") and draw.chance(0.2):
        things = (None, True, 1, 2.5, "sum", "max", (1, 2), (1, 3), [1, 2], torch.float32, torch.int64)
        return Trial(draw.choice(things), draw.choice(things))
    left, right = operands(draw, name)
    return Trial(left, right)


@compares("torch.logical_and", "torch.logical_or", "torch.logical_xor")
def logic(draw, name):
    return Trial(*operands(draw, name, numbers=""))


@compares("torch.bitwise_and", "torch.bitwise_or", "torch.bitwise_xor", "operator.iand", "operator.ior",
          "operator.ixor")
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
    value = draw.number("bifl") if draw.chance(0.7) else draw.plain([])
    return Trial(data, mask, value)
