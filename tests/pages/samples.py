# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code samples of a page, in the order in which a reader meets them.

A sample is a fenced block with a language. Samples of one language on a page are one
program, as a reader types them one after the other. What a reader does not see
stands in comments of HTML:

    <!-- sample: new -->                 the next sample begins a new program
    <!-- sample: arguments A B -->       its program is run with these
    <!-- sample: prints TEXT -->         and has to print that
    <!-- sample: not run: REASON -->     the next sample is not run

    <!-- setup LANGUAGE
    code in front of the next sample, for what the page takes as given
    -->

A page may be made of programs that have tests of their own; then each sample is a part of one:

    <!-- samples: from FILE FILE -->
"""

import dataclasses
import re

# Kinds of blocks that are no programs: they are parsed, or are plain text.
DATA = ["json", "ini", "text"]
PROGRAMS = ["sh", "python", "js", "vala", "c", "meson"]
ALSO_CALLED = {"javascript": "js"}

PIECE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$|^<!-- sample: (?P<directive>.*?) -->$"
                   r"|^<!-- setup (?P<setup>\w+)\n(?P<given>.*?)^-->$", re.MULTILINE | re.DOTALL)
SOURCES = re.compile(r"^<!-- samples: from (.+) -->$", re.MULTILINE)
DIRECTIVE = re.compile(r"new|arguments (?P<arguments>.+)|prints (?P<prints>.+)|not run: (?P<reason>.{10,})")


@dataclasses.dataclass
class Program:
    language: str
    line: int
    parts: list
    given: list
    arguments: str = ""
    prints: list = dataclasses.field(default_factory=list)
    reason: str = ""
    sources: list = dataclasses.field(default_factory=list)


def without_code(text):
    """A page without its blocks and comments."""
    return re.sub(r"^```.*?^```$|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)


def programs(text):
    """Everything of a page that is code, in order; data too."""
    found, current, directives, given = [], {}, [], {}
    sources = SOURCES.search(text)
    for piece in PIECE.finditer(text):
        if piece["directive"] is not None:
            directives.append(DIRECTIVE.fullmatch(piece["directive"]))
            if directives[-1] is None:
                raise ValueError(f"there is no `sample: {piece['directive']}`")
            continue
        if piece["setup"] is not None:
            given.setdefault(piece["setup"], []).append(piece["given"])
            continue
        language, line = ALSO_CALLED.get(piece["language"], piece["language"]), text.count("\n", 0, piece.start()) + 2
        if language not in DATA + PROGRAMS:
            raise ValueError(f"line {line}: a block of the language `{language}`")
        reasons = [directive["reason"] for directive in directives if directive["reason"]]
        fresh = any(directive[0] == "new" for directive in directives)
        if reasons:
            found.append(Program(language, line, [piece["code"]], [], reason=reasons[0]))
        elif sources and language in PROGRAMS:
            found.append(Program(language, line, [piece["code"]], [], sources=sources[1].split()))
        elif language in DATA:
            found.append(Program(language, line, [piece["code"]], []))
        else:
            if fresh or language not in current:
                current[language] = Program(language, line, [], [])
                found.append(current[language])
            program = current[language]
            program.given += given.pop(language, [])
            program.parts.append("".join(program.given) + piece["code"] if program.given else piece["code"])
            program.given = []
            for directive in directives:
                program.arguments = directive["arguments"] or program.arguments
                program.prints += [directive["prints"]] if directive["prints"] else []
        directives = []
    if directives or given:
        raise ValueError("a comment on a sample, but no sample follows")
    return found
