# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions of one tensor, or of one of Python's own numbers."""

from ..draw import FLOATS, INTEGERS, PLAIN
from ..trial import Bound, Trial, compares, double_all

# One unit for each float32 function of PyTorch and one for ours; some of PyTorch's are worse, which is
# why float64 has a say. In float64 itself ours are made for the float32 that they are rounded to.
CLOSE = Bound(ulps=2, double=1000, precise=double_all)


def _is_in_place(name):
    return name.endswith("_") and not name.endswith("__")


def _operand(draw, name, dtypes):
    """A tensor; for Python's own functions a number."""
    if name.startswith("math.") and draw.chance(0.3):
        return draw.plain(draw.choice(([], [1], [1, 1], [2])), PLAIN)
    if name.startswith(("math.", "builtins.")) or (name.startswith("operator.") and draw.chance(0.2)):
        return draw.number()
    if _is_in_place(name):
        dtypes = [dtype for dtype in dtypes if dtype.is_floating_point]
    return draw.plain(draw.shape(), dtypes)


@compares("torch.exp", "torch.exp2", "torch.expm1", "torch.log", "torch.log1p", "torch.log2", "torch.log10",
          "torch.sin", "torch.cos", "torch.tan", "torch.asin", "torch.acos", "torch.atan", "torch.sinh",
          "torch.cosh", "torch.erf", "torch.erfc", "torch.sqrt", "torch.rsqrt", "torch.reciprocal")
def transcendental(draw, name):
    return Trial(_operand(draw, name, PLAIN), bound=CLOSE)


@compares("torch.logit")
def logit(draw, name):
    settings = {"eps": draw.choice((1e-6, 0.1, 0.3, None))} if draw.chance(0.5) else {}
    return Trial(_operand(draw, name, PLAIN), settings=settings, bound=CLOSE)


@compares("torch.abs", "torch.neg", "torch.positive", "torch.square", "torch.sign", "torch.floor", "torch.ceil",
          "torch.round", "torch.trunc", "torch.frac", "torch.isnan", "torch.isinf", "torch.isfinite",
          "torch.logical_not")
def exact(draw, name):
    dtypes = FLOATS + INTEGERS if draw.chance(0.9) else PLAIN
    return Trial(_operand(draw, name, dtypes))


@compares("operator.not_")
def negation(draw, name):
    return Trial(draw.number() if draw.chance(0.5) else draw.plain(draw.choice(([], [1], [1, 1]))))


@compares("torch.nan_to_num")
def nan_to_num(draw, name):
    settings = {"nan": draw.number("f")} if draw.chance(0.5) else {}
    return Trial(_operand(draw, name, FLOATS + INTEGERS), settings=settings)
