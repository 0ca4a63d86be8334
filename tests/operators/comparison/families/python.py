# SPDX-License-Identifier: LGPL-2.1-or-later
"""What graphs take over from Python itself, and dropout, which mostly does nothing."""

import torch

from ..draw import FLOATS, PLAIN
from ..reasons import LARGE
from ..trial import Trial, compares
from .shape import anything


@compares("torch.Tensor.size")
def size(draw, name):
    data = anything(draw, draw.shape())
    return Trial(data) if draw.chance(0.4) else Trial(data, draw.dim(data.dim(), 0.06))


@compares("torch.Tensor.shape", "torch.Tensor.dim", "torch.numel", "torch.is_floating_point")
def properties(draw, name):
    return Trial(anything(draw, draw.shape()))


@compares("builtins.getattr")
def attribute(draw, name):
    data = anything(draw, draw.shape(1))
    key = draw.choice(("shape", "ndim", "dtype", "device", "is_quantized", "requires_grad", "data", "T", "mT"))
    return Trial(data, key)


@compares("builtins.len")
def length(draw, name):
    if name == "builtins.len" and draw.chance(0.4):
        return Trial(draw.choice((list, tuple))(draw.shape()))
    return Trial(anything(draw, draw.shape()))


def _number_or_tensor(draw, name):
    if name.startswith("builtins.") and draw.chance(0.4):
        return draw.number()
    return draw.plain(draw.choice(([], [1], [1, 1], [1, 1, 1], [2] if draw.chance(0.3) else [])), PLAIN)


@compares("builtins.int")
def to_int(draw, name):
    data = _number_or_tensor(draw, name)
    # PyTorch's own conversion of what an int64 cannot hold is undefined.
    if isinstance(data, torch.Tensor) and data.is_floating_point():
        data = data.float().nan_to_num(0, 1, -1).clamp(-1e4, 1e4).to(data.dtype)
    return Trial(data)


@compares("builtins.float")
def to_float(draw, name):
    return Trial(_number_or_tensor(draw, name))


@compares("math.floor")
def to_whole(draw, name):
    return Trial(_number_or_tensor(draw, "builtins"), tolerated=[LARGE])


@compares("builtins.bool")
def to_bool(draw, name):
    return Trial(_number_or_tensor(draw, name))


@compares("torch.Tensor.item")
def item(draw, name):
    return Trial(draw.plain(draw.choice(([], [1], [1, 1], [2])), PLAIN))


@compares("builtins.tuple")
def sequence(draw, name):
    return Trial(draw.choice((list, tuple))(draw.shape(0, 5)))


@compares("torch._assert")
def check(draw, name):
    if name == "torch._assert":
        return Trial(draw.choice((True, False, torch.tensor(True), torch.tensor(False))), "so it should be")
    # Its message is a newer argument.
    data = draw.plain([], (torch.bool, torch.int64, torch.float32))
    return Trial(data)


# What a function that drops at random says; PyTorch's results there are of no use.
RANDOM = ("we refuse to drop at random", lambda ours, theirs: "nobody could repeat" in ours.text)


def _dropping(draw):
    """(p, training): mostly out of training; in training mostly of nothing or of all."""
    if draw.chance(0.5):
        return draw.float(0, 1), False
    return (draw.choice((0, 0.0, 1, 1.0)) if draw.chance(0.8) else draw.choice((0.5, -0.1, 1.5))), True


@compares("torch.dropout")
def dropout(draw, name):
    return Trial(draw.plain(draw.shape(), FLOATS), *_dropping(draw), tolerated=[RANDOM])


@compares("torch.nn.functional.dropout", "torch.nn.Dropout")
def dropouts(draw, name):
    """A module is out of training."""
    spatial = next((int(letter) for letter in name if letter.isdigit()), None)
    if "eature" in name:
        spatial = 2
    low, high = (spatial + 1, spatial + 2) if spatial else (0, 4)
    data = draw.plain(draw.shape(low, high), PLAIN)
    if not name.startswith("torch.nn.functional"):
        return Trial(data, settings={"p": draw.float(0, 1)})
    p, training = _dropping(draw)
    return Trial(draw.plain(list(data.shape), FLOATS) if training else data,
                 settings={"p": p, "training": training}, tolerated=[RANDOM])


@compares("torchvision.ops.stochastic_depth.stochastic_depth")
def stochastic_depth(draw, name):
    p, training = _dropping(draw)
    mode = draw.choice(("batch", "row")) if draw.chance(0.95) else "column"
    return Trial(draw.plain(draw.shape(1), FLOATS), p, mode, training, tolerated=[RANDOM])


@compares("torchvision.ops.drop_block.drop_block2d")
def drop_block(draw, name):
    """All of it dropped leaves nothing to divide by."""
    p, training = draw.float(0, 1), False
    if draw.chance(0.5):
        p, training = draw.choice((0.0, 0.5, 1.5)), True
    n = int(name[-2]) + 2
    return Trial(draw.plain(draw.shape(n, n, empty=False), FLOATS), p, 1, settings={"training": training},
                 tolerated=[RANDOM])
