import pytest

from commonground.http.security_headers import page_headers
from commonground.settings import Settings


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    parts = (part.split() for part in headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("settings", [Settings(), Settings(public_url="https://hub")])
def test_only_our_own_files_run_on_a_page(settings: Settings) -> None:
    rules = policy(page_headers(settings))
    assert rules["default-src"] == ["'none'"]
    for name in ("script-src", "style-src", "connect-src", "form-action"):
        assert rules[name] == ["'self'"]
    assert rules["frame-ancestors"] == rules["base-uri"] == ["'none'"]
    assert "unsafe" not in str(rules)


def test_types_are_not_guessed() -> None:
    assert page_headers(Settings())["X-Content-Type-Options"] == "nosniff"


def test_https_is_remembered_only_where_it_is_on() -> None:
    plain, secure = page_headers(Settings()), page_headers(Settings(public_url="https://hub"))
    assert "Strict-Transport-Security" not in plain
    assert "upgrade-insecure-requests" not in policy(plain)
    assert secure["Strict-Transport-Security"].startswith("max-age=")
    assert "upgrade-insecure-requests" in policy(secure)
