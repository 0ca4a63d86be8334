# SPDX-License-Identifier: LGPL-2.1-or-later
"""Indices as Python writes them, read and written."""

import torch

from ..draw import INTEGERS
from ..trial import Trial, compares, copy
from .shape import anything


INT32 = ("PyTorch 1.13 takes no indices of int32, which newer ones do",
         lambda ours, theirs: ours.error is None and "must be long, byte or bool" in theirs.text)
COPY = ("PyTorch copies no bytes into what does not lie together",
        lambda ours, theirs: ours.error is None and "Quantized copy only works" in theirs.text)


def _slice(draw, size):
    ends = (None, None, 0, 1, -1, 2, -2, size, size + 2, -size - 1)
    step = 0 if draw.chance(0.02) else draw.choice((None, None, 1, 2, 3))
    return slice(draw.choice(ends), draw.choice(ends), step)


def _index_tensor(draw, size, shape):
    """Of integers, out of range now and then."""
    low, high = -size, size - 1
    if size == 0 or draw.chance(0.02):
        low, high = low - 1, high + 1
    return draw.integers(shape, torch.int64 if draw.chance(0.98) else torch.int32, low, high)


def _part(draw, size, common):
    """An index of one dimension."""
    kind = draw.int(0, 9)
    if kind < 3:
        return draw.int(-size, size - 1) if size and draw.chance(0.97) else size
    if kind < 7:
        return _slice(draw, size)
    if kind < 9:
        return _index_tensor(draw, size, common if draw.chance(0.8) else [1])
    return [draw.int(-size, size - 1) if size else 0 for _ in range(common[-1] if common else 1)]


def index_of(draw, shape):
    """For a tensor of that shape."""
    parts, d = [], 0
    common = draw.choice(([2], [3], [1], [2, 2], [])) if draw.chance(0.95) else [0]
    taken = draw.int(0, len(shape))
    while d < taken:
        if draw.chance(0.2) and d + 2 == taken:
            # Only as the last one: what follows a mask of several dimensions, PyTorch takes for one of them.
            parts.append(draw.bools(shape[d:d + 2]))
            return parts[0] if len(parts) == 1 and draw.chance(0.7) else tuple(parts)
        elif draw.chance(0.08):
            parts.append(draw.bools(shape[d:d + 1] if draw.chance(0.97) else [shape[d] + 1]))
            d += 1
        else:
            parts.append(_part(draw, shape[d], common))
            d += 1
    if draw.chance(0.3):
        parts.insert(draw.int(0, len(parts)), Ellipsis)
    if draw.chance(0.2):
        parts.insert(draw.int(0, len(parts)), None)
    if draw.chance(0.02):
        parts.append(0)
    return parts[0] if len(parts) == 1 and draw.chance(0.7) else tuple(parts)


@compares("operator.getitem")
def getitem(draw, name):
    if draw.chance(0.15) and name == "operator.getitem":
        items = draw.choice((list, tuple))(draw.shape(1, 5))
        return Trial(items, draw.int(-len(items), len(items)) if draw.chance(0.5) else _slice(draw, len(items)))
    data = anything(draw, draw.shape())
    return Trial(data, index_of(draw, list(data.shape)), tolerated=[INT32])


@compares("operator.setitem")
def setitem(draw, name):
    data = anything(draw, draw.shape(), 0.2)
    index = index_of(draw, list(data.shape))
    value = draw.number("bih" if data.is_floating_point() and not data.is_quantized else "bifl")
    if data.is_quantized or draw.chance(0.6):
        try:
            shape = list(data[copy(index)].shape)
        except (IndexError, ValueError, RuntimeError, TypeError):
            shape = [1]
        first = draw.int(0, len(shape)) if draw.chance(0.3) else 0
        shape = [1 if draw.chance(0.2) else size for size in shape[first:]]
        if draw.chance(0.03):
            shape = shape + [2]
        if data.is_quantized:
            value = draw.quantized(shape, data.dtype, data.q_scale(), data.q_zero_point())
        else:
            value = draw.plain(shape, (data.dtype,) if draw.chance(0.7) else INTEGERS + (torch.float32,), 0)

    def written():
        result = data.clone()
        result[copy(index)] = copy(value)
        return result

    # Which of several values for the same element is kept, nobody says.
    return Trial(data, index, value, expect=written, tolerated=[NARROW, COPY]) if not _repeats(data, index) else None


NARROW = ("PyTorch writes by tensors of indices only with int64 and values of the tensor's own type",
          lambda ours, theirs: ours.error is None and
          ("Index put requires" in theirs.text or "must be long, byte or bool" in theirs.text))


def _repeats(data, index):
    """Whether an index names an element twice."""
    try:
        places = torch.arange(data.numel()).reshape(data.shape)[copy(index)]
    except (IndexError, ValueError, RuntimeError, TypeError):
        return False
    return len(torch.unique(places)) != places.numel()


@compares("torch.select")
def select(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.05) else 1))
    dim = draw.dim(data.dim())
    size = data.shape[dim] if data.dim() and -data.dim() <= dim < data.dim() else 1
    return Trial(data, dim, draw.dim(size))


@compares("torch.narrow")
def narrow(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.05) else 1, size=8))
    dim = draw.dim(data.dim())
    size = data.shape[dim] if data.dim() and -data.dim() <= dim < data.dim() else 1
    start = draw.int(-size, size)
    most = max(size - (start if start >= 0 else start + size), 0)
    length = draw.int(0, most) if draw.chance(0.95) else draw.choice((-1, size + 1))
    return Trial(data, dim, start, length)
