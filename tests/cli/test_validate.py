from pathlib import Path

import jsonschema

from commonground.sdk.hub import Hub
from tests.cli.command import Command


def test_what_the_hub_writes_is_valid(command: Command, hub: Hub, repository: str, tmp_path: Path) -> None:
    hub.upload_file(f"{repository}/README.md", b"---\nlicense: mit\n---\n# Tiny\n")
    for name, words in {"bom.json": ("sbom",), "manifest.json": ("manifest", "--json")}.items():
        (tmp_path / name).write_text(command(*words, repository).out)
        assert command("validate", tmp_path / name).out.startswith(f"{tmp_path / name}: valid ")
    manifest = command("manifest", repository, "--json").json
    jsonschema.validate(manifest, hub.get_schema("manifest"))


def test_problems_are_printed_and_the_command_fails(local: Command, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("---\nlicense: none\nlanguage: English\n---\n")
    result = local("validate", card)
    assert result.code == 1
    assert [line.split(": ")[1] for line in result.out.splitlines()] == ["license", "language"]
    assert "CG-1604" in result.err
    assert "CG-1508" in local("validate", tmp_path / "none.json").err


def test_the_schema_of_a_document(command: Command, address: str) -> None:
    import msgspec

    found = msgspec.json.decode(command("schema", "card").out)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$id"] == f"{address}/schemas/card/v1.json"


def test_unknown_schemas_are_absent(hub: Hub, address: str) -> None:
    import httpx

    for path in ("card/v2.json", "other/v1.json", "card/v1.yaml"):
        assert httpx.get(f"{address}/schemas/{path}").status_code == 404
