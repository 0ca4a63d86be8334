# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators that run on integers (pass 9): every function, method and module of the lists."""

import operator

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn import intrinsic
from torch.ao.quantization import get_default_qconfig

from builder import QUANTIZED, case, quantized_input
from weighted import conv_transpose

SIGMOID = {"scale": 1 / 256, "zero_point": 0}
TANH = {"scale": 1 / 128, "zero_point": 128}


class Branches:
    """One quantized input, and a dequantize of it for each operator."""

    def __init__(self, b, *shape):
        self.b = b
        self.q = b.quantize(b.input(*shape))
        self.outputs = []

    def start(self):
        return self.b.dequantize(self.q)

    def keep(self, node, **how):
        self.outputs.append(self.b.requantize(node, **how))
        return node

    def function(self, target, *args, **kwargs):
        return self.keep(self.b.function(target, self.start(), *args, **kwargs), like=self.q)

    def method(self, name, *args, **kwargs):
        return self.keep(self.b.method(name, self.start(), *args, **kwargs), like=self.q)

    def module(self, module, *args, **how):
        name = type(module).__name__.lower()
        node = self.b.module(name, module, self.start(), *args)
        return self.keep(node, **(how or {"like": self.q}))

    def finish(self):
        self.b.output(tuple(self.outputs))


# ---- fixed output range ----

@case
def fixed_functions(b):
    e = Branches(b, 3, 8)
    for function, how in ((torch.sigmoid, SIGMOID), (F.sigmoid, SIGMOID), (F.hardsigmoid, SIGMOID),
                          (torch.tanh, TANH)):
        e.keep(b.function(function, e.start()), **how)
    e.finish()


@case
def fixed_methods(b):
    e = Branches(b, 3, 8)
    e.keep(b.method("sigmoid", e.start()), **SIGMOID)
    e.keep(b.method("tanh", e.start()), **TANH)
    e.finish()


@case
def fixed_methods_without_a_function(b):
    """Tensors have no methods of these names; the lists do."""
    outputs = []
    for name in ("hardsigmoid", "hardsigmoid_"):
        d = b.start(3, 8, name="x" + name)
        outputs.append(b.requantize(b.named_method(name, F.hardsigmoid, d), **SIGMOID))
    b.output(tuple(outputs))
    b.torch_makes(runs=False)


@case
def fixed_modules(b):
    e = Branches(b, 3, 8)
    e.module(nn.Sigmoid(), **SIGMOID)
    e.module(nn.Hardsigmoid(), **SIGMOID)
    e.module(nn.Tanh(), **TANH)
    e.finish()


# ---- own output range ----

@case
def own_functions(b):
    e = Branches(b, 2, 4, 6)
    scale, shift = b.attribute("w", torch.rand(4) + 0.5), b.attribute("v", torch.rand(4))
    more, less = b.attribute("t", torch.rand(6) + 0.5), b.attribute("u", torch.rand(6))
    e.keep(b.function(F.elu, e.start(), alpha=0.7, inplace=False))
    e.keep(b.function(F.hardswish, e.start(), inplace=False))
    e.keep(b.function(F.leaky_relu, e.start(), negative_slope=0.2, inplace=False))
    e.keep(b.function(F.dropout, e.start(), p=0.3, training=False, inplace=False))
    e.keep(b.function(F.layer_norm, e.start(), (6,), weight=more, bias=less, eps=1e-5))
    e.keep(b.function(F.instance_norm, e.start(), running_mean=None, running_var=None,
                      weight=scale, bias=shift, use_input_stats=True, momentum=0.1, eps=1e-5))
    e.finish()


@case
def own_functions_by_position(b):
    """The quantized operators have the output range in the second place."""
    e = Branches(b, 2, 4, 6)
    e.keep(b.function(F.leaky_relu, e.start(), 0.2, False))
    e.keep(b.function(F.layer_norm, e.start(), (6,), None, None, 1e-5))
    e.finish()


@case
def own_modules(b):
    e = Branches(b, 2, 4, 9)
    e.module(nn.ELU(0.7), scale=0.03, zero_point=40)
    e.module(nn.LeakyReLU(0.3), scale=0.04, zero_point=60)
    e.module(nn.Hardswish(), scale=0.03, zero_point=30)
    e.module(nn.Dropout(0.3))
    e.module(nn.Softmax(dim=1), scale=1 / 256, zero_point=0)
    e.module(nn.InstanceNorm1d(4, affine=True), scale=0.05, zero_point=64)
    e.module(nn.LayerNorm(9), scale=0.05, zero_point=64)
    e.module(conv_transpose(1, stride=2), scale=0.04, zero_point=60)
    e.finish()


@case
def own_modules_prelu(b):
    """One slope, and one per channel; torch never observes their range."""
    e = Branches(b, 2, 4, 3)
    one, many = nn.PReLU(), nn.PReLU(4)
    one.qconfig = many.qconfig = get_default_qconfig("fbgemm")
    with torch.no_grad():
        many.weight.copy_(torch.tensor([0.1, 0.4, -0.2, 1.3]))
    e.keep(b.module("one", one, e.start()))
    e.keep(b.module("many", many, e.start()))
    e.finish()
    b.torch_makes(truth="reference")


def normalized(cls, channels):
    module = cls(channels)
    with torch.no_grad():
        module.running_mean.uniform_(-.5, .5), module.running_var.uniform_(.5, 2)
        module.weight.uniform_(.5, 1.5), module.bias.uniform_(-.5, .5)
    return module


@case
def own_modules_3d(b):
    """torch has no kernel for batch norm of three dimensions without relu."""
    e = Branches(b, 1, 4, 3, 4, 5)
    e.module(nn.InstanceNorm3d(4), scale=0.05, zero_point=64)
    e.module(normalized(nn.BatchNorm3d, 4), scale=0.05, zero_point=64)
    relued = intrinsic.BNReLU3d(normalized(nn.BatchNorm3d, 4), nn.ReLU())
    e.module(relued, scale=0.05, zero_point=0)
    e.finish()
    b.torch_makes(truth="reference")


@case
def own_modules_not_affine(b):
    """Normalization without weight and bias: torch stops at batch norm."""
    e = Branches(b, 2, 4, 5, 5)
    norm = nn.BatchNorm2d(4, affine=False)
    norm.running_mean.uniform_(-.5, .5), norm.running_var.uniform_(.5, 2)
    e.module(norm, scale=0.05, zero_point=64)
    e.module(nn.LayerNorm(5, elementwise_affine=False), scale=0.05, zero_point=64)
    e.finish()
    b.expect(lowered_lines(['y0 = module["batchnorm2d"](q)\n', 'y1 = module["layernorm"](q)\n'], 2),
             modules={"batchnorm2d": QUANTIZED + "BatchNorm2d", "layernorm": QUANTIZED + "LayerNorm"})


@case
def own_modules_2d(b):
    e = Branches(b, 2, 4, 5, 5)
    e.module(nn.InstanceNorm2d(4), scale=0.05, zero_point=64)
    e.module(normalized(nn.BatchNorm2d, 4), scale=0.05, zero_point=64)
    relued = intrinsic.BNReLU2d(normalized(nn.BatchNorm2d, 4), nn.ReLU())
    e.module(relued, scale=0.05, zero_point=0)
    e.module(conv_transpose(2, 4, 6, stride=2, padding=1), scale=0.04, zero_point=60)
    e.finish()


@case
def conv_transpose3d(b):
    """Newer than 1.13."""
    e = Branches(b, 1, 4, 3, 4, 3)
    e.module(conv_transpose(3, 4, 2, stride=(1, 2, 1)), scale=0.04, zero_point=60)
    e.finish()
    b.expect(quantized_input() + """
        y = module["convtranspose3d"](q)
        d = y.dequantize()
        output((d,))
        """, modules={"convtranspose3d": QUANTIZED + "ConvTranspose3d"})


# ---- same scale in and out ----

@case
def copying_functions(b):
    e = Branches(b, 2, 4, 6, 6)
    e.function(F.adaptive_avg_pool2d, (2, 3))
    e.function(F.avg_pool2d, 3, 2, 1, False, False)
    e.function(F.max_pool2d, 2, 2, 0, 1, ceil_mode=True, return_indices=False)
    e.function(F.hardtanh, min_val=-0.5, max_val=0.7, inplace=False)
    e.function(F.interpolate, size=(9, 4), mode="nearest")
    e.function(F.relu, inplace=False)
    e.function(F.relu6, inplace=False)
    e.function(torch.clamp, -0.4, max=0.9)
    e.function(torch.flatten, 1)
    e.function(torch.mean, (2, 3), keepdim=True)
    e.finish()


@case
def copying_functions_1d(b):
    e = Branches(b, 2, 4, 9)
    e.function(F.adaptive_avg_pool1d, 3)
    e.function(F.avg_pool1d, 3, 2)
    e.function(F.max_pool1d, 3, 2, 1)
    e.finish()


@case
def copying_functions_3d(b):
    e = Branches(b, 1, 4, 3, 6, 6)
    e.function(F.adaptive_avg_pool3d, (1, 2, 2))
    e.function(F.avg_pool3d, 3)
    e.finish()


@case
def copying_without_a_kernel(b):
    """torch lowers these to kernels that it does not have."""
    e = Branches(b, 1, 4, 4, 6, 6)
    e.function(F.max_pool3d, 2)
    e.function(F.interpolate, size=(3, 5, 7), mode="trilinear", align_corners=False)
    e.module(nn.MaxPool3d(3, 2, 1))
    line = b.requantize(b.method("reshape", e.start(), 4, 4, 36), like=e.q)
    e.keep(b.function(F.interpolate, line, scale_factor=0.5, mode="linear"), like=e.q)
    e.keep(b.function(operator.floordiv, e.start(), 2), like=e.q)
    e.finish()
    b.torch_makes(truth="reference")


@case
def copying_methods(b):
    e = Branches(b, 2, 4, 9)
    e.method("clamp", -0.4, 0.9)
    e.method("clamp", min=0.1)
    e.method("mean", -1)
    e.method("mean", dim=[2], keepdim=True)
    e.method("relu")
    e.finish()


@case
def copying_modules(b):
    e = Branches(b, 2, 4, 6, 6)
    e.module(nn.AdaptiveAvgPool2d((None, 2)))
    e.module(nn.AvgPool2d(3, 1, count_include_pad=False))
    e.module(nn.Hardtanh(-0.3, 0.8))
    e.module(nn.MaxPool2d(3, 2, 1, ceil_mode=True))
    e.module(nn.ReLU())
    e.module(nn.ReLU6())
    e.finish()


@case
def copying_modules_1d(b):
    e = Branches(b, 2, 4, 9)
    e.module(nn.AdaptiveAvgPool1d(3))
    e.module(nn.AvgPool1d(3, 2, 1))
    e.module(nn.MaxPool1d(3, 2, 1))
    e.finish()


@case
def copying_modules_3d(b):
    e = Branches(b, 1, 4, 3, 6, 6)
    e.module(nn.AdaptiveAvgPool3d((1, 2, 3)))
    e.module(nn.AvgPool3d(3))
    e.finish()


# ---- shape only ----

@case
def shape_functions(b):
    e = Branches(b, 2, 1, 4, 3)
    e.function(torch.transpose, 1, 2)
    e.function(torch.repeat_interleave, 2, 1)
    e.function(torch.squeeze, 1)
    e.function(torch.unsqueeze, 0)
    e.keep(b.function(torch.stack, [e.start(), e.start()], 1), like=e.q)
    e.keep(b.function(torch.cat, (e.start(), e.start()), dim=1), like=e.q)
    e.finish()


@case
def shape_methods(b):
    e = Branches(b, 2, 1, 4, 3)
    e.method("contiguous")
    e.method("detach")
    e.method("permute", 3, 2, 1, 0)
    e.method("repeat", 1, 2, 1, 1)
    e.method("repeat_interleave", 2, dim=2)
    e.method("reshape", 4, -1)
    e.method("squeeze", 1)
    e.method("transpose", -1, -2)
    e.method("unsqueeze", dim=2)
    e.method("view", (2, 12))
    e.finish()


@case
def identity(b):
    e = Branches(b, 2, 4)
    e.module(nn.Identity())
    e.finish()


# ---- newer than 1.13 ----

def lowered_lines(lines, count):
    """An input, the given lines, which make y0, y1, ..., and their dequantizes."""
    text = quantized_input() + lines.pop(0)
    for i in range(count):
        text += "d%d = y%d.dequantize()\n" % (i, i)
        text += lines.pop(0) if lines else ""
    return text + "output((%s,))" % ", ".join("d%d" % i for i in range(count))


@case
def newer_functions(b):
    e = Branches(b, 2, 4, 4, 4)
    e.function(torch.narrow, 1, 1, 2)
    e.function(torch.pixel_shuffle, 2)
    e.function(torch.pixel_unshuffle, 2)
    e.function(torch.channel_shuffle, 2)
    e.finish()
    b.expect(lowered_lines(["y0 = torch.narrow(q, 1, 1, 2)\n",
                            "y1 = torch.pixel_shuffle(q, 2)\n",
                            "y2 = torch.pixel_unshuffle(q, 2)\n",
                            "y3 = torch.channel_shuffle(q, 2)\n"], 4))


@case
def newer_modules(b):
    e = Branches(b, 2, 4, 4, 4)
    for module in (nn.PixelShuffle(2), nn.PixelUnshuffle(2), nn.ChannelShuffle(2)):
        e.module(module)
    e.finish()
    b.expect(lowered_lines(['y0 = module["pixelshuffle"](q)\n', 'y1 = module["pixelunshuffle"](q)\n',
                            'y2 = module["channelshuffle"](q)\n'], 3))
