# SPDX-License-Identifier: LGPL-2.1-or-later
"""Max, average and adaptive average pools."""

import itertools
import math

import numpy
import torch

from .. import rules
from ..draw import BYTES, FLOATS
from ..reasons import HALF, one_pixel
from ..trial import Bound, Trial, compares, double

F32 = numpy.float32
AVERAGE = Bound(ulps=4, part=1e-6, double=1000, precise=double)


def rank_of(name):
    """How many spatial dimensions an operator has: 2 in max_pool2d."""
    return int(next(letter for letter in reversed(name) if letter.isdigit()))


def _image(draw, n_spatial, size=9):
    shape = [draw.size(4)] + [draw.size(size) for _ in range(n_spatial)]
    if draw.chance(0.8):
        shape = [0 if draw.chance(0.03) else draw.size(3)] + shape
    elif draw.chance(0.05):
        shape = shape[1:]
    return shape


def _each(draw, n, value):
    """One int for all dimensions, or one for each."""
    if draw.chance(0.5):
        return value()
    return draw.choice((tuple, list))(value() for _ in range(n))


def _all(value, n):
    return [value] * n if isinstance(value, int) else list(value) * (n // len(value))


def _data(draw, shape):
    if draw.chance(0.55):
        return draw.quantized(shape, draw.choice(BYTES))
    dtypes = (torch.float32,) if draw.chance(0.6) else FLOATS[:2] if draw.chance(0.8) else FLOATS[2:]
    return draw.plain(shape, dtypes, special=0.1, huge=False)


def _window(draw, n):
    settings = {"kernel_size": _each(draw, n, lambda: draw.int(1, 3))}
    if draw.chance(0.6):
        settings["stride"] = _each(draw, n, lambda: draw.int(1, 3)) if draw.chance(0.9) else None
    if draw.chance(0.5):
        largest = min(_all(settings["kernel_size"], n)) // 2
        settings["padding"] = _each(draw, n, lambda: draw.int(0, largest if draw.chance(0.97) else largest + 1))
    if draw.chance(0.5):
        settings["ceil_mode"] = draw.chance(0.6)
    return settings


@compares("torch.max_pool1d", "torch.max_pool2d", "torch.max_pool3d")
def max_pool(draw, name):
    n = rank_of(name)
    settings = _window(draw, n)
    if draw.chance(0.4):
        settings["dilation"] = _each(draw, n, lambda: draw.int(1, 2))
    data = _data(draw, _image(draw, n))
    tolerated = [_bigger_padding(settings, n), NO_WINDOW, one_pixel(data, -n - 1)]
    if name.startswith("torch.ops.quantized"):
        settings = {"kernel_size": [2] * n, "stride": [], "padding": [0] * n, "dilation": [1] * n, "ceil_mode": False,
                    **{key: _all(value, n) if not isinstance(value, bool) else value
                       for key, value in settings.items() if value is not None}}
        return Trial(data, *settings.values(), tolerated=tolerated)
    if name.startswith("torch.max") and settings.get("stride", 1) is None:
        settings["stride"] = []
    if name.endswith("MaxPool2d") and name.startswith("torch.ao") and not data.is_quantized:
        return None
    return Trial(data, settings=settings, tolerated=tolerated)


def _bigger_padding(settings, n):
    """PyTorch checks this in some of its kernels only."""
    kernel, padding = _all(settings["kernel_size"], n), _all(settings.get("padding", 0), n)
    return ("PyTorch's kernel does not check that padding is at most half of the kernel",
            lambda ours, theirs: any(p > k // 2 for p, k in zip(padding, kernel)) and ours.error is not None)


# No window at all: some of PyTorch's kernels refuse that, others give nothing.
NO_WINDOW = ("we refuse windows that are larger than the tensor; some of PyTorch's kernels give nothing",
             lambda ours, theirs: "has no window of" in ours.text and theirs.error is None and
             theirs.value.data.size == 0)


def _count(size, kernel, stride, padding, ceil_mode):
    free = size + 2 * padding - kernel
    n = (math.ceil(free / stride) if ceil_mode else free // stride) + 1
    return n - 1 if ceil_mode and (n - 1) * stride >= size + padding else n


def averages(data, windows, divisor=None, include_pad=True, limits=None):
    """Of each window the exact sum times 1 / n in float32; windows: of each dimension (start, end), not clipped."""
    x = rules.centred(data)
    n = len(windows)
    result = numpy.zeros(x.shape[:-n] + tuple(len(per) for per in windows), F32)
    for place in itertools.product(*(range(len(per)) for per in windows)):
        ends = [windows[d][place[d]] for d in range(n)]
        inside = tuple(slice(max(start, 0), min(end, size)) for (start, end), size in zip(ends, x.shape[-n:]))
        total = x[(Ellipsis,) + inside].sum(tuple(range(-n, 0)))
        if divisor is not None:
            count = divisor
        elif include_pad:
            count = math.prod(min(end, limit) - start for (start, end), limit in zip(ends, limits or [2**40] * n))
        else:
            count = math.prod(part.stop - part.start for part in inside)
        result[(Ellipsis,) + place] = total.astype(F32) * (F32(1) / F32(count))
    return rules.Steps(result, data.q_scale(), data.q_zero_point(), data.dtype)


def _average_rule(data, settings, n):
    kernel = _all(settings["kernel_size"], n)
    stride = _all(settings.get("stride") or kernel, n)
    padding = _all(settings.get("padding", 0), n)
    ceil_mode = settings.get("ceil_mode", False)
    sizes = list(data.shape[-n:])
    counts = [_count(*each, ceil_mode) for each in zip(sizes, kernel, stride, padding)]
    windows = [[(i * s - p, i * s - p + k) for i in range(count)]
               for count, k, s, p in zip(counts, kernel, stride, padding)]
    return averages(data, windows, settings.get("divisor_override"), settings.get("count_include_pad", True),
                    [size + p for size, p in zip(sizes, padding)])


@compares("torch.avg_pool1d", "torch.nn.functional.avg_pool2d", "torch.nn.functional.avg_pool3d")
def avg_pool(draw, name):
    n = rank_of(name)
    settings = _window(draw, n)
    if draw.chance(0.5):
        settings["count_include_pad"] = draw.chance(0.5)
    if n > 1 and draw.chance(0.3):
        settings["divisor_override"] = draw.choice((1, 2, 5, -3, 0) if draw.chance(0.2) else (1, 2, 5))
    shape = _image(draw, n)
    data = _data(draw, shape)
    if ".functional." not in name and "nn." not in name or name.startswith("torch._C"):
        settings = {key: value for key, value in settings.items() if value is not None}
    if n == 1:
        # PyTorch's kernel for one dimension is that for two, and does not know sizes of one number.
        settings = {key: value[0] if isinstance(value, (tuple, list)) else value for key, value in settings.items()}
    rule = None
    if data.is_quantized and len(shape) >= n + 1 and 0 not in shape and settings.get("divisor_override", 1) > 0:
        rule = lambda: _average_rule(data, settings, n)   # noqa: E731
    negative = ("PyTorch's kernel takes the divisor without its sign",
                lambda ours, theirs: settings.get("divisor_override", 1) < 0)
    return Trial(data, settings=settings, rule=rule, bound=AVERAGE,
                 tolerated=[HALF, negative, _bigger_padding(settings, n), NO_WINDOW, one_pixel(data, -n - 1)])


def _output_size(draw, n, name):
    sizes = [draw.int(1, 5) for _ in range(n)]
    none = n > 1 and not name.startswith("torch._C") and draw.chance(0.3)
    output = tuple(None if none and draw.chance(0.5) else size for size in sizes)
    if draw.chance(0.3) and not none and not name.startswith("torch._C"):
        output = sizes[0]
    if draw.chance(0.02):
        output = 0 if isinstance(output, int) else (0,) * n
    return output


@compares("torch.adaptive_avg_pool1d", "torch.nn.functional.adaptive_avg_pool2d",
          "torch.nn.functional.adaptive_avg_pool3d")
def adaptive_avg_pool(draw, name):
    n = rank_of(name)
    shape = _image(draw, n)
    if len(shape) == n:
        return None   # a mean in PyTorch's eyes, if all sizes are 1
    data = _data(draw, shape)
    output = _output_size(draw, n, name)
    outputs = _all(output, n) if isinstance(output, int) else output
    wanted = [own if size is None else size for size, own in zip(outputs, shape[-n:])]

    def rule():
        windows = [[(i * size // out, -((-(i + 1) * size) // out)) for i in range(out)]
                   for size, out in zip(shape[-n:], wanted)]
        return averages(data, windows, include_pad=False)

    ruled = data.is_quantized and len(shape) > n and 0 not in shape and 0 not in wanted
    return Trial(data, settings={"output_size": output}, rule=rule if ruled else None, bound=AVERAGE,
                 tolerated=[HALF, one_pixel(data, -n - 1)])


@compares("torch.adaptive_max_pool1d", *("torch.nn.functional.adaptive_max_pool%dd" % n for n in (1, 2, 3)))
def adaptive_max_pool(draw, name):
    n = rank_of(name)
    data = draw.plain(_image(draw, n), (torch.float32,) if draw.chance(0.6) else FLOATS, special=0.3)
    settings = {"output_size": _output_size(draw, n, name)}
    if name != "torch.adaptive_max_pool1d" and draw.chance(0.5):
        settings["return_indices"] = draw.chance(0.7)
    return Trial(data, settings=settings)
