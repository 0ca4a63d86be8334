# SPDX-License-Identifier: LGPL-2.1-or-later
"""Padding, and attention."""

import torch

from ..reasons import HALF
from ..trial import Bound, Trial, compares, double
from .shape import anything

TO_NOTHING = ("PyTorch refuses to cut a tensor down to nothing",
              lambda ours, theirs: ours.error is None and ours.value.data.size == 0 and theirs.error is not None)


CUTS = ("PyTorch does not cut what is empty",
        lambda ours, theirs: ours.error is None and "Dimension out of range" in theirs.text)


def _sides(draw, n, sizes, mode):
    """Before and after, the last dimension first; negative ones cut."""
    sides = []
    for size in reversed(sizes[len(sizes) - n:]):
        most = max(size - 1, 0) if mode == "reflect" else size if mode == "circular" else 3
        for _ in range(2):
            # What is cut before it goes round PyTorch leaves undefined.
            least = -1 if draw.chance(0.15) and mode != "circular" else 0
            sides.append(draw.int(least, most) if draw.chance(0.97) else most + 1)
    return sides


@compares("torch.nn.functional.pad")
def pad(draw, name):
    mode = draw.choice(("constant", "constant", "reflect", "replicate", "circular"))
    if mode == "constant":
        data = anything(draw, draw.shape(0, 5), 0.25)
        n = draw.int(0, data.dim()) if draw.chance(0.97) else data.dim() + 1
        sides = _sides(draw, min(n, data.dim()), list(data.shape), mode) + [1, 1] * max(n - data.dim(), 0)
        settings = {} if draw.chance(0.4) else {"value": draw.choice((0.0, 1.0, -2.5, 3, None))}
        if draw.chance(0.3):
            settings["mode"] = mode
        if settings.get("value", 0.0) is None and name.startswith("torch._C"):
            settings["value"] = 0.0
        if not data.is_floating_point() and not data.is_quantized and settings.get("value"):
            settings["value"] = 1
        return Trial(data, draw.choice((tuple, list))(sides), settings=settings, tolerated=[TO_NOTHING, CUTS])
    n = draw.int(1, 3)
    batched = mode == "circular" or draw.chance(0.8)
    shape = ([draw.size(3)] if batched else []) + [draw.size(3)] + [draw.size(6) for _ in range(n)]
    data = anything(draw, shape, 0.1)
    return Trial(data, tuple(_sides(draw, n, shape, mode)), settings={"mode": mode}, tolerated=[TO_NOTHING])


PADS = ["torch.nn.%sPad%dd" % (kind, n) for kind in ("Constant", "Reflection", "Replication") for n in (1, 2, 3)]


@compares(*PADS)
def pads(draw, name):
    n = int(name[-2])
    mode = "reflect" if "Reflection" in name else "replicate" if "Replication" in name else "constant"
    shape = ([draw.size(3)] if draw.chance(0.8) else []) + [draw.size(3)] + [draw.size(6) for _ in range(n)]
    sides = _sides(draw, n, shape, mode)
    padding = tuple(sides) if draw.chance(0.7) else draw.int(0, min(min(shape[-n:]) - 1, 2))
    settings = {"padding": padding}
    if "Constant" in name:
        settings["value"] = draw.choice((0.0, 1.5, -2.0))
    data = anything(draw, shape, 0.1) if "Constant" not in name else draw.floats(shape)
    return Trial(data, settings=settings, tolerated=[TO_NOTHING])


@compares("torch.nn.CircularPad1d", "torch.nn.CircularPad2d", "torch.nn.CircularPad3d")
def circular_pads(draw, name):
    """PyTorch 1.13 has the function, not the modules."""
    n = int(name[-2])
    shape = [draw.size(3), draw.size(3)] + [draw.size(6) for _ in range(n)]
    data, sides = draw.floats(shape), tuple(_sides(draw, n, shape, "circular"))
    return Trial(data, expect=lambda: torch.nn.functional.pad(data, sides, "circular"),
                 ours=((data,), {"padding": sides}))


def _attention(query, key, value, mask, causal, scale):
    """PyTorch 1.13 has no such function of these arguments: this is its definition."""
    scale = max(query.shape[-1], 1) ** -0.5 if scale is None else scale
    scores = query.double() @ key.double().transpose(-2, -1) * scale
    if causal:
        mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape).double().masked_fill(~mask, float("-inf"))
    scores = scores if mask is None else scores + mask.double()
    return (torch.softmax(scores, -1) @ value.double()).to(query.dtype)


@compares("torch.nn.functional.scaled_dot_product_attention")
def attention(draw, name):
    batch = draw.shape(0, 2, 3)
    queries, keys, size, width = draw.size(5), draw.size(5), draw.size(8), draw.size(5)
    query = draw.floats(batch + [queries, size], special=0, spread=1.0)
    key = draw.floats(batch + [keys, size], special=0, spread=1.0)
    value = draw.floats(batch + [keys, width], special=0, spread=1.0)
    settings, causal, scale = {}, False, None
    form = draw.int(0, 3)
    if form == 1:
        mask = draw.bools([queries, keys], 0.7)
        mask[:, 0] = True
        settings["attn_mask"] = mask
    elif form == 2:
        settings["attn_mask"] = draw.floats(draw.choice(([queries, keys], batch + [queries, keys])), special=0)
    elif form == 3:
        causal = settings["is_causal"] = True
    if draw.chance(0.3):
        scale = settings["scale"] = draw.choice((1.0, 0.5))
    return Trial(query, key, value, settings=settings, bound=Bound(ulps=8, part=4e-6, precise=double),
                 tolerated=[HALF],
                 expect=lambda: _attention(query, key, value, settings.get("attn_mask"), causal, scale))
