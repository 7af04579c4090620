"""The client of the `mcp` package, unchanged, over HTTP."""

from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import BlobResourceContents, CallToolResult, TextContent, TextResourceContents

from tests.gateways.mcp.house import TOKENS, WEIGHTS, House, decoded

pytestmark = pytest.mark.anyio

CALLS: dict[str, dict[str, Any]] = {
    "search_repositories": {"query": "tiny", "kind": "model", "limit": 5},
    "repository_info": {"repository": "ada/tiny"},
    "read_card": {"repository": "ada/tiny"},
    "list_files": {"repository": "ada/tiny", "recursive": True},
    "read_file": {"repository": "ada/tiny", "path": "data/0 ä.txt"},
    "list_commits": {"repository": "ada/tiny", "path": "README.md"},
    "declared_lineage": {"repository": "ada/tiny"},
    "compare": {"repository": "ada/tiny", "base": "main", "head": "main"},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def client(house: House, mode: str, user: str | None = None) -> Client:
    headers = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
    return Client(streamable_http_client(house.url, http_client=httpx2.AsyncClient(headers=headers)), mode=mode)


def text(result: CallToolResult) -> str:
    """What an assistant reads."""
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def read(session: Client, uri: str) -> TextResourceContents | BlobResourceContents:
    [contents] = (await session.read_resource(uri)).contents
    return contents


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_it_lists_and_calls_every_tool(house: House, mode: str, version: str) -> None:
    async with client(house, mode) as session:
        assert session.protocol_version == version
        assert session.server_info is not None
        assert session.server_info.name == "commonground"
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert tools.keys() == CALLS.keys()
        for name, arguments in CALLS.items():
            result = await session.call_tool(name, arguments)  # the client holds it against the output schema
            assert not result.is_error, result
            assert result.structured_content
            assert result.content


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_it_reads_resources(house: House, mode: str) -> None:
    async with client(house, mode) as session:
        listed = (await session.list_resources()).resources
        assert "hub://models/ada/tiny" in [str(resource.uri) for resource in listed]
        assert "hub://models/ada/secret" not in [str(resource.uri) for resource in listed]
        assert len((await session.list_resource_templates()).resource_templates) == 2
        assert (await session.list_prompts()).prompts == []
        card = await read(session, "hub://models/ada/tiny")
        assert isinstance(card, TextResourceContents)
        assert "tells animals apart" in card.text
        file = await read(session, "hub://models/ada/tiny@main/data/0%20%C3%A4.txt")
        assert isinstance(file, TextResourceContents)
        assert file.text == "schön\n"
        binary = await read(session, f"hub://models/ada/tiny@{house.second}/model.bin")
        assert isinstance(binary, BlobResourceContents)
        assert decoded({"encoding": "base64", "content": binary.blob}) == WEIGHTS


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_what_a_token_opens(house: House, mode: str) -> None:
    async with client(house, mode, "ada") as session:
        result = await session.call_tool("read_card", {"repository": "ada/secret"})
        assert "Secret words" in text(result)
    for user in (None, "bob"):
        async with client(house, mode, user) as session:
            refused = await session.call_tool("read_card", {"repository": "ada/secret"})
            absent = await session.call_tool("read_card", {"repository": "ada/nothing"})
            assert refused.is_error
            assert text(refused).replace("secret", "nothing") == text(absent)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_bad_arguments_are_told_to_the_assistant(house: House, mode: str) -> None:
    async with client(house, mode) as session:
        for arguments in ({}, {"repository": 3}, {"repository": "ada/tiny", "colour": "blue"}, {"repository": "tiny"}):
            result = await session.call_tool("read_card", arguments)
            assert result.is_error
            assert "CG-1" in text(result)


async def test_a_ping_is_answered(house: House) -> None:
    async with client(house, "legacy") as session:
        with pytest.warns(MCPDeprecationWarning):
            await session.send_ping()
