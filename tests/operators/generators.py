# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random calls of operators, each with what PyTorch makes of it.

A spec's make (rng) gives (reference, name, args, kwargs): a function that asks torch, and the call by name.
"""

import torch
import torch.nn.functional as F

FAMILIES = []


class Spec:
    def __init__(self, name, make):
        self.name, self.make = name, make


def operator(name):
    def wrap(make):
        FAMILIES.append(Spec(name, make))
        return make
    return wrap


def shape(rng, low=1, high=4, largest=6):
    return [rng.randint(1, largest) for _ in range(rng.randint(low, high))]


def floats(rng, size, scale=None):
    return torch.randn(size) * (scale if scale is not None else rng.choice([0.1, 1.0, 3.0, 10.0]))


def qparams(rng, dtype=torch.quint8):
    low, high = (0, 255) if dtype == torch.quint8 else (-128, 127)
    zero_point = rng.choice([low, high, rng.randint(low, high), (low + high + 1) // 2])
    return rng.choice([1 / 256, 0.02, rng.uniform(0.001, 0.3)]), zero_point


def quantized(rng, size, dtype=torch.quint8):
    """Integers over the whole range, the ends among them."""
    low, high = (0, 255) if dtype == torch.quint8 else (-128, 127)
    integers = torch.randint(low, high + 1, size, dtype=torch.int32)
    if integers.numel() > 1:
        integers.view(-1)[0], integers.view(-1)[-1] = low, high
    scale, zero_point = qparams(rng, dtype)
    storage = integers.to(torch.uint8 if dtype == torch.quint8 else torch.int8)
    return torch._make_per_tensor_quantized_tensor(storage, scale, zero_point)


def weight(rng, size, per_channel=None, axis=0):
    integers = torch.randint(-127, 128, size, dtype=torch.int32).to(torch.int8)
    if per_channel is None:
        per_channel = rng.random() < 0.5
    if not per_channel:
        return torch._make_per_tensor_quantized_tensor(integers, rng.uniform(0.005, 0.05), 0)
    scales = torch.rand(size[axis], dtype=torch.float64) * 0.03 + 0.003
    zero_points = torch.zeros(size[axis], dtype=torch.int64)
    return torch._make_per_channel_quantized_tensor(integers, scales.float().double(), zero_points, axis)


def any_quantized(rng, size):
    return quantized(rng, size, rng.choice([torch.quint8, torch.qint8]))


# Quantize and dequantize

@operator("quantize_per_tensor")
def _(rng):
    dtype = rng.choice([torch.quint8, torch.qint8, torch.qint32])
    x = floats(rng, shape(rng))
    scale, zero_point = qparams(rng, torch.qint8 if dtype == torch.qint8 else torch.quint8)
    args = (x, scale, zero_point, dtype)
    return lambda: torch.quantize_per_tensor(*args), "torch.quantize_per_tensor", args, {}


@operator("quantize_per_tensor_dynamic")
def _(rng):
    args = (floats(rng, shape(rng)), rng.choice([torch.quint8, torch.qint8]), rng.random() < 0.5)
    return lambda: torch.quantize_per_tensor_dynamic(*args), "torch.quantize_per_tensor_dynamic", args, {}


@operator("dequantize")
def _(rng):
    x = any_quantized(rng, shape(rng))
    return lambda: x.dequantize(), "dequantize", (x,), {}


@operator("dequantize_per_channel")
def _(rng):
    size = shape(rng, 2, 4)
    axis = rng.randrange(len(size))
    x = weight(rng, size, True, axis)
    return lambda: x.dequantize(), "torch.dequantize", (x,), {}


# Linear

def linear_parts(rng):
    k, n = rng.randint(1, 70), rng.randint(1, 40)
    size = shape(rng, 0, 2) + [k]
    w = weight(rng, [n, k])
    bias = floats(rng, [n], 2.0) if rng.random() < 0.7 else None
    return size, w, bias


def static_linear(name):
    @operator(name)
    def _(rng):
        size, w, bias = linear_parts(rng)
        x = quantized(rng, size)
        scale, zero_point = rng.uniform(0.05, 0.6), rng.randint(0, 255)
        packed = torch.ops.quantized.linear_prepack(w, bias)
        function = getattr(torch.ops.quantized, name)
        kind = "torch.ao.nn.quantized.Linear" if name == "linear" else "torch.ao.nn.intrinsic.quantized.LinearReLU"
        settings = {"weight": w, "bias": bias, "scale": scale, "zero_point": zero_point}
        return lambda: function(x, packed, scale, zero_point), kind, (x,), settings


static_linear("linear")
static_linear("linear_relu")


def dynamic_linear(name):
    @operator(name)
    def _(rng):
        size, w, bias = linear_parts(rng)
        x = floats(rng, size)
        packed = torch.ops.quantized.linear_prepack(w, bias)
        function = getattr(torch.ops.quantized, name)
        kind = "torch.ao.nn.quantized.dynamic.Linear" if name == "linear_dynamic" else \
            "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU"
        reduce_range = rng.random() < 0.5
        settings = {"weight": w, "bias": bias, "reduce_range": reduce_range}
        return lambda: function(x, packed, reduce_range), kind, (x,), settings


dynamic_linear("linear_dynamic")
dynamic_linear("linear_relu_dynamic")


@operator("functional.linear")
def _(rng):
    k, n = rng.randint(1, 40), rng.randint(1, 20)
    x, w = floats(rng, shape(rng, 0, 3) + [k]), floats(rng, [n, k])
    bias = floats(rng, [n]) if rng.random() < 0.5 else None
    return lambda: F.linear(x, w, bias), "torch.nn.functional.linear", (x, w, bias), {}


# Convolution

def conv_parts(rng, n, transposed=False):
    groups = rng.choice([1, 1, 2, 3])
    i, o = groups * rng.randint(1, 4), groups * rng.randint(1, 4)
    kernel = [rng.randint(1, 3) for _ in range(n)]
    stride = [rng.randint(1, 3) for _ in range(n)]
    dilation = [rng.randint(1, 2) for _ in range(n)]
    padding = [rng.randint(0, d * (k - 1)) for d, k in zip(dilation, kernel)]
    size = [d * (k - 1) + rng.randint(1, 6) for d, k in zip(dilation, kernel)]
    w_size = ([i, o // groups] if transposed else [o, i // groups]) + kernel
    x_size = [rng.randint(1, 2), i] + size
    bias = floats(rng, [o], 1.0) if rng.random() < 0.7 else None
    return x_size, w_size, bias, stride, padding, dilation, groups


def static_conv(n, relu):
    @operator("conv%dd%s" % (n, "_relu" if relu else ""))
    def _(rng):
        x_size, w_size, bias, stride, padding, dilation, groups = conv_parts(rng, n)
        x, w = quantized(rng, x_size), weight(rng, w_size)
        scale, zero_point = rng.uniform(0.05, 0.6), rng.randint(0, 255)
        module = getattr(torch.nn.intrinsic.quantized, "ConvReLU%dd" % n) if relu else \
            getattr(torch.nn.quantized, "Conv%dd" % n)

        def reference():
            m = module(x_size[1], w_size[0], w_size[2:], stride, padding, dilation, groups, bias is not None)
            m.set_weight_bias(w, bias)
            m.scale, m.zero_point = scale, zero_point
            return m(x)
        settings = {"weight": w, "bias": bias, "stride": stride, "padding": padding, "dilation": dilation,
                    "groups": groups, "scale": scale, "zero_point": zero_point}
        name = "torch.ao.nn.intrinsic.quantized.ConvReLU%dd" if relu else "torch.ao.nn.quantized.Conv%dd"
        return reference, name % n, (x,), settings


for dims in (1, 2, 3):
    static_conv(dims, False)
    static_conv(dims, True)


def static_conv_transpose(n):
    @operator("conv_transpose%dd" % n)
    def _(rng):
        x_size, w_size, bias, stride, padding, dilation, groups = conv_parts(rng, n, True)
        output_padding = [rng.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
        x, w = quantized(rng, x_size), weight(rng, w_size, False)
        scale, zero_point = rng.uniform(0.05, 0.6), rng.randint(0, 255)
        # torch's int8 kernel leaves pixels that nothing contributes to as they are: the float one is asked.
        function = getattr(F, "conv_transpose%dd" % n)

        def reference():
            y = function(x.dequantize(), w.dequantize(), bias, stride, padding, output_padding, groups, dilation)
            return torch.quantize_per_tensor(y, scale, zero_point, torch.quint8)
        settings = {"weight": w, "bias": bias, "stride": stride, "padding": padding, "dilation": dilation,
                    "output_padding": output_padding, "groups": groups, "scale": scale, "zero_point": zero_point}
        return reference, "torch.ao.nn.quantized.ConvTranspose%dd" % n, (x,), settings


def float_conv(n, transposed):
    name = "conv_transpose%dd" % n if transposed else "conv%dd" % n

    @operator("functional." + name)
    def _(rng):
        x_size, w_size, bias, stride, padding, dilation, groups = conv_parts(rng, n, transposed)
        x, w = floats(rng, x_size), floats(rng, w_size)
        if transposed:
            output_padding = [rng.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
            args = (x, w, bias, stride, padding, output_padding, groups, dilation)
        else:
            args = (x, w, bias, stride, padding, dilation, groups)
        return lambda: getattr(F, name)(*args), "torch.nn.functional." + name, args, {}


for dims in (1, 2, 3):
    static_conv_transpose(dims)
    float_conv(dims, False)
    float_conv(dims, True)


# Arithmetic on integers

def broadcast_pair(rng):
    size = shape(rng)
    other = [1 if rng.random() < 0.3 else d for d in size]
    if rng.random() < 0.3:
        other = other[rng.randrange(len(other)):]
    return (size, other) if rng.random() < 0.5 else (other, size)


def two_tensors(name):
    @operator(name)
    def _(rng):
        dtype = rng.choice([torch.quint8, torch.qint8])
        a_size, b_size = broadcast_pair(rng)
        a, b = quantized(rng, a_size, dtype), quantized(rng, b_size, dtype)
        scale, zero_point = qparams(rng, dtype)
        function = getattr(torch.ops.quantized, name)
        args = (a, b, scale, zero_point)
        return lambda: function(*args), "torch.ops.quantized." + name, args, {}


for op in ("add", "add_relu", "mul", "mul_relu"):
    two_tensors(op)


def with_number(name):
    @operator(name)
    def _(rng):
        x = quantized(rng, shape(rng))
        c = rng.choice([0.0, 1.0, -1.0, rng.uniform(-3, 3), rng.uniform(-100, 100)])
        function = getattr(torch.ops.quantized, name)
        return lambda: function(x, c), "torch.ops.quantized." + name, (x, c), {}


for op in ("add_scalar", "add_scalar_relu", "mul_scalar", "mul_scalar_relu"):
    with_number(op)


@operator("quantized.matmul")
def _(rng):
    m, k, n = (rng.randint(1, 6) for _ in range(3))
    batch = shape(rng, 0, 2, 3)
    a, b = quantized(rng, batch + [m, k]), quantized(rng, batch + [k, n])
    args = (a, b, rng.uniform(0.05, 0.5), rng.randint(0, 255))
    return lambda: torch.ops.quantized.matmul(*args), "torch.ops.quantized.matmul", args, {}


# Functions of one tensor

def fixed_range(name, reference):
    @operator("quantized " + name)
    def _(rng):
        x = any_quantized(rng, shape(rng))
        return lambda: reference(x), name, (x,), {}


fixed_range("torch.sigmoid", torch.sigmoid)
fixed_range("torch.tanh", torch.tanh)
fixed_range("torch.nn.functional.hardsigmoid", F.hardsigmoid)
fixed_range("torch.nn.functional.relu", F.relu)
fixed_range("torch.nn.functional.relu6", F.relu6)


def own_range(name, make_kwargs):
    @operator("quantized." + name)
    def _(rng):
        x = quantized(rng, shape(rng))
        scale, zero_point = rng.uniform(0.01, 0.2), rng.randint(0, 255)
        kwargs = make_kwargs(rng)
        function = getattr(torch.ops.quantized, name)
        named = dict(kwargs, output_scale=scale, output_zero_point=zero_point)
        if name == "leaky_relu":
            return (lambda: function(x, kwargs["negative_slope"], False, scale, zero_point),
                    "torch.ops.quantized." + name, (x,), named)
        return (lambda: function(x, scale, zero_point, **kwargs), "torch.ops.quantized." + name, (x,), named)


own_range("elu", lambda rng: {"alpha": rng.uniform(0.5, 2)})
own_range("celu", lambda rng: {"alpha": rng.uniform(0.5, 2)})
own_range("hardswish", lambda rng: {})
own_range("leaky_relu", lambda rng: {"negative_slope": rng.uniform(0.01, 0.5)})
own_range("sigmoid", lambda rng: {})


@operator("quantized.softmax")
def _(rng):
    x = quantized(rng, shape(rng))
    dim = rng.randrange(x.dim())
    args = (x, dim, 1 / 256, 0)
    return lambda: torch.ops.quantized.softmax(*args), "torch.ops.quantized.softmax", args, {}


@operator("quantized.prelu")
def _(rng):
    x = quantized(rng, shape(rng, 2, 4))
    w = floats(rng, [rng.choice([1, x.size(1)])], 0.3)
    qw = torch.quantize_per_tensor(w, 0.01, 128, torch.quint8)
    scale, zero_point = rng.uniform(0.01, 0.2), rng.randint(0, 255)
    return (lambda: torch.ops.quantized.prelu(x, qw, scale, zero_point), "torch.ops.quantized.prelu",
            (x, qw.dequantize(), scale, zero_point), {})


@operator("quantized clamp")
def _(rng):
    x = any_quantized(rng, shape(rng))
    low = rng.uniform(-3, 1)
    args = (x, low, low + rng.uniform(0, 4))
    return lambda: torch.clamp(*args), "torch.clamp", args, {}


@operator("quantized hardtanh")
def _(rng):
    x = any_quantized(rng, shape(rng))
    low = rng.uniform(-3, 1)
    args = (x, low, low + rng.uniform(0.1, 4))
    return lambda: F.hardtanh(*args), "torch.nn.functional.hardtanh", args, {}


FLOAT_UNARY = """exp expm1 log1p sin cos tan atan sinh cosh tanh sigmoid erf erfc abs neg sign floor ceil round trunc frac
square reciprocal relu isnan isfinite logical_not""".split()
POSITIVE_UNARY = "log log2 log10 sqrt rsqrt".split()
SMALL_UNARY = "asin acos".split()


def float_unary(name, make):
    @operator("torch." + name)
    def _(rng):
        x = make(rng, shape(rng, 0))
        return lambda: getattr(torch, name)(x), "torch." + name, (x,), {}


for op in FLOAT_UNARY:
    float_unary(op, floats)
for op in POSITIVE_UNARY:
    float_unary(op, lambda rng, size: floats(rng, size).abs() + 0.01)
for op in SMALL_UNARY:
    float_unary(op, lambda rng, size: torch.rand(size) * 2 - 1)


FUNCTIONAL = {
    "elu": lambda rng: {"alpha": rng.uniform(0.5, 2)}, "celu": lambda rng: {"alpha": rng.uniform(0.5, 2)},
    "selu": lambda rng: {}, "silu": lambda rng: {}, "mish": lambda rng: {}, "relu6": lambda rng: {},
    "gelu": lambda rng: {"approximate": rng.choice(["none", "tanh"])}, "hardswish": lambda rng: {},
    "hardsigmoid": lambda rng: {}, "leaky_relu": lambda rng: {"negative_slope": rng.uniform(0, 1)},
    "softplus": lambda rng: {"beta": rng.choice([1, 2]), "threshold": rng.choice([5, 20])}, "logsigmoid": lambda rng: {},
    "softsign": lambda rng: {}, "tanhshrink": lambda rng: {}, "hardshrink": lambda rng: {"lambd": rng.uniform(0, 1)},
    "softshrink": lambda rng: {"lambd": rng.uniform(0, 1)},
    "threshold": lambda rng: {"threshold": rng.uniform(-1, 1), "value": rng.uniform(-2, 2)},
    "hardtanh": lambda rng: {"min_val": rng.uniform(-3, 0), "max_val": rng.uniform(0.1, 3)},
    "normalize": lambda rng: {"dim": 0},
}


def functional(name, make_kwargs):
    @operator("functional." + name)
    def _(rng):
        x, kwargs = floats(rng, shape(rng)), make_kwargs(rng)
        return lambda: getattr(F, name)(x, **kwargs), "torch.nn.functional." + name, (x,), kwargs


for op, make in FUNCTIONAL.items():
    functional(op, make)


def softmax_like(name):
    @operator("torch." + name)
    def _(rng):
        x = floats(rng, shape(rng))
        dim = rng.randrange(-x.dim(), x.dim())
        return lambda: getattr(torch, name)(x, dim), "torch." + name, (x, dim), {}


softmax_like("softmax")
softmax_like("log_softmax")
softmax_like("logsumexp")


# Two operands

def binary(name, make=floats, kinds=("float", "number", "int")):
    @operator("torch." + name)
    def _(rng):
        a_size, b_size = broadcast_pair(rng)
        a = make(rng, a_size)
        kind = rng.choice(kinds)
        if kind == "number":
            b = rng.choice([2, 3, 0.5, -1.5])
        elif kind == "int":
            b = torch.randint(1, 7, b_size)
        else:
            b = make(rng, b_size)
        return lambda: getattr(torch, name)(a, b), "torch." + name, (a, b), {}


for op in ("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge"):
    binary(op)
binary("maximum", kinds=("float",))
binary("minimum", kinds=("float",))
binary("atan2", kinds=("float",))
binary("fmod")
binary("remainder")
binary("pow", lambda rng, size: torch.rand(size) * 3 + 0.1)
binary("floor_divide", lambda rng, size: torch.randint(-50, 50, size), ("int",))


@operator("torch.where")
def _(rng):
    a_size, b_size = broadcast_pair(rng)
    a, b = floats(rng, a_size), floats(rng, b_size)
    c = torch.rand(a_size) < 0.5
    return lambda: torch.where(c, a, b), "torch.where", (c, a, b), {}


@operator("torch.matmul")
def _(rng):
    m, k, n = (rng.randint(1, 6) for _ in range(3))
    batch = shape(rng, 0, 2, 3)
    other = batch if rng.random() < 0.6 else [1 if rng.random() < 0.5 else d for d in batch]
    a = floats(rng, [k] if rng.random() < 0.2 else batch + [m, k])
    b = floats(rng, [k] if rng.random() < 0.2 else other + [k, n])
    return lambda: torch.matmul(a, b), "torch.matmul", (a, b), {}


# Pools

def pool(name, n, quantize):
    @operator("%s%s%dd" % ("quantized " if quantize else "", name, n))
    def _(rng):
        kernel = [rng.randint(1, 3) for _ in range(n)]
        stride = [rng.randint(1, 3) for _ in range(n)]
        padding = [rng.randint(0, k // 2) for k in kernel]
        size = [k + rng.randint(0, 6) for k in kernel]
        x_size = [rng.randint(1, 2), rng.randint(1, 4)] + size
        x = quantized(rng, x_size) if quantize else floats(rng, x_size)
        if quantize and x.dim() == 4 and name == "avg_pool":
            x = x.contiguous(memory_format=torch.channels_last)
        ceil_mode = rng.random() < 0.5
        if name == "max_pool":
            kwargs = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
            if not quantize:
                kwargs["dilation"] = 1
        else:
            kwargs = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode,
                      "count_include_pad": rng.random() < 0.5}
            if n > 1 and rng.random() < 0.3:
                kwargs["divisor_override"] = rng.randint(1, 9)
        function = getattr(F, "%s%dd" % (name, n))
        return lambda: function(x, kernel, **kwargs), "torch.nn.functional.%s%dd" % (name, n), (x, kernel), kwargs


def adaptive(n, quantize):
    @operator("%sadaptive_avg_pool%dd" % ("quantized " if quantize else "", n))
    def _(rng):
        # torch takes an int8 image of one pixel for one of another layout.
        x_size = [rng.randint(1, 2), rng.randint(1, 4)] + [rng.randint(2, 8) for _ in range(n)]
        x = quantized(rng, x_size) if quantize else floats(rng, x_size)
        if quantize and n == 2:
            x = x.contiguous(memory_format=torch.channels_last)
        out = rng.choice([1, [rng.randint(1, 5) for _ in range(n)]])
        function = getattr(F, "adaptive_avg_pool%dd" % n)
        return lambda: function(x, out), "torch.nn.functional.adaptive_avg_pool%dd" % n, (x, out), {}


for dims in (1, 2, 3):
    pool("max_pool", dims, False)
    pool("avg_pool", dims, False)
    adaptive(dims, False)
for dims in (1, 2):
    pool("max_pool", dims, True)
pool("avg_pool", 2, True)
adaptive(2, True)


def interpolate(quantize):
    @operator("quantized interpolate" if quantize else "functional.interpolate")
    def _(rng):
        n = 2 if quantize else rng.randint(1, 3)
        mode = rng.choice(["nearest", {1: "linear", 2: "bilinear", 3: "trilinear"}[n]])
        x_size = [rng.randint(1, 2), rng.randint(1, 3)] + [rng.randint(2, 7) for _ in range(n)]
        x = quantized(rng, x_size) if quantize else floats(rng, x_size)
        kwargs = {"mode": mode}
        if mode != "nearest":
            kwargs["align_corners"] = rng.random() < 0.5
        if rng.random() < 0.5:
            kwargs["size"] = [rng.randint(1, 9) for _ in range(n)]
        else:
            kwargs["scale_factor"] = [rng.uniform(0.5, 3) for _ in range(n)]
            # Where a size stays, torch's int8 kernel steps by the factor all the same, its float one does not.
            kwargs["recompute_scale_factor"] = quantize or rng.random() < 0.3
            # Where a size doubles or stays, torch's nearest halves the index, whatever the factor.
            sizes = [int(s * f) for s, f in zip(x_size[2:], kwargs["scale_factor"])]
            if mode == "nearest" and any(o in (i, 2 * i) for i, o in zip(x_size[2:], sizes)):
                return None
        return lambda: F.interpolate(x, **kwargs), "torch.nn.functional.interpolate", (x,), kwargs


interpolate(False)
interpolate(True)


# Norms

def affine(rng, n):
    return (floats(rng, [n], 1.0), floats(rng, [n], 1.0)) if rng.random() < 0.7 else (None, None)


def norm_pair(name):
    def arguments(rng):
        size = [rng.randint(1, 3), 2 * rng.randint(1, 3)] + shape(rng, 1, 2)
        # A single element less its mean is 0 but for torch's rounding, which would be the whole range.
        size[-1] += 1
        if name == "layer_norm":
            tail = size[-rng.randint(1, 2):]
            w, b = (floats(rng, tail, 1.0), floats(rng, tail, 1.0)) if rng.random() < 0.7 else (None, None)
            return size, [tail], w, b
        w, b = affine(rng, size[1])
        return size, [rng.choice([1, 2])] if name == "group_norm" else [], w, b

    @operator("functional." + name)
    def _(rng):
        size, extra, w, b = arguments(rng)
        x = floats(rng, size)
        kwargs = {"weight": w, "bias": b, "eps": 1e-5}
        return lambda: getattr(F, name)(x, *extra, **kwargs), "torch.nn.functional." + name, (x, *extra), kwargs

    @operator("quantized." + name)
    def _(rng):
        size, extra, w, b = arguments(rng)
        x = quantized(rng, size)
        scale, zero_point = rng.uniform(0.01, 0.1), rng.randint(0, 255)
        args = (x, *extra, w, b, 1e-5, scale, zero_point)
        return lambda: getattr(torch.ops.quantized, name)(*args), "torch.ops.quantized." + name, args, {}


for op in ("layer_norm", "group_norm", "instance_norm"):
    norm_pair(op)


@operator("functional.batch_norm")
def _(rng):
    x = floats(rng, shape(rng, 2, 5))
    c = x.size(1)
    w, b = affine(rng, c)
    args = (x, floats(rng, [c]), torch.rand(c) + 0.1, w, b)
    return lambda: F.batch_norm(*args), "torch.nn.functional.batch_norm", args, {}


def quantized_batch_norm(n, relu):
    name = "batch_norm%dd%s" % (n, "_relu" if relu else "")

    @operator("quantized." + name)
    def _(rng):
        x = quantized(rng, [rng.randint(1, 2), rng.randint(1, 6)] + [rng.randint(1, 4) for _ in range(n)])
        c = x.size(1)
        args = (x, floats(rng, [c], 1.0), floats(rng, [c], 1.0), floats(rng, [c], 1.0), torch.rand(c) + 0.1, 1e-5,
                rng.uniform(0.02, 0.2), rng.randint(0, 255))
        return lambda: getattr(torch.ops.quantized, name)(*args), "torch.ops.quantized." + name, args, {}


for dims in (2, 3):
    quantized_batch_norm(dims, False)
    quantized_batch_norm(dims, True)


# Joining, splitting, reducing, indexing

@operator("torch.cat")
def _(rng):
    size = shape(rng)
    dim = rng.randrange(len(size))
    parts = []
    for _ in range(rng.randint(1, 4)):
        part = list(size)
        part[dim] = rng.randint(1, 4)
        parts.append(floats(rng, part))
    return lambda: torch.cat(parts, dim), "torch.cat", (parts, dim), {}


@operator("quantized.cat")
def _(rng):
    size = shape(rng)
    dim = rng.randrange(len(size))
    parts = []
    for _ in range(rng.randint(1, 4)):
        part = list(size)
        part[dim] = rng.randint(1, 4)
        parts.append(quantized(rng, part))
    scale, zero_point = qparams(rng)
    args = (parts, dim, scale, zero_point)
    return lambda: torch.ops.quantized.cat(*args), "torch.ops.quantized.cat", args, {}


def moving(name, make_args, rank=(1, 4)):
    @operator("torch." + name)
    def _(rng):
        size = shape(rng, *rank)
        x = rng.choice([floats, any_quantized])(rng, size)
        args = make_args(rng, x)
        if args is None:
            return None
        return lambda: getattr(torch, name)(x, *args), "torch." + name, (x, *args), {}


def dim_of(rng, x):
    return rng.randrange(-x.dim(), x.dim())


moving("flatten", lambda rng, x: [0])
moving("transpose", lambda rng, x: [dim_of(rng, x), dim_of(rng, x)])
moving("permute", lambda rng, x: [rng.sample(range(x.dim()), x.dim())])
moving("squeeze", lambda rng, x: rng.choice([[], [dim_of(rng, x)]]))
moving("unsqueeze", lambda rng, x: [rng.randrange(-x.dim() - 1, x.dim() + 1)])
moving("chunk", lambda rng, x: [rng.randint(1, 4), dim_of(rng, x)])
moving("split", lambda rng, x: [rng.randint(1, 4), dim_of(rng, x)])
moving("unbind", lambda rng, x: [dim_of(rng, x)])
moving("narrow", lambda rng, x: (lambda d: [d, 0, rng.randint(1, x.size(d))])(dim_of(rng, x)))
moving("select", lambda rng, x: (lambda d: [d, rng.randrange(-x.size(d), x.size(d))])(dim_of(rng, x)))
moving("flip", lambda rng, x: [[dim_of(rng, x)]])
moving("repeat_interleave", lambda rng, x: [rng.randint(1, 3), dim_of(rng, x)])
moving("movedim", lambda rng, x: [dim_of(rng, x), dim_of(rng, x)])
moving("roll", lambda rng, x: [rng.randint(-3, 3), dim_of(rng, x)])


@operator("functional.pad")
def _(rng):
    x = floats(rng, [rng.randint(1, 2), rng.randint(1, 3), rng.randint(3, 6), rng.randint(3, 6)])
    mode = rng.choice(["constant", "reflect", "replicate", "circular"])
    amounts = [rng.randint(0, 2) for _ in range(4)]
    if mode == "constant" and rng.random() < 0.3:
        amounts = [rng.randint(-1, 2) for _ in range(4)]
    args = (x, amounts, mode, rng.uniform(-1, 1) if mode == "constant" else None)
    return (lambda: F.pad(x, amounts, mode, *(args[3:] if mode == "constant" else ()))), "torch.nn.functional.pad", args, {}


@operator("pixel_shuffle")
def _(rng):
    r = rng.randint(1, 3)
    x = floats(rng, [rng.randint(1, 2), r * r * rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 4)])
    return lambda: F.pixel_shuffle(x, r), "torch.pixel_shuffle", (x, r), {}


@operator("pixel_unshuffle")
def _(rng):
    r = rng.randint(1, 3)
    x = floats(rng, [rng.randint(1, 2), rng.randint(1, 3), r * rng.randint(1, 4), r * rng.randint(1, 4)])
    return lambda: F.pixel_unshuffle(x, r), "torch.pixel_unshuffle", (x, r), {}


@operator("channel_shuffle")
def _(rng):
    groups = rng.randint(1, 3)
    x = floats(rng, [rng.randint(1, 2), groups * rng.randint(1, 4), rng.randint(1, 4), rng.randint(1, 4)])
    return lambda: torch.channel_shuffle(x, groups), "torch.channel_shuffle", (x, groups), {}


def reducing(name, dims=True, quantize=False):
    @operator(("quantized " if quantize else "") + "torch." + name)
    def _(rng):
        # Odd sizes: torch breaks the ties of a mean of integers after adding the zero point.
        size = [rng.choice([1, 3, 5]) for _ in range(4)] if quantize else shape(rng)
        x = quantized(rng, size) if quantize else floats(rng, size)
        keepdim = rng.random() < 0.5
        chosen = [2, 3] if quantize else rng.sample(range(len(size)), rng.randint(1, len(size)))
        dim = chosen if dims else chosen[0]
        return lambda: getattr(torch, name)(x, dim, keepdim), "torch." + name, (x, dim, keepdim), {}


for op in ("mean", "sum", "amax", "amin"):
    reducing(op)
for op in ("prod", "argmax", "argmin", "max", "min", "all", "any"):
    reducing(op, False)
reducing("mean", True, True)


def spread(name):
    @operator("torch." + name)
    def _(rng):
        x = floats(rng, shape(rng, 1, 3, 6))
        dim, unbiased = dim_of(rng, x), rng.random() < 0.5
        if x.size(dim) == 1:
            unbiased = False
        return lambda: getattr(torch, name)(x, dim, unbiased), "torch." + name, (x, dim, unbiased), {}


spread("var")
spread("std")


@operator("torch.cumsum")
def _(rng):
    x = floats(rng, shape(rng))
    dim = dim_of(rng, x)
    return lambda: torch.cumsum(x, dim), "torch.cumsum", (x, dim), {}


@operator("torch.topk")
def _(rng):
    x = floats(rng, shape(rng))
    dim = dim_of(rng, x)
    args = (x, rng.randint(1, x.size(dim)), dim, rng.random() < 0.5)
    return lambda: torch.topk(*args), "torch.topk", args, {}


@operator("torch.sort")
def _(rng):
    x = floats(rng, shape(rng))
    args = (x, dim_of(rng, x), rng.random() < 0.5)
    return lambda: torch.sort(*args), "torch.sort", args, {}


@operator("torch.gather")
def _(rng):
    x = floats(rng, shape(rng))
    dim = rng.randrange(x.dim())
    size = [rng.randint(1, d) for d in x.shape]
    size[dim] = rng.randint(1, 5)
    index = torch.randint(0, x.size(dim), size)
    return lambda: torch.gather(x, dim, index), "torch.gather", (x, dim, index), {}


@operator("torch.scatter")
def _(rng):
    x = floats(rng, shape(rng, 1, 3))
    dim = rng.randrange(x.dim())
    size = [rng.randint(1, d) for d in x.shape]
    size[dim] = 1
    index = torch.randint(0, x.size(dim), size)
    source = floats(rng, size)
    return lambda: torch.scatter(x, dim, index, source), "torch.scatter", (x, dim, index, source), {}


@operator("torch.index_select")
def _(rng):
    x = floats(rng, shape(rng))
    dim = rng.randrange(x.dim())
    index = torch.randint(0, x.size(dim), (rng.randint(1, 5),))
    return lambda: torch.index_select(x, dim, index), "torch.index_select", (x, dim, index), {}


def random_index(rng, x):
    index = []
    for size in x.shape:
        kind = rng.choice(["int", "slice", "all", "tensor", "none", "mask"])
        if kind == "int":
            index.append(rng.randrange(-size, size))
        elif kind == "slice":
            index.append(slice(rng.choice([None, rng.randrange(-size, size)]), rng.choice([None, rng.randrange(-size, size)]),
                               rng.choice([None, 1, 2])))
        elif kind == "tensor":
            index.append(torch.randint(-size, size, (rng.choice([1, 3]),)))
        elif kind == "none":
            index.extend([None, slice(None)])
        else:
            index.append(slice(None))
    if rng.random() < 0.2:
        index = index[:rng.randint(0, len(index))] + [Ellipsis]
    return tuple(index)


@operator("operator.getitem")
def _(rng):
    x = floats(rng, shape(rng))
    index = random_index(rng, x) if rng.random() < 0.9 else torch.rand(x.shape) < 0.5
    return lambda: x[index], "operator.getitem", (x, index), {}


@operator("operator.setitem")
def _(rng):
    x = floats(rng, shape(rng, 1, 3))
    index = tuple(i for i in random_index(rng, x) if not isinstance(i, torch.Tensor))

    def reference():
        y = x.clone()
        y[index] = 1.5
        return y
    return reference, "operator.setitem", (x, index, 1.5), {}


# Embedding

def rows(rng):
    n, width = rng.randint(1, 10), 2 * rng.randint(1, 10)
    return floats(rng, [n, width])


@operator("functional.embedding")
def _(rng):
    w = rows(rng)
    i = torch.randint(0, w.size(0), shape(rng, 1, 3))
    return lambda: F.embedding(i, w), "torch.nn.functional.embedding", (i, w), {}


@operator("functional.embedding_bag")
def _(rng):
    w = rows(rng)
    n = rng.randint(1, 12)
    i = torch.randint(0, w.size(0), (n,))
    offsets = torch.tensor([0] + sorted(rng.randint(0, n) for _ in range(rng.randint(0, 3))))
    kwargs = {"mode": rng.choice(["sum", "mean", "max"])}
    if kwargs["mode"] == "sum" and rng.random() < 0.5:
        kwargs["per_sample_weights"] = torch.rand(n)
    return lambda: F.embedding_bag(i, w, offsets, **kwargs), "torch.nn.functional.embedding_bag", (i, w, offsets), kwargs


# Recurrent modules, float

def recurrent(kind):
    @operator("nn." + kind)
    def _(rng):
        size, hidden, layers = rng.randint(1, 5), rng.randint(2, 5), rng.randint(1, 2)
        settings = {"num_layers": layers, "batch_first": rng.random() < 0.5, "bidirectional": rng.random() < 0.5,
                    "bias": rng.random() < 0.7}
        if kind == "LSTM" and rng.random() < 0.3:
            settings["proj_size"] = hidden - 1
        module = getattr(torch.nn, kind)(size, hidden, **settings)
        x = floats(rng, [rng.randint(1, 4), rng.randint(1, 3), size], 1.0)
        tensors = {name: p.detach() for name, p in module.named_parameters()}
        named = {k: v for k, v in settings.items() if k not in ("bias", "proj_size")}
        return (lambda: module(x)), "torch.nn." + kind, (x,), dict(named, tensors=tensors, settings={})


def cell(kind):
    @operator("nn." + kind)
    def _(rng):
        size, hidden = rng.randint(1, 5), rng.randint(1, 5)
        module = getattr(torch.nn, kind)(size, hidden)
        x = floats(rng, [rng.randint(1, 3), size], 1.0)
        tensors = {name: p.detach() for name, p in module.named_parameters()}
        return (lambda: module(x)), "torch.nn." + kind, (x,), {"tensors": tensors, "settings": {}}


for op in ("LSTM", "GRU", "RNN"):
    recurrent(op)
    cell(op + "Cell")
