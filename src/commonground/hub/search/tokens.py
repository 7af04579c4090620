"""Splitting text into the words of the full-text index, the same way for documents and queries on every database.

Runs of Chinese, Japanese and Korean characters have no spaces: they are indexed as overlapping pairs, so that any part
of a run is found as a phrase of pairs; the last character stands alone, so that one character is found as a prefix.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

WORD_LENGTH = 48
TERMS = 12

_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(f"(?P<cjk>[{_CJK}]+)|(?:(?![{_CJK}])[^\\W_])+")
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")


class Term(NamedTuple):
    """One condition of a query: all of ``words`` side by side; ``prefix`` accepts longer last words."""

    words: tuple[str, ...]
    prefix: bool


def words(text: str, limit: int) -> list[str]:
    """Up to ``limit`` index words of ``text``, in order."""
    found: list[str] = []
    for run, is_cjk in _runs(text):
        found.extend(_pairs(run) if is_cjk else [run])
        if len(found) >= limit:
            break
    return found[:limit]


def endings(text: str, limit: int) -> list[str]:
    """Proper endings of at least three letters of the words of ``text``: with them a prefix query finds inner parts."""
    return [run[start:] for run, is_cjk in _runs(text) if not is_cjk for start in range(1, len(run) - 2)][:limit]


def terms(text: str) -> list[Term]:
    """The conditions a query text stands for; all must hold. Empty where the text holds no letter or digit."""
    found: list[Term] = []
    for run, is_cjk in _runs(text):
        pairs = tuple(_pairs(run)[:-1]) if is_cjk else ()
        term = Term(pairs or (run,), prefix=not pairs and (is_cjk or len(run) > 1))
        if term not in found:
            found.append(term)
        if len(found) == TERMS:
            break
    return found


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    for match in _RUN.finditer(_fold(text)):
        yield match[0][:WORD_LENGTH], match["cjk"] is not None


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run))]


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _ACCENTED.sub(lambda match: unicodedata.normalize("NFD", match[0])[0], folded)
