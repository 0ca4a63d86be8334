# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batch, layer, group and instance norm of floats."""

import torch

from ..draw import FLOATS
from ..reasons import EMPTY, HALF
from ..trial import Bound, Trial, compares, double

NORM = Bound(ulps=4, part=4e-6, absolute=4e-6, double=1000, precise=double)


def bound_for(data, weight, eps, variance=0.0):
    """PyTorch's means and variances are float32: x - mean is off by a part of x, over the deviation, of
    which the least is given."""
    finite = data[data.isfinite()].abs().double()
    largest = float(finite.max()) if finite.numel() else 0.0
    gamma = float(weight.abs().max()) if weight is not None and weight.numel() else 1.0
    return Bound(ulps=4, part=4e-6, absolute=4e-6 + 4e-7 * largest * max(gamma, 1) / (variance + eps)**0.5, double=1000,
                 precise=double)


def affine(draw, n, always=False, dtype=torch.float32):
    """weight and bias, or one of them, or none."""
    given = always or draw.chance(0.7)
    weight = draw.floats(n, dtype, special=0, spread=1.0) if given else None
    bias = draw.floats(n, dtype, special=0, spread=1.0) if given or draw.chance(0.1) else None
    return {"weight": weight, "bias": bias}


def statistics(draw, n, dtype=torch.float32):
    return {"running_mean": draw.floats([n], dtype, special=0, spread=1.0),
            "running_var": draw.floats([n], dtype, special=0, spread=1.0).abs()}


def image(draw, n_spatial, batched=True):
    """(batch, channels, spatial)."""
    shape = [draw.size(3)] if batched else []
    shape += [draw.size(5)] + [draw.size(4) for _ in range(n_spatial)]
    if draw.chance(0.04) and batched:
        shape[0] = 0
    return shape


def _real(draw):
    return torch.float64 if draw.chance(0.3) else torch.float32


def _floats(draw, shape):
    dtypes = (_real(draw),) if draw.chance(0.85) else FLOATS
    return draw.plain(shape, dtypes, special=0.05, huge=False)


@compares("torch.nn.functional.batch_norm", "torch.batch_norm", "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d",
          "torch.nn.BatchNorm3d")
def batch_norm(draw, name):
    n_spatial = int(name[-2]) if name[-1] == "d" else draw.int(0, 3)
    if name.endswith("1d") and draw.chance(0.4):
        n_spatial = 0
    if draw.chance(0.03):
        n_spatial += 1
    shape = image(draw, n_spatial)
    n = shape[1] + (1 if draw.chance(0.03) and shape[0] else 0)
    dtype = _real(draw)
    data, values = draw.floats(shape, dtype, special=0.05, huge=False), statistics(draw, n, dtype)
    eps = draw.choice((1e-5, 1e-3, 0.1))
    if name.startswith("torch.nn.Batch"):
        own = affine(draw, n, True, dtype)
        return Trial(data, expect=lambda: _module(name, data, {**values, **own}, eps),
                     ours=((data,), {**values, **own, "eps": eps}),
                     bound=NORM, tolerated=[HALF])
    own = affine(draw, n, dtype=dtype)
    training = draw.chance(0.2)
    # What one batch has only one of has no unbiased variance, and PyTorch updates the running one by it.
    if training and data.numel() <= (n if shape[0] else 0):
        training = False
    bound = NORM
    if training and data.numel() and data.dim() > 1:
        variances = data.double().transpose(0, 1).flatten(1).var(1, unbiased=False)
        bound = bound_for(data, own["weight"], eps, float(variances.nan_to_num(0, 0, 0).min()))
    if name == "torch.batch_norm":
        return Trial(data, own["weight"], own["bias"], values["running_mean"], values["running_var"], training, 0.1,
                     eps, False, bound=bound)
    return Trial(data, values["running_mean"], values["running_var"], own["weight"], own["bias"],
                 settings={"training": training, "eps": eps}, bound=bound)


def _module(name, data, values, eps):
    module = getattr(torch.nn, name.rsplit(".", 1)[1])(len(values["weight"]), eps, dtype=data.dtype)
    module.weight.copy_(values["weight"])
    module.bias.copy_(values["bias"])
    module.running_mean.copy_(values["running_mean"])
    module.running_var.copy_(values["running_var"])
    return module.eval()(data)


@compares("torch.nn.functional.layer_norm", "torch.layer_norm")
def layer_norm(draw, name):
    shape = draw.shape(1)
    n = draw.int(1, len(shape))
    normalized = shape[-n:] if draw.chance(0.97) else shape[-n:] + [2]
    own = affine(draw, normalized)
    eps = draw.choice((1e-5, 1e-3))
    data = _floats(draw, shape)
    if name == "torch.nn.LayerNorm" and own["weight"] is None:
        own["weight"] = torch.ones(normalized)
    own = {key: value.to(data.dtype) if value is not None else None for key, value in own.items()}
    if name == "torch.nn.LayerNorm":
        return Trial(data, settings={"normalized_shape": normalized, "eps": eps}, tensors=own,
                     bound=bound_for(data, own["weight"], eps), tolerated=[HALF])
    return Trial(data, normalized, own["weight"], own["bias"], eps, tolerated=[HALF],
                 bound=bound_for(data, own["weight"], eps))


@compares("torch.nn.functional.group_norm", "torch.group_norm")
def group_norm(draw, name):
    groups = draw.size(3)
    shape = image(draw, draw.int(0, 3))
    shape[1] = groups * draw.size(3) + (1 if draw.chance(0.03) else 0)
    dtype = _real(draw)
    own = affine(draw, [shape[1]], dtype=dtype)
    eps = draw.choice((1e-5, 1e-3))
    data = draw.floats(shape, dtype, special=0.05, huge=False)
    if name == "torch.nn.GroupNorm":
        own = own if own["weight"] is not None else {**own, "weight": torch.ones(shape[1], dtype=dtype)}
        return Trial(data, settings={"num_groups": groups, "eps": eps}, tensors=own,
                     bound=bound_for(data, own["weight"], eps),
                     expect=lambda: torch.nn.functional.group_norm(data, groups, own["weight"], own["bias"], eps))
    return Trial(data, groups, own["weight"], own["bias"], eps, bound=bound_for(data, own["weight"], eps))


@compares("torch.instance_norm")
def instance_norm_function(draw, name):
    shape = image(draw, draw.int(1, 3))
    n, eps, running = shape[1], draw.choice((1e-5, 1e-3)), draw.chance(0.3)
    dtype = _real(draw)
    data, own = draw.floats(shape, dtype, special=0.05, huge=False), affine(draw, [n], dtype=dtype)
    # PyTorch writes back the mean of as many copies as there are images: of few bits it is exact.
    values = {key: value.to(dtype) for key, value in statistics(draw, n, torch.float16).items()}
    mean, var = (values["running_mean"], values["running_var"]) if running else (None, None)
    return Trial(data, own["weight"], own["bias"], mean, var, not running, 0.1, eps, False,
                 bound=bound_for(data, own["weight"], eps), tolerated=[EMPTY])


@compares("torch.nn.functional.instance_norm", "torch.nn.InstanceNorm1d", "torch.nn.InstanceNorm2d",
          "torch.nn.InstanceNorm3d")
def instance_norm(draw, name):
    n_spatial = int(name[-2]) if name[-1] == "d" else draw.int(1, 3)
    unbatched = name[-1] == "d" and draw.chance(0.15)
    shape = image(draw, n_spatial, not unbatched)
    n = shape[0] if unbatched else shape[1]
    eps = draw.choice((1e-5, 1e-3))
    dtype = _real(draw)
    data, own = draw.floats(shape, dtype, special=0.05, huge=False), affine(draw, [n], dtype=dtype)
    values = statistics(draw, n, dtype)
    running = draw.chance(0.3)
    if name[-1] != "d":
        settings = {**own, "eps": eps}
        if running:
            settings.update(values, use_input_stats=False)
        return Trial(data, settings=settings, bound=bound_for(data, own["weight"], eps), tolerated=[EMPTY])

    def module():
        norm = getattr(torch.nn, name.rsplit(".", 1)[1])(n, eps, affine=own["bias"] is not None,
                                                         track_running_stats=running, dtype=dtype)
        for key, value in {**own, **(values if running else {})}.items():
            if value is not None:
                getattr(norm, key).copy_(value)
        return norm.eval()(data)

    if own["weight"] is None and own["bias"] is not None:
        own["weight"] = torch.ones(n, dtype=dtype)
    settings = {**own, "eps": eps, **({**values, "track_running_stats": True} if running else {})}
    return Trial(data, expect=module, ours=((data,), settings), tolerated=[EMPTY],
                 bound=bound_for(data, own["weight"], eps))
