"""Text of strangers becomes HTML that cannot do anything on our origin, at a cost that grows with its length."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.web import markdown
from commonground.web.markdown import Place, render

PLACE = Place(page="/o/n/blob/main/", file="/o/n/resolve/main/", folder="docs/")

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt\n>alert(1)</sCrIpT >",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style>",
    "<img src=x onerror=alert(1)>",
    "<img src='x' alt='`'onerror=alert(1)'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "[x](javascript:alert(1)) [x](data:text/html;base64,PHN2Zz4=) [x](JaVaScRiPt:alert(1))",
    "![x](javascript:alert(1)) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    '[x](<javascript:alert(1)> "t") <javascript:alert(1)>',
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1))' onclick=alert(1)>x</div>",
    "<p style=\"position:fixed;inset:0\">x</p>",
    "<form action='/settings'><input name=x autofocus onfocus=alert(1)><button formaction=javascript:alert(1)>x</form>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<base href='//evil.example/'><meta http-equiv=refresh content='0;url=javascript:alert(1)'><link rel=stylesheet href=//e>",
    "<title><img src=x onerror=alert(1)></title><textarea><img src=x onerror=alert(1)></textarea>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<img alt=\"<h2>x</h2>\" src=x title='<pre><code>x</code></pre>'>",
    "# <img src=x onerror=alert(1)>\n## \" onmouseover=alert(1) x=\"",
    "```\" onmouseover=\"alert(1)\n<script>alert(1)</script>\n```",
    "<pre lang='\" onclick=\"alert(1)'><code><script>alert(1)</script></code></pre>",
    "<b\x00 onclick=alert(1)>x</b><b/onclick=alert(1)>y</b>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]><?php <script>alert(1)</script> ?>",
    "<a id=location name=cookie href=#x>x</a><img name=getElementById>",
    "<span class='skip problem'>x</span><button class=button>Sign in</button>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<https://x.example/\"onmouseover=\"alert(1)>",
]  # fmt: skip
_TAG = re.compile(r"<([a-z0-9]+)((?: [a-z-]+=\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")
_SAFE_ADDRESS = re.compile(r"(https?://|mailto:|#text-|/(?!/))")


def assert_harmless(html: str) -> None:
    """Every tag is one of a short list, with attributes of a short list, and leads to no script."""
    rest = re.sub(r"</[a-z0-9]+>", "", _TAG.sub("", html))
    assert "<" not in rest, f"something that is no plain tag: {rest!r}"
    for name, attributes in _TAG.findall(html):
        assert name in markdown._TAGS, html
        for attribute, value in _ATTRIBUTE.findall(attributes):
            assert attribute in {*set().union(*markdown._ATTRIBUTES.values()), "rel"}, html
            if attribute in {"href", "src"}:
                assert _SAFE_ADDRESS.match(value), html
            if attribute == "id":
                assert value.startswith("text-"), html
            if attribute == "class":
                assert len(value) <= 3, html


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_disarmed(attack: str) -> None:
    for text in (attack, f"# {attack}", f"- a\n- {attack}\n", f"|a|\n|-|\n|{attack}|", f"text {attack} text"):
        assert_harmless(render(text, PLACE))
        assert_harmless(render(text))


_PIECES = st.sampled_from(
    [*ATTACKS, "<b>", "</b>", "<p>", "<table>", "<td>", "\n\n", "```", "`", "|", "<", ">", '"', "'", "- ", "# "]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=12))
def test_any_mixture_of_attacks_is_disarmed(pieces: list[str]) -> None:
    assert_harmless(render("".join(pieces), PLACE))


def test_github_flavoured_markdown() -> None:
    html = render(
        "# T\n\n|a|b|\n|-|:-:|\n|1|2|\n\n- [x] done\n- [ ] open\n\n~~old~~ www.example.org\n\n```python\nimport os\n```\n"
    )
    assert '<h2 id="text-t">T</h2>' in html
    assert '<td align="center">2</td>' in html
    assert "☑ done" in html
    assert "☐ open" in html
    assert "<del>old</del>" in html
    assert 'href="http://www.example.org"' in html
    assert '<span class="kn">import</span>' in html


def test_headings_have_anchors_that_links_of_the_text_reach() -> None:
    html = render("[go](#how-to-use) \n\n## How to use\n\n## How to use\n\n## 用法\n")
    assert 'href="#text-how-to-use"' in html
    assert '<h3 id="text-how-to-use">' in html
    assert '<h3 id="text-how-to-use-1">' in html
    assert 'id="text-用法"' in html


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("a.md", "/o/n/blob/main/docs/a.md"),
        ("./a b.md", "/o/n/blob/main/docs/a%20b.md"),
        ("../LICENSE", "/o/n/blob/main/LICENSE"),
        ("a.md#top", "/o/n/blob/main/docs/a.md#text-top"),
        ("/datasets/x/y", "/datasets/x/y"),
        ("https://example.org/a?b#c", "https://example.org/a?b#c"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("%E4%B8%AD.md", "/o/n/blob/main/docs/%E4%B8%AD.md"),
    ],
)
def test_links_lead_into_the_revision(written: str, address: str) -> None:
    assert f'href="{address}"' in render(f"[x](<{written}>)", PLACE)


@pytest.mark.parametrize("written", ["../../x", "//evil.example/x", "ftp://x/y", "/\\evil.example", "..\\x"])
def test_links_that_lead_elsewhere_lose_their_address(written: str) -> None:
    assert "href" not in render(f"<a href='{written}'>x</a>", PLACE)


def test_pictures_come_from_the_revision_and_always_have_an_alternative_text() -> None:
    html = render('![plot](plot.png) <img src="/top.png" width=10>', PLACE)
    assert 'src="/o/n/resolve/main/docs/plot.png"' in html
    assert 'src="/o/n/resolve/main/top.png"' in html
    assert html.count("alt=") == 2


def test_front_matter_is_not_text() -> None:
    assert markdown.body("---\nlicense: mit\n---\n# T\n") == "# T\n"
    assert markdown.body("\ufeff---\r\na: 1\r\n---\r\nT") == "T"
    assert markdown.body("# T\n---\na\n---\n") == "# T\n---\na\n---\n"


BOMBS = {
    "formatting": "<p>" + "".join(f"<b title={i}>" for i in range(5_000)) + "</p>" + "<p>x</p>" * 20_000,
    "nesting": "<div>" * 60_000,
    "quotes": ">" * 50_000 + "a",
    "headings": "<h1>\n\n" * 30_000,
    "code": "<pre><code></code>x</pre>\n\n" * 10_000,
    "comments": "<!--" * 60_000,
    "scripts": "<script>" * 40_000,
    "open quotes": "<a href='" * 30_000,
    "spaces": "<a " + " " * 200_000,
    "brackets": "[a](b " * 40_000,
    "links": "<a href=x>" * 30_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_cost_grows_with_length_only(bomb: str) -> None:
    text = BOMBS[bomb]
    began = time.process_time()
    html = render(text, PLACE)
    assert len(html) < 12 * len(text)
    assert time.process_time() - began < 3


def test_more_than_the_limit_is_not_read() -> None:
    assert "end" not in render("a " * markdown.LIMIT + "end")
