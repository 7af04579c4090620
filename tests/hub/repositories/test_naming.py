import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidName
from commonground.hub.repositories.naming import check_name, key


@pytest.mark.parametrize("name", ["a", "bert-base", "Qwen2.5", "_x_", "a" * 96, "x.github"])
def test_usual_names_are_accepted(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 97,
        "-a",
        ".a",
        "a.",
        "a-",
        "a..b",
        "a--b",
        "a.git",
        "a.GIT",
        "a.lock",
        "resolve",
        "Raw",
        "a b",
        "a/b",
        "模型",
        "a\n",
    ],
)
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_name(name)


@given(st.text(max_size=100))
def test_an_accepted_name_is_safe_in_paths_and_urls(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert name.isascii()
    assert not set(name) & set("/\\%?#& \n\0")
    assert ".." not in name


def test_case_does_not_make_another_id() -> None:
    assert key("BERT") == key("bert")
