#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the digits model before and after lowering, side by side.

    data/digits/draw.py [--lowerfb COMMAND] [--output doc/digits.svg]

needs the lowerfb command and Graphviz. What `lowerfb show --format dot` writes is
put into one drawing; the reference model, a long chain, in several columns.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE / "digits.reference.safetensors"
OUTPUT = HERE.parent.parent / "doc" / "digits.svg"

HEAD = """digraph digits {
  graph [ranksep=0.22, nodesep=0.25, fontname="sans-serif", fontsize=13, bgcolor=white, color="#c0bfbc"];
  node [style="filled,rounded", fontname="sans-serif", fontsize=11, margin="0.12,0.04", height=0.3];
  edge [arrowsize=0.6];
"""


def part(dot, name, title, n_columns):
    """One model as a cluster. Edges from column to column do not count when rows are dealt."""
    nodes = re.findall(r'^  "([^"]+)" \[(.*)\];$', dot, re.MULTILINE)
    edges = re.findall(r'^  "([^"]+)" -> "([^"]+)" \[(.*)\];$', dot, re.MULTILINE)
    rows = -(-len(nodes) // n_columns)
    column = {node: i // rows for i, (node, _) in enumerate(nodes)}
    lines = [f'  subgraph "cluster_{name}" {{', f'    label="{title}"; margin=14;']
    if n_columns > 1:
        heads = " -> ".join(f'"{name}.{node}"' for node, _ in nodes[::rows])
        lines.append(f"    {{ rank=same; {heads} [style=invis]; }}")
    lines += [f'    "{name}.{node}" [{look}];' for node, look in nodes]
    lines += [f'    "{name}.{a}" -> "{name}.{b}" [{look}{"" if column[a] == column[b] else ", constraint=false"}];'
              for a, b, look in edges]
    return "\n".join([*lines, "  }", ""])


def source(command):
    """The drawing in the language of Graphviz."""
    with tempfile.TemporaryDirectory(prefix="lowerfb-draw-") as folder:
        lowered = pathlib.Path(folder) / "digits.safetensors"
        subprocess.run([command, "lower", REFERENCE, "-o", lowered], check=True)
        before, after = (subprocess.run([command, "show", path, "--format", "dot"], check=True, stdout=subprocess.PIPE,
                                        encoding="utf-8").stdout for path in [REFERENCE, lowered])
    return "".join([HEAD, part(before, "reference", "Reference model: float, rounded to int8 in between", 3),
                    part(after, "lowered", "Lowered: int8", 1), "}\n"])


def picture(command):
    """The drawing as SVG, without what depends on the version of Graphviz."""
    svg = subprocess.run(["dot", "-Tsvg"], input=source(command), check=True, stdout=subprocess.PIPE,
                         encoding="utf-8").stdout
    return re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lowerfb", default="lowerfb", help="the lowerfb command (lowerfb)", metavar="COMMAND")
    parser.add_argument("--output", default=OUTPUT, type=pathlib.Path, help="where the picture goes")
    options = parser.parse_args()
    options.output.write_text(picture(options.lowerfb), encoding="utf-8")


if __name__ == "__main__":
    main()
