#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes doc/tour.md of the four programs and of what they print: make-tour.py TOP OUTPUT > doc/tour.md

OUTPUT is a file that holds what one of the programs printed; it is the same for all, which a test sees to,
as it sees to it that the page is what this makes.
"""

import pathlib
import re
import sys

# As Pygments calls them, for people, and where the program is.
LANGUAGES = (
    ("python", "Python", "bindings/python/examples/tour.py"),
    ("javascript", "JavaScript", "bindings/gjs/examples/tour.js"),
    ("vala", "Vala", "bindings/vala/examples/tour.vala"),
    ("c", "C", "bindings/c/examples/tour.c"),
)

INTRODUCTION = """Title: A tour in four languages
Slug: tour

# A tour in four languages

Twelve steps with the model of handwritten digits that is in the source tree, each in Python, JavaScript,
Vala and C. The programs are

{programs}

They take the same two files, `data/digits/digits.reference.safetensors` and
`data/digits/digits.test.safetensors`, and print the same lines, which are shown at each step.

How each language calls things is told in [from Python, JavaScript and Vala](languages.html).

<!-- samples: from {paths} -->
"""

WORDS = {
    "1. Open a model": "A model is a graph with the modules it calls and the attributes it reads.",
    "2. Look at it": "A node says what it does, of what, with which arguments, and who reads its result.",
    "3. Lower it": "What can run in int8 becomes one node that does; the model itself stays as it was.",
    "4. Read the report": "Each quantization step, module and function has a note: what it became, or why not.",
    "5. Run it": "A session is made once and run as often as you like.",
    "6. Compare": "The reference model runs as well, in floats that are rounded at each step.",
    "7. Change a graph": "A node is made, put in its place, and given to those that are to read it.",
    "8. Write a pass": "A pass of your own runs among those of the library, and its notes are in the report.",
    "9. Call one kernel": "Packed weights and operators work without any graph.",
    "10. Quantization parameters": "Scales and zero points belong to tensors and to settings of modules.",
    "11. In the background, with progress": "What takes long can be awaited, watched and cancelled.",
    "12. Handle an error": "Each error has a code, and its message names what is at fault.",
}


def parts_of(program):
    """What stands before the first step, and the code of each step by its heading."""
    # The function main of Vala and C only calls the steps.
    program = re.split(r"^int(?: |\n)main \(", program, flags=re.MULTILINE)[0]
    parts = re.split(r"^(?:# |/\* )(\d+\. [^\n]*?)(?: \*/)?\n", program, flags=re.MULTILINE)
    lead = "".join(line for line in parts[0].splitlines(keepends=True) if not re.search(r"^#!|SPDX", line))
    return lead.strip("\n"), {heading: code.strip("\n") for heading, code in zip(parts[1::2], parts[2::2])}


def output_of(text):
    """What each step printed by its heading."""
    parts = re.split(r"^(\d+\. .*)\n", text, flags=re.MULTILINE)
    return {heading: printed.strip("\n") for heading, printed in zip(parts[1::2], parts[2::2])}


def page(top, printed):
    programs = [(pygments, name, path, *parts_of((top / path).read_text(encoding="utf-8")))
                for pygments, name, path in LANGUAGES]
    lines = [INTRODUCTION.format(programs="\n".join(f"- `{path}`" for _pygments, _name, path in LANGUAGES),
                                 paths=" ".join(path for _pygments, _name, path in LANGUAGES))]

    def show(code_of):
        for pygments, name, _path, lead, steps in programs:
            lines.append(f"{name}:\n\n```{pygments}\n{code_of(lead, steps)}\n```\n")

    for heading, words in WORDS.items():
        lines.append(f"## {heading}\n\n{words}\n\n```text\n{output_of(printed)[heading]}\n```\n")
        show(lambda lead, steps: steps[heading])
    lines.append("## What stands before\n\nWhat each program begins with.\n")
    show(lambda lead, steps: lead)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")))
