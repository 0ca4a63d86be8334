# SPDX-License-Identifier: LGPL-2.1-or-later

"""Looks at the machine code of inner loops: between the first and the last multiply-add
of a function no vector register may be stored on the stack.

GCC 12 does so around _mm512_dpbusd_epi32(), at half the speed, and whatever
compiler comes next may do it around something else: no other test would notice.

Arguments: object files or archives, then -- and the names of sources whose
functions are looked at.
"""

import re
import subprocess
import sys

MULTIPLY_ADD = re.compile(r"\bvp(dpbusd|maddwd)\b")
STACK_STORE = re.compile(r"\bv?mov\w+\s+%[xyz]mm\d+,\s*-?(0x[0-9a-f]+)?\(%r[sb]p")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
MEMBER = re.compile(r"^(?:In archive )?(\S+):\s+file format")


def functions(path):
    """Yields (source, function, lines) of all functions of a file or archive."""
    text = subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    source, name, lines = None, None, []
    for line in text.splitlines():
        member = MEMBER.match(line)
        function = FUNCTION.match(line)
        if member or function:
            if name is not None:
                yield source, name, lines
            name, lines = None, []
        if member:
            source = member.group(1)
        elif function:
            name = function.group(1)
        elif name is not None:
            lines.append(line)
    if name is not None:
        yield source, name, lines


def main():
    split = sys.argv.index("--")
    paths, sources = sys.argv[1:split], sys.argv[split + 1:]
    looked_at = {source: 0 for source in sources}
    failed = False

    for path in paths:
        for member, name, lines in functions(path):
            source = next((source for source in sources if source in member), None)
            if source is None:
                continue
            adds = [i for i, line in enumerate(lines) if MULTIPLY_ADD.search(line)]
            # Fewer are sums of weights, not an inner loop.
            if len(adds) < 4:
                continue
            looked_at[source] += 1
            for line in lines[adds[0]:adds[-1]]:
                if STACK_STORE.search(line):
                    print(f"{source}: {name}: {line.strip()}")
                    failed = True

    for source, n in looked_at.items():
        print(f"{source}: {n} functions with inner loops")
        if n == 0:
            print(f"{source}: there is none to look at")
            failed = True

    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
