"""What the tools answer."""

import jsonschema
import pytest

from commonground.gateways.mcp.tools.files import READ_LIMIT, as_text
from tests.gateways.mcp.house import WEIGHTS, House, decoded


def test_schemas_are_json_schemas_of_objects(house: House) -> None:
    for tool in house.ask("tools/list")["result"]["tools"]:
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert tool["annotations"]["readOnlyHint"] is True


def test_search(house: House) -> None:
    found = house.call("search_repositories", query="animals")["repositories"]
    assert [item["repository"] for item in found] == ["ada/tiny"]
    assert found[0]["uri"] == "hub://models/ada/tiny"
    assert found[0]["url"] == f"{house.server.url}/ada/tiny"
    assert (
        house.call("search_repositories", owner="ada", kind="dataset")["repositories"][0]["repository"] == "ada/words"
    )
    assert house.call("search_repositories", tags=["license:mit"])["repositories"] == found
    assert len(house.call("search_repositories", "ada", owner="ada")["repositories"]) == 4
    assert len(house.call("search_repositories", "bob", owner="ada")["repositories"]) == 3


def test_pages(house: House) -> None:
    first = house.call("search_repositories", owner="ada", limit=2)
    second = house.call("search_repositories", owner="ada", limit=2, cursor=first["cursor"])
    assert len({item["repository"] for item in first["repositories"] + second["repositories"]}) == 3
    assert second["cursor"] is None
    page = house.call("list_files", repository="ada/tiny", limit=2)
    rest = house.call("list_files", repository="ada/tiny", limit=100, cursor=page["cursor"])
    assert {"README.md", "data", "model.bin"} <= {file["path"] for file in page["files"] + rest["files"]}


def test_information(house: House) -> None:
    found = house.call("repository_info", repository="ada/tiny")
    assert found["card"]["license"] == "mit"
    assert found["head"] == house.second
    assert found["branches"] == ["main"]
    assert found["visibility"] == "public"


def test_a_card_of_a_revision(house: House) -> None:
    assert house.call("read_card", repository="ada/tiny", revision=house.first)["commit"] == house.first
    assert "CG-1203" in house.refused("read_card", repository="ada/tiny", revision="nowhere")
    assert "CG-1204" in house.refused("read_file", repository="ada/tiny", path="nothing.txt")
    assert "CG-1204" in house.refused("read_file", repository="ada/tiny", path="data")


def test_a_file_in_ranges(house: House) -> None:
    whole = b""
    while len(whole) < len(WEIGHTS):
        part = house.call("read_file", repository="ada/tiny", path="model.bin", start=len(whole), length=100_000)
        assert part["encoding"] == "base64"
        whole += decoded(part)
    assert whole == WEIGHTS
    assert "CG-1005" in house.refused("read_file", repository="ada/tiny", path="model.bin", start=10**9)
    assert "CG-1001" in house.refused("read_file", repository="ada/tiny", path="model.bin", length=READ_LIMIT + 1)


def test_text_is_not_cut_within_a_character(house: House) -> None:
    part = house.call("read_file", repository="ada/tiny", path="data/0 ä.txt", length=4)
    assert (part["content"], part["end"], part["complete"]) == ("sch", 3, False)
    rest = house.call("read_file", repository="ada/tiny", path="data/0 ä.txt", start=part["end"])
    assert rest["content"] == "ön\n"
    assert decoded(house.call("read_file", repository="ada/tiny", path="data/0 ä.txt", encoding="base64"))


@pytest.mark.parametrize(
    ("data", "whole", "text"),
    [
        (b"", True, ""),
        ("ä".encode(), True, "ä"),
        ("ä".encode()[:1], True, None),
        (b"a\xf0\x9f\x98", False, "a"),
        (b"a\xff\xff\xff\xff", False, None),
        (b"a\0b", True, None),
    ],
)
def test_what_counts_as_text(data: bytes, whole: bool, text: str | None) -> None:
    assert as_text(data, whole=whole) == text


def test_history_and_comparison(house: House) -> None:
    commits = house.call("list_commits", repository="ada/tiny", limit=100)["commits"]
    assert commits[0]["commit"] == house.second
    assert [c["commit"] for c in house.call("list_commits", repository="ada/tiny", path="README.md")["commits"]][
        :1
    ] == [house.first]
    changes = house.call("compare", repository="ada/tiny", base=house.first, head="main")["changes"]
    assert {(change["path"], change["change"]) for change in changes} >= {("model.bin", "added")}
    back = house.call("compare", repository="ada/tiny", base="main", head=house.first)["changes"]
    assert {change["change"] for change in back} == {"removed"}


def test_lineage_is_what_cards_declare(house: House) -> None:
    found = house.call("declared_lineage", repository="ada/tiny")
    assert found["source"] == "cards"
    assert found["relation"] == "finetune"
    assert found["base_models"] == [{"repository": "ada/base", "kind": "model", "uri": "hub://models/ada/base"}]
    assert [item["uri"] for item in found["datasets"]] == ["hub://datasets/ada/words", None]
    for kind, name in (("model", "ada/base"), ("dataset", "ada/words")):
        used = house.call("declared_lineage", repository=name, kind=kind)["used_by"]
        assert [item["repository"] for item in used] == ["ada/tiny"]


@pytest.mark.parametrize("tool", ["repository_info", "read_card", "list_files", "list_commits", "declared_lineage"])
def test_private_looks_like_absent(house: House, tool: str) -> None:
    for user in (None, "bob"):
        private, absent = (house.refused(tool, user, repository=f"ada/{name}") for name in ("secret", "nothing"))
        assert private.replace("secret", "nothing") == absent
    assert house.call(tool, "ada", repository="ada/secret")
