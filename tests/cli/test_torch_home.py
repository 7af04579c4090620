from pathlib import Path

from commonground.sdk.hub import Hub
from tests.cli.command import Command


def test_the_folder_is_printed(command: Command, hub: Hub, repository: str, tmp_path: Path) -> None:
    hub.upload_file(f"{repository}/hubconf.py", b"")
    result = command("torch-home", repository, "--directory", tmp_path)
    assert (result.code, Path(result.out.strip()).parent) == (0, tmp_path / "hub"), result.err
    assert command("torch-home", repository, "--directory", tmp_path, "--json").json == {"path": result.out.strip()}


def test_without_entry_points_it_says_so(command: Command, repository: str, tmp_path: Path) -> None:
    result = command("torch-home", repository, "--directory", tmp_path)
    assert (result.code, result.err[:7]) == (1, "CG-1204")
    assert "hubconf.py" in result.err
