# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON document of a graph module: nodes, attributes, modules, and what lowering must know."""

import torch
import torch.fx

from . import capture, modules
from .errors import ExportError
from .naming import constant_name, function_name, type_name
from .qconfigs import QConfigTable

FORMAT_VERSION = 1

_OPERATIONS = frozenset(["placeholder", "get_attr", "call_function", "call_method", "call_module",
                         "output"])


def build(graph_module, encoder, maps=capture.Maps(None, None), example_inputs=None, path=""):
    """The document of ``graph_module``; its tensors go to the table of ``encoder``.

    A map that is None in ``maps`` is the one that a conversion watched by this package handed to
    the lowering for this very module, if there was one. ``path`` is where the module stands in an
    outer one, and tells its tensors from theirs. Raises ExportError.
    """
    if not isinstance(graph_module, torch.fx.GraphModule):
        raise ExportError("a torch.fx.GraphModule is wanted, not a %s"
                          % type_name(type(graph_module)))
    maps = capture.Maps(*(seen if given is None else given
                          for given, seen in zip(maps, capture.maps_of(graph_module))))
    document = {"lowerfb": FORMAT_VERSION, "producer": "torch " + str(torch.__version__)}
    builder = _Builder(graph_module, encoder, path)
    document["nodes"] = builder.nodes()
    if example_inputs is not None:
        _add_examples(document["nodes"], example_inputs)
    document["attributes"] = builder.attributes()
    document["modules"] = builder.modules()
    if maps.qconfig_map is not None:
        table = QConfigTable()
        document["qconfig_map"] = {name: table.index(qconfig, "qconfig of node %s" % name)
                                   for name, qconfig in maps.qconfig_map.items()}
        document["qconfigs"] = table.entries
    if maps.node_name_to_scope is not None:
        document["node_name_to_scope"] = {name: _scope(scope)
                                          for name, scope in maps.node_name_to_scope.items()}
    return document


class _Builder:
    def __init__(self, graph_module, encoder, path):
        self._root = graph_module
        self._encoder = encoder
        self._prefix = path + "." if path else ""

    def nodes(self):
        known, entries = set(), []
        for node in self._root.graph.nodes:
            entries.append(self._node(node, known))
            known.add(node.name)
        return entries

    def _node(self, node, known):
        place = "%snode %s" % (self._prefix and "module %s: " % self._prefix[:-1], node.name)
        if node.op not in _OPERATIONS:
            raise ExportError("%s: unknown operation %s" % (place, node.op))
        entry = {"name": node.name, "op": node.op, "target": self._target(node, place)}
        name = self._prefix + node.name
        entry["args"] = [self._encoder.encode(value, "%s: argument %d" % (place, i), name, known)
                         for i, value in enumerate(node.args)]
        if node.kwargs:
            entry["kwargs"] = {
                key: self._encoder.encode(value, "%s: argument %s" % (place, key),
                                          "%s.%s" % (name, key), known)
                for key, value in node.kwargs.items()}
        return entry

    @staticmethod
    def _target(node, place):
        if node.op != "call_function":
            return str(node.target)
        try:
            return function_name(node.target)
        except ExportError as error:
            raise ExportError("%s: %s" % (place, error)) from None

    def attributes(self):
        entries = {}
        for node in self._root.graph.nodes:
            if node.op == "get_attr" and node.target not in entries:
                place = "node %s: attribute %s" % (node.name, node.target)
                value = self._root
                for name in node.target.split("."):
                    if not hasattr(value, name):
                        raise ExportError("%s does not exist" % place)
                    value = getattr(value, name)
                entries[node.target] = self._encoder.encode(value, place,
                                                            self._prefix + node.target)
        return entries

    def modules(self):
        """Called modules and their parts, in the order in which they were registered."""
        called = {node.target: node.name for node in self._root.graph.nodes
                  if node.op == "call_module"}
        leading = {target[:i] for target in called
                   for i, letter in enumerate(target) if letter == "."}
        entries, first_paths = {}, {}

        def add(module, path):
            if id(module) in first_paths:
                entries[path] = {"alias": first_paths[id(module)]}
                return
            first_paths[id(module)] = path
            entries[path] = self._module(module, path)
            if "graph" not in entries[path]:
                for name, part in modules.parts(module):
                    add(part, "%s.%s" % (path, name))

        def search(module, prefix):
            for name, part in module._modules.items():
                path = prefix + name
                if part is not None and path in called:
                    add(part, path)
                elif part is not None and path in leading:
                    search(part, path + ".")

        search(self._root, "")
        for target, name in called.items():
            if not self._covered(target, entries):
                raise ExportError("node %s: module %s does not exist" % (name, target))
        return entries

    def _module(self, module, path):
        if not isinstance(module, torch.fx.GraphModule):
            return modules.describe(module, self._prefix + path, self._encoder)
        return {"type": type_name(type(module)),
                "graph": build(module, self._encoder, path=self._prefix + path)}

    @staticmethod
    def _covered(target, entries):
        """Whether ``target`` has an entry, or stands below an alias or a graph, which has it."""
        while target not in entries:
            target = target.rpartition(".")[0]
            if not target:
                return False
            if target in entries:
                return "alias" in entries[target] or "graph" in entries[target]
        return True


def _scope(scope):
    path, kind = scope
    return [path, type_name(kind) if isinstance(kind, type) else str(kind)]


def _add_examples(nodes, example_inputs):
    """Give the placeholders the shapes and dtypes of the inputs they were tried with."""
    if isinstance(example_inputs, torch.Tensor):
        example_inputs = (example_inputs,)
    placeholders = [node for node in nodes if node["op"] == "placeholder"]
    if len(example_inputs) > len(placeholders):
        raise ExportError("%d example inputs for %d placeholders"
                          % (len(example_inputs), len(placeholders)))
    for node, example in zip(placeholders, example_inputs):
        if isinstance(example, torch.Tensor):
            node["meta"] = {"shape": list(example.shape), "dtype": constant_name(example.dtype)}
