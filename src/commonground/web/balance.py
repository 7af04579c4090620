"""Pairs the tags of untrusted HTML, so that parsing it costs no more than reading it.

A parser mends misnested HTML by copying elements: twenty kilobytes of open ``<b title=…>`` and ``<p>`` become megabytes.
Here every element is closed where it must be, and formatting never reaches around a block, so nothing is copied.
"""

import re
from collections.abc import Set as AbstractSet

DEEPEST = 60
"""Elements nested deeper than this lose their tags: parsers take time square to the depth."""

VOID = frozenset({"br", "col", "hr", "img", "input"})
INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "code",
        "del",
        "em",
        "i",
        "ins",
        "kbd",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
    ]
)
RAW = frozenset(
    [
        "iframe",
        "math",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "plaintext",
        "script",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "xmp",
    ]
)

_TAG = re.compile(
    r"""<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*+)
        (?P<attributes>(?:\s++[a-zA-Z_:][\w:.-]*+(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++))?+)*+)\s*+/?>""",
    re.VERBOSE,
)


def balance(html: str, allowed: AbstractSet[str]) -> str:
    """``html`` with the ``allowed`` elements only, each closed. Other tags vanish, a lone ``<`` becomes text."""
    return _Balancer(html, allowed).run()


class _Balancer:
    def __init__(self, html: str, allowed: AbstractSet[str]) -> None:
        self._html, self._lower, self._allowed = html, html.lower(), allowed
        self._out: list[str] = []
        self._open: list[str] = []

    def run(self) -> str:
        position = 0
        while (start := self._html.find("<", position)) >= 0:
            self._out.append(self._html[position:start])
            position = self._tag(start)
        self._out.append(self._html[position:])
        self._close_to(0)
        return "".join(self._out)

    def _tag(self, start: int) -> int:
        """Handle what begins at ``start``; the position behind it."""
        if self._html.startswith("<!--", start):
            return self._behind("-->", start)
        match = _TAG.match(self._html, start)
        if match is None:
            self._out.append("&lt;")
            return start + 1
        name = match["name"].lower()
        if name in RAW:
            return match.end() if match["close"] else self._behind(f"</{name}", start)
        if match["close"]:
            self._end(name)
        elif name in self._allowed:
            self._begin(name, match["attributes"])
        return match.end()

    def _behind(self, text: str, start: int) -> int:
        """The position behind ``text``, and behind everything where there is none."""
        found = self._lower.find(text, start)
        if found < 0:
            return len(self._html)
        return found if text.startswith("</") else found + len(text)

    def _begin(self, name: str, attributes: str) -> None:
        if name not in INLINE and name not in VOID:
            self._close_inline()
        elif name == "a" and "a" in self._open:
            self._end("a")
        if name in VOID or len(self._open) < DEEPEST:
            self._out.append(f"<{name}{attributes}>")
            if name not in VOID:
                self._open.append(name)

    def _end(self, name: str) -> None:
        if name in self._open:
            self._close_to(len(self._open) - 1 - self._open[::-1].index(name))

    def _close_inline(self) -> None:
        while self._open and self._open[-1] in INLINE:
            self._close_to(len(self._open) - 1)

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._out.append(f"</{self._open.pop()}>")
