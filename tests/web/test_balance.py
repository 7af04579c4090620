"""Tags are paired: whatever comes in, what goes out is a tree that no parser has to mend."""

import re

from hypothesis import given
from hypothesis import strategies as st

from commonground.web.balance import DEEPEST, INLINE, VOID, balance

ALLOWED = frozenset({"a", "b", "i", "p", "div", "br", "table", "td"})
_ANY_TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")
_PIECES = ["<b>", "</b>", "<i x='1'>", "<p>", "</p>", "<DIV class=\"y\">", "</div >", "<br/>", "<a href=x>", "</a>", "<table>",
           "<td>", "<script>", "</script>", "<!-- x", "-->", "<u>", "text", "<", ">", "'", '"', "<b", "é"]  # fmt: skip


def assert_tree(html: str) -> None:
    open_elements: list[str] = []
    for close, name in _ANY_TAG.findall(html):
        assert name in ALLOWED
        if close:
            assert open_elements.pop() == name
        elif name not in VOID:
            assert name in INLINE or not any(other in INLINE for other in open_elements), "formatting around a block"
            open_elements.append(name)
        assert len(open_elements) <= DEEPEST
    assert open_elements == []
    assert "<" not in _ANY_TAG.sub("", html)


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=5))))
def test_output_is_always_a_tree(pieces: list[str]) -> None:
    assert_tree(balance("".join(pieces), ALLOWED))


def test_well_formed_html_is_kept() -> None:
    html = '<div class="x"><p>a <b>b</b><br></p></div>'
    assert balance(html, ALLOWED) == html


def test_formatting_ends_where_a_block_begins() -> None:
    assert balance("<b>one<p>two</p></b>", ALLOWED) == "<b>one</b><p>two</p>"


def test_links_do_not_nest() -> None:
    assert balance("<a href=x>1<a href=y>2</a>", ALLOWED) == "<a href=x>1</a><a href=y>2</a>"


def test_scripts_and_comments_vanish_with_their_content() -> None:
    assert balance("a<script>x</script>b<!-- c -->d<style>", ALLOWED) == "abd"


def test_what_is_no_tag_is_text() -> None:
    assert balance("1 < 2 <b", ALLOWED) == "1 &lt; 2 &lt;b"
