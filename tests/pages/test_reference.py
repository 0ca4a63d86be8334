# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference that gi-docgen made: its links lead somewhere, and no markup is left unread."""

import html.parser
import os
import pathlib
import re
import unittest
import urllib.parse

REFERENCE = pathlib.Path(os.environ["LOWERFB_REFERENCE"])


class Page(html.parser.HTMLParser):
    """Links, and the text outside of code."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.text, self.code = set(), set(), [], 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links |= {attributes[name] for name in ("href", "src") if attributes.get(name)}
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        self.code += tag in ("code", "pre", "script")

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre", "script")

    def handle_data(self, data):
        if self.code == 0:
            self.text.append(data)


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = {path.name: Page(path) for path in REFERENCE.glob("*.html")}

    def test_there_is_one(self):
        self.assertGreater(len(self.pages), 300)
        for name in ["index.html", "class.Session.html", "method.Lowerer.lower.html", "operators.html", "flatpak.html",
                     "error.Error.html", "class.Pass.html"]:
            self.assertIn(name, self.pages)

    def test_links(self):
        for name, page in self.pages.items():
            for link in page.links:
                url = urllib.parse.urlsplit(link)
                if url.scheme or url.netloc:
                    continue
                path = urllib.parse.unquote(url.path) or name
                self.assertTrue((REFERENCE / path).exists(), f"{name}: {link}")
                if url.fragment and path in self.pages and not path.startswith("index"):
                    self.assertIn(urllib.parse.unquote(url.fragment), self.pages[path].anchors, f"{name}: {link}")

    def test_no_markup_is_left(self):
        for name, page in self.pages.items():
            text = " ".join(page.text)
            self.assertIsNone(re.search(r"\[(?:class|method|property|func|enum|error|signal|vfunc|ctor|iface)@", text), name)

    def test_guides_are_reached_from_the_first_page(self):
        reached, new = set(), {"index.html"}
        while new:
            reached |= new
            new = {link.partition("#")[0] for name in new for link in self.pages[name].links} & set(self.pages) - reached
        self.assertEqual(set(self.pages) - reached, set())


if __name__ == "__main__":
    unittest.main()
