import base64
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Credentials
from commonground.accounts.passwords import Passwords
from commonground.accounts.service import Accounts
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.errors import BadRequest, InvalidCredentials, InvalidSetting, Unauthenticated
from commonground.http.identity import (
    SESSION_COOKIE,
    clear_session,
    client_address,
    credentials,
    principal,
    public_origin,
    set_session,
    signed_in,
)
from commonground.settings import Settings

PASSWORD = "correct horse battery"
PROXIED = Settings(trusted_proxies=("10.0.0.0/8", "::1"))


def request(peer: str | None = "203.0.113.9", scheme: str = "http", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    client = None if peer is None else (peer, 1234)
    return Request({"type": "http", "method": "GET", "path": "/", "scheme": scheme, "client": client, "headers": raw,
                    "query_string": b"", "server": ("127.0.0.1", 8000)})  # fmt: skip


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class TestCredentials:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("Bearer hf_x", Credentials("bearer", secret="hf_x")),
            ("bearer   hf_x ", Credentials("bearer", secret="hf_x")),
            (basic("alice:hf_x"), Credentials("basic", "alice", "hf_x")),
            (basic("alice:a:b"), Credentials("basic", "alice", "a:b")),
            (basic("é:ü"), Credentials("basic", "é", "ü")),
            (basic("hf_x"), Credentials("basic", "hf_x", "")),
        ],
    )
    def test_the_authorization_header_is_read(self, header: str, expected: Credentials) -> None:
        assert credentials(request(authorization=header)) == expected

    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "hf_x", "Digest x", "Basic", "Basic !!!", "Basic YQ", basic(b"\xff:x")]
    )
    def test_what_is_no_credential_is_refused(self, header: str) -> None:
        with pytest.raises(InvalidCredentials):
            credentials(request(authorization=header))

    def test_the_cookie_counts_where_no_header_is(self) -> None:
        assert credentials(request(cookie=f"a=b; {SESSION_COOKIE}=c")) == Credentials("session", secret="c")
        assert credentials(request(cookie=f"{SESSION_COOKIE}=c", authorization="Bearer t")).kind == "bearer"
        assert credentials(request(cookie=f"{SESSION_COOKIE}=")) == credentials(request()) == Credentials()

    @given(st.text(st.characters(max_codepoint=255), max_size=60))
    def test_no_header_breaks_the_reader(self, header: str) -> None:
        try:
            credentials(request(authorization=header))
        except InvalidCredentials:
            return


@pytest.mark.anyio
class TestPrincipal:
    @pytest.fixture
    def accounts(self, tmp_path: Path) -> Accounts:
        database = Database(f"sqlite:///{tmp_path}/x.sqlite3")
        database.write_now(metadata.create_all)
        return Accounts(database, passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))

    async def test_the_caller_of_a_request(self, accounts: Accounts) -> None:
        alice = await accounts.create_user("alice", password=PASSWORD)
        token = await accounts.create_token(alice.id, name="t", role="read")
        cookie = await accounts.sign_in("alice", PASSWORD)
        for headers, via in [
            ({"authorization": f"Bearer {token}"}, "token"),
            ({"authorization": basic(f"x:{token}")}, "token"),
            ({"authorization": basic(f"alice:{PASSWORD}")}, "password"),
            ({"cookie": f"{SESSION_COOKIE}={cookie}"}, "session"),
        ]:
            caller = await signed_in(request(**headers), accounts)
            assert (caller.account_id, caller.via) == (alice.id, via)

    async def test_nobody_may_look_but_is_not_signed_in(self, accounts: Accounts) -> None:
        assert (await principal(request(), accounts)).is_anonymous
        with pytest.raises(Unauthenticated):
            await signed_in(request(), accounts)

    async def test_a_wrong_token_is_refused_and_an_ended_session_is_nobodys(self, accounts: Accounts) -> None:
        with pytest.raises(InvalidCredentials):
            await principal(request(authorization="Bearer wrong"), accounts)
        assert (await principal(request(cookie=f"{SESSION_COOKIE}=ended"), accounts)).is_anonymous

    async def test_the_answer_is_the_same_for_the_whole_request(self, accounts: Accounts) -> None:
        alice = await accounts.create_user("alice")
        token = await accounts.create_token(alice.id, name="t", role="read")
        asked = request(authorization=f"Bearer {token}")
        first = await principal(asked, accounts)
        await accounts.revoke_token(alice.id, 1)
        assert await principal(asked, accounts) is first

    async def test_a_token_in_a_cookie_counts_where_it_is_expected(self, accounts: Accounts) -> None:
        alice = await accounts.create_user("alice", password=PASSWORD)
        token = await accounts.create_token(alice.id, name="t", role="read")
        sent = {"cookie": f"other_token={token}", "host": "hub"}
        assert (await principal(request(**sent), accounts)).is_anonymous
        for own in ({}, {"sec_fetch_site": "same-origin"}, {"origin": "http://hub"}):
            assert (await principal(request(**sent, **own), accounts, "other_token")).via == "token"
        for foreign in ({"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"origin": "http://evil"}):
            assert (await principal(request(**sent, **foreign), accounts, "other_token")).is_anonymous
        with pytest.raises(InvalidCredentials):
            await principal(request(cookie="other_token=wrong"), accounts, "other_token")
        cookie = await accounts.sign_in("alice", PASSWORD)
        both = request(cookie=f"other_token=wrong; {SESSION_COOKIE}={cookie}")
        assert (await principal(both, accounts, "other_token")).via == "session"


class TestOrigin:
    def test_the_configured_address_wins(self) -> None:
        settings = Settings(public_url="https://hub.example.org/base/")
        assert public_origin(request(host="evil"), settings) == "https://hub.example.org/base"

    @pytest.mark.parametrize("host", ["hub:8000", "HUB.example.org", "[::1]:8000", "10.0.0.1"])
    def test_otherwise_it_is_where_the_request_was_sent_to(self, host: str) -> None:
        assert public_origin(request(host=host), Settings()) == f"http://{host}"

    @pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "a:x", "a?b", "a\u00e9", "[::1", "a" * 300])
    def test_a_host_that_is_none_is_refused(self, host: str) -> None:
        with pytest.raises(BadRequest):
            public_origin(request(host=host), Settings())

    def test_only_a_trusted_proxy_speaks_for_others(self) -> None:
        forwarded = {"x_forwarded_proto": "https", "x_forwarded_host": "inner, hub.example.org"}
        assert public_origin(request("10.1.2.3", host="h", **forwarded), PROXIED) == "https://hub.example.org"
        assert public_origin(request("::1", host="h", x_forwarded_proto="https"), PROXIED) == "https://h"
        assert public_origin(request("203.0.113.9", host="h", **forwarded), PROXIED) == "http://h"
        assert public_origin(request("10.1.2.3", host="h", **forwarded), Settings()) == "http://h"
        assert public_origin(request(None, host="h", **forwarded), PROXIED) == "http://h"
        with pytest.raises(BadRequest):
            public_origin(request("10.1.2.3", host="h", x_forwarded_proto="javascript"), PROXIED)

    def test_a_proxy_setting_that_is_no_address_is_named(self) -> None:
        with pytest.raises(InvalidSetting, match="trusted_proxies"):
            public_origin(request(host="h"), Settings(trusted_proxies=("proxy.example.org",)))


class TestClientAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "expected"),
        [
            ("203.0.113.9", None, "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", None, "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.66, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "not an address", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, ,10.0.0.2", "10.0.0.2"),
            (None, "198.51.100.1", ""),
        ],
    )
    def test_the_nearest_address_that_is_no_proxy_of_ours(
        self, peer: str | None, forwarded: str | None, expected: str
    ) -> None:
        headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
        assert client_address(request(peer, **headers), PROXIED) == expected


@pytest.mark.parametrize(("settings", "secure"), [(Settings(), False), (Settings(public_url="https://hub"), True)])
def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(settings: Settings, secure: bool) -> None:
    response = Response()
    set_session(response, "value", settings)
    cookie = SimpleCookie(response.headers["set-cookie"])[SESSION_COOKIE]
    assert (cookie.value, cookie["httponly"], cookie["samesite"], cookie["path"]) == ("value", True, "lax", "/")
    assert cookie["max-age"] == str(30 * 86_400)
    assert bool(cookie["secure"]) is secure
    clear_session(response, settings)
    assert SimpleCookie(response.headers.getlist("set-cookie")[1])[SESSION_COOKIE]["max-age"] == "0"


def test_the_cookie_is_secure_where_a_trusted_proxy_speaks_https() -> None:
    response = Response()
    set_session(response, "value", PROXIED, request("10.1.2.3", host="h", x_forwarded_proto="https"))
    set_session(response, "value", PROXIED, request("203.0.113.9", host="h", x_forwarded_proto="https"))
    proxied, direct = response.headers.getlist("set-cookie")
    assert "Secure" in proxied
    assert "Secure" not in direct
