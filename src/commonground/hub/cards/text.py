"""Plain text out of a card's markdown: its first paragraph, and the papers it links to."""

import re

SCANNED = 200_000
DESCRIPTION = 500
PAPERS = 20

_FENCE = re.compile(r"^(?:```|~~~).*?(?:^(?:```|~~~)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\([^()\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{0,500})\]\([^()\n]{0,2000}\)")
_SETEXT = re.compile(r"\n[=-]{2,}[ \t]*$")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`|~~)(?=\S)([^*`~\n]{1,500}?)(?<=\S)\1")
_PAPER = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|(?:huggingface\.co|hf\.co)/papers/|arxiv:)(\d{4}\.\d{4,5})", re.IGNORECASE
)


def description(markdown: str) -> str:
    """The first paragraph of prose, as plain text of at most 500 characters; empty if there is none."""
    text = markdown[:SCANNED]
    for pattern in (_COMMENT, _FENCE, _IMAGE, _TAG):
        text = pattern.sub("", text)
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        paragraph = _prose(block.strip())
        if paragraph:
            return _shorten(paragraph)
    return ""


def papers(markdown: str) -> tuple[str, ...]:
    """Identifiers of the arXiv papers a card links to, in order."""
    return tuple(dict.fromkeys(_PAPER.findall(markdown[:SCANNED])))[:PAPERS]


def plain(markdown: str, limit: int) -> str:
    """The words of a card for full-text search: no markup, links or code fences' contents removed."""
    text = markdown[:limit]
    for pattern in (_COMMENT, _IMAGE, _TAG):
        text = pattern.sub(" ", text)
    return _LINK.sub(r"\1", text)


def _prose(block: str) -> str:
    """The block as one line, or nothing for headings, lists, tables, quotes and rules."""
    if _SETEXT.search(block):
        return ""
    lines = [line.strip() for line in block.split("\n")]
    while lines and (lines[0].startswith("#") or not lines[0]):
        lines.pop(0)
    if not lines or lines[0][0] in "|>-+=:" or lines[0].startswith(("* ", "1. ", "---", "***", "___")):
        return ""
    line = " ".join(lines)
    line = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", line))
    return " ".join(line.replace("\x00", "").split()) if any(letter.isalpha() for letter in line) else ""


def _shorten(text: str) -> str:
    if len(text) <= DESCRIPTION:
        return text
    return text[: DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip() + "…"
