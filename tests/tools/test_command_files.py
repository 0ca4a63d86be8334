# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lowerfb does about files that are missing, broken or cannot be written."""

import json
import os
import resource
import signal
import struct
import unittest

import tensors
from command import CommandTest, recorded, reference


def limited_to(size):
    """Files of this process cannot grow beyond @size, as on a disk that fills up."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


class BadModels(CommandTest):
    def every_way(self, path, says=()):
        """Each subcommand that reads a model refuses @path, and leaves nothing behind."""
        before = self.files()
        for arguments in [["show", path], ["show", path, "--format", "json"], ["lower", path, "-o", "out"],
                          ["run", path, recorded("linear"), "-o", "out"],
                          ["compare", path, reference("linear"), recorded("linear")],
                          ["compare", reference("linear"), path, recorded("linear")]]:
            self.fails(*arguments, says=[str(path), *says])
            self.assertEqual(self.files(), before, arguments)

    def test_missing(self):
        self.every_way("no-such")

    def test_folder(self):
        (self.folder / "folder").mkdir()
        self.every_way("folder")

    def test_device(self):
        self.every_way("/dev/null")

    def test_broken(self):
        right = reference("linear").read_bytes()
        size, = struct.unpack_from("<Q", right)
        for name, content in {
                "empty": b"",
                "short": right[:7],
                "header-cut": right[:8 + size // 2],
                "data-cut": right[:-1],
                "huge-header": struct.pack("<Q", 1 << 63) + right[8:],
                "no-json": struct.pack("<Q", size) + b"x" * size + right[8 + size:],
                "text": b"hello, world\n" * 100,
                "zeros": bytes(4096)}.items():
            (self.folder / name).write_bytes(content)
            self.every_way(name)

    def test_tensors_without_a_model(self):
        tensors.write(self.folder / "tensors", {"a": tensors.floats([2], [1, 2])})
        self.every_way("tensors")

    def test_a_later_version(self):
        contents, metadata = tensors.read(reference("linear"))
        document = json.loads(metadata["lowerfb"])
        document["lowerfb"] = 1000
        tensors.write(self.folder / "later", contents, {"lowerfb": json.dumps(document)})
        self.every_way("later", says=["1000"])

    def test_unknown_operators_are_named_when_run_only(self):
        contents, metadata = tensors.read(reference("linear"))
        document = json.loads(metadata["lowerfb"])
        document["nodes"][-1]["args"] = [{"node": "strange"}]
        document["nodes"].insert(-1, {"name": "strange", "op": "call_function", "target": "torch.no_such",
                                      "args": [{"node": document["nodes"][-2]["name"]}]})
        tensors.write(self.folder / "unknown", contents, {"lowerfb": json.dumps(document)})
        self.assertIn("torch.no_such", self.done("show", "unknown"))
        self.done("lower", "unknown", "-o", "out")
        self.fails("run", "unknown", recorded("linear"), "-o", "outputs", says=["unknown", "strange", "torch.no_such"])
        self.assertEqual(self.files(), ["out", "unknown"])


class BadInputs(CommandTest):
    def test_files(self):
        (self.folder / "empty").write_bytes(b"")
        (self.folder / "cut").write_bytes(recorded("linear").read_bytes()[:-1])
        for name in ["no-such", "empty", "cut", "."]:
            before = self.files()
            self.fails("run", reference("linear"), name, "-o", "out", says=name)
            self.fails("compare", reference("linear"), reference("linear"), name, says=name)
            self.assertEqual(self.files(), before)


class Outputs(CommandTest):
    WAYS = [["lower", reference("conv2d")], ["run", reference("conv2d"), recorded("conv2d")]]

    def test_places_where_nothing_can_be_written(self):
        (self.folder / "folder").mkdir()
        for way in self.WAYS:
            for target in ["folder", "no-such/out", "/dev/full", "/dev/null", ""]:
                self.fails(*way, "-o", target)
                self.assertEqual(self.files(), ["folder"], target)
                self.assertEqual(os.listdir(self.folder / "folder"), [], target)

    def test_a_full_disk_leaves_what_was_there(self):
        for way in self.WAYS:
            for size in [0, 100, 1000]:
                self.fails(*way, "-o", "out", preexec_fn=limited_to(size), says="out")
                self.assertEqual(self.files(), [], size)
            (self.folder / "out").write_bytes(b"precious")
            self.fails(*way, "-o", "out", preexec_fn=limited_to(1000), says="out")
            self.assertEqual((self.folder / "out").read_bytes(), b"precious")
            self.assertEqual(self.files(), ["out"])
            (self.folder / "out").unlink()

    def test_a_link_stays_a_link(self):
        for way in self.WAYS:
            (self.folder / "real").write_bytes(b"old")
            (self.folder / "link").symlink_to("real")
            self.done(*way, "-o", "link")
            self.assertTrue((self.folder / "link").is_symlink())
            tensors.read(self.folder / "real")
            self.assertEqual(self.files(), ["link", "real"])
            (self.folder / "link").unlink()

    def test_a_failing_model_leaves_what_was_there(self):
        (self.folder / "out").write_bytes(b"precious")
        tensors.write(self.folder / "inputs", {"input.0": tensors.floats([1], [0])})
        self.fails("run", reference("conv2d"), "inputs", "-o", "out", says="input")
        self.assertEqual((self.folder / "out").read_bytes(), b"precious")
        self.assertEqual(self.files(), ["inputs", "out"])


if __name__ == "__main__":
    unittest.main()
