# SPDX-License-Identifier: LGPL-2.1-or-later
"""Enumerations that print as they are written, and are taken by their names, for the overrides of Lfb."""

from gi.module import get_introspection_module

Lfb = get_introspection_module("Lfb")


def _spell(enumeration):
    enumeration.__repr__ = lambda self: "Lfb.%s.%s" % (enumeration.__name__, self.value_name.removeprefix(prefix))
    prefix = _prefix(enumeration)
    if hasattr(enumeration, "to_string"):
        to_string = enumeration.to_string
        enumeration.__str__ = lambda self: to_string(self)
    else:
        enumeration.__str__ = lambda self: self.value_nick


def _prefix(enumeration):
    """What the names of the values have in common, as in LFB_DTYPE_INT8."""
    names = [value.value_name for value in enumeration.__enum_values__.values()]
    length = min(map(len, names))
    while any(name[:length] != names[0][:length] for name in names) or names[0][length - 1] != "_":
        length -= 1
    return names[0][:length]


for _enumeration in (Lfb.DType, Lfb.QScheme, Lfb.MemoryFormat, Lfb.Op, Lfb.ValueKind, Lfb.Error):
    _spell(_enumeration)


def to_op(op):
    """What a node does, given as such or by the name that PyTorch has for it."""
    if isinstance(op, int):
        return op
    if not isinstance(op, str):
        raise TypeError("What a node does is an Lfb.Op or its name, not %r" % (op,))
    found, result = Lfb.Op.from_string(op)
    if not found:
        raise ValueError("No node does %s; there are %s" %
                         (op, ", ".join(str(known) for known in Lfb.Op.__enum_values__.values())))
    return result
