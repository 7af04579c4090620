"""One API, three faces: every operation has a route, a method of the same name, and a command that calls it."""

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonground.cli.main import app
from commonground.sdk.hub import Hub
from tests.gateways.native.hub import running

LOCAL = {
    "serve",
    "admin",
    "config",
    "demo",
    "fsck",
    "gc",
    "scrub",
    "doctor",
    "login",
    "logout",
    "proxy",
    "fairseq2",
    "conformance",
}
LOCAL |= {"validate"}
NESTED = {"train calibrate", "train plan"}
"""Commands that work on this machine or its data directory, without the API."""

HELPERS = {
    "open",
    "close",
    "read_file",
    "pin_file",
    "upload_folder",
    "download_folder",
    "seed_torch_home",
    "install_fairseq2_cards",
}
HELPERS |= {"manifest", "sign", "make_signature", "check_signature"}
HELPERS |= {"fine_tune"}
"""Methods made of operations."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that calls a hub, with its function."""
    for name in app:
        if name.startswith("-") or name in LOCAL:
            continue
        group = app[name]
        nested = [inner for inner in group if not inner.startswith("-")]
        if nested:
            calling = [inner for inner in nested if f"{name} {inner}" not in NESTED]
            yield from ((f"{name} {inner}", group[inner].default_command) for inner in calling)
        else:
            yield name, group.default_command


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the handlers of all routes."""

    async def names(folder: Path) -> set[str]:
        async with running(folder) as hub:
            return {route.handler.__name__ for route in hub.application.router.routes}

    return asyncio.run(names(tmp_path_factory.mktemp("routes")))


def methods() -> set[str]:
    """The public methods of the client."""
    return {name for name, _ in inspect.getmembers(Hub, inspect.isfunction) if not name.startswith("_")}


def called(function: Any) -> set[str]:
    """The methods of the client a command's function names."""
    return set(function.__code__.co_names) & (methods() - {"close", "open"})


def reached(function: Any) -> set[str]:
    """The methods it calls, directly or through one made of others."""
    found = called(function)
    return found.union(*(called(getattr(Hub, name)) for name in found))


def test_every_operation_is_a_method_and_every_method_an_operation(operations: set[str]) -> None:
    assert methods() - HELPERS == operations


def test_every_command_calls_one_operation(operations: set[str]) -> None:
    for name, function in commands():
        if not called(function) <= HELPERS:
            assert len(called(function) & operations) == 1, name


def test_a_command_without_an_operation_of_its_own_calls_methods_made_of_operations(operations: set[str]) -> None:
    for name, function in commands():
        assert reached(function) & operations, name


def test_every_operation_has_a_command(operations: set[str]) -> None:
    assert set[str]().union(*(reached(function) for _, function in commands())) & operations == operations


def test_local_commands_are_there() -> None:
    assert set(app) >= LOCAL


def test_every_command_takes_json_and_says_what_it_does() -> None:
    for name, function in commands():
        assert "options" in inspect.signature(function).parameters, name
        assert inspect.getdoc(function), name
