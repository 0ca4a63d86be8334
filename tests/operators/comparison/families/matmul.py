# SPDX-License-Identifier: LGPL-2.1-or-later
"""Products of float matrices."""

import torch

from ..draw import FLOATS, INTEGERS
from ..reasons import TIMES_0, UNTYPED
from ..trial import Bound, Trial, compares, double

# float32 sums in another order: a part of the largest result, and of the terms if they cancel.
def bound_for(*operands, terms=1):
    largest = 1.0
    for operand in operands:
        finite = operand[operand.isfinite()].abs() if operand.numel() else operand
        largest *= float(finite.max()) if finite.numel() else 0.0
    return Bound(ulps=2, part=1e-6, absolute=min(3e-7 * largest * terms, 1e30), double=1000, precise=double)


def product(draw, name, left, right, settings=None, added=None):
    """As function or method: (added, left, right) or (left, right)."""
    terms = max(left.shape[-1] if left.dim() else 1, 1)
    args = (left, right) if added is None else (added, left, right)
    if all(operand.is_floating_point() for operand in args):
        bound = bound_for(left.double(), right.double(), terms=4 * terms)
    else:
        bound = Bound()
    if added is not None:
        finite = added.double().abs().nan_to_num(0, 0, 0)
        bound.absolute += 1e-6 * float(finite.max()) if added.numel() else 0
    nothing = (UNTYPED[0], lambda ours, theirs: "has the dtype" in ours.text and 0 in (left.numel(), right.numel()))
    return Trial(*args, settings=settings, bound=bound, tolerated=[UNTYPED, nothing])


def _dtypes(draw):
    return (torch.float32,) if draw.chance(0.8) else FLOATS[:2] if draw.chance(0.7) else INTEGERS


def _pair(draw, left_shape, right_shape):
    dtypes = _dtypes(draw)
    left = draw.plain(left_shape, dtypes, 0.1, huge=False)
    return left, draw.plain(right_shape, (left.dtype,) if draw.chance(0.95) else dtypes, 0.1, huge=False)


@compares("torch.matmul")
def matmul(draw, name):
    k = draw.size(8) if draw.chance(0.95) else 0
    other = k if draw.chance(0.97) else k + 1
    batch = draw.shape(0, 2, 3)
    left = [k] if draw.chance(0.15) else batch + [draw.size(), k]
    other_batch = draw.broadcast(batch) if draw.chance(0.5) else []
    right = [other] if draw.chance(0.15) else other_batch + [other, draw.size()]
    if draw.chance(0.02):
        left = []
    return product(draw, name, *_pair(draw, left, right))


@compares("torch.mm", "torch.bmm")
def plain(draw, name):
    batch = [draw.size(3)] if "bmm" in name else []
    n, k, m = draw.size(), draw.size(9), draw.size()
    if draw.chance(0.06):
        n, k, m = draw.choice(((0, k, m), (n, 0, m), (n, k, 0)))
    other = list(batch) if draw.chance(0.96) else batch + [2]
    return product(draw, name, *_pair(draw, batch + [n, k], other + [k if draw.chance(0.97) else k + 1, m]))


@compares("torch.addmm", "torch.baddbmm")
def added(draw, name):
    batch = [draw.size(3)] if "bmm" in name else []
    n, k, m = draw.size(), draw.size(9), draw.size()
    left, right = _pair(draw, batch + [n, k], batch + [k if draw.chance(0.97) else k + 1, m])
    shape = draw.broadcast(batch + [n, m])
    bias = draw.plain(shape[-len(batch) - 2:], (left.dtype,), 0.1, huge=False)
    settings = {"beta": draw.choice((1, 0, 0.5)), "alpha": draw.choice((1, 2, -0.5))} if draw.chance(0.5) else {}
    if not left.is_floating_point():
        settings = {key: int(value) for key, value in settings.items()}
    trial = product(draw, name, left, right, settings, bias)
    if settings.get("beta") == 0:
        trial.tolerated.append(TIMES_0)
    return trial


@compares("torch.bilinear")
def bilinear(draw, name):
    left, right, out = draw.size(), draw.size(), draw.int(0, 4) if draw.chance(0.1) else draw.size(4)
    rows = draw.shape(0, 2, 4)
    dtypes = (torch.float32,) if draw.chance(0.8) else FLOATS[:2]
    x1 = draw.plain(rows + [left], dtypes, 0.1, huge=False)
    other = draw.broadcast(rows) if draw.chance(0.05) else rows
    x2 = draw.plain(other + [right + (1 if draw.chance(0.03) else 0)], (x1.dtype,), 0.1, huge=False)
    weight = draw.plain([out, left, right], (x1.dtype,) if draw.chance(0.96) else FLOATS[:2], 0, huge=False)
    bias = draw.maybe(draw.plain([out + (1 if draw.chance(0.03) else 0)], (x1.dtype,), 0, huge=False))
    bound = bound_for(x1.double(), x2.double(), weight.double(), terms=4 * left * right)
    if bias is not None and bias.numel():
        bound.absolute += 1e-6 * float(bias.abs().max())
    tensors = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    if name == "torch.nn.Bilinear":
        return Trial(expect=lambda: torch.nn.functional.bilinear(x1, x2, **tensors), ours=((x1, x2), tensors), bound=bound,
                     tolerated=[UNTYPED])
    return Trial(x1, x2, settings=tensors, bound=bound, tolerated=[UNTYPED])
