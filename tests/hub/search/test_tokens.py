import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.hub.search.tokens import TERMS, Term, endings, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BERT-base_uncased", ["bert", "base", "uncased"]),
        ("Qwen2.5-7B", ["qwen2", "5", "7b"]),
        ("Modèle Français", ["modele", "francais"]),
        ("中文模型", ["中文", "文模", "模型", "型"]),
        ("中文BERT模型", ["中文", "文", "bert", "模型", "型"]),
        ("ＢＥＲＴ", ["bert"]),  # full-width letters
        ("...!?", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text, 100) == expected


def test_words_are_bounded() -> None:
    assert words("a b c d", 2) == ["a", "b"]
    assert words("x" * 1000, 10) == ["x" * 48]


def test_inner_parts_of_names_are_indexed() -> None:
    assert endings("distilbert", 100)[:3] == ["istilbert", "stilbert", "tilbert"]
    assert "bert" in endings("distilbert", 100)


def test_a_query_is_words_and_phrases_of_pairs() -> None:
    assert terms("llama 中文模型 模") == [
        Term(("llama",), prefix=True),
        Term(("中文", "文模", "模型"), prefix=False),
        Term(("模",), prefix=True),
    ]


@given(st.text())
def test_a_query_never_holds_syntax_of_the_index(text: str) -> None:
    found = terms(text)
    assert len(found) <= TERMS
    for term in found:
        for word in term.words:
            assert word.isalnum() or not word.isascii()
            assert not set(word) & set("\"'*():&|!<> \\\0")


@given(st.text(max_size=40))
def test_what_is_indexed_is_found_by_itself(text: str) -> None:
    indexed = words(text, 10_000)
    joined = " ".join(indexed)
    for term in terms(text):
        assert " ".join(term.words) in joined
