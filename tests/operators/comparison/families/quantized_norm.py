# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batch, layer, group and instance norm of bytes."""

import numpy
import torch

from .. import rules
from ..draw import BYTES
from ..names import resolve
from ..reasons import EMPTY, both, one_pixel, one_step
from ..trial import Trial, compares
from .norm import affine, image, statistics
from .quantized_activation import output

F32 = numpy.float32


def _channels(values, ndim):
    return values.numpy().reshape([-1] + [1] * (ndim - 2))


@compares("torch.ops.quantized.batch_norm", "torch.ops.quantized.batch_norm1d", "torch.ops.quantized.batch_norm2d",
          "torch.ops.quantized.batch_norm3d", "torch.ops.quantized.batch_norm_relu", "torch.ops.quantized.batch_norm1d_relu",
          "torch.ops.quantized.batch_norm2d_relu", "torch.ops.quantized.batch_norm3d_relu",
          "torch.ao.nn.quantized.BatchNorm2d", "torch.ao.nn.quantized.BatchNorm3d",
          "torch.ao.nn.intrinsic.quantized.BNReLU2d", "torch.ao.nn.intrinsic.quantized.BNReLU3d")
def batch_norm(draw, name):
    relu = "relu" in name.lower()
    plain = name.replace("_relu", "")
    n_spatial = int(plain[-2]) if plain[-1] == "d" else draw.int(1, 3)
    if plain.endswith("1d") and draw.chance(0.4):
        n_spatial = 0
    shape = image(draw, n_spatial)
    dtype = draw.choice(BYTES)
    data, n = draw.quantized(shape, dtype), shape[1]
    own, values = affine(draw, [n], True), statistics(draw, n)
    eps = draw.choice((1e-5, 1e-3, 0.1))
    scale, zero_point = output(draw, dtype)
    gamma, beta = own["weight"], own["bias"]

    def rule():
        r = F32(1) / numpy.sqrt(values["running_var"].numpy() + F32(eps))
        a = (r * gamma.numpy()) * (F32(data.q_scale()) / F32(scale))
        b = (beta.numpy() - (values["running_mean"].numpy() * r) * gamma.numpy()) / F32(scale)
        a, b = (_channels(torch.from_numpy(values), data.dim()) for values in (a, b))
        steps = a * rules.centred(data).astype(F32) + b
        return rules.Steps(steps, scale, zero_point, dtype, zero_point if relu else None)

    if name.startswith("torch.ops"):
        return Trial(data, own["weight"], own["bias"], values["running_mean"], values["running_var"], eps, scale,
                     zero_point, rule=rule, tolerated=[EMPTY])

    def module():
        norm = resolve(name)(n, eps)
        for key, value in {"weight": gamma, "bias": beta, **values}.items():
            getattr(norm, key).copy_(value)
        norm.scale, norm.zero_point = torch.tensor(scale), torch.tensor(zero_point)
        return norm(data)

    return Trial(data, expect=module, rule=rule, tolerated=[EMPTY],
                 ours=((data,), {"weight": gamma, "bias": beta, **values, "eps": eps, "scale": scale,
                                 "zero_point": zero_point}))


def _normalized(data, group_shape, gamma, beta, eps, scale, zero_point):
    """gamma and beta broadcast with the data; groups are rows of group_shape."""
    x = rules.centred(data).reshape(group_shape)
    axes = tuple(range(1, x.ndim))
    n = x[0].size
    mean = x.sum(axes, keepdims=True) / numpy.float64(n)
    var = numpy.maximum((x * x).sum(axes, keepdims=True) / numpy.float64(n) - mean * mean, 0.0)
    s = numpy.float64(data.q_scale())
    r = s / numpy.sqrt(var * (s * s) + eps)
    y = ((x.astype(F32) - mean.astype(F32)) * r.astype(F32)).reshape(tuple(data.shape))
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return rules.quantize(y, scale, zero_point, data.dtype)


def _cancelling(rule, data, group_shape, eps):
    """PyTorch takes the zero point from sums that are float32: what their difference is off by, next to the
    variance, moves the result."""
    def condition(ours, theirs):
        if rule is None or not both(ours, theirs):
            return False
        x = rules.centred(data).reshape(group_shape)
        var = x.var(tuple(range(1, x.ndim)), keepdims=True) + eps / data.q_scale()**2
        off = numpy.broadcast_to(2e-7 * 2**16 / var, x.shape).reshape(tuple(data.shape))
        a, b = (side.value.data.astype(numpy.float64) for side in (ours, theirs))
        steps = numpy.abs(numpy.asarray(rule().values, numpy.float64))
        return bool(numpy.all(numpy.abs(a - b) <= 1 + off * (steps + 255)))
    return "PyTorch takes the zero point from sums of float32, which cancel", condition


def _parameters(own):
    """Modules of a weight or none and a bias or none."""
    return [None if own[key] is None else torch.nn.Parameter(own[key], False) for key in ("weight", "bias")]


def _trial(name, data, leading, own, eps, scale, zero_point, rule, build, settings, tolerated=()):
    tolerated = [one_step(rule), *tolerated]
    if name.startswith("torch.ops"):
        return Trial(data, *leading, own["weight"], own["bias"], eps, scale, zero_point, rule=rule,
                     tolerated=tolerated)
    return Trial(data, expect=lambda: build(scale, zero_point)(data), rule=rule, tolerated=tolerated,
                 ours=((data,), {**settings, **own, "eps": eps, "scale": scale, "zero_point": zero_point}))


@compares("torch.ops.quantized.layer_norm", "torch.ao.nn.quantized.LayerNorm")
def layer_norm(draw, name):
    shape = draw.shape(1)
    n = draw.int(1, len(shape))
    dtype = draw.choice(BYTES)
    data, normalized = draw.quantized(shape, dtype), shape[-n:]
    own = affine(draw, normalized)
    eps = draw.choice((1e-5, 1e-3))
    scale, zero_point = output(draw, dtype)
    gamma, beta = (None if value is None else value.numpy() for value in (own["weight"], own["bias"]))
    rule = None if 0 in shape else lambda: _normalized(data, [-1] + normalized, gamma, beta, eps, scale, zero_point)
    build = lambda s, z: torch.ao.nn.quantized.LayerNorm(normalized, *_parameters(own), s, z, eps)   # noqa: E731
    return _trial(name, data, [normalized], own, eps, scale, zero_point, rule, build,
                  {"normalized_shape": normalized}, [_cancelling(rule, data, [-1] + normalized, eps)])


@compares("torch.ops.quantized.group_norm", "torch.ao.nn.quantized.GroupNorm", "torch.ops.quantized.instance_norm",
          "torch.ao.nn.quantized.InstanceNorm1d", "torch.ao.nn.quantized.InstanceNorm2d",
          "torch.ao.nn.quantized.InstanceNorm3d")
def group_norm(draw, name):
    instance = "nstance" in name
    n_spatial = int(name[-2]) if name[-1] == "d" else draw.int(1, 3)
    shape = image(draw, n_spatial)
    groups = shape[1] if instance else draw.size(3)
    if not instance:
        shape[1] = groups * draw.size(3)
    dtype = draw.choice(BYTES)
    data, n = draw.quantized(shape, dtype), shape[1]
    own = affine(draw, [n])
    eps = draw.choice((1e-5, 1e-3))
    scale, zero_point = output(draw, dtype)
    gamma, beta = (None if own[key] is None else _channels(own[key], data.dim()) for key in ("weight", "bias"))
    rows = [shape[0] * groups, shape[1] // groups] + shape[2:]
    rule = None if 0 in shape else lambda: _normalized(data, rows, gamma, beta, eps, scale, zero_point)

    def build(s, z):
        if instance:
            return resolve(name)(n, *_parameters(own), s, z, eps)
        return torch.ao.nn.quantized.GroupNorm(groups, n, *_parameters(own), s, z, eps)

    return _trial(name, data, [] if instance else [groups], own, eps, scale, zero_point, rule, build,
                  {} if instance else {"num_groups": groups},
                  [one_pixel(data, 1), _cancelling(rule, data, rows, eps)])
