from pathlib import Path

from commonground.sdk.hub import Hub
from tests.cli.command import Command


def test_the_file_is_printed(command: Command, hub: Hub, repository: str, tmp_path: Path) -> None:
    hub.upload_file(f"{repository}/README.md", b"---\nfairseq2: {model_family: wav2vec2}\n---\n")
    result = command("fairseq2", "install-cards", "--directory", tmp_path, "--hours", 2)
    assert (result.code, result.out.strip()) == (0, str(tmp_path / "commonground.yaml")), result.err
    assert repository in Path(result.out.strip()).read_text()


def test_more_than_a_week_is_refused(command: Command, tmp_path: Path) -> None:
    result = command("fairseq2", "install-cards", "--directory", tmp_path, "--hours", 169)
    assert (result.code, result.err[:7]) == (1, "CG-1001")
