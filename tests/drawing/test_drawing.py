# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drawings of models: Graphviz takes them without a complaint, and the one in doc/ is that of today."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
from xml.etree import ElementTree

import draw
import tensors
from command import COMMAND, CommandTest, reference

PICTURE = pathlib.Path(os.environ["LOWERFB_TOP"]) / "doc" / "digits.svg"
ORANGE, BLUE, GREY = "#ffe8cc", "#cfe2fa", "#f6f5f4"


def content(svg):
    """What a drawing says, without where: that depends on fonts and versions of Graphviz."""
    elements = list(ElementTree.fromstring(svg).iter())
    texts = collections.Counter(element.text for element in elements
                                if element.tag.endswith(("}text", "}title")) and element.text)
    fills = collections.Counter(element.get("fill") for element in elements if element.get("fill", "").startswith("#"))
    return texts, fills


@unittest.skipUnless(shutil.which("dot"), "Graphviz is missing")
class Graphviz(CommandTest):
    def draw(self, model):
        """The kinds of boxes by node, and the texts in them."""
        text = self.done("show", model, "--format", "dot")
        result = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
        self.assertEqual(result.stderr, b"", model)
        groups = [group for group in ElementTree.fromstring(result.stdout).iter() if group.get("class") == "node"]
        boxes = {}
        for group in groups:
            name = group.find("./{*}title").text
            fills = {element.get("fill") for element in group.iter()} - {None, "none"}
            texts = [element.text for element in group.iter() if element.tag.endswith("}text")]
            self.assertEqual(len(fills), 1, name)
            boxes[name] = fills.pop(), texts
        return boxes

    def test_colours_tell_where_there_are_integers(self):
        before = self.draw(reference("conv2d_relu"))
        for name, (fill, texts) in before.items():
            kind = ORANGE if not name.startswith("quantize") else BLUE
            self.assertEqual(fill, kind, (name, texts))
        self.done("lower", reference("conv2d_relu"), "-o", "lowered")
        after = self.draw("lowered")
        self.assertLess(len(after), len(before))
        self.assertEqual({name for name, (fill, _) in after.items() if fill == ORANGE},
                         {name for name in after if re.match("x|dequantize|output", name)})
        conv = next(texts for _, texts in after.values() if texts[0] == "ConvReLU2d")
        self.assertRegex(conv[1], r"^\d+ → \d+, \d×\d$")
        quantize = next(texts for _, texts in after.values() if texts[0] == "quantize_per_tensor")
        self.assertRegex(quantize[1], r"^0\.\d+, \d+, quint8$")

    def test_models_of_all_sorts(self):
        for case in ["add", "two_outputs", "dict_output", "conv3d", "reshape_size", "linear_chain", "max_pool2d_module"]:
            document = tensors.document(reference(case))
            drawn = self.draw(reference(case))
            for node in document["nodes"]:
                if node["op"] != "get_attr":
                    self.assertIn(node["name"], drawn, case)

    def test_names_that_are_markup(self):
        names = ["a<b>&\"c\\d", "é", "x" * 300, "\\N\\G"]
        nodes = [{"name": "x", "op": "placeholder", "target": "x", "args": []}]
        for i, name in enumerate(names):
            nodes.append({"name": f"n{i}", "op": "call_function", "target": f"torch.{name}",
                          "args": [{"node": nodes[-1]["name"]}, name]})
        nodes.append({"name": "output", "op": "output", "target": "output", "args": [{"node": nodes[-1]["name"]}]})
        tensors.write(self.folder / "model", {}, {"lowerfb": json.dumps(
            {"lowerfb": 1, "nodes": nodes, "attributes": {}, "modules": {}})})
        boxes = self.draw("model")
        self.assertEqual(len(boxes), len(nodes))
        self.assertIn(names[0], boxes["n0"][1])
        self.assertLess(max(map(len, boxes["n2"][1])), 60)

    def test_the_picture_is_up_to_date(self):
        self.assertEqual(content(PICTURE.read_text(encoding="utf-8")), content(draw.picture(COMMAND)),
                         "run data/digits/draw.py")

    def test_the_picture_shows_what_lowering_does(self):
        _, fills = content(PICTURE.read_text(encoding="utf-8"))
        self.assertGreater(fills[ORANGE], 20)
        self.assertGreater(fills[BLUE], 20)


if __name__ == "__main__":
    unittest.main()
