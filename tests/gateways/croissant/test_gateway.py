"""The document over HTTP: what it says, to whom, and how failures look."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.accounts.model import Account
from commonground.gateways.croissant import document
from commonground.gateways.croissant.analysis import Analysis, Table
from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.splits import Group
from commonground.hub.repositories.model import Repository
from commonground.operations.manifest.model import ManifestFile
from commonground.sdk.hub import Hub
from tests.sdk.live import TOKENS

CARD = b"""---
license: cc-by-4.0
language: [en, zh]
pretty_name: Tiny data
tags: [tiny]
---
Some data.

```bibtex
@misc{tiny, title={Tiny}}
```
"""
ROWS = b"a,b\n1,x\n"


def ask(address: str, repository: str, user: str | None = None, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
    return httpx.get(f"{address}/api/{repository}/croissant", params=query, headers=headers)


def filled(hub: Hub, repository: str) -> str:
    hub.upload_file(f"{repository}/README.md", CARD)
    return hub.upload_file(f"{repository}/train.csv", ROWS).id


def test_it_says_what_the_card_and_the_commit_say(address: str, hub: Hub, data: str) -> None:
    commit = filled(hub, data)
    answer = ask(address, data)
    found = answer.json()
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.headers["x-repo-commit"] == commit
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert found["name"] == "Tiny data"
    assert found["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]
    assert found["citeAs"] == "@misc{tiny, title={Tiny}}"
    assert found["version"] == "1.0.3"  # the third commit
    assert found["identifier"].endswith(f"/tree/{commit}")
    assert found["creator"] == {"@type": "sc:Person", "name": "alice", "url": f"{address}/alice"}
    assert "tiny" in found["keywords"]
    assert found["inLanguage"] == ["en", "zh"]


def test_files_have_addresses_that_name_the_commit_and_true_digests(address: str, hub: Hub, data: str) -> None:
    commit = filled(hub, data)
    files = {file["name"]: file for file in ask(address, data).json()["distribution"]}
    assert set(files) == {"README.md", "train.csv"}
    assert files["train.csv"]["sha256"] == hashlib.sha256(ROWS).hexdigest()
    assert files["train.csv"]["contentSize"] == f"{len(ROWS)} B"
    assert f"/resolve/{commit}/" in files["train.csv"]["contentUrl"]
    hub.upload_file(f"{data}/train.csv", b"changed\n1\n")
    assert httpx.get(files["train.csv"]["contentUrl"]).content == ROWS


def test_an_older_revision_keeps_its_description(address: str, hub: Hub, data: str) -> None:
    commit = filled(hub, data)
    before = ask(address, data).json()
    hub.upload_file(f"{data}/more/test.csv", ROWS)
    assert ask(address, data, revision=commit).json() == before
    assert ask(address, data).json() != before


def test_a_branch_and_a_tag_are_revisions(address: str, hub: Hub, data: str) -> None:
    commit = filled(hub, data)
    hub.create_tag(data, "v1")
    assert ask(address, data, revision="v1").headers["x-repo-commit"] == commit
    answer = ask(address, data, revision="none")
    assert (answer.status_code, answer.json()["code"]) == (404, "CG-1203")


def test_a_damaged_table_is_a_file_without_records(address: str, hub: Hub, data: str) -> None:
    hub.upload_file(f"{data}/train.parquet", b"not parquet")
    hub.upload_file(f"{data}/empty.csv", b"")
    found = ask(address, data).json()
    assert {file["name"] for file in found["distribution"]} >= {"train.parquet", "empty.csv"}
    assert "recordSet" not in found


def test_private_data_is_the_owners_alone(address: str, hub: Hub, private: str) -> None:
    filled(hub, private)
    for user in (None, "bob"):
        answer = ask(address, private, user)
        assert (answer.status_code, answer.json()["code"]) == (404, "CG-1201")
        assert answer.json() == ask(address, "datasets/alice/none", user).json()
    assert ask(address, private, "alice").status_code == 200


def test_links_open_private_files_to_clients_without_credentials(address: str, hub: Hub, private: str) -> None:
    filled(hub, private)
    plain = ask(address, private, "alice").json()
    assert "token" not in json.dumps(plain)
    linked = ask(address, private, "alice", links="true").json()
    [file] = [file for file in linked["distribution"] if file["name"] == "train.csv"]
    assert httpx.get(file["contentUrl"]).content == ROWS
    [closed] = [file for file in plain["distribution"] if file["name"] == "train.csv"]
    assert httpx.get(closed["contentUrl"]).status_code in {401, 404}


def test_whoever_comes_with_a_link_gets_no_longer_one(address: str, hub: Hub, private: str) -> None:
    filled(hub, private)
    token = hub.create_link(private, seconds=60).token
    linked = ask(address, private, token=token, links="true").json()
    assert all(file["contentUrl"].endswith(f"?token={token}") for file in linked["distribution"])


def test_models_have_none(address: str, hub: Hub) -> None:
    hub.create_repository("alice/model")
    assert ask(address, "models/alice/model").status_code == 404


def test_a_moved_data_set_is_followed(address: str, hub: Hub, data: str) -> None:
    filled(hub, data)
    hub.move_repository(data, "datasets/alice/elsewhere")
    answer = ask(address, data, revision="main")
    assert answer.status_code == 307
    assert answer.headers["location"].endswith("/api/datasets/alice/elsewhere/croissant?revision=main")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.dictionaries(st.sampled_from(["revision", "links", "token", "x"]), st.text(max_size=8), max_size=3))
def test_no_question_breaks_it(address: str, hub: Hub, query: dict[str, str]) -> None:
    repository = "datasets/alice/asked"
    if ask(address, repository).status_code == 404:
        hub.create_repository(repository)
    answer = ask(address, repository, **query)
    assert answer.status_code in {200, 400, 401, 404}
    assert answer.status_code == 200 or answer.json()["code"].startswith("CG-")


# --- bounds ---------------------------------------------------------------------------------------------------------

OWNER = Account(id=1, kind="organization", name="acme")
ASKED = document.Asked(
    repository=Repository(id=1, kind="dataset", owner_id=1, owner="acme", name="d", visibility="public"),
    owner=OWNER,
    origin="http://hub",
)


def described(tables: list[Table], files: tuple[str, ...] = ()) -> Any:
    found = Analysis(
        commit="a" * 40,
        number=1,
        date=0,
        card={},
        body="",
        description="",
        tags=(),
        files=tuple(ManifestFile(path=path, size=1, sha256="0" * 64) for path in files),
        tables=tuple(tables),
    )
    return document.document(found, ASKED)


def test_one_split_is_called_like_its_configuration_and_several_by_both() -> None:
    columns = (Column(name="a"),)
    one = described([Table(Group("default", "train", ("a.csv",)), columns)])
    assert [item["@id"] for item in one["recordSet"]] == ["default"]
    two = described(
        [
            Table(Group("default", "train", ("a.csv", "b.csv")), columns),
            Table(Group("default", "test", ("c.csv",)), columns),
        ]
    )
    assert [item["@id"] for item in two["recordSet"]] == ["default/train/00000", "default/train/00001", "default/test"]


def test_the_number_of_fields_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "FIELDS", 5)
    table = Table(Group("default", "train", ("a.csv", "b.csv", "c.csv")), (Column(name="a"), Column(name="b")))
    assert len(described([table])["recordSet"]) == 2


def test_a_record_set_never_has_the_name_of_a_file() -> None:
    made = described([Table(Group("a.csv", "train", ("a.csv",)), (Column(name="x"),))], ("a.csv",))
    assert made["recordSet"][0]["@id"] == "a.csv-records"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("data/train.csv", "data/train.csv"), ("a b:c#d?", "a%20b%3Ac%23d%3F"), ("字", "字"), ('<">', "%3C%22%3E")],
)
def test_identifiers_are_relative_and_unbroken(text: str, expected: str) -> None:
    assert document.identifier(text) == expected
