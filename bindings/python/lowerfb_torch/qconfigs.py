# SPDX-License-Identifier: LGPL-2.1-or-later
"""QConfigs as JSON: which observers decided how the values around a node were quantized."""

import json

import torch

from .errors import ExportError
from .naming import constant_name, type_name

_SETTINGS = ("qscheme", "reduce_range", "quant_min", "quant_max", "is_dynamic", "compute_dtype")


class QConfigTable:
    """The different QConfigs of a model, each written once and referred to by its index."""

    def __init__(self):
        self.entries = []
        self._by_text = {}
        self._by_id = {}

    def index(self, qconfig, place):
        """Index of ``qconfig`` in ``entries``, or None for no QConfig."""
        if qconfig is None:
            return None
        if id(qconfig) not in self._by_id:
            entry = {part: _observer(getattr(qconfig, part, None), "%s: %s" % (place, part))
                     for part in ("activation", "weight")}
            text = json.dumps(entry, sort_keys=True)
            if text not in self._by_text:
                self._by_text[text] = len(self.entries)
                self.entries.append(entry)
            self._by_id[id(qconfig)] = qconfig, self._by_text[text]
        return self._by_id[id(qconfig)][1]


def _observer(constructor, place):
    """Settings of the observer that ``constructor`` makes; None where it makes none."""
    if constructor is None:
        return None
    try:
        observer = constructor()
    except Exception as error:
        raise ExportError("%s: the observer cannot be made: %s" % (place, error)) from error
    if not isinstance(getattr(observer, "dtype", None), torch.dtype):
        return None  # nn.Identity stands for no observer in some QConfigs
    entry = {"observer": type(observer).__name__, "dtype": constant_name(observer.dtype)}
    # A fake-quantize module leaves some settings with the observer inside it.
    inner = getattr(observer, "activation_post_process", None)
    for name in _SETTINGS:
        owner = next((o for o in (observer, inner) if hasattr(o, name)), None)
        if owner is not None:
            entry[name] = _setting(getattr(owner, name), "%s: %s" % (place, name))
    return entry


def _setting(value, place):
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (torch.dtype, torch.qscheme)):
        return constant_name(value)
    raise ExportError("%s: %r, a %s, is not a setting of an observer"
                      % (place, value, type_name(type(value))))
