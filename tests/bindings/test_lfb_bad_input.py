#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input from Python: each row is refused with an error of the right code whose message names the culprit."""

import math
import pathlib
import sys
import tempfile
import unittest

from gi.repository import GLib

from lfb_cases import CASES, Lfb, load

D = Lfb.DType
FLOATS = Lfb.Tensor([[0.5] * 12] * 3)
BYTES = Lfb.Tensor(bytearray(3))


class World:
    """Two models, for the rows that change one. A node does not keep its graph alive."""

    def __init__(self):
        self.model, self.other = load("add"), load("add")
        self.graph = self.model.graph
        self.add, self.x, self.foreign = self.graph["add"], self.graph["x"], self.other.graph["y"]
        self.gone = self.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.add", name="gone")
        self.graph.erase_node(self.gone)


def changed(change):
    """The model, after something was done to it that the library lets pass."""
    model = load("add")
    change(model)
    return model


def cyclic(model):
    model.graph["dequantize"].args = [model.graph["add"]]


def run(*inputs):
    return Lfb.Session(load("add")).run(inputs)


def call(name, *args, **kwargs):
    return Lfb.call(name, args, kwargs)


def lower(model):
    return Lfb.Lowerer().lower(model)


def file_of(content):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "broken.safetensors"
        path.write_bytes(content)
        return Lfb.GraphModule.load(path)


WHOLE = (CASES / "add.reference.safetensors").read_bytes()

# What is done; the code it fails with; what the message says.
TABLE = {
    "a file that is not there": (lambda w: Lfb.GraphModule.load("/nowhere/model.safetensors"),
                                 "IO", "/nowhere/model.safetensors"),
    "a folder": (lambda w: Lfb.GraphModule.load(CASES), "IO", "directory"),
    "a file of tensors as a model": (lambda w: Lfb.GraphModule.load(CASES / "add.io.safetensors"),
                                     "FORMAT", "add.io.safetensors"),
    "half a header": (lambda w: file_of(WHOLE[:1000]), "FORMAT", "broken.safetensors"),
    "half the data": (lambda w: file_of(WHOLE[:-100]), "RANGE", "broken.safetensors: tensor `b.weight_zero_point`"),
    "no bytes": (lambda w: Lfb.GraphModule.load_bytes(GLib.Bytes.new(b"")), "FORMAT", "8 bytes"),
    "a folder that is not there": (lambda w: w.model.save("/nowhere/model.safetensors"),
                                   "IO", "/nowhere/model.safetensors"),
    "saving a broken model": (lambda w: changed(cyclic).save("/nowhere/model.safetensors"),
                              "INVALID_GRAPH", "`dequantize`"),

    "too few bytes": (lambda w: Lfb.Tensor.new_for_bytes(D.FLOAT32, [3], bytes(8)), "SHAPE", "12 bytes, not 8"),
    "a negative dimension": (lambda w: Lfb.Tensor.new_for_bytes(D.FLOAT32, [-1], bytes(8)), "SHAPE", "[-1]"),
    "a shape beyond memory": (lambda w: Lfb.Tensor.new_for_bytes(D.UINT8, [2 ** 40] * 2, b""),
                              "RANGE", "1099511627776"),
    "65 dimensions": (lambda w: Lfb.Tensor.new_for_bytes(D.UINT8, [1] * 65, b"a"), "SHAPE", "65 dimensions"),
    "quint8 without a scale": (lambda w: Lfb.Tensor.new_for_bytes(D.QUINT8, [3], b"abc"), "DTYPE", "quint8"),
    "address 0": (lambda w: Lfb.Tensor.new_for_pointer(D.UINT8, [3], 0, 3, None), "ARGUMENT", "address 0"),
    "a scale of NaN": (lambda w: Lfb.Tensor(BYTES, scale=math.nan), "RANGE", "not nan"),
    "an infinite scale": (lambda w: Lfb.Tensor(BYTES, scale=math.inf), "RANGE", "not inf"),
    "a scale of 0": (lambda w: Lfb.Tensor(BYTES, scale=0.0), "RANGE", "not 0"),
    "a zero point outside": (lambda w: Lfb.Tensor(BYTES, scale=0.5, zero_point=256), "RANGE", "256"),
    "quint8 of floats": (lambda w: Lfb.Tensor(FLOATS, D.QUINT8, scale=0.5), "DTYPE", "not of float32"),
    "an axis that is not there": (lambda w: Lfb.Tensor(BYTES, scale=[0.5], zero_point=[0], axis=1), "RANGE", "Axis 1"),
    "too few scales": (lambda w: Lfb.Tensor(BYTES, scale=[0.5], zero_point=[0], axis=0), "SHAPE", "vector of 3"),
    "a channel's scale": (lambda w: Lfb.Tensor(BYTES, scale=[1.0, -1.0, 1.0], zero_point=[0, 0, 0], axis=0),
                          "RANGE", "Channel 1"),
    "floats dequantized": (lambda w: FLOATS.dequantize(), "DTYPE", "float32[3, 12]"),
    "another size": (lambda w: FLOATS.reshape([5, 5]), "SHAPE", "[5, 5]"),

    "a node that is read": (lambda w: w.graph.erase_node(w.add), "INVALID_GRAPH", "`quantize_per_tensor_4` reads it"),
    "a foreign node erased": (lambda w: w.graph.erase_node(w.foreign), "INVALID_GRAPH", "`y` is not in this graph"),
    "a foreign node read": (lambda w: w.add.set_args([w.foreign]), "INVALID_GRAPH", "`y` belongs to another graph"),
    "a foreign node deep inside": (lambda w: w.add.set_kwargs({"a": [({"b": w.foreign},)]}),
                                   "INVALID_GRAPH", "`y` belongs to another graph"),
    "a foreign node moved": (lambda w: w.add.append(w.foreign), "INVALID_GRAPH", "`y` belong to different graphs"),
    "a foreign replacement": (lambda w: w.add.replace_all_uses_with(w.foreign),
                              "INVALID_GRAPH", "`y` belong to different graphs"),
    "a foreign node in a new one": (lambda w: w.graph.create_node(Lfb.Op.CALL_FUNCTION, "f", [w.foreign], name="f"),
                                    "INVALID_GRAPH", "Node `f`: Node `y`"),
    "a node that reads itself": (lambda w: w.add.set_args([w.add]), "INVALID_GRAPH", "`add` cannot read its own"),
    "an erased node changed": (lambda w: w.gone.set_args([1]), "INVALID_GRAPH", "`gone` has been erased"),
    "an erased node read": (lambda w: w.add.set_args([w.gone]), "INVALID_GRAPH", "`gone` has been erased"),
    "an erased node erased": (lambda w: w.graph.erase_node(w.gone), "INVALID_GRAPH", "`gone` is not in this graph"),
    "a name that is taken": (lambda w: w.x.set_name("y"), "INVALID_GRAPH", "`y` is taken"),
    "a new node's name": (lambda w: w.graph.create_node(Lfb.Op.PLACEHOLDER, "x", name="add"),
                          "INVALID_GRAPH", "`add` is taken"),
    "a place behind the end": (lambda w: w.add.set_arg(5, 1), "RANGE", "no place 5"),
    "a module without a path": (lambda w: w.model.set_module("", Lfb.Module("torch.nn.ReLU")), "ARGUMENT", "path"),
    "an alias of itself": (lambda w: w.model.set_alias("a", "a"), "INVALID_GRAPH", "`a`"),

    "a cycle lowered": (lambda w: lower(changed(cyclic)), "INVALID_GRAPH", "`dequantize` reads `add`"),
    "a cycle run": (lambda w: Lfb.Session(changed(cyclic)), "INVALID_GRAPH", "`dequantize` reads `add`"),
    "a missing module": (lambda w: lower(changed(lambda m: m.remove_module("b"))), "INVALID_GRAPH", "module `b`"),
    "a missing attribute": (lambda w: Lfb.Session(changed(lambda m: m.remove_attribute("a_scale_0"))),
                            "INVALID_GRAPH", "`a_scale_0`"),
    "an unknown function": (lambda w: Lfb.Session(changed(lambda m: m.graph["add"].set_target("my.own"))),
                            "UNSUPPORTED", "`add` (my.own)"),
    "a pass that is not there": (lambda w: Lfb.Lowerer().remove_pass("nothing"), "NOT_FOUND", "`nothing`"),

    "too few inputs": (lambda w: run(FLOATS), "ARGUMENT", "input `y`"),
    "no inputs": (lambda w: run(), "ARGUMENT", "input `x`"),
    "too many inputs": (lambda w: run(FLOATS, FLOATS, FLOATS), "ARGUMENT", "expected 2"),
    "an input of another shape": (lambda w: run(FLOATS, [[0.5] * 13] * 3), "SHAPE", "[3, 13]"),
    "an input of another dtype": (lambda w: run(FLOATS, [[1] * 12] * 3), "DTYPE", "`y` is a int64 tensor"),

    "an unknown operator": (lambda w: call("torch.ops.quantized.nothing"), "NOT_FOUND", "torch.ops.quantized.nothing"),
    "too few arguments": (lambda w: call("torch.quantize_per_tensor", FLOATS), "ARGUMENT", "`scale`"),
    "too many arguments": (lambda w: call("torch.nn.functional.relu", *[FLOATS] * 9), "ARGUMENT", "9 arguments"),
    "an unknown argument": (lambda w: call("torch.nn.functional.relu", FLOATS, slope=1), "ARGUMENT", "`slope`"),
    "an argument of another kind": (lambda w: call("torch.nn.functional.relu", "text"), "ARGUMENT", "`input`"),
    "an argument twice": (lambda w: call("torch.nn.functional.relu", FLOATS, input=FLOATS), "ARGUMENT", "twice"),
    "a call's scale of NaN": (lambda w: call("torch.quantize_per_tensor", FLOATS, math.nan, 0, D.QUINT8),
                              "RANGE", "`scale` is nan"),
    "a call's zero point": (lambda w: call("torch.quantize_per_tensor", FLOATS, 0.5, 300, D.QUINT8),
                            "RANGE", "`zero_point` is 300"),
    "shapes that do not multiply": (lambda w: call("torch.matmul", FLOATS, FLOATS), "SHAPE", "[3, 12]"),
    "names without values": (lambda w: Lfb.call("torch.nn.functional.relu", [FLOATS], ["inplace"], []),
                             "ARGUMENT", "1 names are given for 0"),
    "values without names": (lambda w: Lfb.call("torch.nn.functional.relu", [FLOATS], [], [True]),
                             "ARGUMENT", "0 names are given for 1"),
    "an unknown instruction set": (lambda w: Lfb.set_cpu_limit("z80"), "NOT_FOUND", "z80"),
    "an unknown kernel": (lambda w: Lfb.get_kernel_variant("nothing"), "NOT_FOUND", "nothing"),
}


class BadInput(unittest.TestCase):
    def check(self, do, code, text):
        with self.assertRaises(GLib.Error) as caught:
            do(World())
        error = caught.exception
        self.assertTrue(error.matches(Lfb.error_quark(), getattr(Lfb.Error, code)),
                        "%s, expected %s: %s" % (error.code, code, error.message))
        self.assertIn(text, error.message)


def add_tests():
    for name, row in TABLE.items():
        def test(self, row=row):
            self.check(*row)
        setattr(BadInput, "test " + name, test)


add_tests()

if __name__ == "__main__":
    sys.argv.insert(1, "-v")
    unittest.main()
