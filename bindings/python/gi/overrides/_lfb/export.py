# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the parts of the overrides of Lfb say what takes the place of what, and what they have in common."""

from collections.abc import Mapping

from gi.overrides import override

EXPORTS = {}


def export(thing):
    """Has Lfb offer a function or class; a class in the place of the one it derives from."""
    if isinstance(thing, type) and hasattr(thing, "__gtype__"):
        # PyGObject goes by that.
        thing.__module__ = "gi.overrides.Lfb"
        thing = override(thing)
    EXPORTS[thing.__name__] = thing
    return thing


def attribute(name, doc, writable=False):
    """An attribute that the getter and setter of that name answer."""
    def get(self):
        return getattr(self, "get_" + name)()

    def put(self, value):
        getattr(self, "set_" + name)(value)

    return property(get, put if writable else None, doc=doc)


class Dictionary:
    """What makes a class with `__len__`, `__iter__` and `__getitem__` a mapping of names.

    Metaclasses keep GObjects from deriving from Mapping itself.
    """

    keys = Mapping.keys
    values = Mapping.values
    items = Mapping.items

    def __contains__(self, name):
        try:
            self[name]
        except KeyError:
            return False
        return True

    def __bool__(self):
        """As every object, even if it is empty."""
        return True
