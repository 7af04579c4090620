"""Messages, headers and what is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.gateways.mcp.gateway import McpGateway
from commonground.gateways.mcp.methods import _HANDSHAKE, _STATELESS
from commonground.gateways.mcp.tools.catalogue import TOOLS
from commonground.http.application import Application
from commonground.http.routing import Router
from commonground.services import Services
from commonground.settings import Settings
from tests.gateways.mcp.house import META, VERSION, House


def rpc(answer: httpx.Response) -> tuple[int, int]:
    """HTTP status and JSON-RPC code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


def test_the_handshake_agrees_on_a_revision(house: House) -> None:
    for offered, agreed in (("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25"), ("2026-07-28", "2025-11-25")):
        message = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {"protocolVersion": offered}}
        answer = house.post(message)
        assert answer.json()["result"]["protocolVersion"] == agreed
        assert answer.json()["id"] == "a"
        assert "mcp-session-id" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_no_stream_and_no_session(house: House, method: str) -> None:
    answer = httpx.request(method, house.url)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_notifications_are_taken_without_an_answer(house: House) -> None:
    answer = house.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert house.post({"jsonrpc": "2.0", "method": "x"}, MCP_Protocol_Version=VERSION).status_code == 202
    assert rpc(house.post({"jsonrpc": "2.0", "method": "x"}, MCP_Protocol_Version="1999-01-01")) == (400, -32022)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1e99,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":99999999999999999999999,"method":"ping"}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\u0000"}}', -32602),
    ],
)
def test_what_is_no_message(house: House, body: bytes, code: int) -> None:
    answer = house.post(body)
    assert rpc(answer) == (400, code)
    assert answer.json()["id"] is None


def test_bounds_and_types_of_bodies(house: House) -> None:
    assert house.post(b" " * (2**20 + 1)).status_code == 413
    assert house.post(b"{}", Content_Type="text/plain").status_code == 400
    assert house.post(b"{}", Content_Type="text/plain", Origin="http://evil.test").status_code == 403


def test_errors_after_a_handshake_are_answers(house: House) -> None:
    unknown = house.post({"jsonrpc": "2.0", "id": 1, "method": "server/discover"})
    assert rpc(unknown) == (200, -32601)
    assert house.ask("tools/call", {"name": "rm"})["error"]["code"] == -32602
    assert house.ask("resources/list", {"cursor": "x"})["error"]["code"] == -32602


def test_requests_without_handshake_say_everything_twice(house: House) -> None:
    answer = house.stateless("server/discover")
    assert answer.json()["result"]["supportedVersions"][-1] == VERSION
    assert answer.json()["result"]["resultType"] == "complete"
    assert rpc(house.stateless("ping")) == (404, -32601)
    assert rpc(house.stateless("tools/list", Mcp_Method="tools/call")) == (400, -32020)
    assert rpc(house.stateless("tools/list", MCP_Protocol_Version="2025-11-25")) == (400, -32020)
    assert rpc(house.stateless("tools/list", MCP_Protocol_Version="2031-01-01")) == (400, -32022)
    assert rpc(house.stateless("tools/list", {"_meta": {}})) == (400, -32602)
    old = {**META, "io.modelcontextprotocol/protocolVersion": "2025-11-25"}
    assert rpc(house.stateless("tools/list", {"_meta": old}, MCP_Protocol_Version="2025-11-25")) == (400, -32022)
    call = {"name": "repository_info", "arguments": {"repository": "ada/tiny"}}
    assert rpc(house.stateless("tools/call", call)) == (400, -32020)
    assert house.stateless("tools/call", call, Mcp_Name="repository_info").status_code == 200
    encoded = "=?base64?cmVwb3NpdG9yeV9pbmZv?="
    assert house.stateless("tools/call", call, Mcp_Name=encoded).status_code == 200
    assert rpc(house.stateless("tools/call", call, Mcp_Name="=?base64?%?=")) == (400, -32020)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("hub://models/ada/secret", -32002),
        ("hub://models/ada/nothing", -32002),
        ("hub://models/ada/tiny@main/nothing", -32002),
        ("hub://models/ada/tiny@nowhere/README.md", -32002),
        ("hub://models/ada/tiny@", -32602),
        ("hub://people/ada/tiny", -32602),
        ("hub://models/ada", -32602),
        ("hub://models//tiny", -32602),
        ("hub://models/ada/%ff", -32602),
        ("hub://models/ada/%00", -32602),
        ("file:///etc/passwd", -32602),
        (None, -32602),
    ],
)
def test_resources_that_are_not_there(house: House, uri: str | None, code: int) -> None:
    assert house.ask("resources/read", {"uri": uri})["error"]["code"] == code


def test_pages_of_other_sites_are_refused(house: House) -> None:
    """A page may have made its own name lead here, so that ``Host`` agrees with it: DNS rebinding."""
    port = house.server.port
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert house.post(ping, Origin=f"http://127.0.0.1:{port}").status_code == 200
    assert house.post(ping, Origin="http://evil.test").status_code == 403
    assert house.post(ping, Origin=f"http://evil.test:{port}", Host=f"evil.test:{port}").status_code == 403
    assert house.post(ping, Origin="null").status_code == 403


def test_a_wrong_token_is_told_as_the_protocol_does(house: House) -> None:
    answer = house.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, Authorization="Bearer hf_wrong")
    assert rpc(answer) == (401, -32600)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


# --- anything at all --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Sends bodies to a gateway in this process."""
    loop = asyncio.new_event_loop()
    services = loop.run_until_complete(Services.open(Settings(data=Path(tmp_path_factory.mktemp("mcp")))))
    transport = httpx.ASGITransport(app=Application(Router(McpGateway(services).routes())))
    client = httpx.AsyncClient(transport=transport, base_url="http://hub.test")
    account = loop.run_until_complete(services.accounts.create_user("ada"))
    token = loop.run_until_complete(services.accounts.create_token(account.id, name="t", role="write"))
    ada = loop.run_until_complete(services.accounts.authenticate(_bearer(token)))
    loop.run_until_complete(services.repositories.create(ada, "model", "ada", "tiny"))

    def send(body: bytes, headers: dict[str, str]) -> httpx.Response:
        sent = {"Content-Type": "application/json", **headers}
        return loop.run_until_complete(client.post("/mcp", content=body, headers=sent))

    yield send
    loop.run_until_complete(services.close())
    loop.close()


def _bearer(token: str) -> Any:
    from commonground.accounts.model import Credentials

    return Credentials("bearer", secret=token)


words = st.sampled_from(
    ["ada/tiny", "model", "main", "README.md", "", "..", "\ud7ff", "hub://models/ada/tiny", "a" * 300]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | words, inner, max_size=3),
    max_leaves=8,
)
names = sorted({field.name for tool in TOOLS.values() for field in msgspec.structs.fields(tool.takes)})
arguments = st.dictionaries(st.sampled_from(names), values | words, max_size=5).map(
    lambda given: {"repository": "ada/tiny", **given}
)
calls = st.fixed_dictionaries({"name": st.sampled_from(sorted(TOOLS)), "arguments": arguments | values})
messages = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.just(1) | values,
        "method": st.sampled_from(sorted({*_HANDSHAKE, *_STATELESS})),
        "params": calls | st.fixed_dictionaries({"uri": words | values, "cursor": values}) | values,
    }
)


@settings(max_examples=150, deadline=None)
@given(body=messages.map(msgspec.json.encode) | values.map(msgspec.json.encode) | st.binary(max_size=200))
def test_no_body_brings_the_server_down(post: Any, body: bytes) -> None:
    answer = post(body, {})
    assert answer.status_code < 500, answer.text
    if answer.status_code != 202:
        assert {"result", "error"} & answer.json().keys()
        assert answer.json().get("error", {}).get("code") != -32603
