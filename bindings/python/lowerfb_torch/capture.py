# SPDX-License-Identifier: LGPL-2.1-or-later
"""Watching torch convert a model: the reference model, before torch lowers it itself.

``convert_fx`` makes the reference model, hands it to ``lower_to_fbgemm`` together with the map of
QConfigs and the map of scopes, and returns what that makes of it; the maps are nowhere else to be
had. So while a conversion is watched, a function of ours stands in the place of ``lower_to_fbgemm``
that keeps the maps and returns the model as it is. That also holds for standalone modules, which
torch converts, and would lower, before the model around them.
"""

import collections
import contextlib
import importlib
import threading
import weakref

from .errors import ExportError

# What torch hands to the lowering besides the model; each may be None: not known.
Maps = collections.namedtuple("Maps", ["qconfig_map", "node_name_to_scope"])

_CONVERT_MODULE = "torch.ao.quantization.fx.convert"
_HOOKED = "lower_to_fbgemm"
_MAP_ARGUMENTS = (("qconfig_map", "node_name_to_qconfig"), ("node_name_to_scope",))

_maps = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_watching = threading.local()
_hook = None
_hook_users = 0


def maps_of(graph_module):
    """The Maps that a watched conversion kept for this very module, else Maps (None, None)."""
    return _maps.get(graph_module, Maps(None, None))


def convert(prepared, **convert_args):
    """Convert the result of ``prepare_fx`` and return (reference model, qconfig_map, scopes).

    As ``torch.ao.quantization.quantize_fx.convert_fx (prepared, **convert_args)``, which it calls
    and which uses up ``prepared``, but nothing is lowered, standalone modules inside included.
    Threads may convert different models at the same time, with this function and with torch's own.
    """
    from torch.ao.quantization.quantize_fx import convert_fx

    with _watch() as seen:
        reference = convert_fx(prepared, **convert_args)
    if not seen or seen[-1] is not reference:
        raise ExportError("convert_fx returned a model that it did not hand to %s; this version of "
                          "torch converts in another way" % _HOOKED)
    maps = maps_of(reference)
    return reference, maps.qconfig_map, maps.node_name_to_scope


@contextlib.contextmanager
def _watch():
    """List of the models that this thread hands to the lowering inside the block, in order."""
    outer = getattr(_watching, "seen", None)
    _install()
    _watching.seen = seen = []
    try:
        yield seen
    finally:
        _watching.seen = outer
        _remove()


def _install():
    global _hook, _hook_users
    with _lock:
        if not _hook_users:
            module = importlib.import_module(_CONVERT_MODULE)
            if not callable(getattr(module, _HOOKED, None)):
                raise ExportError("this version of torch has no %s.%s to watch"
                                  % (_CONVERT_MODULE, _HOOKED))
            _hook = _Hook(module, getattr(module, _HOOKED))
            setattr(module, _HOOKED, _hook)
        _hook_users += 1


def _remove():
    global _hook, _hook_users
    with _lock:
        _hook_users -= 1
        if not _hook_users:
            # Whoever replaced it meanwhile calls this hook, which lets everything through now.
            if getattr(_hook.module, _HOOKED) is _hook:
                setattr(_hook.module, _HOOKED, _hook.original)
            _hook = None


class _Hook:
    """Stands for ``lower_to_fbgemm``; keeps the arguments of threads that are watching."""

    def __init__(self, module, original):
        self.module = module
        self.original = original

    def __call__(self, model, *args, **kwargs):
        seen = getattr(_watching, "seen", None)
        if seen is None:
            return self.original(model, *args, **kwargs)
        _maps[model] = Maps(*(self._map(i, args, kwargs) for i in range(len(_MAP_ARGUMENTS))))
        seen.append(model)
        return model

    @staticmethod
    def _map(position, args, kwargs):
        if position < len(args):
            return dict(args[position])
        for name in _MAP_ARGUMENTS[position]:
            if name in kwargs:
                return dict(kwargs[name])
        raise ExportError("%s was called without %s, and with %s; this version of torch hands over "
                          "other arguments" % (_HOOKED, " or ".join(_MAP_ARGUMENTS[position]),
                                               sorted(kwargs)))
