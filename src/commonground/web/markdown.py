"""Cards and comments: GitHub-flavoured Markdown as HTML that is safe on our own origin.

Everything that changes the HTML happens before the sanitiser, which has the last word.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import quote, unquote, urlsplit

import cmarkgfm
import msgspec
import nh3
from cmarkgfm.cmark import Options
from markupsafe import Markup

from commonground.web import highlight
from commonground.web.balance import RAW, balance

LIMIT = 500_000
"""What is behind this many characters of a text is not shown."""

_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_GITHUB_PRE_LANG | Options.CMARK_OPT_FOOTNOTES  # sanitised below
_ANCHOR = "text-"  # ids of user text never meet ids of the page

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_CODE = re.compile(r'<pre(?: lang="([^"<>]*)")?><code>([^<]*)</code></pre>')
_HEADING = re.compile(r"<h([1-6])([^<>]*)>(.*?)</h\1>", re.DOTALL)
_CHECKBOX = re.compile(r'<input type="checkbox"( checked="")? disabled="">')
_NO_ALT = re.compile(r"<img(?![^<>]*\salt=)")
_TAG = re.compile(r"<[^<>]*>")

_TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "center",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
_ATTRIBUTES = {
    "*": {"id", "title", "align", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "loading"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "details": {"open"},
    "pre": {"tabindex"},
    "div": {"tabindex"},
    "span": {"class"},
}
_TOKEN_CLASS = re.compile(r"[a-z]{1,2}[a-z0-9]?\Z")
_SCHEMES = frozenset({"http", "https", "mailto"})


class Place(msgspec.Struct, frozen=True):
    """Where a text stands: relative links go to ``page`` + path, relative pictures to ``file`` + path.

    Both end with a slash; ``folder`` is the folder of the text inside the repository, empty or ending with a slash.
    """

    page: str
    file: str
    folder: str = ""


def body(text: str) -> str:
    """A card without its front matter."""
    return _FRONT_MATTER.sub("", text, count=1)


def render(text: str, place: Place | None = None) -> Markup:
    """``text`` as safe HTML."""
    html = cmarkgfm.github_flavored_markdown_to_html(text[:LIMIT], _OPTIONS)
    html = balance(html, _TAGS | {"input"})
    for pattern, change in _CHANGES:
        html = pattern.sub(change, html)
    html = _HEADING.sub(_Headings().anchor, html)
    return Markup(_clean(html, place))  # noqa: S704 - sanitised


def _code(match: re.Match[str]) -> str:
    language = unescape(match[1] or "")
    return f'<pre tabindex="0"><code>{highlight.for_language(unescape(match[2]), language)}</code></pre>'


_CHANGES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_CODE, _code),
    (_CHECKBOX, lambda match: "☑" if match[1] else "☐"),
    (_NO_ALT, lambda _: '<img alt=""'),
    (re.compile(r"<table>"), lambda _: '<div tabindex="0"><table>'),
    (re.compile(r"</table>"), lambda _: "</table></div>"),
)


class _Headings:
    """Gives headings an id made from their text, each once, and sets them one level below the page's own heading."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def anchor(self, match: re.Match[str]) -> str:
        level, attributes, content = min(int(match[1]) + 1, 6), match[2], match[3]
        slug = self._unique(_slug(unescape(_TAG.sub("", content))))
        return f'<h{level}{attributes} id="{escape(slug)}">{content}</h{level}>'

    def _unique(self, slug: str) -> str:
        count = self._seen[slug] = self._seen.get(slug, -1) + 1
        return f"{slug}-{count}" if count else slug


def _slug(text: str) -> str:
    kept = (c for c in text.strip().lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")[:100] or "section"


def _clean(html: str, place: Place | None) -> str:
    def keep(tag: str, attribute: str, value: str) -> str | None:
        return _ATTRIBUTE_RULES.get(attribute, _unchanged)(value, place)

    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(RAW),
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=set(_SCHEMES),
        link_rel="nofollow noopener noreferrer",
    )


def _unchanged(value: str, _place: Place | None) -> str | None:
    return value


def _href(value: str, place: Place | None) -> str | None:
    if value.startswith("#"):
        return f"#{_ANCHOR}{unquote(value[1:])}"
    if value.startswith("/") and value[1:2] not in {"/", "\\"}:
        return value
    return _address(value, place.page if place else None, place)


def _src(value: str, place: Place | None) -> str | None:
    return _address(value, place.file if place else None, place)


def _address(value: str, base: str | None, place: Place | None) -> str | None:
    """An absolute address as it is; a relative one as a path of the repository, ``None`` if it leads outside."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return value if parts.scheme in _SCHEMES else None
    if base is None or place is None or "\\" in value:
        return None
    path = _inside("" if parts.path.startswith("/") else place.folder, unquote(parts.path))
    fragment = f"#{_ANCHOR}{unquote(parts.fragment)}" if parts.fragment else ""
    return None if path is None else f"{base}{quote(path)}{fragment}"


def _inside(folder: str, path: str) -> str | None:
    kept: list[str] = []
    for segment in (folder + path).split("/"):
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/".join(kept)


def _token_class(value: str, _place: Place | None) -> str | None:
    return value if _TOKEN_CLASS.match(value) else None


_ATTRIBUTE_RULES: dict[str, Callable[[str, Place | None], str | None]] = {
    "href": _href,
    "src": _src,
    "class": _token_class,
    "id": lambda value, _place: f"{_ANCHOR}{value}" if value.isprintable() and len(value) <= 120 else None,
    "tabindex": lambda value, _place: value if value == "0" else None,
    "loading": lambda value, _place: value if value == "lazy" else None,
}
