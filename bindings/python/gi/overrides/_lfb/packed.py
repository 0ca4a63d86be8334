# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packed weights, for the overrides of Lfb."""

from gi.module import get_introspection_module
from gi.overrides._lfb.arrays import to_buffer, to_tensor
from gi.overrides._lfb.export import attribute, export
from gi.overrides._lfb.values import to_dict, unpack

Lfb = get_introspection_module("Lfb")


def _applying(klass, name, dtype, bind):
    """The method of that name with arrays for tensors, and `out` for the form that writes into a buffer."""
    apply, apply_into = getattr(klass, name), getattr(klass, name + "_into")

    def method(self, input, *args, out=None, **kwargs):
        input, args = to_tensor(input), bind(*args, **kwargs)
        if out is None:
            return apply(self, input, *args)
        shape = None if isinstance(out, Lfb.Buffer) else self.get_output_shape(input.get_shape())
        apply_into(self, input, *args, to_buffer(out, dtype, shape))
        return out

    method.__name__ = name
    return method


def _static(klass, name):
    def bind(scale, zero_point=0):
        return scale, zero_point
    return _applying(klass, name, Lfb.DType.QUINT8, bind)


def _dynamic(klass, name):
    def bind(reduce_range=False):
        return (reduce_range,)
    return _applying(klass, name, Lfb.DType.FLOAT32, bind)


@export
class PackedLinear(Lfb.PackedLinear):
    """PackedLinear(weight, bias=None): a quantized weight made ready for the int8 kernels.

    The methods take arrays as well as tensors; with out=array they write there, and return it.
    """

    def __new__(cls, weight, bias=None):
        return Lfb.PackedLinear.new(to_tensor(weight), None if bias is None else to_tensor(bias))

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` packed the weight."""

    weight = attribute("weight", "The weight that was packed.")
    bias = attribute("bias", "The bias, or None.")
    in_features = attribute("in_features", "How many inputs a row has.")
    out_features = attribute("out_features", "How many outputs a row has.")

    apply = _static(Lfb.PackedLinear, "apply")
    apply_relu = _static(Lfb.PackedLinear, "apply_relu")
    apply_dynamic = _dynamic(Lfb.PackedLinear, "apply_dynamic")

    def __repr__(self):
        return "<Lfb.PackedLinear of %d to %d features>" % (self.in_features, self.out_features)


@export
class PackedConv(Lfb.PackedConv):
    """PackedConv(weight, bias=None, **settings): a quantized weight made ready for the int8 kernels.

    Settings are PyTorch's: stride, padding, output_padding, dilation, groups, padding_mode, and transpose.
    """

    def __new__(cls, weight, bias=None, **settings):
        return Lfb.PackedConv.new(to_tensor(weight), None if bias is None else to_tensor(bias), to_dict(settings))

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` packed the weight."""

    weight = attribute("weight", "The weight that was packed.")
    bias = attribute("bias", "The bias, or None.")
    settings = property(lambda self: unpack(self.get_settings()), doc="Stride, padding and so on.")
    in_channels = attribute("in_channels", "How many channels an input has.")
    out_channels = attribute("out_channels", "How many channels an output has.")
    groups = attribute("groups", "Into how many groups the channels are parted.")
    n_spatial = attribute("n_spatial", "How many dimensions the kernel moves in.")
    transposed = attribute("transposed", "Whether it is a transposed convolution.")

    apply = _static(Lfb.PackedConv, "apply")
    apply_relu = _static(Lfb.PackedConv, "apply_relu")
    apply_dynamic = _dynamic(Lfb.PackedConv, "apply_dynamic")

    def __repr__(self):
        return "<Lfb.PackedConv of %d to %d channels>" % (self.in_channels, self.out_channels)
