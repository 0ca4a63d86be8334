# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether our result agrees with what it is held against."""

import numpy

from .convert import Array, normal
from .rules import Steps

_BITS = {"float16": (10, -24), "bfloat16": (7, -133), "float32": (23, -149), "float64": (52, -1074)}
# What a bound on float32 becomes for float64, whose steps are as much smaller.
DOUBLE = 2.0 ** -29


class Difference(Exception):
    """Where and by how much two results differ."""


class Measure:
    """What is seen while two results are compared."""

    def __init__(self):
        self.ulps = 0.0
        self.share = 0.0
        self.ties = 0
        self.nearer = 0

    @property
    def exact(self):
        return not (self.ulps or self.share or self.ties or self.nearer)


def _check(condition, *message):
    if not condition:
        raise Difference(" ".join(part if isinstance(part, str) else repr(part) for part in message))


def _places(where, limit=3):
    return [tuple(int(index) for index in place) for place in numpy.argwhere(where)[:limit]]


def _spacing(values, dtype):
    """The distance between neighbouring floats of a type at these values."""
    bits, least = _BITS[dtype]
    exponents = numpy.frexp(numpy.abs(values.astype(numpy.float64)))[1] - 1
    return numpy.ldexp(1.0, numpy.maximum(exponents - bits, least))


def _floats(ours, theirs, bound, precise, measure):
    a, b = ours.data, theirs.data
    same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
    if same.all():
        return
    with numpy.errstate(all="ignore"):
        x, y = a.astype(numpy.float64), b.astype(numpy.float64)
        off = numpy.where(same, 0.0, numpy.abs(x - y))
        finite = numpy.abs(y[numpy.isfinite(y)])
        largest = finite.max() if finite.size else 0.0
        ulps, least = bound.ulps, bound.part * largest + bound.absolute
        if ours.dtype == "float64":
            ulps, least = bound.double, least * DOUBLE
        allowed = ulps * _spacing(y, ours.dtype) + least
        good = same | (off <= allowed)
        if not good.all() and precise is not None:
            p = precise()
            p = p.data.astype(numpy.float64)
            limit = ulps * _spacing(p, ours.dtype) + least
            right = (numpy.abs(x - p) <= limit) | (a == p.astype(a.dtype)) | (numpy.isnan(x) & numpy.isnan(p))
            nearer = ~good & right
            measure.nearer += int(nearer.sum())
            off[nearer] = 0.0
            good |= nearer
        if bound.part or bound.absolute:
            shares = (off / numpy.where(allowed > 0, allowed, 1.0))[good & (off > 0)]
            measure.share = max(measure.share, float(shares.max(initial=0.0)))
        else:
            measure.ulps = max(measure.ulps, float((off / _spacing(y, ours.dtype))[good].max(initial=0.0)))
    places = _places(~good)
    _check(not places, "at", places, "we have", [a[place] for place in places], "and not",
           [b[place] for place in places])


def _qparams(ours, theirs):
    for mine, other in zip(ours, theirs):
        mine, other = numpy.asarray(mine, numpy.float64), numpy.asarray(other, numpy.float64)
        _check(mine.shape == other.shape and numpy.allclose(mine, other, rtol=1e-6, atol=0),
               "scale, zero point or axis:", ours, "and not", theirs)


def _integers(ours, theirs, steps, measure):
    different = ours.data != theirs.data
    if not different.any():
        return
    places = _places(different)
    off = numpy.abs(ours.data.astype(numpy.int64) - theirs.data.astype(numpy.int64))
    if steps is not None:
        excused = different & steps.ties() & (off == 1)
        measure.ties += int(excused.sum())
        places = _places(different & ~excused)
    _check(not places, "at", places, "we have", [int(ours.data[place]) for place in places], "and not",
           [int(theirs.data[place]) for place in places],
           "" if steps is None else "where the steps are %s" % [float(steps.values[place]) for place in places])


def _steps(ours, steps, measure):
    """Against the rule itself."""
    expected = Array(ours.dtype, steps.integers())
    _check(ours.data.dtype == steps.storage, "the integers are", ours.dtype, "and by the rule", steps.storage)
    _check(ours.data.shape == expected.data.shape, "the shape is", ours.data.shape, "and by the rule",
           expected.data.shape)
    if steps.scale is not None:
        _qparams(ours.qparams, (steps.scale, steps.zero_point))
    _integers(ours, expected, None if steps.exact else steps, measure)


def compare(ours, theirs, bound, steps=None, precise=None, measure=None):
    """Raises Difference; notes in measure what is within the bound. Both are normal()."""
    measure = Measure() if measure is None else measure
    if isinstance(theirs, Steps):
        _check(isinstance(ours, Array), "a tensor is expected, not", ours)
        _steps(ours, theirs, measure)
    elif isinstance(theirs, list):
        _check(isinstance(ours, list) and len(ours) == len(theirs), "we have", ours, "and not", theirs)
        steps = steps if isinstance(steps, (tuple, list)) else [steps] * len(ours)
        for i, (mine, other) in enumerate(zip(ours, theirs)):
            nth = None if precise is None else lambda i=i: precise()[i]
            compare(mine, other, bound, steps[i], nth, measure)
    elif isinstance(theirs, Array):
        _check(isinstance(ours, Array), "a tensor is expected, not", ours)
        _check(ours.dtype == theirs.dtype, "the type is", ours.dtype, "and not", theirs.dtype)
        _check(ours.data.shape == theirs.data.shape, "the shape is", ours.data.shape, "and not", theirs.data.shape)
        _check((ours.qparams is None) == (theirs.qparams is None), "one is quantized, one is not")
        if ours.qparams is not None:
            _qparams(ours.qparams, theirs.qparams)
        if ours.is_float:
            _floats(ours, theirs, bound, precise, measure)
        else:
            _integers(ours, theirs, steps, measure)
    elif isinstance(theirs, float) or isinstance(ours, float):
        _check(type(ours) == type(theirs), "we have", ours, "and not", theirs)
        _floats(Array("float64", numpy.asarray(ours)), Array("float64", numpy.asarray(theirs)), bound,
                None if precise is None else lambda: normal(numpy.asarray(precise())), measure)
    else:
        _check(type(ours) == type(theirs) and ours == theirs, "we have", ours, "and not", theirs)
    return measure
