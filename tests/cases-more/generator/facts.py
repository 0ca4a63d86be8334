# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a case shows, read off its files: a set of short texts such as

    module reference.Linear > quantized.Linear      a module that became another
    call quantized.add_relu                         an operator of torch.ops in the lowered graph
    int8 method view                                an operator that runs on integers after lowering
    half function torch.flatten                     the same on float16

Needs no torch.
"""

import json
import struct

_SHORT = (("torch.ao.nn.", ""), ("torch.nn.functional.", "F."), ("torch.nn.", "nn."))


def read_document(path):
    """The document of the model file at ``path``."""
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return json.loads(header["__metadata__"]["lowerfb"])


def of_case(base):
    """The facts of the case whose files start with ``base``."""
    with open(base + ".lowered.json", encoding="utf-8") as file:
        lowered = json.load(file)
    return of_graphs(read_document(base + ".reference.safetensors"), lowered)


def of_graphs(reference, lowered):
    facts = set(_modules(reference, lowered))
    facts.update(_operators(lowered))
    for path, graph in lowered.get("graphs", {}).items():
        facts.update(of_graphs(reference["modules"][path]["graph"], graph))
    return facts


def short(name):
    for long, brief in _SHORT:
        if name.startswith(long):
            return brief + name[len(long):]
    return name


def _modules(reference, lowered):
    before = {path: _type(path, reference["modules"]) for path in reference["modules"]}
    for path, kind in lowered["modules"].items():
        if path in before and kind not in (before[path], "alias"):
            yield "module %s > %s" % (short(before[path]), short(kind))
            dtype = _dynamic_dtype(path, reference)
            if dtype:
                yield "dynamic %s %s" % (dtype, short(kind))


def _type(path, modules):
    while "alias" in modules.get(path, {}):
        path = modules[path]["alias"]
    return modules[path]["type"] if path in modules else "?"


def _dynamic_dtype(path, reference):
    """The type to which the input of the module at ``path`` is quantized dynamically."""
    nodes = {node["name"]: node for node in reference["nodes"]}
    for node in reference["nodes"]:
        if node["op"] != "call_module" or node["target"] != path or not node["args"]:
            continue
        source = nodes.get(_name(node["args"][0]), {})
        if source.get("target") == "dequantize":
            source = nodes.get(_name(source["args"][0]), {})
        if source.get("target") == "torch.quantize_per_tensor_dynamic":
            return source["args"][1]["dtype"]
    return None


def _name(value):
    return value.get("node") if isinstance(value, dict) else None


def _operators(lowered):
    """Walks the lowered graph, and knows of each node whether it gives integers or halves."""
    kinds = {}
    for node in lowered["nodes"]:
        target, first = node["target"], _first(node)
        source = kinds.get(_name(first))
        if isinstance(first, list) and first:
            sources = {kinds.get(_name(member)) for member in first}
            source = sources.pop() if len(sources) == 1 else None
        if node["op"] == "call_function" and target.startswith("torch.ops.quantized."):
            yield "call " + target[len("torch.ops."):]
            kind = None if "dynamic" in target else "int8"
        elif target in ("torch.quantize_per_tensor", "torch.quantize_per_channel"):
            kind = "int8"
        elif node["op"] == "call_module":
            kind = _module_kind(lowered["modules"][target], source)
            if source and lowered["modules"][target].startswith("torch.nn."):
                yield "%s module %s" % (source, short(lowered["modules"][target]))
        elif target == "dequantize":
            kind = None
        elif node["op"] == "call_method" and target == "to":
            kind = "half" if node["args"][1:] == [{"dtype": "float16"}] else None
        elif node["op"] in ("call_function", "call_method"):
            kind = source
            if source:
                yield "%s %s %s" % (source, node["op"][5:], short(target))
        else:
            kind = None
        kinds[node["name"]] = kind


def _first(node):
    value = node["args"][0] if node["args"] else next(iter(node.get("kwargs", {}).values()), None)
    return value["tuple"] if isinstance(value, dict) and "tuple" in value else value


def _module_kind(kind, source):
    if "quantized.dynamic" in kind or "reference" in kind or "Embedding" in kind:
        return None
    return "int8" if ".quantized." in kind else source
