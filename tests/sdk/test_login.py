"""Which hub is called with which token."""

import stat

import pytest

from commonground.errors import InvalidSetting
from commonground.sdk import login


@pytest.fixture(autouse=True)
def remembered() -> None:
    login.remember("http://a", "token-a")
    login.remember("http://b", "token-b")


def test_the_last_login_is_the_default() -> None:
    assert login.find() == ("http://b", "token-b")


def test_a_token_only_goes_to_its_own_hub() -> None:
    assert login.find("http://a/") == ("http://a", "token-a")
    assert login.find("http://c") == ("http://c", None)


def test_the_environment_wins_and_an_argument_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_ENDPOINT", "http://e")
    monkeypatch.setenv("CG_TOKEN", "token-e")
    assert login.find() == ("http://e", "token-e")
    assert login.find("http://c", "token-c") == ("http://c", "token-c")


def test_only_their_owner_reads_the_tokens() -> None:
    assert stat.S_IMODE(login.credentials_file().stat().st_mode) == 0o600


def test_a_token_can_be_forgotten() -> None:
    assert login.forget("http://b")
    assert not login.forget("http://b")
    assert login.find() == ("http://b", None)


def test_a_damaged_file_is_named() -> None:
    login.credentials_file().write_bytes(b"{")
    with pytest.raises(InvalidSetting, match=r"credentials\.json"):
        login.find()
