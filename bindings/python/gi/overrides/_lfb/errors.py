# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors as exceptions, for the overrides of Lfb.

PyGObject raises every GError as a GLib.Error, and says of a wrong argument neither its name nor the
function. Here each function of the library that can raise anything is wrapped once: an error of the
library gets the class of its code, which is still a GLib.Error, and what PyGObject says of an argument
is preceded by what was called.
"""

import re

from gi._gi import FunctionInfo
from gi.module import get_introspection_module, repository
from gi.repository import GLib

Lfb = get_introspection_module("Lfb")

DOMAIN = GLib.quark_to_string(Lfb.error_quark())


class LfbError(GLib.Error):
    """Any error of the library; each code has a class of its own below this one."""

    code = Lfb.Error.FAILED

    def __init__(self, message="", domain=DOMAIN, code=None):
        super().__init__(message, domain, int(type(self).code if code is None else code))

    def __str__(self):
        return self.message


class FailedError(LfbError):
    """Something failed that has no code of its own; `Lfb.Error.FAILED`."""


class FormatError(LfbError, ValueError):
    """A file or document is not what its format asks for; `Lfb.Error.FORMAT`."""

    code = Lfb.Error.FORMAT


class UnsupportedError(LfbError):
    """Sound, but nothing here can do it; `Lfb.Error.UNSUPPORTED`."""

    code = Lfb.Error.UNSUPPORTED


class InvalidGraphError(LfbError, ValueError):
    """A graph, node or module breaks the rules of graphs; `Lfb.Error.INVALID_GRAPH`."""

    code = Lfb.Error.INVALID_GRAPH


class ArgumentError(LfbError, TypeError):
    """An argument is missing, unknown or of the wrong kind; `Lfb.Error.ARGUMENT`."""

    code = Lfb.Error.ARGUMENT


class ShapeError(LfbError, ValueError):
    """A shape does not fit; `Lfb.Error.SHAPE`."""

    code = Lfb.Error.SHAPE


class DTypeError(LfbError, TypeError):
    """An element type does not fit; `Lfb.Error.DTYPE`."""

    code = Lfb.Error.DTYPE


class RangeError(LfbError, ValueError):
    """A number, size or index is out of range; `Lfb.Error.RANGE`."""

    code = Lfb.Error.RANGE


class NotFoundError(LfbError, LookupError):
    """A name stands for nothing; `Lfb.Error.NOT_FOUND`."""

    code = Lfb.Error.NOT_FOUND


class FileError(LfbError):
    """A file could not be read or written; `Lfb.Error.IO`."""

    code = Lfb.Error.IO


BY_CODE = {int(klass.code): klass for klass in LfbError.__subclasses__()}
CLASSES = [LfbError, *BY_CODE.values()]
for _class in CLASSES:
    # Where they are found, also by pickle.
    _class.__module__ = "gi.repository.Lfb"


def with_class(error):
    """The same error as the class of its code; one that is not of the library as it is."""
    if error.domain != DOMAIN or isinstance(error, LfbError):
        return error
    klass = BY_CODE.get(error.code, LfbError)
    return klass(error.message, error.domain, error.code)


def _name_argument(info, error):
    """Says in a TypeError and the like, which are PyGObject's here, what was called."""
    if len(error.args) != 1 or not isinstance(error.args[0], str):
        return
    names, text = [argument.get_name() for argument in info.get_arguments()], error.args[0]
    empty = re.fullmatch(r"Argument (\d+) does not allow None as a value", text)
    if empty:
        place = int(empty[1]) - info.is_method()
        if 0 <= place < len(names):
            text = "argument %s: must not be None" % names[place]
    owner = info.get_container()
    called = ".".join(["Lfb", *([owner.get_name()] if owner else []), info.__name__])
    if text.startswith(called):
        return
    # It names itself without its class.
    text = re.sub(r"^(?:\w+\.)*%s\(\) " % re.escape(info.__name__), "", text)
    error.args = ("%s(): %s" % (called, text),)


def _wrapped(info, call):
    def function(*args, **kwargs):
        try:
            return call(*args, **kwargs)
        except GLib.Error as error:
            named = with_class(error)
            if named is error:
                raise
            raise named from error.__cause__
        except (TypeError, ValueError, OverflowError) as error:
            _name_argument(info, error)
            raise

    function.__name__ = info.__name__
    function.__qualname__ = "%s.%s" % (info.get_container().get_name() if info.get_container() else "Lfb",
                                       info.__name__)
    function.__module__ = "gi.repository.Lfb"
    function.__doc__ = info.__doc__
    return function


def _is_wrapped(info):
    return info.can_throw_gerror() or len(info.get_arguments()) > 0


def _wrap_class(klass):
    for name, info in list(vars(klass).items()):
        if not isinstance(info, FunctionInfo) or not _is_wrapped(info):
            continue
        # A constructor is called on its class.
        function = _wrapped(info, info if info.is_method() else getattr(klass, name))
        setattr(klass, name, function if info.is_method() else staticmethod(function))


def _wrap_everything():
    for info in repository.get_infos("Lfb"):
        thing = getattr(Lfb, info.get_name())
        if isinstance(thing, FunctionInfo):
            if _is_wrapped(thing):
                setattr(Lfb, info.get_name(), _wrapped(thing, thing))
        elif isinstance(thing, type):
            _wrap_class(thing)


_wrap_everything()
