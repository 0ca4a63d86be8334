# SPDX-License-Identifier: LGPL-2.1-or-later
"""A case, and writing it down: the reference model, what lowering makes of it, and the numbers.

torch lowers every case. Where the expectation of a case is not written by hand, what torch makes
is the expectation; otherwise it is only looked at, to say in ``torch_1_13`` how it differs.
"""

import copy
import json
import os
import re
import sys

import torch
from torch.ao.quantization.fx.lower_to_fbgemm import lower_to_fbgemm

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, "..", "..", "..", "bindings", "python"))

import lowerfb_torch  # noqa: E402
from lowerfb_torch import capture, document, safetensors, values  # noqa: E402

import notation  # noqa: E402

BOTH = ("strict", "default")


class Reference:
    """A reference model with all that lower_to_fbgemm is given, and inputs to run it on."""

    def __init__(self, model, inputs, qconfig_map, scopes):
        self.model = model
        self.inputs = inputs
        self.qconfig_map = qconfig_map
        self.scopes = scopes

    def lower(self):
        """What torch makes of it; standalone modules inside first, as torch does."""
        model = copy.deepcopy(self.model)
        for path, part in list(self.model.named_modules()):
            if path and isinstance(part, torch.fx.GraphModule):
                maps = (given or {} for given in capture.maps_of(part))
                lowered = lower_to_fbgemm(copy.deepcopy(part), *maps)
                parent, _, name = path.rpartition(".")
                setattr(model.get_submodule(parent), name, lowered)
        return lower_to_fbgemm(model, self.qconfig_map, self.scopes)


class Expectation:
    """What is expected where torch does not say, or says something wrong.

    ``text`` is the graph in the notation of notation.py, None for what torch makes. ``modules``
    holds the types of the modules that differ from those of the reference model. ``left`` maps
    nodes of the reference model that are reported as left to nodes that the reason has to name.
    ``modes`` are those in which the graph is made: "strict" for strict-upstream, "default".
    ``truth`` is the recording that the lowered model is held against: "lowered", or "reference"
    where torch's lowered model computes something else than it should. ``steps`` and ``tolerance``
    are how far reference and lowered model may be apart: steps of the larger scale, and parts of
    the range of an output that has no steps. With ``runs`` false the model is not run.
    ``names`` maps names of functions to other names, under which the file is to have them.
    """

    def __init__(self, text=None, modules=None, graphs=None, left=None, modes=BOTH, truth=None,
                 original_weights=None, steps=None, tolerance=None, runs=True,
                 names=None):
        self.text = text
        self.modules = modules or {}
        self.graphs = graphs or {}
        self.left = left or {}
        self.modes = modes
        self.truth = truth or ("reference" if text else "lowered")
        self.original_weights = original_weights
        self.steps = steps
        self.tolerance = tolerance
        self.runs = runs
        self.names = names


def describe(model):
    """The document of ``model``, without the tensors."""
    return document.build(model, values.ValueEncoder(values.TensorTable()))


def summarize(doc):
    """What a lowered.json holds of a document."""
    summary = {
        "nodes": [{key: node[key] for key in ("name", "op", "target", "args", "kwargs")
                   if key in node} for node in doc["nodes"]],
        "modules": {path: entry.get("type", "alias") for path, entry in doc["modules"].items()},
        "attributes": {name: value.get("packed", "value") if isinstance(value, dict) else "value"
                       for name, value in doc["attributes"].items()}}
    graphs = {path: summarize(entry["graph"]) for path, entry in doc["modules"].items()
              if "graph" in entry}
    if graphs:
        summary["graphs"] = graphs
    return summary


def written_by_hand(expectation, reference_doc):
    """The summary that ``expectation`` describes."""
    if expectation.text == "unchanged":
        summary = summarize(reference_doc)
    else:
        nodes, attributes = notation.parse(expectation.text)
        modules = _expected_modules(expectation, reference_doc, nodes)
        summary = {"nodes": nodes, "modules": modules, "attributes": attributes}
    graphs = {path: written_by_hand(graph, reference_doc["modules"][path]["graph"])
              for path, graph in expectation.graphs.items()}
    if graphs:
        summary["graphs"] = graphs
    return summary


def _expected_modules(expectation, reference_doc, nodes):
    """Types by path: of modules that are called as they were, and those that are given."""
    called = {node["target"] for node in nodes if node["op"] == "call_module"}
    modules = {}
    for path, entry in reference_doc["modules"].items():
        replaced = [p for p in expectation.modules if path == p or path.startswith(p + ".")]
        if not replaced and any(path == c or path.startswith(c + ".") or c.startswith(path + ".")
                                for c in called):
            modules[path] = entry.get("type", "alias")
    modules.update(expectation.modules)
    missing = called.difference(modules)
    if missing:
        raise ValueError("no types for %s" % sorted(missing))
    return modules


def renamed(summary):
    """A summary with the nodes numbered: equal for graphs that differ in names of nodes only."""
    numbers = {node["name"]: "%%%d" % i for i, node in enumerate(summary["nodes"])}

    def rename(value):
        if isinstance(value, list):
            return [rename(member) for member in value]
        if isinstance(value, dict) and list(value) == ["node"]:
            return {"node": numbers[value["node"]]}
        if isinstance(value, dict):
            return {key: rename(member) for key, member in value.items()}
        return value

    nodes = [{"op": node["op"], "target": node["target"] if node["op"] != "placeholder" else "",
              "args": rename(node["args"]), "kwargs": rename(node.get("kwargs", {}))}
             for node in summary["nodes"]]
    graphs = {path: renamed(graph) for path, graph in summary.get("graphs", {}).items()}
    return nodes, summary["modules"], summary["attributes"], graphs


def flatten(value):
    """The tensors of a structure in order; numbers among them as lowerfb gives them."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (int, float)):
        dtype = torch.float64 if isinstance(value, float) else torch.int64
        return [torch.tensor(value, dtype=dtype)]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for member in value for tensor in flatten(member)]


def run(model, inputs):
    with torch.no_grad():
        return [t.detach().clone() for t in flatten(model(*copy.deepcopy(inputs)))]


def _rename_functions(path, names):
    doc, tensors = lowerfb_torch.load_model(path)
    for node in doc["nodes"]:
        if node["op"] == "call_function":
            node["target"] = names.get(node["target"], node["target"])
    safetensors.write(path, tensors, {"lowerfb": json.dumps(doc, separators=(",", ":"))})


def record(name, reference, expectation, folder):
    """Write the files of a case; returns what torch did where the expectation is by hand."""
    base = os.path.join(folder, name)
    tensors = {"input.%d" % i: t for i, t in enumerate(flatten(reference.inputs))}
    if expectation.runs:
        outputs = run(reference.model, reference.inputs)
        tensors.update(("reference.%d" % i, t) for i, t in enumerate(outputs))
    reference_doc = describe(reference.model)
    summary, lowered, torch_did = None, None, "the same"
    try:
        lowered = reference.lower()
        summary = summarize(describe(lowered))
    except Exception as error:
        if expectation.text is None:
            raise
        torch_did = re.sub(r" at 0x[0-9a-f]+", "", " ".join(str(error).split()))[:160]
        torch_did = "%s: %s" % (type(error).__name__, torch_did)
    if expectation.text is not None:
        expected = written_by_hand(expectation, reference_doc)
        if summary is not None and renamed(summary) != renamed(expected):
            torch_did = "another graph"
        summary = expected
    elif expectation.truth == "lowered" and expectation.runs:
        outputs = run(lowered, reference.inputs)
        tensors.update(("lowered.%d" % i, t) for i, t in enumerate(outputs))
    summary = dict({"by": "hand" if expectation.text is not None else "torch",
                    "modes": list(expectation.modes)}, **summary)
    if expectation.text is not None:
        summary["torch_1_13"] = torch_did
    if expectation.left:
        summary["left"] = expectation.left
    if expectation.original_weights is not None:
        summary["original_weights"] = expectation.original_weights
    for key in ("steps", "tolerance"):
        if getattr(expectation, key) is not None:
            summary[key] = getattr(expectation, key)
    if not expectation.runs:
        summary["runs"] = False
    lowerfb_torch.save(reference.model, base + ".reference.safetensors", reference.qconfig_map,
                       reference.scopes)
    if expectation.names:
        _rename_functions(base + ".reference.safetensors", expectation.names)
    lowerfb_torch.save_tensors(base + ".io.safetensors", tensors)
    with open(base + ".lowered.json", "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1)
        file.write("\n")
    return summary
