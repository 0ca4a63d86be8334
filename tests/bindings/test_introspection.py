#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Introspection is complete: what the library exports, its headers declare, the GIR describes, the typelib
holds and the reference explains are the same things, and nothing of the kernels is among them."""

import os
import pathlib
import re
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version("Lfb", "1.0")
from gi._gi import Repository  # noqa: E402
from gi.repository import Lfb  # noqa: E402,F401

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
BUILD = pathlib.Path(os.environ["LOWERFB_BUILD"])
REFERENCE = os.environ.get("LOWERFB_REFERENCE")

CORE, C, GLIB = ("{http://www.gtk.org/introspection/%s/1.0}" % name for name in ("core", "c", "glib"))
FUNCTIONS = ("function", "method", "constructor")
TYPES = ("class", "record", "enumeration", "bitfield", "interface", "callback")

# For C alone, and why.
C_ONLY = {
    # What binary data other languages get without a copy they get by get_bytes() and get_address().
    "lfb_tensor_get_data", "lfb_buffer_get_data",
    # What is returned must outlive the call, which no wrapper of a boxed value promises.
    "lfb_value_map_nodes", "lfb_value_visit_nodes", "LfbValueNodeFunc", "LfbValueVisitFunc",
    # A struct of quantization parameters without a type of its own; tensors and quantize operators have them.
    "LfbQParams", "lfb_tensor_new_with_qparams", "lfb_tensor_quantize",
    # What a file holds beside the model, which is carried along.
    "lfb_node_get_extra", "lfb_node_set_extra", "lfb_graph_module_get_extra", "lfb_graph_module_set_extra",
    "lfb_module_get_extra", "lfb_module_new_with_extra", "lfb_qconfig_get_extra", "lfb_qconfig_new_with_extra",
}
FOREIGN = r"avx|neon|(?<![a-z])sse|simd|vnni|cpuid|immintrin|__m\d|int8x|kernels/"


def headers():
    """The public headers: what lowerfb.h leads to."""
    found, todo = {}, ["lowerfb/lowerfb.h"]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        path = TOP / name if (TOP / name).exists() else BUILD / name
        found[name] = path.read_text(encoding="utf-8")
        todo += re.findall(r"^#include <(lowerfb/[^>]+)>", found[name], re.MULTILINE)
    return found


class Introspection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.headers = headers()
        cls.namespace = ElementTree.parse(BUILD / "lowerfb" / "Lfb-1.0.gir").getroot().find(CORE + "namespace")
        listed = subprocess.run(["nm", "-D", "--defined-only", BUILD / "lowerfb" / "liblowerfb-1.0.so"],
                                capture_output=True, text=True, check=True).stdout
        cls.exported = {line.split()[-1] for line in listed.splitlines()}
        cls.described = {item.get(C + "identifier"): item for kind in FUNCTIONS
                         for item in cls.namespace.iter(CORE + kind)}
        cls.get_types = {item.get(GLIB + "get-type") for kind in TYPES for item in cls.namespace.iter(CORE + kind)}

    def test_headers_declare_what_is_exported(self):
        declared = set()
        for name, text in self.headers.items():
            for declaration in text.split("\nLFB_AVAILABLE_IN_1_0\n")[1:]:
                words = re.match(r"G_DECLARE_\w+ \(\w+, (\w+)", declaration)
                function = words[1] + "_get_type" if words else re.search(r"(lfb_\w+)\s*\(", declaration)[1]
                self.assertNotIn(function, declared, name)
                declared.add(function)
        declared |= {name for name in self.exported if name.endswith("_get_type") and name in self.get_types}
        self.assertEqual(self.exported - declared, set(), "exported, but not declared")
        self.assertEqual(declared - self.exported, set(), "declared, but not exported")
        self.assertGreater(len(declared), 250)

    def test_everything_exported_is_described(self):
        missing = self.exported - set(self.described) - self.get_types
        self.assertEqual(missing, set())

    def test_everything_described_can_be_called(self):
        hidden = {item.get(C + "identifier") or item.get(C + "type") or item.get("name")
                  for item in self.namespace.iter() if item.get("introspectable") == "0"}
        self.assertEqual(hidden - C_ONLY, set(), "not introspectable, and nobody says why")
        self.assertEqual({name for name in C_ONLY} - hidden, set(), "is introspectable after all")

    def test_the_typelib_holds_what_is_described(self):
        infos = {info.get_name(): info for info in Repository.get_default().get_infos("Lfb")}
        checked = 0
        for kind in TYPES:
            for item in self.namespace.findall(CORE + kind):
                if item.get("introspectable") == "0":
                    continue
                info = infos[item.get("name")]
                for child in (child for kind in FUNCTIONS for child in item.findall(CORE + kind)):
                    if child.get("introspectable") != "0" and "moved-to" not in child.attrib:
                        names = [method.get_name_unescaped() for method in info.get_methods()]
                        self.assertIn(child.get("name"), names, item.get("name"))
                        checked += 1
        for child in self.namespace.findall(CORE + "function"):
            if child.get("introspectable") != "0" and "moved-to" not in child.attrib:
                self.assertIn(child.get("name"), infos)
                checked += 1
        self.assertGreater(checked, 200)

    def explained(self, item, where):
        self.assertIsNotNone(item.find(CORE + "doc"), f"{where} is not documented")

    def test_everything_is_documented(self):
        checked = 0
        # That of a virtual method says it.
        of_fields = list(self.namespace.iterfind(f".//{CORE}field/{CORE}callback"))
        for kind in (*TYPES, *FUNCTIONS, "virtual-method", "property", "constant", "member",
                     GLIB + "signal"):
            for item in self.namespace.iter(kind if kind.startswith("{") else CORE + kind):
                name = item.get(C + "identifier") or item.get("name")
                if item.get(GLIB + "is-gtype-struct-for") or item in of_fields:
                    continue
                self.explained(item, name)
                checked += 1
                for parameter in item.iterfind(f"{CORE}parameters/{CORE}parameter"):
                    self.explained(parameter, f"{name}: {parameter.get('name')}")
                result = item.find(CORE + "return-value")
                if result is not None and result.find(CORE + "type") is not None and \
                        result.find(CORE + "type").get("name") != "none":
                    self.explained(result, f"{name}: what it returns")
        self.assertGreater(checked, 300)

    @unittest.skipUnless(REFERENCE, "the reference is not built: gi-docgen is missing")
    def test_everything_is_in_the_reference(self):
        pages = {path.name for path in pathlib.Path(REFERENCE).glob("*.html")}
        missing, checked = [], 0

        def look(name):
            nonlocal checked
            checked += 1
            if name not in pages:
                missing.append(name)

        prefixes = {"class": "class", "record": "struct", "enumeration": "enum", "callback": "callback"}
        for kind, prefix in prefixes.items():
            for item in self.namespace.findall(CORE + kind):
                if item.get("introspectable") == "0" or item.get(GLIB + "is-gtype-struct-for"):
                    continue
                name = item.get("name")
                look(f"{'error' if item.get(GLIB + 'error-domain') else prefix}.{name}.html")
                static = "type_func"
                for child_kind, child_prefix in (("method", "method"), ("constructor", "ctor"), ("function", static),
                                                 ("virtual-method", "vfunc"), ("property", "property"),
                                                 (GLIB + "signal", "signal")):
                    tag = child_kind if child_kind.startswith("{") else CORE + child_kind
                    for child in item.findall(tag):
                        if child.get("introspectable") != "0":
                            look(f"{child_prefix}.{name}.{child.get('name')}.html")
        for item in self.namespace.findall(CORE + "function"):
            if item.get("introspectable") != "0" and "moved-to" not in item.attrib:
                look(f"func.{item.get('name')}.html")
        for item in self.namespace.findall(CORE + "constant"):
            look(f"const.{item.get('name')}.html")
        self.assertEqual(missing, [])
        self.assertGreater(checked, 300)

    def test_nothing_of_the_kernels_leaks(self):
        for name, text in self.headers.items():
            self.assertNotRegex(name, r"-private|/kernels/")
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            self.assertNotRegex(code, re.compile(FOREIGN, re.IGNORECASE), name)
            for included in re.findall(r"^#\s*include [<\"]([^>\"]+)", code, re.MULTILINE):
                self.assertRegex(included, r"^(lowerfb/|glib|gio/)", name)
        for name in self.exported:
            self.assertRegex(name, r"^lfb_")
            self.assertNotRegex(name, re.compile(FOREIGN, re.IGNORECASE))
        for item in self.namespace.iter():
            for attribute in ("name", C + "type", C + "identifier"):
                self.assertNotRegex(item.get(attribute) or "", re.compile(FOREIGN, re.IGNORECASE))


if __name__ == "__main__":
    unittest.main()
