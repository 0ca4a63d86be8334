# SPDX-License-Identifier: LGPL-2.1-or-later
"""What torchvision's Swin transformers call by the names of its own functions."""

import torch

from ..trial import Bound, Trial, compares, double
from .matmul import bound_for

SWIN = "torchvision.models.swin_transformer."


def _real(draw):
    return torch.float64 if draw.chance(0.3) else torch.float32


@compares(SWIN + "shifted_window_attention")
def shifted_window_attention(draw, name):
    heads, dtype = draw.int(1, 3), _real(draw)
    channels = heads * draw.int(1, 4) + (1 if draw.chance(0.03) and heads > 1 else 0)
    window = [draw.int(1, 4), draw.int(1, 4)]
    shift = [size // 2 for size in window] if draw.chance(0.7) else [draw.int(0, size) for size in window]
    places = window[0] * window[1]

    def floats(*shape):
        return draw.floats(shape, dtype, special=0, spread=1.0)

    data = floats(draw.int(1, 2), draw.int(1, 9), draw.int(1, 9), channels)
    settings = {"attention_dropout": 0.0, "dropout": 0.0} if draw.chance(0.5) else {}
    if draw.chance(0.8):
        settings.update(qkv_bias=floats(3 * channels), proj_bias=floats(channels))
    if draw.chance(0.4):
        settings["logit_scale"] = floats(heads, 1, 1) * 3
    bound = Bound(ulps=8, part=1e-5, absolute=bound_for(data, data, terms=1e3).absolute, double=1000, precise=double)
    return Trial(data, floats(3 * channels, channels), floats(channels, channels), floats(1, heads, places, places),
                 window, heads, shift, settings=settings, bound=bound)


@compares(SWIN + "_get_relative_position_bias")
def relative_position_bias(draw, name):
    window, heads = [draw.int(1, 4), draw.int(1, 4)], draw.int(1, 3)
    rows = (2 * window[0] - 1) * (2 * window[1] - 1)
    index = draw.integers([(window[0] * window[1]) ** 2 + (1 if draw.chance(0.03) else 0)], torch.int64, 0, rows - 1)
    return Trial(draw.floats([rows, heads], _real(draw)), index, window)


@compares(SWIN + "_patch_merging_pad")
def patch_merging_pad(draw, name):
    return Trial(draw.floats(draw.shape(3 if draw.chance(0.95) else 2, 4, 7, empty=False), _real(draw)))
