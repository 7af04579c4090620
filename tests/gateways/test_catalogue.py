"""The protocols of a server: all of them, those that are not switched off, and those other packages bring."""

import sys
from pathlib import Path

import pytest

from commonground.errors import InvalidSetting
from commonground.gateways.catalogue import BUILT_IN, open_gateways
from commonground.services import Services
from commonground.settings import Settings

pytestmark = pytest.mark.anyio

PLUGIN = """
class Echo:
    def __init__(self, services):
        self.services = services

    def routes(self):
        return []

    def snippets(self, use):
        return []
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def install(folder: Path, entry: str) -> None:
    """A package with one entry point, as an installer leaves it."""
    (folder / "cg_echo.py").write_text(PLUGIN)
    information = folder / "cg_echo-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: cg-echo\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[commonground.gateways]\necho = {entry}\n")


async def names(data: Path, *off: str) -> list[str]:
    async with await Services.open(Settings(data=data, gateways_off=off)) as services:
        return list(open_gateways(services))


async def test_all_built_in_gateways_are_there(tmp_path: Path) -> None:
    assert await names(tmp_path) == list(BUILT_IN)


async def test_a_gateway_can_be_switched_off(tmp_path: Path) -> None:
    assert "git" not in await names(tmp_path, "git")


async def test_a_gateway_that_does_not_exist_cannot_be_switched_off(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="gopher"):
        await names(tmp_path, "gopher")


async def test_an_installed_package_brings_a_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "cg_echo:Echo")
    monkeypatch.syspath_prepend(tmp_path)
    assert (await names(tmp_path / "data"))[-1] == "echo"
    sys.modules.pop("cg_echo")


@pytest.mark.parametrize("place", ["cg_nothing:Echo", "cg_echo:Nothing"])
async def test_a_package_that_cannot_be_loaded_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    install(tmp_path, place)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidSetting, match="gateway echo"):
        await names(tmp_path / "data")
    sys.modules.pop("cg_echo", None)
