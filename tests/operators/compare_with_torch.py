# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operator by operator against PyTorch, over random shapes, scales, zero points and edge values.

    compare_with_torch.py [TRIALS] [NAME...]

The rules are those of numerics.md, "Agreement with recorded results", over all trials of an operator:
integers differ by one step at most and in 1 % of the elements at most, floats by 1e-4 of the range.
What torch defines otherwise (its fused multiply-adds, its NaN and infinities) is not fed.
Skips (77) where torch is missing.
"""

import os
import random
import sys

# torch's own binary operators warn of outputs that they resize.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit(77)

import gi

gi.require_version("Lfb", "1.0")
from gi.repository import GLib, Lfb  # noqa: E402

from generators import FAMILIES  # noqa: E402

DTYPES = {
    torch.float32: "FLOAT32", torch.float64: "FLOAT64", torch.float16: "FLOAT16", torch.bfloat16: "BFLOAT16",
    torch.uint8: "UINT8", torch.int8: "INT8", torch.int16: "INT16", torch.int32: "INT32", torch.int64: "INT64",
    torch.bool: "BOOL", torch.quint8: "QUINT8", torch.qint8: "QINT8", torch.qint32: "QINT32",
    torch.quint4x2: "QUINT4X2",
}
TORCH = {getattr(Lfb.DType, name): dtype for dtype, name in DTYPES.items()}


def dtype_of(dtype):
    return getattr(Lfb.DType, DTYPES[dtype])


def plain_tensor(tensor):
    tensor = tensor.detach().contiguous()
    raw = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    data = GLib.Bytes.new(raw.numpy().tobytes())
    return Lfb.Tensor.new_for_bytes(dtype_of(tensor.dtype), list(tensor.shape), data)


def to_tensor(tensor):
    if not tensor.is_quantized:
        return plain_tensor(tensor)
    integers = plain_tensor(tensor.int_repr())
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return Lfb.Tensor.new_quantized(integers, tensor.q_scale(), tensor.q_zero_point(), dtype_of(tensor.dtype))
    return Lfb.Tensor.new_quantized_per_channel(integers, plain_tensor(tensor.q_per_channel_scales()),
                                                plain_tensor(tensor.q_per_channel_zero_points()),
                                                tensor.q_per_channel_axis(), dtype_of(tensor.dtype))


def to_native(value):
    """An argument as the override of Lfb.call takes it."""
    if isinstance(value, torch.Tensor):
        return to_tensor(value)
    if isinstance(value, torch.dtype):
        return dtype_of(value)
    if isinstance(value, (list, tuple)):
        return type(value)(to_native(item) for item in value)
    if isinstance(value, dict):
        return {key: to_native(item) for key, item in value.items()}
    return value


def flatten(result):
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in flatten(item)]
    return [result]


def numbers(tensor):
    """The elements of an Lfb.Tensor as float64, of a quantized one the integers."""
    data = tensor.get_bytes().get_data() or b""
    if tensor.get_dtype() in (Lfb.DType.QUINT8, Lfb.DType.QINT8, Lfb.DType.QINT32):
        dtype = {Lfb.DType.QUINT8: torch.uint8, Lfb.DType.QINT8: torch.int8}.get(tensor.get_dtype(), torch.int32)
    else:
        dtype = TORCH[tensor.get_dtype()]
    if not data:
        return torch.empty(tuple(tensor.get_shape()), dtype=torch.float64)
    flat = torch.frombuffer(bytearray(data), dtype=dtype)
    return flat.reshape(tuple(tensor.get_shape())).double()


class Tally:
    """What an operator's trials differ by."""

    def __init__(self):
        self.trials = self.elements = self.differing = 0
        self.largest = 0.0
        self.faults = []

    def add(self, found, wanted, what):
        if isinstance(wanted, (bool, int, float)):
            if abs(found - wanted) > 1e-5 * max(1, abs(wanted)):
                self.faults.append("%s: %r is not %r" % (what, found, wanted))
            return
        if tuple(found.get_shape()) != tuple(wanted.shape) or TORCH.get(found.get_dtype()) != wanted.dtype:
            self.faults.append("%s: %s is not %s %s" % (what, found.to_string(), wanted.dtype, list(wanted.shape)))
            return
        if wanted.is_quantized and wanted.qscheme() == torch.per_tensor_affine:
            if abs(found.get_scale() / wanted.q_scale() - 1) > 1e-6 or found.get_zero_point() != wanted.q_zero_point():
                self.faults.append("%s: scale and zero point %g, %d are not %g, %d" % (
                    what, found.get_scale(), found.get_zero_point(), wanted.q_scale(), wanted.q_zero_point()))
                return
        self.compare(numbers(found), (wanted.int_repr() if wanted.is_quantized else wanted).double(),
                     not wanted.dtype.is_floating_point, what)

    def compare(self, a, b, integers, what):
        if a.numel() == 0:
            return
        special = ~torch.isfinite(b)
        same = (a == b) | (torch.isnan(a) & torch.isnan(b))
        if not bool(same[special].all()):
            self.faults.append("%s: other NaN or infinities" % what)
            return
        difference = torch.where(special, torch.zeros_like(a), (a - b).abs())
        if integers:
            limit, counted = 1.0, 0.5
        else:
            finite = b[~special]
            span = float(finite.max() - finite.min()) if finite.numel() else 0.0
            limit = counted = 1e-4 * max(span, float(finite.abs().max()) if finite.numel() else 0.0, 1e-6)
        self.elements += a.numel()
        self.differing += int((difference > counted).sum())
        largest = float(difference.max()) / (1.0 if integers else limit * 1e4)
        self.largest = max(self.largest, largest)
        if not bool((difference <= limit).all()):
            self.faults.append("%s: differs by %g" % (what, largest))


def run_trial(tally, spec, rng):
    generated = spec.make(rng)
    if generated is None:
        return False
    reference, name, args, kwargs = generated
    try:
        wanted = reference()
    except (RuntimeError, ValueError, IndexError, NotImplementedError):
        return False
    what = "trial %d, %s%s" % (tally.trials, name, describe(args, kwargs))
    try:
        found = Lfb.call(name, [to_native(a) for a in args], {k: to_native(v) for k, v in kwargs.items()})
    except GLib.Error as error:
        tally.faults.append("%s: %s" % (what, error.message))
        return True
    pairs = list(zip(flatten(found), flatten(wanted)))
    if len(flatten(found)) != len(flatten(wanted)):
        tally.faults.append("%s: %d results, not %d" % (what, len(flatten(found)), len(flatten(wanted))))
        return True
    for a, b in pairs:
        tally.add(a, b, what)
    return True


def describe(args, kwargs):
    def one(value):
        if isinstance(value, torch.Tensor):
            return "%s%s" % (str(value.dtype).replace("torch.", ""), list(value.shape))
        return repr(value)[:60]
    parts = [one(a) for a in args] + ["%s=%s" % (k, one(v)) for k, v in kwargs.items()]
    return " (%s)" % ", ".join(parts)


def main(argv):
    trials = int(argv[1]) if len(argv) > 1 else 200
    wanted = argv[2:]
    torch.set_num_threads(1)
    failed = 0
    for spec in FAMILIES:
        if wanted and spec.name not in wanted:
            continue
        tally, rng = Tally(), random.Random(spec.name)
        torch.manual_seed(rng.randrange(2 ** 31))
        attempts = 0
        while tally.trials < trials and attempts < 20 * trials:
            attempts += 1
            tally.trials += run_trial(tally, spec, rng)
        enough = tally.trials == trials
        share = tally.differing / max(tally.elements, 1)
        good = enough and not tally.faults and share <= 0.01
        failed += not good
        print("%-34s %4d trials %8d elements %6d differ (%.4f %%), at most %.3g%s" % (
            spec.name, tally.trials, tally.elements, tally.differing, 100 * share, tally.largest,
            "" if good else "   FAILED"))
        for fault in tally.faults[:3]:
            print("    " + fault)
    print("%d of %d operators disagree" % (failed, len(wanted or FAMILIES)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
