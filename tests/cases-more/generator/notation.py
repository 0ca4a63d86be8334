# SPDX-License-Identifier: LGPL-2.1-or-later
"""Graphs as text: the notation in which expected graphs are written by hand.

    x = placeholder()
    s = get_attr("x_scale_0")
    z = get_attr("x_zero_point_0")
    q = torch.quantize_per_tensor(x, s, z, torch.quint8)
    y = module["block.conv"](q)
    d = y.dequantize()
    output(d)

It is Python to look at, and Python's own parser reads it; nothing is run. A call of a method of a
node is a call_method, a call of ``module[path]`` a call_module, every other call a call_function.
Nodes are nested calls nowhere: each has a line and a name. What comes out are the nodes of a
document of a model file.
"""

import ast
import math

_DTYPES = frozenset("float32 float16 bfloat16 float64 quint8 qint8 qint32 quint4x2 quint2x4 uint8 "
                    "int8 int16 int32 int64 bool".split())


def parse(text):
    """(nodes, attributes) of the graph that ``text`` describes.

    ``attributes`` is {target: class of a packed weight, or "value"}: the second argument of
    get_attr. Raises ValueError, naming the line.
    """
    return _Parser().run("\n".join(line.strip() for line in text.splitlines()))


class _Parser:
    def __init__(self):
        self.nodes = []
        self.attributes = {}
        self._names = set()

    def run(self, text):
        for statement in ast.parse(text).body:
            try:
                self._statement(statement)
            except ValueError as error:
                raise ValueError("%s: %s" % (ast.unparse(statement), error)) from None
        if not self.nodes or self.nodes[-1]["op"] != "output":
            raise ValueError("the last line is no output")
        return self.nodes, self.attributes

    def _statement(self, statement):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call, name = statement.value, None
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call, name = statement.value, statement.targets[0].id
        else:
            raise ValueError("neither a call nor name = call")
        node = self._node(call, name)
        node["name"] = name or "%s_%d" % (node["op"], len(self.nodes))
        if node["name"] in self._names:
            raise ValueError("the name is taken")
        self._names.add(node["name"])
        self.nodes.append(node)

    def _node(self, call, name):
        args = [self._value(arg) for arg in call.args]
        kwargs = {word.arg: self._value(word.value) for word in call.keywords}
        function = call.func
        if isinstance(function, ast.Name) and function.id == "placeholder":
            return _entry("placeholder", name, [], {})
        if isinstance(function, ast.Name) and function.id == "get_attr":
            self.attributes[args[0]] = args[1] if len(args) > 1 else "value"
            return _entry("get_attr", args[0], [], {})
        if isinstance(function, ast.Name) and function.id == "output":
            return _entry("output", "output", args, {})
        if isinstance(function, ast.Subscript) and function.value.id == "module":
            return _entry("call_module", ast.literal_eval(function.slice), args, kwargs)
        if isinstance(function, ast.Attribute):
            if isinstance(function.value, ast.Name) and function.value.id in self._names:
                return _entry("call_method", function.attr, [{"node": function.value.id}] + args,
                              kwargs)
            return _entry("call_function", ast.unparse(function), args, kwargs)
        raise ValueError("what is called?")

    def _value(self, value):
        if isinstance(value, ast.Name):
            if value.id not in self._names:
                raise ValueError("no node %s above" % value.id)
            return {"node": value.id}
        if isinstance(value, ast.Attribute):
            dtype = ast.unparse(value).partition("torch.")[2]
            if dtype not in _DTYPES:
                raise ValueError("what is %s?" % ast.unparse(value))
            return {"dtype": dtype}
        if isinstance(value, ast.Tuple):
            return {"tuple": [self._value(member) for member in value.elts]}
        if isinstance(value, ast.List):
            return [self._value(member) for member in value.elts]
        if isinstance(value, ast.Dict):
            return {"dict": {ast.literal_eval(key): self._value(member)
                             for key, member in zip(value.keys, value.values)}}
        if isinstance(value, ast.Call) and value.func.id == "slice":
            return {"slice": [self._value(part) for part in value.args]}
        constant = ast.literal_eval(value)
        if isinstance(constant, float) and not math.isfinite(constant):
            raise ValueError("no infinities here")
        return constant


def _entry(operation, target, args, kwargs):
    entry = {"name": None, "op": operation, "target": target, "args": args}
    if kwargs:
        entry["kwargs"] = kwargs
    return entry
