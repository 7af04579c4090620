"""The commands over the API: one document with --json, text for people, one line for a failure."""

import os
from pathlib import Path
from typing import Any

import pytest

from commonground.sdk.hub import Hub
from tests.cli.command import Command


def test_a_repository_is_made_found_changed_and_deleted(command: Command) -> None:
    assert command("repositories", "create", "datasets/alice/corpus", "--visibility", "private").out == (
        "created dataset alice/corpus\n"
    )
    found = command("repositories", "list", "corpus", "--kind", "dataset", "--json").json
    assert [item["id"] for item in found] == ["alice/corpus"]
    changed = command("repositories", "settings", "datasets/alice/corpus", "--gated", "auto", "--json").json
    assert changed["gated"] == "auto"
    assert command("repositories", "move", "datasets/alice/corpus", "datasets/alice/text").code == 0
    assert command("repositories", "duplicate", "datasets/alice/text", "datasets/alice/copy").code == 0
    assert "alice/copy" in command("repositories", "list", "--owner", "alice").out
    refused = command("repositories", "delete", "datasets/alice/copy")
    assert (refused.code, refused.err.startswith("CG-1001: ")) == (1, True)
    assert command("repositories", "delete", "datasets/alice/copy", "--yes", "--json").json == {}
    assert command("repositories", "show", "datasets/alice/copy").code == 1


def test_files_go_up_and_come_down(command: Command, repository: str, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    (tmp_path / "in.bin").write_bytes(content)
    made = command(
        "files", "upload", f"hub://models/{repository}/a/x.bin", tmp_path / "in.bin", "--title", "Add x", "--json"
    )
    assert made.json["title"] == "Add x"
    assert "195.3 KiB" in command("files", "list", repository, "--recursive").out
    got = command("files", "download", f"{repository}@main/a/x.bin", tmp_path, "--json").json
    assert got == {"path": str(tmp_path / "x.bin"), "size": 200_000}
    assert (tmp_path / "x.bin").read_bytes() == content
    assert "Delete a/x.bin" in command("files", "delete", f"{repository}/a/x.bin").out


def test_a_folder_goes_up_and_comes_down(command: Command, repository: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "b").write_bytes(b"b")
    assert command("files", "upload", f"{repository}/x", tmp_path / "in", "--json").json["title"] == "Upload in"
    paths = command("files", "download", f"{repository}/x", tmp_path / "out", "--recursive", "--json").json
    assert paths == [str(tmp_path / "out" / "a" / "b")]
    assert (tmp_path / "out" / "a" / "b").read_bytes() == b"b"


def test_standard_input_is_a_file(command: Command, hub: Hub, repository: str) -> None:
    assert command("files", "upload", f"{repository}/a.txt", "-", stdin=b"piped").code == 0
    assert hub.read_file(f"{repository}/a.txt") == b"piped"
    changes = b'[{"op": "write_text", "path": "b", "text": "b"}, {"op": "delete", "path": "a.txt"}]'
    assert command("commits", "create", repository, "-", "--title", "Change", stdin=changes).code == 0
    titles = [commit["title"] for commit in command("commits", "list", repository, "--json").json]
    assert titles == ["Change", "Upload a.txt", "initial commit"]


def test_changes_are_shown_by_their_kind(command: Command, hub: Hub, repository: str) -> None:
    base = hub.get_repository(repository).head
    hub.upload_file(f"{repository}/new", b"n")
    hub.delete_file(f"{repository}/.gitattributes")
    assert command("diff", repository, base).out == "D .gitattributes\nA new\n"


@pytest.mark.parametrize("group", ["branches", "tags"])
def test_refs_come_and_go(command: Command, repository: str, group: str) -> None:
    assert command(group, "create", repository, "v1").out == "created v1\n"
    assert "v1" in [ref["name"] for ref in command(group, "list", repository, "--json").json]
    assert "v1" in command(group, "list", repository).out
    assert command(group, "delete", repository, "v1").out == "deleted v1\n"


def test_tokens_are_made_listed_and_revoked(command: Command) -> None:
    text = command("tokens", "create", "ci", "--role", "read", "--expires", "1d").out.strip()
    listed = command("tokens", "list", "--json").json
    [found] = [token for token in listed if token["name"] == "ci"]
    assert text not in command("tokens", "list").out
    assert command("tokens", "revoke", found["id"]).code == 0
    assert command("tokens", "create", "x", "--role", "fine-grained", "--scope", "fly").code == 1


def test_a_login_is_remembered_until_logout(command: Command, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = os.environ["CG_TOKEN"]
    for name in ("CG_TOKEN", "CG_ENDPOINT"):
        monkeypatch.delenv(name)
    done = command("login", "--token-stdin", "--endpoint", address, stdin=f"{token}\n".encode())
    assert f"signed in to {address} as alice" in done.out
    assert token not in done.out
    assert "alice" in command("whoami").out
    assert command("logout").code == 0
    refused = command("whoami", "--endpoint", address)
    assert refused.err == "CG-1101: Sign in or send an access token; run `commonground login`, or set CG_TOKEN.\n"


def test_a_wrong_token_is_not_remembered(local: Command, address: str) -> None:
    assert local("login", "--token-stdin", "--endpoint", address, stdin=b"wrong\n").code == 1
    assert "CG-1101" in local("whoami", "--endpoint", address).err


def test_events_are_shown(command: Command, repository: str) -> None:
    assert f"repository.created model:{repository} alice" in command("events").out
    found = command("events", "--kind", "repository.created", "--json").json
    assert {event["kind"] for event in found} == {"repository.created"}


def test_the_server_is_shown(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "10.0 MiB" in command("server").out
    assert "CG-1103" in command("tasks").err
    monkeypatch.setenv("CG_TOKEN", os.environ["CG_TOKEN"].replace("a" * 40, "r" * 40))
    assert command("tasks", "--json").json == []
    assert "Kind" in command("tasks").out


FAILURES: dict[str, tuple[list[Any], str]] = {
    "absent": (["repositories", "show", "alice/nothing"], "CG-1201: "),
    "not an address": (["files", "list", "x"], "CG-1218: "),
    "no local file": (["files", "upload", "alice/x/a", "/no/such/file"], "CG-1508: "),
    "unknown command": (["repositorys"], "CG-1509: "),
    "missing argument": (["repositories", "show"], "CG-1509: "),
    "wrong type": (["repositories", "list", "--limit", "many"], "CG-1509: "),
    "no server": (["whoami", "--endpoint", "http://127.0.0.1:9"], "CG-1507: "),
    "no address of a server": (["whoami", "--endpoint", "nonsense"], "CG-1507: "),
    "bad operations": (["commits", "create", "alice/x", "-", "--title", "x"], "CG-1001: "),
}


@pytest.mark.parametrize(("words", "start"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_one_line_with_its_code(command: Command, words: list[Any], start: str) -> None:
    result = command(*words)
    assert result.code != 0
    assert result.out == ""
    assert result.err.startswith(start)
    assert result.err.count("\n") == 1


def test_a_traceback_is_shown_only_on_demand(command: Command) -> None:
    assert "Traceback" not in command("repositories", "show", "alice/nothing").err
    assert "Traceback" in command("repositories", "show", "alice/nothing", "--debug").err


def test_likes(command: Command, repository: str) -> None:
    assert command("like", repository).out == "likes: 1\n"
    assert command("likes", "--json").json[0]["repository"] == repository
    assert "alice" in command("likers", repository).out
    assert repository in command("likes", "alice").out
    assert command("unlike", repository, "--json").json == {"likes": 0}
