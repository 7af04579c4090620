"""Source code as HTML with classes for its parts."""

from functools import cache
from html import escape

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

LIMIT = 65_536
"""Longer code, in characters, is shown plain: colours cost seconds per megabyte."""

LONGEST_LINE = 2_000

# A short list, not everything Pygments knows: some of its expressions take exponential time on hostile text.
_LANGUAGES = {
    "bash": "bash sh shell zsh console shell-session",
    "c": "c h",
    "cpp": "cpp cc cu cuh hpp c++",
    "css": "css",
    "diff": "diff patch",
    "docker": "docker dockerfile",
    "go": "go",
    "html": "html htm vue",
    "ini": "ini cfg conf gitattributes gitconfig",
    "java": "java",
    "javascript": "javascript js jsx mjs",
    "json": "json jsonl ipynb webmanifest",
    "julia": "julia jl",
    "lua": "lua",
    "make": "make makefile mk",
    "python": "python py py3 pyi",
    "r": "r",
    "rust": "rust rs",
    "sql": "sql",
    "toml": "toml",
    "typescript": "typescript ts tsx",
    "xml": "xml svg",
    "yaml": "yaml yml cff",
}
_ALIASES = {alias: name for name, aliases in _LANGUAGES.items() for alias in aliases.split()}

_formatter = HtmlFormatter(nowrap=True)


def for_language(code: str, language: str) -> Markup:
    """``code`` as HTML, coloured if the language is one of the list."""
    name = _ALIASES.get(language.lower())
    if name is None or len(code) > LIMIT or max(map(len, code.split("\n"))) > LONGEST_LINE:
        return Markup(escape(code))  # noqa: S704 - escaped
    return Markup(highlight(code, _lexer(name), _formatter))  # noqa: S704 - Pygments escapes


def for_file(code: str, path: str) -> Markup:
    """``code`` as HTML, coloured by what the name of the file says."""
    return for_language(code, path.rpartition("/")[2].lower().rpartition(".")[2])


def lines(code: str, path: str) -> list[Markup]:
    """The lines of a file as HTML: no mark reaches over the end of a line."""
    return [Markup(line) for line in for_file(code, path).removesuffix("\n").split("\n")]  # noqa: S704 - escaped


@cache
def _lexer(name: str) -> Lexer:
    lexer = get_lexer_by_name(name)
    lexer.stripnl = lexer.ensurenl = False
    return lexer
