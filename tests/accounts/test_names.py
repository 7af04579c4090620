import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.accounts.names import RESERVED, check_name, is_name, key
from commonground.errors import InvalidName


@pytest.mark.parametrize("name", ["a", "Alice", "a-b_c", "0", "x" * 64])
def test_letters_digits_dashes_and_underscores_are_a_name(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b", "x" * 65, "é", "\uff21", "a\n", "名", "a\0"])
@pytest.mark.parametrize("by_admin", [True, False])
def test_anything_else_is_not(name: str, by_admin: bool) -> None:
    with pytest.raises(InvalidName):
        check_name(name, by_admin=by_admin)


@pytest.mark.parametrize("name", ["_a", "a_", "-a", "a-", "__x__"])
def test_only_an_administrator_makes_names_with_a_mark_at_an_end(name: str) -> None:
    assert check_name(name, by_admin=True) == name
    with pytest.raises(InvalidName):
        check_name(name)


@pytest.mark.parametrize("name", ["api", "API", "Settings", "v2"])
def test_names_of_our_own_paths_are_reserved_in_any_case(name: str) -> None:
    with pytest.raises(InvalidName, match="reserved"):
        check_name(name, by_admin=True)


def test_every_reserved_name_is_in_its_looked_up_spelling() -> None:
    assert {key(name) for name in RESERVED} == RESERVED


@given(st.text(max_size=70))
def test_a_name_is_ascii_and_bounded(text: str) -> None:
    assert not is_name(text) or (text.isascii() and 1 <= len(text) <= 64)
