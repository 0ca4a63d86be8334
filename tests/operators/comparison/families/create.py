# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tensors made from numbers, and of other types."""

import torch

from ..draw import FLOATS, INTEGERS, PLAIN
from ..reasons import FEW_DIMENSIONS
from ..trial import Bound, Trial, compares


def made(draw, dtypes=PLAIN):
    """Keywords that functions which make tensors take."""
    settings = {}
    if draw.chance(0.6):
        settings["dtype"] = draw.choice(dtypes)
    if draw.chance(0.2):
        settings["requires_grad"] = False
    return settings


def sizes_of(draw, name, shape):
    """Sizes one by one, or as one sequence."""
    return list(shape) if draw.chance(0.5) and shape else [draw.choice((tuple, list))(shape)]


def _zeros(name, make):
    """What is called empty is defined here only: as zeros."""
    return make if "empty" in name else None


@compares("torch.zeros", "torch.ones", "torch.empty")
def filled(draw, name):
    shape, settings = draw.shape(), made(draw)
    args = sizes_of(draw, name, shape)
    return Trial(*args, settings=settings, expect=_zeros(name, lambda: torch.zeros(*args, **settings)))


@compares("torch.full")
def full(draw, name):
    return Trial(draw.shape(), draw.number("bifl"), settings=made(draw))


@compares("torch.zeros_like", "torch.ones_like")
def filled_like(draw, name):
    data, settings = draw.plain(draw.shape()), made(draw)
    return Trial(data, settings=settings, expect=_zeros(name, lambda: torch.zeros_like(data, **settings)))


@compares("torch.full_like")
def full_like(draw, name):
    return Trial(draw.plain(draw.shape()), draw.number("bifl"), settings=made(draw))


@compares("torch.Tensor.new_zeros", "torch.Tensor.new_ones")
def new_filled(draw, name):
    data, settings = draw.plain(draw.shape()), made(draw)
    args = sizes_of(draw, name, draw.shape(1))
    return Trial(data, *args, settings=settings, expect=_zeros(name, lambda: data.new_zeros(*args, **settings)))


@compares("torch.Tensor.new_full")
def new_full(draw, name):
    return Trial(draw.plain(draw.shape()), draw.shape(), draw.number(), settings=made(draw))


@compares("torch.Tensor.zero_")
def zero(draw, name):
    return Trial(draw.plain(draw.shape()))


@compares("torch.Tensor.fill_")
def fill(draw, name):
    number = draw.number("bifl") if draw.chance(0.7) else draw.plain([], special=0)
    return Trial(draw.plain(draw.shape()), number)


# PyTorch counts on from the first of every few steps, and so rounds otherwise.
STEPS = Bound(ulps=2, part=1e-7)


@compares("torch.arange")
def arange(draw, name):
    dtypes = FLOATS[:2] + INTEGERS
    settings = made(draw, dtypes)
    number = draw.int if draw.chance(0.6) else lambda low, high: round(draw.float(low, high), 2)
    if draw.chance(0.3):
        return Trial(number(-1 if draw.chance(0.05) else 0, 12), settings=settings)
    start = number(-5, 5)
    end = start + number(-1 if draw.chance(0.05) else 0, 12)
    if draw.chance(0.4):
        return Trial(start, end, settings=settings, bound=STEPS)
    step = draw.choice((1, 2, 3, 0.5, 0.1, -1 if draw.chance(0.2) else 1, 0 if draw.chance(0.05) else 1))
    if step < 0:
        start, end = end, start
    return Trial(start, end, step, settings=settings, bound=STEPS)


@compares("torch.linspace")
def linspace(draw, name):
    steps = draw.int(-1 if draw.chance(0.03) else 0, 12)
    return Trial(draw.float(-5, 5), draw.float(-5, 5), steps, settings=made(draw, FLOATS[:2]),
                 bound=Bound(ulps=2, part=2e-7))


@compares("torch.eye")
def eye(draw, name):
    args = [draw.int(-1 if draw.chance(0.03) else 0, 5) for _ in range(draw.int(1, 2))]
    return Trial(*args, settings=made(draw))


@compares("torch.tril", "torch.triu")
def triangle(draw, name):
    data = draw.plain(draw.shape(1 if draw.chance(0.05) else 2))
    settings = {"diagonal": draw.int(-4, 4)} if draw.chance(0.6) else {}
    return Trial(data, settings=settings, tolerated=[FEW_DIMENSIONS])


def _nested(draw, shape, kinds):
    if not shape:
        return draw.number(kinds)
    return [_nested(draw, shape[1:], kinds) for _ in range(shape[0])]


@compares("torch.tensor")
def tensor(draw, name):
    settings = made(draw)
    settings.pop("requires_grad", None)
    data = _nested(draw, draw.shape(0, 3, 3), draw.choice(("b", "i", "f", "if", "bl")))
    if draw.chance(0.1):
        data = _convertible(draw, draw.shape(), settings.get("dtype"))
    return Trial(data, settings=settings)


@compares("torch.scalar_tensor")
def scalar_tensor(draw, name):
    return Trial(draw.number("bifl") if draw.chance(0.95) else [1], settings=made(draw))


def _convertible(draw, shape, target):
    """What is beyond the type is undefined in PyTorch."""
    holds_all = target is not None and (target.is_floating_point or target == torch.bool)
    data = draw.plain(shape, special=0.3 if holds_all else 0)
    if target in INTEGERS and data.is_floating_point():
        low, high = torch.iinfo(target).min, torch.iinfo(target).max
        return data.float().clamp(max(low, -1e9), min(high, 1e9)).to(data.dtype) if data.dtype not in (
            torch.float16, torch.bfloat16) else data.float().clamp(max(low, -100), 100).to(data.dtype)
    return data


TYPES = {"float": torch.float32, "double": torch.float64, "half": torch.float16, "bfloat16": torch.bfloat16,
         "int": torch.int32, "long": torch.int64, "short": torch.int16, "char": torch.int8, "byte": torch.uint8,
         "bool": torch.bool}


@compares(*("torch.Tensor." + name for name in TYPES))
def fixed_type(draw, name):
    return Trial(_convertible(draw, draw.shape(), TYPES[name.rsplit(".", 1)[1]]))


@compares("torch.Tensor.to", "torch.Tensor.type")
def to(draw, name):
    target = draw.choice(PLAIN)
    data = _convertible(draw, draw.shape(), target)
    if name.endswith("type"):
        return Trial(data, target)
    how = draw.int(0, 5)
    if how == 0:
        return Trial(data, settings={"dtype": target, "copy": draw.chance(0.5)})
    if how == 1:
        return Trial(data, draw.plain([1], (target,), 0))
    if how == 2:
        return Trial(data, "cpu", target)
    if how == 3:
        return Trial(data, "cpu")
    if how == 4:
        return Trial(data, settings={"device": "cpu", "dtype": target, "non_blocking": True})
    return Trial(data, target)


@compares("torch.Tensor.type_as")
def type_as(draw, name):
    target = draw.choice(PLAIN)
    return Trial(_convertible(draw, draw.shape(), target), draw.plain([2], (target,), 0))


@compares("torch.Tensor.where")
def where(draw, name):
    shape = draw.shape()
    left, right = draw.plain(shape), draw.plain(draw.broadcast(shape))
    return Trial(left, draw.bools(draw.broadcast(shape)), right)
