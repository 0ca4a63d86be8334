#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what type checkers read of Lfb: make-stubs.py Lfb-1.0.gir > gi-stubs/repository/Lfb.pyi

What the library offers is taken from its GIR. What the overrides put in the place of that, or add to it, is
in `override_types.py`; here it is looked up in the overrides as they are, and anything that is missing
there, is gone here, or has other parameters ends the program.
"""

import ast
import inspect
import keyword
import re
import sys
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version("Lfb", "1.0")
from gi.overrides._lfb import errors, export  # noqa: E402
from gi.repository import GLib, Lfb  # noqa: E402
from override_types import HEADER, OVERRIDES  # noqa: E402

CORE, C, GLIB = ("{http://www.gtk.org/introspection/%s/1.0}" % name for name in ("core", "c", "glib"))
SIMPLE = {"utf8": "str", "filename": "str", "gboolean": "bool", "gdouble": "float", "gfloat": "float", "none": "None",
          "gpointer": "Any", "GType": "Any", "GLib.Quark": "int"}
# What the lists hold that Gio.ListModel makes of these.
ITEMS = {"Graph": "Node", "LoweringReport": "LoweringNote"}
# What every object has.
UNSAID = ("__init_subclass__", "__repr__", "__str__", "__reduce__", "__copy__", "__deepcopy__", "__dlpack_device__")
INDENT = "    "


def name_of(item):
    """As PyGObject has it."""
    return item.get("name") + ("_" if keyword.iskeyword(item.get("name")) else "")


def type_of(item, given):
    """Of a parameter or a result; what is given may be any sequence where a list comes back."""
    array = item.find(CORE + "array")
    if array is not None:
        inner = type_of(array, given)
        text = f"{'Sequence' if given else 'list'}[{inner}]"
    else:
        name = item.find(CORE + "type").get("name")
        if name in SIMPLE:
            text = SIMPLE[name]
        else:
            text = "int" if re.fullmatch(r"g(u?int\d*|size)", name) else name
    return f"{text} | None" if item.get("nullable") == "1" or item.get("allow-none") == "1" else text


def parameters_of(item):
    """Those that Python sees: no lengths, no results, no user data."""
    found = item.findall(f"{CORE}parameters/{CORE}parameter")
    hidden = set()
    for parameter in [*found, *item.findall(CORE + "return-value")]:
        array = parameter.find(CORE + "array")
        if array is not None and array.get("length") is not None:
            hidden.add(int(array.get("length")))
        if parameter.get("closure") is not None:
            hidden.add(int(parameter.get("closure")))
    inward = [(i, parameter) for i, parameter in enumerate(found)
              if i not in hidden and parameter.get("direction") != "out"]
    outward = [parameter for i, parameter in enumerate(found)
               if i not in hidden and parameter.get("direction") == "out"]
    return inward, outward


def signature_of(item, owner):
    """What stands between the name and the colon of a function."""
    inward, outward = parameters_of(item)
    texts = ["self"] if item.tag in (CORE + "method", CORE + "virtual-method") else []
    # At the end those that may be None can be left out.
    optional = len(inward)
    while optional > 0 and inward[optional - 1][1].get("nullable") == "1":
        optional -= 1
    for place, (_i, parameter) in enumerate(inward):
        kind = type_of(parameter, True)
        if parameter.get("scope") is not None:
            kind = "Callable[..., Any] | None"
        name = name_of(parameter)
        texts.append(f"{name}: {kind}" + (" = None" if place >= optional else ""))
    result = owner if item.tag == CORE + "constructor" else type_of(item.find(CORE + "return-value"), False)
    if outward:
        result = f"tuple[{', '.join([result, *(type_of(parameter, False) for parameter in outward)])}]"
    return f"({', '.join(texts)}) -> {result}"


def members_of(klass):
    """The functions and attributes that the overrides give a class, by name."""
    found = {}
    for base in klass.__mro__:
        if base.__module__ == "gi.overrides.Lfb" or base.__module__.startswith("gi.overrides._lfb"):
            for name, thing in vars(base).items():
                if inspect.isfunction(thing) or isinstance(thing, (staticmethod, property)):
                    found.setdefault(name, thing)
    return {name: thing for name, thing in found.items()
            if name not in UNSAID and (not name.startswith("_") or name.startswith("__"))}


def names_in(signature):
    """The names of parameters in the text of a signature, which is Python itself."""
    parsed = ast.parse(f"def function{signature}: ...").body[0].args
    names = [argument.arg for argument in [*parsed.posonlyargs, *parsed.args]]
    names += [f"*{parsed.vararg.arg}"] if parsed.vararg else []
    names += [argument.arg for argument in parsed.kwonlyargs]
    return names + ([f"**{parsed.kwarg.arg}"] if parsed.kwarg else [])


def check(where, thing, signature):
    """That an override has the parameters that are said of it."""
    if isinstance(thing, property):
        return
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = [stars.get(parameter.kind, "") + parameter.name
             for parameter in inspect.signature(getattr(thing, "__func__", thing)).parameters.values()]
    said = names_in(signature)
    if where.endswith(".__new__"):
        found[0] = "cls"
    if [name.lstrip("_") for name in found] != [name.lstrip("_") for name in said]:
        sys.exit(f"{where} has the parameters {found}, and override_types.py says {said}")


def write_override(klass_name, name, thing, lines):
    """One member of an override, as override_types.py has it; whether there was one."""
    where = f"{klass_name}.{name}"
    if where not in OVERRIDES:
        return False
    text = OVERRIDES.pop(where)
    if isinstance(thing, property):
        lines += [f"{INDENT}@property", f"{INDENT}def {name}(self) -> {text}: ..."]
        if thing.fset is not None:
            lines += [f"{INDENT}@{name}.setter", f"{INDENT}def {name}(self, value: Any) -> None: ..."]
        return True
    check(where, thing, text)
    if isinstance(thing, staticmethod) and name != "__new__":
        lines.append(f"{INDENT}@staticmethod")
    lines.append(f"{INDENT}def {name}{text}: ..." if name != "__new__" else
                 f"{INDENT}def __init__{text.replace('(cls', '(self', 1)} -> None: ...")
    return True


def write_class(item, lines):
    name = item.get("name")
    klass = getattr(Lfb, name)
    bases = "GObject.Object" if item.tag == CORE + "class" else "GObject.GBoxed"
    if item.find(f"{CORE}implements[@name='Gio.ListModel']") is not None:
        bases += ", Gio.ListModel"
    lines += ["", "", f"class {name}({bases}):"]
    members = members_of(klass)
    getters = {method.get("name"): method for method in item.findall(CORE + "method")}
    if "__new__" not in members and "__init__" not in members:
        settings = [f"{prop.get('name').replace('-', '_')}: {type_of(prop, True)} = ..."
                    for prop in item.findall(CORE + "property") if prop.get("writable") == "1"]
        star = "*, " if settings else ""
        lines.append(f"{INDENT}def __init__(self, {star}{', '.join(settings)}) -> None: ...".replace(", )", ")"))
    if name in ITEMS:
        lines.append(f"{INDENT}def __len__(self) -> int: ...")
        if "__iter__" not in members:
            lines.append(f"{INDENT}def __iter__(self) -> Iterator[{ITEMS[name]}]: ...")
    for member, thing in members.items():
        if member == "__init__" and "__new__" in members:
            continue
        if write_override(name, member, thing, lines):
            continue
        getter = getters.get("get_" + member)
        if isinstance(thing, property) and getter is not None:
            # Who reads an attribute that may be None mostly knows that it is not.
            kind = type_of(getter.find(CORE + "return-value"), False).replace("| None", "| Any")
            lines += [f"{INDENT}@property", f"{INDENT}def {member}(self) -> {kind}: ..."]
            setter = getters.get("set_" + member)
            if thing.fset is not None:
                if "Any" not in kind:
                    kind = type_of(setter.find(f"{CORE}parameters/{CORE}parameter"), True)
                lines += [f"{INDENT}@{member}.setter", f"{INDENT}def {member}(self, value: {kind}) -> None: ..."]
        else:
            sys.exit(f"override_types.py does not know {name}.{member}")
    for child in item:
        kind = child.tag.removeprefix(CORE)
        if kind not in ("function", "method", "constructor") or child.get("introspectable") == "0":
            continue
        if child.get("name") in members:
            continue
        if kind != "method":
            lines.append(f"{INDENT}@staticmethod")
        lines.append(f"{INDENT}def {name_of(child)}{signature_of(child, name)}: ...")
    for vfunc in item.findall(CORE + "virtual-method"):
        lines.append(f"{INDENT}def do_{vfunc.get('name')}{signature_of(vfunc, name)}: ...")


def write_enumeration(item, lines):
    name = item.get("name")
    lines += ["", "", f"class {name}(GObject.GEnum):"]
    lines += [f"{INDENT}{member.get('name').upper()}: ClassVar[{name}]" for member in item.findall(CORE + "member")]
    for child in item.findall(CORE + "function"):
        # PyGObject makes methods of those whose first parameter is the value.
        if child.get("introspectable") != "0":
            inward, _outward = parameters_of(child)
            method = bool(inward) and inward[0][1].find(CORE + "type").get("name") == name
            signature = signature_of(child, name)
            if method:
                signature = "(self" + signature[len(f"({inward[0][1].get('name')}: {name}"):]
            else:
                lines.append(f"{INDENT}@staticmethod")
            lines.append(f"{INDENT}def {child.get('name')}{signature}: ...")


def main(path):
    namespace = ElementTree.parse(path).getroot().find(CORE + "namespace")
    lines = [HEADER.rstrip("\n")]
    for item in namespace.findall(CORE + "enumeration"):
        write_enumeration(item, lines)
    for item in [*namespace.findall(CORE + "record"), *namespace.findall(CORE + "class")]:
        if item.get("introspectable") != "0" and item.get(GLIB + "is-gtype-struct-for") is None:
            write_class(item, lines)
    for klass in errors.CLASSES:
        bases = ", ".join("GLib.Error" if base is GLib.Error else base.__name__ for base in klass.__bases__)
        lines += ["", "", f"class {klass.__name__}({bases}):"]
        lines.append(f"{INDENT}...")
    lines += ["", ""]
    for item in namespace.findall(CORE + "function"):
        name = item.get("name")
        if item.get("introspectable") == "0" or "moved-to" in item.attrib or not hasattr(Lfb, name):
            continue
        if name in export.EXPORTS:
            check(name, export.EXPORTS[name], OVERRIDES[name])
            lines.append(f"def {name}{OVERRIDES.pop(name)}: ...")
        else:
            lines.append(f"def {name}{signature_of(item, None)}: ...")
    lines += ["", ""] + [f"{item.get('name')}: int" for item in namespace.findall(CORE + "constant")]
    if OVERRIDES:
        sys.exit(f"override_types.py tells of what is not there: {', '.join(OVERRIDES)}")
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1])
