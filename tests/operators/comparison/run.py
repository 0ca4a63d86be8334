# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trials of one operator, and what came of them."""

import collections

import torch
from gi.repository import GLib, Lfb

from .convert import describe, native, normal
from .draw import Draw
from .judge import Difference, compare

# What PyTorch says where it has no kernel for a type: nothing to compare with.
_NO_KERNEL = (
    "not implemented for", "Could not run", "not supported for", "NYI", "only supports",
    "is not implemented", "not yet implemented", "isn't implemented", "is not supported",
    "doesn't support", "does not support", "currently only support", "only supported for",
    "Didn't find engine", "expected scalar type", "dtypes other than float", "supported only for", "xnnp_",
    "works only on", "shuffle expects 4D", "required rank", "quantized input_put", "cannot call qscheme",
    "currently not supported", "currently disabled", "Input shape must be", "promoteTypes with quantized",
    "could not create a primitive",
)


class Outcome:
    """The result of one side, or the error it gave instead."""

    def __init__(self, function, errors):
        self.value = self.error = None
        try:
            self.value = function()
        except errors as error:
            self.error = error

    @property
    def text(self):
        message = self.error.message if isinstance(self.error, GLib.Error) else str(self.error)
        return " ".join(message.split())[:300]

    @property
    def no_kernel(self):
        return self.error is not None and (isinstance(self.error, NotImplementedError) or
                                           any(words in str(self.error) for words in _NO_KERNEL))


class Tally:
    """What the trials of one operator gave."""

    def __init__(self, row):
        self.row = row
        self.trials = self.exact = self.errors = self.by_rule = self.ties = self.nearer = 0
        self.ulps = self.share = 0.0
        self.tolerated = collections.Counter()
        self.failures = []
        self.without_kernel = 0

    def add(self, measure):
        self.exact += measure.exact
        self.ties += measure.ties
        self.nearer += measure.nearer
        self.ulps = max(self.ulps, measure.ulps)
        self.share = max(self.share, measure.share)


def _call_ours(name, trial):
    args, kwargs = trial.our_arguments()
    result = Lfb.call(name, native(list(args)), native(kwargs))
    result = trial.finish(result) if trial.finish else result
    return normal(result.unpack() if isinstance(result, Lfb.Value) else result)


def _precise(name, kind, trial):
    """The same call on float64, once, if it is needed."""
    memory = []

    def call():
        if not memory:
            memory.append(normal(trial.call_torch(name, kind, trial.bound.precise)))
        return memory[0]
    return call


def _compare(name, kind, trial, ours, theirs, tally):
    """Raises Difference; returns whether there was anything to compare with."""
    if ours.error is None and trial.rule is not None:
        rule = trial.rule()
        rule = rule if isinstance(rule, (list, tuple)) else [rule]
        mine = ours.value if isinstance(ours.value, list) else [ours.value]
        try:
            measure = compare(mine, [part if hasattr(part, "integers") else normal(part) for part in rule],
                              trial.bound)
        except Difference as difference:
            raise Difference("by the rule, %s" % difference) from None
        if trial.unlike or theirs.no_kernel:
            tally.by_rule += 1
            tally.tolerated["only the rule: %s" % (trial.unlike or "PyTorch has no kernel")] += 1
            tally.add(measure)
            return True
    if theirs.no_kernel:
        return False
    if theirs.error is not None and ours.error is not None:
        tally.errors += 1
        return True
    if theirs.error is not None:
        raise Difference("PyTorch refuses: %s; we have %s" % (theirs.text, describe(ours.value)))
    if ours.error is not None:
        raise Difference("we refuse: %s; PyTorch has %s" % (ours.text, describe(theirs.value)))
    steps = trial.rule() if trial.rule is not None else None
    precise = _precise(name, kind, trial) if trial.bound.precise else None
    tally.add(compare(ours.value, theirs.value, trial.bound, steps if hasattr(steps, "ties") else None, precise))
    return True


def _describe(trial):
    if callable(trial.ours):
        return "none: they could not be made"
    args, kwargs = trial.our_arguments()
    return describe(args) + (" " + describe(kwargs) if kwargs else "")


def run_trial(drawer, row, name, seed, tally):
    """Whether the trial counts."""
    kind = row.kinds[name]
    trial = drawer(Draw(seed), name)
    if trial is None:
        return False
    ours = Outcome(lambda: _call_ours(name, trial), (GLib.Error, TypeError, ValueError, OverflowError))
    if ours.error is None and trial.rule is not None and trial.unlike:
        theirs = None   # is not looked at
    else:
        theirs = Outcome(lambda: normal(trial.call_torch(name, kind)), Exception)
    try:
        counts = _compare(name, kind, trial, ours, theirs, tally)
    except Difference as difference:
        for reason, condition in trial.tolerated:
            if condition(ours, theirs):
                tally.tolerated[reason] += 1
                break
        else:
            tally.failures.append("%s, %s\n    arguments: %s\n    %s" % (name, seed, _describe(trial), difference))
        counts = True
    tally.without_kernel += not counts
    tally.trials += counts
    return counts


def run_row(drawer, row, count, seed, only_trial=None):
    """So many trials, going round the names that PyTorch knows."""
    tally = Tally(row)
    spellings = row.known or row.names
    torch.manual_seed(0)
    numbers = [only_trial] if only_trial is not None else range(count * 6)
    for i in numbers:
        if tally.trials >= count:
            break
        name = spellings[i % len(spellings)]
        run_trial(drawer, row, name, "%s:%s:%d" % (seed, row.title, i), tally)
    return tally
