# SPDX-License-Identifier: LGPL-2.1-or-later
"""The integer rules of the numerics in NumPy, operation by operation in float32."""

import numpy
import torch

from .draw import LIMITS

F32 = numpy.float32
_STORAGE = {torch.quint8: numpy.uint8, torch.qint8: numpy.int8, torch.qint32: numpy.int32}


class Steps:
    """Integers before they are rounded: what they are in steps of the scale, less the zero point.

    scale   what one step stands for
    exact   that every operation on the way is one that IEEE 754 defines, so that nothing but the rounded
            value will do; otherwise the value is off by a few units in the last place, and where it is
            a tie to within that, either neighbour is right
    """

    def __init__(self, values, scale, zero_point, dtype, low=None, exact=True):
        limits = LIMITS[dtype]
        self.values = numpy.asarray(values)
        self.scale = scale
        self.zero_point = zero_point
        self.low = limits[0] if low is None else low
        self.high = limits[1]
        self.exact = exact
        self.storage = _STORAGE[dtype]

    def integers(self):
        lowest, highest = F32(self.low - self.zero_point), F32(self.high - self.zero_point)
        values = numpy.where(numpy.isnan(self.values), F32(0), self.values)
        values = numpy.rint(numpy.clip(values, lowest, highest)).astype(numpy.int64) + self.zero_point
        return numpy.clip(values, self.low, self.high).astype(self.storage)

    def ties(self):
        """Where the value lies within a thousandth of a step of the middle between two integers."""
        values = numpy.nan_to_num(numpy.asarray(self.values, numpy.float64), nan=0.0, posinf=1e9, neginf=-1e9)
        near = numpy.abs(numpy.abs(values - numpy.floor(values)) - 0.5)
        return near <= 1e-3 + 1e-6 * numpy.abs(values)


class Integers(Steps):
    """What the integers are, whatever they stand for."""

    def __init__(self, integers):
        self.expected = self.values = integers
        self.storage = integers.dtype
        self.scale, self.exact = None, True

    def integers(self):
        return self.expected

    def ties(self):
        return numpy.zeros(self.expected.shape, bool)


def quantize(floats, scale, zero_point, dtype=torch.quint8, low=None, exact=True):
    """x * (1 / s) in float32, to be rounded before the zero point is added."""
    with numpy.errstate(all="ignore"):
        values = numpy.asarray(floats, F32) * (F32(1) / F32(scale))
    return Steps(values, scale, zero_point, dtype, low, exact)


def dequantize(tensor):
    """The floats of a quantized tensor: (q - z) * s in float32."""
    q = numpy.asarray(tensor.int_repr().numpy().astype(numpy.int32))
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return numpy.asarray((q - numpy.int32(tensor.q_zero_point())).astype(F32) * F32(tensor.q_scale()))
    shape = [1] * q.ndim
    shape[tensor.q_per_channel_axis()] = -1
    zeros = tensor.q_per_channel_zero_points().numpy().astype(numpy.int32).reshape(shape)
    scales = tensor.q_per_channel_scales().numpy().astype(F32).reshape(shape)
    return (q - zeros).astype(F32) * scales


def centred(tensor):
    """q - z as int64."""
    q = numpy.asarray(tensor.int_repr().numpy().astype(numpy.int64))
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return q - tensor.q_zero_point()
    shape = [1] * q.ndim
    shape[tensor.q_per_channel_axis()] = -1
    return q - tensor.q_per_channel_zero_points().numpy().reshape(shape)


def weight_scales(weight):
    """One for each output, or one for all."""
    if weight.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return numpy.array([weight.q_scale()], F32)
    return weight.q_per_channel_scales().numpy().astype(F32)


def apply(function, tensor, scale, zero_point, low=None):
    """A float function of dequantized values, quantized: in float64, so that it is almost exact."""
    with numpy.errstate(all="ignore"):
        floats = function(torch.from_numpy(dequantize(tensor)).double())
    return quantize(floats.float().numpy(), scale, zero_point, tensor.dtype, low, exact=False)
