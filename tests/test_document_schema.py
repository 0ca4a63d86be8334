# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON schema of the document agrees with what models have and the reader refuses.

Called with the schema, the two folders of models that PyTorch made, and that of the
documents the fuzzers start from, which have every kind of value.
"""

import copy
import glob
import json
import os
import struct
import sys
import unittest

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

SCHEMA, CASES, MORE, CORPUS = sys.argv[1:5]
N_CASES = 147 + 171

GOOD = {
    "lowerfb": 1,
    "nodes": [
        {"name": "x", "op": "placeholder", "target": "x", "args": [],
         "meta": {"shape": [1, 3], "dtype": "float32"}},
        {"name": "output", "op": "output", "target": "output", "args": [{"node": "x"}]},
    ],
    "attributes": {},
    "modules": {"m": {"type": "torch.nn.ReLU", "tensors": {"bias": None}}, "n": {"alias": "m"}},
    "qconfigs": [{"activation": {"observer": "HistogramObserver", "dtype": "quint8"}, "weight": None}],
    "qconfig_map": {"x": 0, "y": None},
    "node_name_to_scope": {"x": ["", "NoneType"]},
}

QPARAMS = {"dtype": "qint8", "qscheme": "per_tensor_affine", "scale": 0.5, "zero_point": 0}

# Where to put what, so that the document is none any more.
BAD = [
    (["lowerfb"], 2),
    (["lowerfb"], "1"),
    (["producer"], 1),
    (["nodes"], {}),
    (["nodes"], []),
    (["nodes", 1, "op"], "placeholder"),  # no output any more
    (["nodes", 0, "op"], "call"),
    (["nodes", 0, "name"], ""),
    (["nodes", 0, "args"], None),
    (["nodes", 0, "kwargs"], []),
    (["nodes", 0, "meta"], {"shape": [1]}),
    (["nodes", 0, "meta", "shape"], [-1]),
    (["nodes", 0, "meta", "dtype"], "float"),
    (["nodes", 1, "args"], [{"node": 1}]),
    (["nodes", 1, "args"], [{"node": "x", "more": 1}]),
    (["nodes", 1, "args"], [[{"tuple": [{"dtype": "int4"}]}]]),
    (["attributes", "a"], {"node": "x"}),
    (["attributes", "a"], [{"tuple": [{"node": "x"}]}]),
    (["attributes", "a"], {}),
    (["attributes", "a"], {"complex": [1, 2]}),
    (["attributes", "a"], {"dtype": "qint8", "device": "cpu"}),
    (["attributes", "a"], {"slice": [1, 2]}),
    (["attributes", "a"], {"float": "infinity"}),
    (["attributes", "a"], {"ellipsis": False}),
    (["attributes", "a"], {"dict": []}),
    (["attributes", "a"], {"tensor": 1}),
    (["attributes", "a"], {"tensor": "w", "shape": [6]}),
    (["attributes", "a"], {"tensor": "w", "qparams": {}}),
    (["attributes", "a"], {"tensor": "w", "qparams": dict(QPARAMS, dtype="int8")}),
    (["attributes", "a"], {"tensor": "w", "qparams": dict(QPARAMS, scale=0.0)}),
    (["attributes", "a"], {"tensor": "w", "qparams": dict(QPARAMS, axis=0)}),
    (["attributes", "a"], {"tensor": "w", "qparams": dict(QPARAMS, bits=4)}),
    (["attributes", "a"], {"tensor": "w", "qparams": dict(QPARAMS, qscheme="per_channel_affine")}),
    (["attributes", "a"], {"packed": "P", "weight": {"tensor": 0}}),
    (["modules"], []),
    (["modules", ""], {"type": "T"}),
    (["modules", "a." * 128 + "a"], {"type": "T"}),
    (["modules", "m"], {}),
    (["modules", "m", "alias"], "n"),
    (["modules", "m", "config"], {"k": {"what": 1}}),
    (["modules", "m", "tensors"], {"weight": 1.0}),
    (["modules", "m", "graph"], {"lowerfb": 1, "nodes": []}),
    (["qconfigs"], {}),
    (["qconfigs", 0, "weight"], []),
    (["qconfigs", 0, "activation", "quant_min"], "0"),
    (["qconfig_map", "x"], "default"),
    (["qconfig_map", "x"], -1),
    (["node_name_to_scope", "x"], ["conv"]),
    (["original_weights"], []),
]


def read_document(path):
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return json.loads(header["__metadata__"]["lowerfb"])


class DocumentSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def assert_valid(self, document, what):
        error = jsonschema.exceptions.best_match(self.validator.iter_errors(document))
        self.assertIsNone(error, "%s: %s" % (what, error and error.message))

    def test_models(self):
        paths = sorted(path for folder in (CASES, MORE)
                       for path in glob.glob(os.path.join(folder, "*.reference.safetensors")))
        self.assertEqual(len(paths), N_CASES)
        for path in paths:
            self.assert_valid(read_document(path), path)

    def test_corpus(self):
        paths = sorted(glob.glob(os.path.join(CORPUS, "*")))
        self.assertGreater(len(paths), 0)
        for path in paths:
            try:
                with open(path, encoding="utf-8") as file:
                    document = json.load(file)
            except ValueError:
                continue  # what a fuzzer has found need not be JSON
            if os.path.basename(path) in ("values", "tensors", "modules", "nested", "unknown", "maps"):
                self.assert_valid(document, path)

    def test_bad(self):
        self.assert_valid(GOOD, "the document to be spoilt")
        for path, value in BAD:
            document = copy.deepcopy(GOOD)
            place = document
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            self.assertFalse(self.validator.is_valid(document), "%s = %r" % (path, value))

    def test_required(self):
        for path in (["lowerfb"], ["nodes"], ["nodes", 0, "name"], ["nodes", 0, "op"], ["nodes", 0, "target"],
                     ["nodes", 0, "args"], ["modules", "m", "type"]):
            document = copy.deepcopy(GOOD)
            place = document
            for step in path[:-1]:
                place = place[step]
            del place[path[-1]]
            self.assertFalse(self.validator.is_valid(document), path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
