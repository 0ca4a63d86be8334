# SPDX-License-Identifier: LGPL-2.1-or-later
"""Convolutions of bytes, plain and transposed, static and dynamic; and their packed weights."""

import numpy
import torch
import torch.nn.functional as F
from gi.repository import Lfb

from .. import rules
from ..convert import native
from ..names import resolve
from ..trial import Trial, compares
from .linear import bias_of, call, dynamic, not_finite, quantized_dynamically, steps, weight_of
from .matmul import bound_for
from .pool import rank_of
from .quantized_activation import output

QUANTIZED = torch.ops.quantized
CONV = {(1, False): F.conv1d, (2, False): F.conv2d, (3, False): F.conv3d,
        (1, True): F.conv_transpose1d, (2, True): F.conv_transpose2d, (3, True): F.conv_transpose3d}


class Layer:
    """What a convolution is made with."""

    def __init__(self, draw, n, transposed, padding_modes):
        self.n, self.transposed = n, transposed
        self.groups = draw.choice((1, 1, 2, 3))
        self.inputs, self.outputs = self.groups * draw.size(4), self.groups * draw.size(4)
        self.kernel = [draw.int(1, 3) for _ in range(n)]
        self.stride = [draw.int(1, 3) for _ in range(n)]
        self.dilation = [draw.int(1, 2) if draw.chance(0.4) else 1 for _ in range(n)]
        self.padding = [draw.int(0, 2) for _ in range(n)]
        if transposed and draw.chance(0.95):   # there is output
            self.padding = [min(p, (k - 1) * d // 2) for p, k, d in zip(self.padding, self.kernel, self.dilation)]
        self.output_padding = [draw.int(0, max(s, d) - 1) if transposed and draw.chance(0.4) else 0
                               for s, d in zip(self.stride, self.dilation)]
        self.padding_mode = "zeros"
        if padding_modes and not transposed and draw.chance(0.2):
            self.padding_mode = draw.choice(("reflect", "replicate", "circular"))
        # Almost always as large as the kernel.
        smaller = draw.chance(0.05)
        self.sizes = [draw.int(1, 4 if n < 3 else 2) + (2 if self.padding_mode != "zeros" else 0) +
                      (0 if smaller else max((k - 1) * d - 2 * p, 0))
                      for k, d, p in zip(self.kernel, self.dilation, self.padding)]
        self.batch = [draw.size(3)]

    @property
    def weight_shape(self):
        first, second = (self.inputs, self.outputs) if self.transposed else (self.outputs, self.inputs)
        return [first, second // self.groups] + self.kernel

    @property
    def shape(self):
        return self.batch + [self.inputs] + self.sizes

    @property
    def padding_twice(self):
        """As F.pad takes it: the last dimension first, before and after."""
        return [size for size in reversed(self.padding) for _ in range(2)]

    def apply(self, data, weight, bias=None):
        """The convolution of plain tensors."""
        function = CONV[self.n, self.transposed]
        if self.transposed:
            return function(data, weight, bias, self.stride, self.padding, self.output_padding, self.groups,
                            self.dilation)
        padding = self.padding
        if self.padding_mode != "zeros":
            data, padding = F.pad(data, self.padding_twice, self.padding_mode), 0
        return function(data, weight, bias, self.stride, padding, self.dilation, self.groups)

    def sums(self, centred, weight):
        """Exact: float64 holds them."""
        batched = centred if self.batch else centred[None]
        acc = self.apply(torch.from_numpy(batched).double(), torch.from_numpy(rules.centred(weight)).double())
        return (acc if self.batch else acc[0]).numpy()

    def fits(self):
        """Whether there is any output at all."""
        try:
            result = self.apply(torch.zeros([1, self.inputs] + self.sizes), torch.zeros(self.weight_shape))
        except RuntimeError:
            return False
        return result.numel() > 0

    @property
    def settings(self):
        settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation,
                    "groups": self.groups}
        if self.transposed:
            settings["output_padding"] = self.output_padding
        elif self.padding_mode != "zeros":
            settings["padding_mode"] = self.padding_mode
        return settings

    def prepack_arguments(self, weight, bias):
        if self.transposed:
            return weight, bias, self.stride, self.padding, self.output_padding, self.dilation, self.groups
        return weight, bias, self.stride, self.padding, self.dilation, self.groups

    @property
    def packer(self):
        return "conv%s%dd_prepack" % ("_transpose" if self.transposed else "", self.n)

    def packed(self, weight, bias):
        return getattr(QUANTIZED, self.packer)(*self.prepack_arguments(weight, bias))

    def our_packed(self, weight, bias):
        return call(self.packer, *self.prepack_arguments(weight, bias))

    def module(self, name, weight, bias):
        more = {"output_padding": self.output_padding} if self.transposed else {"padding_mode": self.padding_mode}
        layer = resolve(name)(self.inputs, self.outputs, self.kernel, self.stride, self.padding,
                              dilation=self.dilation, groups=self.groups, **more)
        layer.set_weight_bias(weight, bias)
        return layer


def reasons(layer):
    """What PyTorch 1.13's kernels of oneDNN get wrong."""
    reach = [(k - 1) * d + 1 for k, d in zip(layer.kernel, layer.dilation)]
    return [
        ("PyTorch's kernels do not refuse a tensor that is smaller than the kernel",
         lambda ours, theirs: ours.error is not None and "a kernel that reaches over" in ours.text),
        ("oneDNN mixes up the outputs of grouped convolutions with one input each in 3 dimensions",
         lambda ours, theirs: layer.n == 3 and layer.groups > 1 == layer.weight_shape[1] and theirs.error is None),
        ("oneDNN leaves undefined what no element reaches",
         lambda ours, theirs: theirs.error is None and layer.transposed and
         any(s > r for s, r in zip(layer.stride, reach))),
    ]


def layer_of(draw, name, padding_modes=True):
    transposed = "transpose" in name.lower()
    return Layer(draw, rank_of(name), transposed, padding_modes and not name.startswith("torch.ops"))


def operands(draw, layer, sx):
    # One scale for each output: where the weight has groups of them PyTorch knows no such thing.
    channels = 0.5 if not layer.transposed else 0.1 if layer.groups == 1 else 0
    weight = weight_of(draw, layer.weight_shape, 1 if layer.transposed else 0, channels)
    return weight, bias_of(draw, layer.outputs, sx, weight) if draw.chance(0.8) else None


NAMES = ["torch.ops.quantized.conv%dd%s" % (n, relu) for n in (1, 2, 3) for relu in ("", "_relu")]
NAMES += ["torch.ops.quantized.conv_transpose%dd" % n for n in (1, 2, 3)]
NAMES += ["torch.ao.nn.quantized.Conv%s%dd" % (kind, n) for n in (1, 2, 3) for kind in ("", "Transpose")]
NAMES += ["torch.ao.nn.intrinsic.quantized.ConvReLU%dd" % n for n in (1, 2, 3)]


@compares(*NAMES)
def conv(draw, name):
    layer, relu = layer_of(draw, name), "relu" in name.lower()
    data = draw.quantized(layer.shape)
    weight, bias = operands(draw, layer, data.q_scale())
    scale, zero_point = output(draw, torch.quint8, 1e-2, 100)

    def rule():
        acc = layer.sums(rules.centred(data), weight)
        values = steps(acc, data.q_scale(), weight, bias, scale, -layer.n - 1)
        return rules.Steps(values, scale, zero_point, torch.quint8, zero_point if relu else None)

    def module():
        made = layer.module(name, weight, bias)
        made.scale, made.zero_point = scale, zero_point
        return made(data)

    more = {"rule": rule if layer.fits() else None, "tolerated": reasons(layer)}
    if name.startswith("torch.ops"):
        return Trial(**more, expect=lambda: resolve(name)(data, layer.packed(weight, bias), scale, zero_point),
                     ours=lambda: ((data, layer.our_packed(weight, bias), scale, zero_point), {}))
    return Trial(**more, expect=module, ours=((data,), {"weight": weight, "bias": bias, **layer.settings,
                                                             "scale": scale, "zero_point": zero_point}))


@compares("torch.ops.quantized.conv2d_add", "torch.ops.quantized.conv2d_add_relu",
          "torch.ao.nn.intrinsic.quantized.ConvAdd2d", "torch.ao.nn.intrinsic.quantized.ConvAddReLU2d")
def conv_add(draw, name):
    """PyTorch 1.13 does not have them."""
    layer = Layer(draw, 2, False, False)
    if not layer.fits():
        return None
    data, relu = draw.quantized(layer.shape), "relu" in name.lower()
    weight, bias = operands(draw, layer, data.q_scale())
    acc = layer.sums(rules.centred(data), weight)
    extra = draw.quantized(acc.shape if draw.chance(0.98) else [1])
    scale, zero_point = output(draw, torch.quint8, 1e-2, 100)

    def rule():
        values = steps(acc, data.q_scale(), weight, bias, scale, 1)
        ratio = numpy.float32(extra.q_scale()) / numpy.float32(scale)
        values = values + rules.centred(extra).astype(numpy.float32) * ratio
        return rules.Steps(values, scale, zero_point, torch.quint8, zero_point if relu else None)

    if name.startswith("torch.ops"):
        return Trial(rule=rule, ours=lambda: ((data, extra, layer.our_packed(weight, bias), scale, zero_point), {}))
    return Trial(rule=rule, ours=((data, extra), {"weight": weight, "bias": bias, **layer.settings,
                                                  "scale": scale, "zero_point": zero_point}))


NAMES = ["torch.ops.quantized.conv%s%dd_dynamic" % (kind, n) for n in (1, 2, 3) for kind in ("", "_transpose")]
NAMES += ["torch.ao.nn.quantized.dynamic.Conv%s%dd" % (kind, n) for n in (1, 2, 3) for kind in ("", "Transpose")]


@compares(*NAMES)
def conv_dynamic(draw, name):
    layer = layer_of(draw, name)
    data = draw.floats(layer.shape, special=0.03)
    weight, bias = operands(draw, layer, 0.01)
    reduce_range = draw.chance(0.5) if name.startswith("torch.ops") else True
    finite, infinite = not_finite(data)

    def rule():
        centred, scale = quantized_dynamically(data, reduce_range)
        return dynamic(layer.sums(centred, weight), scale, weight, bias, -layer.n - 1, False)

    terms = 4 * numpy.prod([layer.inputs] + layer.kernel)
    more = {"rule": rule if finite and layer.fits() else None,
            "tolerated": [infinite, *reasons(layer)],
            "unlike": "oneDNN quantizes the output too, to the range of the input",
            "bound": bound_for(data.double(), weight.dequantize().double(), terms=float(terms))}
    if name.startswith("torch.ops"):
        return Trial(expect=lambda: resolve(name)(data, layer.packed(weight, bias), reduce_range),
                     ours=lambda: ((data, layer.our_packed(weight, bias), reduce_range), {}), **more)
    return Trial(expect=lambda: layer.module(name, weight, bias)(data),
                 ours=((data,), {"weight": weight, "bias": bias, **layer.settings}), **more)


NAMES = ["torch.ops.quantized.conv%s%dd_prepack" % (kind, n) for n in (1, 2, 3) for kind in ("", "_transpose")]


@compares("torch.ops.quantized.conv1d_unpack", *NAMES)
def prepack(draw, name):
    layer = layer_of(draw, name.replace("quantized.conv_prepack", "quantized.conv2d_prepack").replace(
        "quantized.conv_unpack", "quantized.conv2d_unpack"))
    weight, bias = operands(draw, layer, 0.1)
    kind = layer.packer.replace("_prepack", "_unpack")
    unpacked = lambda packed: Lfb.call("torch.ops.quantized." + kind, native([packed])).unpack()   # noqa: E731
    # A conv1d is packed as one of two dimensions, and unpacked as what it was.
    rule = lambda: (weight, bias)   # noqa: E731
    expect = lambda: getattr(QUANTIZED, kind)(layer.packed(weight, bias))   # noqa: E731
    if name.endswith("unpack"):
        return Trial(ours=lambda: ((layer.our_packed(weight, bias),), {}), rule=rule, expect=expect)
    return Trial(*layer.prepack_arguments(weight, bias), rule=rule, expect=expect, finish=unpacked)
