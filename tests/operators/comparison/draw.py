# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random numbers, shapes and tensors, edge values among them."""

import math
import random

import numpy
import torch

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
PLAIN = FLOATS + INTEGERS + (torch.bool,)
BYTES = (torch.quint8, torch.qint8)

LIMITS = {torch.quint8: (0, 255), torch.qint8: (-128, 127), torch.qint32: (-2**31, 2**31 - 1)}

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}

# Zeros, ones, halves, the ends of what float32 can hold, and what is no number at all.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 1e-45, -1e-45, 1.1754944e-38, 1e-20, 1e20,
           3.4028235e38, -3.4028235e38, math.inf, -math.inf, math.nan)
# Without those that overflow, or do not, depending on the order of a sum.
SMALL = tuple(value for value in SPECIAL if not 1e10 < abs(value) < math.inf)


class Draw:
    """All that is drawn for one trial comes from its seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.array = numpy.random.Generator(numpy.random.SFC64(self._random.getrandbits(64)))

    def chance(self, probability):
        return self._random.random() < probability

    def int(self, low, high):
        return self._random.randint(low, high)

    def float(self, low, high):
        return self._random.uniform(low, high)

    def choice(self, items):
        return items[self._random.randrange(len(items))]

    def sample(self, items, count):
        return self._random.sample(list(items), count)

    def maybe(self, value, probability=0.5):
        return value if self.chance(probability) else None

    def size(self, high=6):
        """One dimension; 1 more often than others."""
        return 1 if self.chance(0.2) else self.int(1, high)

    def shape(self, low=0, high=4, size=5, empty=True):
        """Of low to high dimensions; now and then one of them is 0."""
        shape = [self.size(size) for _ in range(self.int(low, high))]
        if empty and shape and self.chance(0.06):
            shape[self.int(0, len(shape) - 1)] = 0
        return shape

    def broadcast(self, shape):
        """A shape that broadcasts with this one; now and then one that does not."""
        first = self.int(0, len(shape)) if self.chance(0.4) else 0
        other = [1 if self.chance(0.25) else size for size in shape[first:]]
        if self.chance(0.15):
            other = [self.size(3)] + other
        if other and self.chance(0.04):
            other[self.int(0, len(other) - 1)] += 1
        return other

    def dim(self, n_dims, wrong=0.03):
        """A dimension, often counted from the end, now and then out of range."""
        n = max(n_dims, 1)
        if self.chance(wrong):
            return self.choice((n, -n - 1))
        return self.int(-n, n - 1)

    def permuted(self, items):
        return self.sample(items, len(items))

    def laid_out(self, tensor):
        """The same elements; of images and volumes now and then the channels last in memory."""
        if tensor.dim() in CHANNELS_LAST and self.chance(0.2):
            return tensor.contiguous(memory_format=CHANNELS_LAST[tensor.dim()])
        return tensor

    # Numbers and tensors

    def number(self, kinds="bif"):
        """A Python number: a bool, an int, a large int (l), a float, or a float that even a float16 holds (h)."""
        kind = self.choice(kinds)
        if kind == "b":
            return self.chance(0.5)
        if kind == "i":
            return self.choice((0, 1, -1, 2, 3, -5, 127, 255, 256, 1000))
        if kind == "l":
            return self.choice((2**15, -2**31, 2**53 + 1, 2**62 + 1, 2**63 - 1, -2**63))
        if kind == "h":
            return self.choice((0.0, 1.0, -1.5, 0.125, 2.0, -3.25, 100.0))
        return self.choice((0.0, 1.0, -1.5, 0.1, 2.0, -3.25, 1e-3, 100.0))

    def floats(self, shape, dtype=torch.float32, special=0.3, spread=None, huge=True, halves=True):
        """Normal numbers of some spread, or multiples of a half; in part of the tensors, some are special."""
        if spread is None:
            spread = self.choice((1.0, 1.0, 3.0, 10.0, 0.01, 300.0))
        data = self.array.standard_normal(shape) * spread
        if halves and self.chance(0.15):
            data = numpy.round(data * 2) / 2
        if self.chance(special):
            chosen = self.array.random(shape) < self.choice((0.1, 0.5))
            data = numpy.where(chosen, self.array.choice(numpy.array(SPECIAL if huge else SMALL), shape), data)
        return self.laid_out(torch.from_numpy(numpy.asarray(data)).to(dtype))

    def integers(self, shape, dtype=torch.int64, low=None, high=None):
        info = torch.iinfo(dtype)
        if low is None:
            low, high = self.choice(((-4, 5), (-100, 101), (info.min, info.max)))
        low, high = max(low, info.min), min(high, info.max)
        return self.laid_out(torch.from_numpy(self.array.integers(low, high, shape, endpoint=True)).to(dtype))

    def bools(self, shape, share=0.5):
        return torch.from_numpy(numpy.asarray(self.array.random(shape) < share))

    def plain(self, shape, dtypes=PLAIN, special=0.3, huge=True):
        """A tensor that is not quantized; float32 half of the time."""
        dtype = torch.float32 if torch.float32 in dtypes and self.chance(0.5) else self.choice(dtypes)
        if dtype == torch.bool:
            return self.bools(shape)
        if dtype.is_floating_point:
            return self.floats(shape, dtype, special, huge=huge)
        return self.integers(shape, dtype)

    def scale(self, low=1e-3, high=1.0):
        """Spread evenly over the orders of magnitude; often a power of two, which makes ties."""
        if self.chance(0.2):
            return 2.0 ** self.int(math.ceil(math.log2(low)), math.floor(math.log2(high)))
        return math.exp(self.float(math.log(low), math.log(high)))

    def zero_point(self, dtype=torch.quint8):
        low, high = LIMITS[dtype]
        if dtype == torch.qint32:
            return self.choice((0, 0, 1, -7, 1000))
        return self.choice((low, high, 0 if low < 0 else 128, self.int(low, high), self.int(low, high)))

    def bytes(self, shape, dtype=torch.quint8):
        """The integers of a quantized tensor: all, or only the ends, or only few."""
        low, high = LIMITS[dtype]
        how = self.choice(("all", "all", "ends", "few"))
        if dtype == torch.qint32:
            low, high = self.choice(((-1000, 1000), (-2**20, 2**20)))
        if how == "ends":
            data = self.array.choice(numpy.array((low, high)), shape)
        elif how == "few":
            middle = self.int(low + 4, high - 4)
            data = self.array.integers(middle - 4, middle + 4, shape)
        else:
            data = self.array.integers(low, high, shape, endpoint=True)
        return numpy.asarray(data, {torch.quint8: "u1", torch.qint8: "i1", torch.qint32: "i4"}[dtype])

    def quantized(self, shape, dtype=torch.quint8, scale=None, zero_point=None):
        return self.laid_out(quantized(self.bytes(shape, dtype), self.scale() if scale is None else scale,
                                       self.zero_point(dtype) if zero_point is None else zero_point))

    def quantized_channels(self, shape, axis=0, dtype=torch.qint8, zero_points=False):
        n = shape[axis]
        low, high = LIMITS[dtype]
        # Scales that a float32 holds, as observers make them: PyTorch multiplies by the float64.
        scales = torch.tensor([self.scale() for _ in range(n)], dtype=torch.float32).double()
        zeros = torch.tensor([self.int(low, high) if zero_points else 0 for _ in range(n)], dtype=torch.int64)
        return torch._make_per_channel_quantized_tensor(torch.from_numpy(self.bytes(shape, dtype)), scales, zeros,
                                                        axis)


def quantized(integers, scale, zero_point):
    """A quantized tensor of PyTorch with these very integers."""
    return torch._make_per_tensor_quantized_tensor(torch.from_numpy(numpy.ascontiguousarray(integers)),
                                                   scale, zero_point).reshape(integers.shape)
