# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why results may differ, and how such a difference is told: pairs (reason, condition on both outcomes)."""

import numpy
import torch

from .draw import CHANNELS_LAST


def both(ours, theirs):
    """Whether both sides gave arrays of one shape."""
    shapes = [getattr(getattr(side.value, "data", None), "shape", None) for side in (ours, theirs)]
    return shapes[0] is not None and shapes[0] == shapes[1]


def empty(side):
    return getattr(getattr(side.value, "data", None), "size", 1) == 0


def _pair(ours, theirs):
    return ours.value.data.astype(numpy.float64), theirs.value.data.astype(numpy.float64)


def _half(ours, theirs):
    if not both(ours, theirs) or ours.value.dtype not in ("float16", "bfloat16"):
        return False
    a, b = _pair(ours, theirs)
    finite = numpy.abs(b[numpy.isfinite(b)])
    return numpy.allclose(a, b, rtol=0.03, atol=0.01 + 0.02 * finite.max(initial=0.0), equal_nan=True)


# Within 3 % of a value, 2 % of the largest, and 0.01.
HALF = ("PyTorch rounds every step of types of 16 bits", _half)

SATURATES = "PyTorch on x86 gives the least integer for NaN, infinity and what is beyond int32"

COMPLEX = ("no value of ours is complex",
           lambda ours, theirs: isinstance(theirs.value, complex) and "is no number" in ours.text)
LARGE = ("an int of ours has 64 bits",
         lambda ours, theirs: "an int can hold" in ours.text and isinstance(theirs.value, int))
NOTHING = ("PyTorch gives nothing another shape, or refuses it",
           lambda ours, theirs: empty(ours) or empty(theirs))
VIEW = ("no tensor of ours has strides that do not go with a view",
        lambda ours, theirs: "view size is not compatible" in theirs.text)
UNTYPED = ("PyTorch does not look at the types where there is nothing to multiply",
           lambda ours, theirs: "has the dtype" in ours.text and empty(theirs))
ONE_DIMENSION = ("PyTorch's dynamic kernels refuse one dimension",
                 lambda ours, theirs: "larger than or equal to 2" in theirs.text and ours.error is None)
EMPTY = ("PyTorch gives back empty tensors as they are, or refuses them",
         lambda ours, theirs: empty(ours))


def _zero_for_nan(ours, theirs):
    if not both(ours, theirs):
        return False
    a, b = _pair(ours, theirs)
    return bool(numpy.all((a == b) | (numpy.isnan(a) & (b == 0))))


NAN_IS_0 = ("PyTorch 1.13's vector code gives 0 for NaN", _zero_for_nan)


def _nan_too(ours, theirs):
    if not both(ours, theirs):
        return False
    a, b = _pair(ours, theirs)
    return bool(numpy.all((a == b) | numpy.isnan(b)))


TIMES_0 = ("PyTorch's kernel for small matrices multiplies NaN and infinity by a beta of 0", _nan_too)
FORMAT = ("no tensor of ours has a memory format that can be refused",
          lambda ours, theirs: "Unsupported memory format" in theirs.text)
FEW_DIMENSIONS = ("PyTorch does not count the dimensions of nothing",
                  lambda ours, theirs: "expected 2 to" in ours.text and empty(theirs))


def overflowing(left, right):
    """For a dividend and a divisor."""
    def condition(ours, theirs):
        quotient = torch.as_tensor(left) / torch.as_tensor(right)
        return bool((quotient.isinf() | (quotient.abs() > 1e19)).any()) and _nan_too(ours, theirs)
    return "PyTorch's vectorized fmod gives NaN where the quotient overflows", condition


def one_pixel(data, channel):
    """For quantized images whose channels are this dimension."""
    def condition(ours, theirs):
        if not data.is_quantized or theirs.error is not None:
            return False
        both_ways = data.dim() in CHANNELS_LAST and data.is_contiguous(memory_format=CHANNELS_LAST[data.dim()])
        return both_ways or data.shape[channel + 1:].numel() == 1 or data.shape[channel] == 1
    return "PyTorch takes images of one pixel or channel for channels_last and mixes up their elements", condition


def tied(data, qparams):
    """For floats that are quantized dynamically; qparams gives the scale."""
    def condition(ours, theirs):
        alike = isinstance(ours.value, list) and isinstance(theirs.value, list)
        if not alike and not both(ours, theirs):
            return False
        values = data.numpy().astype(numpy.float64) / qparams()[0]
        return bool((numpy.abs(numpy.abs(values - numpy.floor(values)) - 0.5) < 1e-3).any())
    return "ties that PyTorch rounds after it has added the zero point", condition


def one_step(rule):
    """For quantized results."""
    def condition(ours, theirs):
        if not both(ours, theirs):
            return False
        a, b = _pair(ours, theirs)
        return rule is not None and bool(numpy.abs(a - b).max(initial=0) <= 1)
    return "PyTorch's statistics are float32: at most one step", condition


def fused(left, right, alpha):
    """PyTorch's kernels fuse the product and the sum, and so round once where we round twice."""
    def condition(ours, theirs):
        if not both(ours, theirs) or not ours.value.is_float:
            return False
        a, b = _pair(ours, theirs)
        with numpy.errstate(all="ignore"):
            x, y = torch.as_tensor(left).double().numpy(), torch.as_tensor(right).double().numpy()
            size = numpy.abs(y * alpha) + numpy.abs(x)
            step = {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1.2e-7, "float64": 3e-16}[ours.value.dtype]
            same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
            return bool(numpy.all(same | (numpy.abs(a - b) <= 2 * step * size)))
    return "alpha * other is rounded before it is added; PyTorch fuses them", condition
