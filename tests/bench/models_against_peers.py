# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole models beside PyTorch and ONNX Runtime.

    models_against_peers.py [OPTIONS] [MODEL ...]       names of export_models.py; by default all

Each contender loads a model in a process of its own, pinned to the cores, and they run by turns,
several rounds: lowerfb on the reference model, which it lowers; torch on what convert_fx makes of the
same with the engine onednn, traced; ONNX Runtime on the same as an ONNX model (export_onnx.py). A
contender's figure is the median of its rounds' medians. Outputs are compared with the reference model's
first, as torch computes it; one that differs by more than --tolerance on average ends the run.

ONNX Runtime comes from npm, as onnxruntime-node: --onnxruntime (or LOWERFB_ONNXRUNTIME) names a folder
outside of the tree, into which it is installed unless it is there. It is left out, which is said, where that,
node, npm or python3-onnx is missing. All is skipped, with exit status 77, where torch, torchvision or the
typelib is missing.
"""

import argparse
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_large", "googlenet", "shufflenet_v2_x1_0", "unet",
          "encoder_layer", "bert_base", "lstm_tagger", "recommender"]
CONTENDERS = {"lowerfb": "lowerfb", "torch": "PyTorch", "onnx": "ONNX Runtime"}
BEGIN, END = "<!-- measured: %s -->", "<!-- end of %s -->"


def skip(reason):
    print("Skipped: %s" % reason)
    sys.exit(77)


def missing_onnxruntime(folder):
    """Why ONNX Runtime cannot take part, or None."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return "%s is missing" % program
    try:
        import onnx  # noqa: F401
    except ImportError:
        return "python3-onnx is missing"
    if not folder:
        return "no folder for it is given with --onnxruntime or LOWERFB_ONNXRUNTIME"
    if not os.path.isdir(os.path.join(folder, "node_modules", "onnxruntime-node")):
        os.makedirs(folder, exist_ok=True)
        if subprocess.run(["npm", "install", "onnxruntime-node", "--ignore-scripts"], cwd=folder, stdout=sys.stderr).returncode:
            return "npm could not install onnxruntime-node"
    return None


class Files:
    """Where the files of a model are."""

    def __init__(self, folder, name):
        self.base = os.path.join(folder, name)
        self.reference = self.base + ".reference.safetensors"
        self.torch = self.base + ".pt"
        self.lowered = self.base + ".lowered.safetensors"

    def of_batch(self, batch, suffix):
        return "%s.%d.%s" % (self.base, batch, suffix)


def prepare(name, folder, batches, with_onnx):
    """Write all that the contenders load. Runs in a process of its own."""
    import copy
    import warnings
    warnings.simplefilter("ignore")
    import torch
    import export_models
    import lowerfb_torch
    from torch.ao.quantization.quantize_fx import convert_fx

    torch.backends.quantized.engine = "onednn"
    torch.set_grad_enabled(False)
    files = Files(folder, name)
    prepared, example = export_models.prepare(name)
    lowered = convert_fx(copy.deepcopy(prepared))
    traced = torch.jit.trace(lowered, example, check_trace=False)
    reference, qconfig_map, scopes = lowerfb_torch.convert(prepared)
    lowerfb_torch.save(reference, files.reference, qconfig_map, scopes, example)
    for batch in batches:
        inputs = export_models.inputs_of(name, batch)
        export_models.save_inputs(inputs, files.of_batch(batch, "inputs.safetensors"))
        reference(*inputs).numpy().tofile(files.of_batch(batch, "reference.bin"))
        if not torch.equal(lowered(*inputs), traced(*inputs)):
            raise RuntimeError("%s: the traced model gives something else" % name)
        if with_onnx:
            import export_onnx
            names = export_onnx.export(reference, inputs, files.of_batch(batch, "onnx"))
            described = []
            for i, (label, tensor) in enumerate(zip(names, inputs)):
                if label is not None:
                    file = files.of_batch(batch, "input.%d.bin" % i)
                    tensor.numpy().tofile(file)
                    described.append({"name": label, "type": str(tensor.dtype).split(".")[1], "dims": list(tensor.shape),
                                      "file": os.path.basename(file)})
            with open(files.of_batch(batch, "inputs.json"), "w") as file:
                json.dump(described, file)
    torch.jit.save(traced, files.torch)         # last: what is there is complete


class Contender:
    """A process that runs a model; out of its turn it is stopped, since threads of pools spin while they wait."""

    def __init__(self, command, cores):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self.medians = []
        self.command = command

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("%s ended with status %d" % (" ".join(self.command), self.process.wait()))
        return line

    def turn(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write("%g\n" % seconds)
        self.process.stdin.flush()
        times = json.loads(self.answer())
        self.process.send_signal(signal.SIGSTOP)
        return statistics.median(times)

    def end(self):
        self.process.kill()                     # which a stopped process does not escape
        self.process.wait()


def command_of(kind, files, batch, threads, options):
    if kind == "onnx":
        return ["node", os.path.join(HERE, "time_onnx.mjs"), options.onnxruntime, files.of_batch(batch, "onnx"),
                files.of_batch(batch, "inputs.json"), str(threads)]
    return [sys.executable, "-B", os.path.join(HERE, "model_contender.py"), kind,
            files.reference if kind == "lowerfb" else files.torch, files.of_batch(batch, "inputs.safetensors"), str(threads)]


def compare(name, files, batch, options):
    """How far every contender's output is from the reference model's, as a share of what those range over."""
    import numpy
    expected = numpy.fromfile(files.of_batch(batch, "reference.bin"), numpy.float32)
    span = max(float(expected.max() - expected.min()), float(abs(expected).max()))
    differences = {}
    for kind in options.kinds:
        output = files.of_batch(batch, kind + ".bin")
        # oneDNN's cache of primitives in torch 1.13 does not look at zero points of outputs
        subprocess.run(command_of(kind, files, batch, 1, options) + [output], check=True,
                       env=dict(os.environ, LRU_CACHE_CAPACITY="1"))
        found = numpy.fromfile(output, numpy.float32)
        if found.shape != expected.shape:
            sys.exit("%s: %s gives %d elements, expected %d" % (name, kind, found.size, expected.size))
        away = numpy.abs(found - expected)
        differences[kind] = {"largest": float(away.max()) / span, "mean": float(away.mean()) / span}
        print("%s, batch %d: %s is off by %.2f %% of the outputs' range at most, %.3f %% on average"
              % (name, batch, CONTENDERS[kind], 100 * differences[kind]["largest"], 100 * differences[kind]["mean"]))
        if not differences[kind]["mean"] <= options.tolerance:
            sys.exit("%s: %s computes something else" % (name, CONTENDERS[kind]))
    return differences


def measure(files, batch, threads, options):
    """Milliseconds of every contender."""
    cores = options.cores[-threads:]
    contenders = {kind: Contender(command_of(kind, files, batch, threads, options), cores) for kind in options.kinds}
    try:
        for contender in contenders.values():
            contender.answer()                  # "ready"
            contender.turn(options.seconds)
        for _ in range(options.rounds):
            for contender in contenders.values():
                contender.medians.append(contender.turn(options.seconds))
    finally:
        for contender in contenders.values():
            contender.end()
    return {kind: statistics.median(contender.medians) for kind, contender in contenders.items()}


# Starts a command and tells of it. A process begins with what its parent holds in memory, which counts
# as its own peak: so a small one starts it.
LAUNCHER = """
import os, sys, time
os.sched_setaffinity(0, [int(core) for core in sys.argv[1].split(",")])
begin = time.perf_counter()
pid = os.fork()
if pid == 0:
    os.dup2(2, 1)
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begin, usage.ru_maxrss * 1024)
sys.exit(status != 0)
"""


def once(command, cores):
    """(seconds, bytes at most) of a process from its start to its end."""
    launched = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, ",".join(map(str, cores))] + command,
                              stdout=subprocess.PIPE, text=True)
    if launched.returncode != 0:
        sys.exit("%s failed" % " ".join(command))
    passed, peak = launched.stdout.split()
    return float(passed), int(peak)


def start_up(files, options):
    """From the start of a process to its end after one run of batch 1: {what: [ms, MB]}, medians of several."""
    lowerfb = shutil.which("lowerfb")
    if lowerfb is None:
        skip("the command lowerfb is not on the PATH")
    output = files.base + ".output"
    subprocess.run([lowerfb, "lower", files.reference, "-o", files.lowered], check=True)
    inputs = files.of_batch(1, "inputs.safetensors")
    commands = {"lowerfb run, lowered model": [lowerfb, "run", files.lowered, inputs, "-o", output],
                "lowerfb run --lower, reference model": [lowerfb, "run", "--lower", files.reference, inputs, "-o", output]}
    for kind in options.kinds:
        if kind != "lowerfb":
            commands[CONTENDERS[kind]] = command_of(kind, files, 1, 1, options) + [output]
    for command in commands.values():
        once(command, options.cores[-1:])
    runs = {what: [] for what in commands}
    for _ in range(options.rounds):
        for what, command in commands.items():
            runs[what].append(once(command, options.cores[-1:]))
    return {what: [statistics.median(run[0] for run in all_runs) * 1e3, statistics.median(run[1] for run in all_runs) / 1e6]
            for what, all_runs in runs.items()}


def ratio(row):
    """How many times as long the faster peer takes as lowerfb."""
    peers = [row[kind] for kind in CONTENDERS if kind != "lowerfb" and kind in row]
    return min(peers) / row["lowerfb"]


def figure(value):
    return "%.3f" % value if value < 1 else "%.2f" % value if value < 10 else "%.1f" % value


def table_of(rows):
    lines = ["| | lowerfb, ms | PyTorch, ms | ONNX Runtime, ms | of the faster peer |", "|---|---:|---:|---:|---:|"]
    for name, row in rows:
        cells = [figure(row[kind]) if kind in row else "" for kind in CONTENDERS]
        lines.append("| %s | %s | %.2f |" % (name, " | ".join(cells), ratio(row)))
    mean = math.exp(sum(math.log(ratio(row)) for _, row in rows) / len(rows))
    lines.append("| geometric mean | | | | %.2f |" % mean)
    return "\n".join(lines)


def tables(results):
    """{what: Markdown} of everything that was measured."""
    made, sections = {}, []
    for batch, threads in sorted({tuple(map(int, key.split("x"))) for rows in results["models"].values() for key in rows}):
        key = "%dx%d" % (batch, threads)
        rows = [(name, results["models"][name][key]) for name in MODELS if key in results["models"].get(name, {})]
        sections.append("### Batch %d, %d thread%s\n\n%s" % (batch, threads, "s" if threads > 1 else "", table_of(rows)))
    if sections:
        made["models"] = "\n\n".join(sections)
    for name, rows in results["start_up"].items():
        lines = ["| | ms | MB |", "|---|---:|---:|"] + ["| %s | %.0f | %.0f |" % (what, *row) for what, row in rows.items()]
        made["start-up of %s" % name] = "\n".join(lines)
    if results["differences"]:
        lines = ["| | lowerfb | PyTorch | ONNX Runtime |", "|---|---:|---:|---:|"]
        for name in MODELS:
            row = results["differences"].get(name, {}).get("1", {})
            if row:
                lines.append("| %s | %s |" % (name, " | ".join(
                    "%.2f / %.3f" % (100 * row[kind]["largest"], 100 * row[kind]["mean"]) if kind in row else "" for kind in CONTENDERS)))
        made["differences"] = "\n".join(lines)
    return made


def write_document(path, made):
    """Replace the tables between their marks."""
    with open(path) as file:
        text = file.read()
    for what, table in made.items():
        begin, end = BEGIN % what, END % what
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        if not re.search(pattern, text, re.S):
            sys.exit("%s has no mark %s" % (path, begin))
        text = re.sub(pattern, lambda _: "%s\n\n%s\n\n%s" % (begin, table, end), text, flags=re.S)
    with open(path, "w") as file:
        file.write(text)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--batch", type=int, action="append", help="1 and 16 unless told; may be repeated")
    parser.add_argument("--threads", type=int, action="append", help="1 and 2 unless told; may be repeated")
    parser.add_argument("--cores", help="cores to run on, such as 2,3; the last is that for one thread")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="how long a turn is at least")
    parser.add_argument("--tolerance", type=float, default=0.06, help="mean difference, as a share of the range of outputs")
    parser.add_argument("--folder", help="keeps the models there for the next time")
    parser.add_argument("--onnxruntime", default=os.environ.get("LOWERFB_ONNXRUNTIME"), metavar="FOLDER")
    parser.add_argument("--startup", action="store_true", help="measure starting up instead (by default of resnet50)")
    parser.add_argument("--prepare-only", action="store_true", help="write and compare the models, measure nothing")
    parser.add_argument("--results", metavar="FILE", help="JSON file that results are added to")
    parser.add_argument("--document", metavar="FILE", help="Markdown file whose tables are written")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--write-models", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.models:
        if name not in MODELS:
            parser.error("there is no model %s, but %s" % (name, ", ".join(MODELS)))
    options.cores = ([int(core) for core in options.cores.split(",")] if options.cores
                     else sorted(os.sched_getaffinity(0)))
    options.batch = options.batch or [1, 16]
    options.threads = [threads for threads in options.threads or [1, 2] if threads <= len(options.cores)]
    options.kinds = ["lowerfb", "torch", "onnx"]
    return options


def keep(results, options):
    if options.results:
        with open(options.results, "w") as file:
            json.dump(results, file, indent=1)


def run(options):
    results = {"models": {}, "start_up": {}, "differences": {}}
    if options.results and os.path.exists(options.results):
        with open(options.results) as file:
            results = json.load(file)
    models = ["resnet50"] if options.startup and options.models == MODELS else options.models
    for name in models:
        files = Files(options.folder, name)
        if not os.path.exists(files.torch) or not all(os.path.exists(files.of_batch(b, "reference.bin")) for b in options.batch):
            batches = sum((["--batch", str(batch)] for batch in options.batch), [])
            subprocess.run([sys.executable, "-B", os.path.abspath(__file__), name, "--folder", options.folder, "--write-models",
                            "onnx" if "onnx" in options.kinds else "plain"] + batches,
                           check=True, env=dict(os.environ, LRU_CACHE_CAPACITY="1"))
        if options.startup:
            results["start_up"][name] = start_up(files, options)
            keep(results, options)
            continue
        for batch in options.batch:
            known = results["differences"].setdefault(name, {})
            if options.prepare_only or str(batch) not in known:
                known[str(batch)] = compare(name, files, batch, options)
            for threads in [] if options.prepare_only else options.threads:
                row = measure(files, batch, threads, options)
                results["models"].setdefault(name, {})["%dx%d" % (batch, threads)] = row
                keep(results, options)
                print("%s, batch %d, threads %d: %s; %.2f" % (name, batch, threads, ", ".join(
                    "%s %s ms" % (CONTENDERS[kind], figure(row[kind])) for kind in row), ratio(row)), flush=True)
    return results


def main():
    options = parse()
    if options.write_models:
        return prepare(options.models[0], options.folder, options.batch, options.write_models == "onnx")
    try:
        import torch
        import torchvision  # noqa: F401
        import gi
        gi.require_version("Lfb", "1.0")
    except (ImportError, ValueError) as missing:
        skip(missing)
    if "onednn" not in torch.backends.quantized.supported_engines:
        skip("torch has no engine onednn")
    reason = missing_onnxruntime(options.onnxruntime)
    if reason:
        print("Without ONNX Runtime: %s" % reason)
        options.kinds.remove("onnx")
    if not options.folder:
        scratch = tempfile.TemporaryDirectory()
        options.folder = scratch.name
    os.makedirs(options.folder, exist_ok=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    results = run(options)
    keep(results, options)
    made = tables(results)
    if options.document:
        write_document(options.document, made)
    if options.json:
        print(json.dumps(results))
    else:
        for what, table in made.items():
            print("\n%s\n\n%s" % (what, table))


if __name__ == "__main__":
    main()
