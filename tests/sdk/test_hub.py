"""The client against a running server: every method does what it says."""

import io
import os
import threading
from pathlib import Path

import httpx
import pytest

from commonground import errors
from commonground.gateways.native import wire
from commonground.sdk.hub import Hub


def test_repositories_are_found_page_after_page(alice: Hub, repository: str) -> None:
    for number in range(3):
        alice.create_repository(f"datasets/{repository}-{number}")
    found = alice.list_repositories("dataset", text=repository.partition("/")[2], sort="createdAt", page=1)
    assert [item.id for item in found] == [f"{repository}-{number}" for number in (2, 1, 0)]


def test_a_repository_is_changed_moved_copied_and_deleted(alice: Hub, repository: str) -> None:
    assert alice.update_repository(repository, visibility="private").visibility == "private"
    assert alice.move_repository(repository, f"{repository}-new").id == f"{repository}-new"
    assert alice.get_repository(repository).id == f"{repository}-new"  # the old id leads there
    assert alice.duplicate_repository(f"{repository}-new", f"{repository}-copy").visibility == "private"
    alice.delete_repository(f"{repository}-copy")
    with pytest.raises(errors.RepositoryNotFound):
        alice.get_repository(f"{repository}-copy")


def test_branches_and_tags_come_and_go(alice: Hub, repository: str) -> None:
    alice.create_branch(repository, "dev/one")
    alice.create_tag(f"{repository}@dev%2Fone", "v1", message="first")
    refs = alice.list_refs(repository)
    assert {ref.name for ref in refs.branches} == {"main", "dev/one"}
    assert [ref.name for ref in refs.tags] == ["v1"]
    alice.delete_branch(repository, "dev/one")
    alice.delete_tag(repository, "v1")
    assert [ref.name for ref in alice.list_refs(repository).branches] == ["main"]


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_what_is_uploaded_is_downloaded(alice: Hub, repository: str, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "in").write_bytes(content)
    alice.upload_file(repository, tmp_path / "in", path="a/ü#?%.bin", title="Say it")
    steps: list[int] = []
    target = alice.download_file(
        f"{repository}/a/ü#?%.bin", tmp_path / "x" / "out", progress=lambda done, _: steps.append(done)
    )
    assert target.read_bytes() == content
    assert steps[-1:] == ([size] if size else [])
    assert next(alice.list_commits(repository)).title == "Say it"


@pytest.mark.parametrize("content", [b"bytes", io.BytesIO(b"bytes")])
def test_bytes_and_open_files_are_uploaded_as_they_are(
    alice: Hub, repository: str, content: bytes | io.BytesIO
) -> None:
    alice.upload_file(f"{repository}/a", content)
    assert alice.read_file(f"{repository}/a") == b"bytes"
    assert alice.read_file(f"{repository}/a", start=1, end=3) == b"yt"


def test_a_stream_without_an_end_in_sight_is_uploaded(alice: Hub, repository: str) -> None:
    receiving, sending = os.pipe()

    def send() -> None:
        with os.fdopen(sending, "wb") as pipe:
            pipe.writelines(b"\0" * 100_000 for _ in range(50))

    writer = threading.Thread(target=send)
    writer.start()
    with os.fdopen(receiving, "rb") as pipe:
        alice.upload_file(f"{repository}/zeros.bin", pipe)
    writer.join()
    [entry] = [entry for entry in alice.list_tree(repository) if entry.path == "zeros.bin"]
    assert entry.size == 5_000_000


def test_a_failed_download_leaves_nothing_behind(alice: Hub, repository: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"before")
    with pytest.raises(errors.EntryNotFound):
        alice.download_file(f"{repository}/nope", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"before"


def test_several_changes_are_one_commit(alice: Hub, repository: str) -> None:
    base = alice.get_repository(repository).head or ""
    made = alice.create_commit(
        repository,
        [
            wire.WriteText(path="a", text="a"),
            wire.WriteBytes(path="b", content=b"\xff"),
            wire.Delete(path=".gitattributes"),
        ],
        title="Change",
        parent=base,
    )
    assert made.parents == (base,)
    found = alice.diff(repository, base)
    assert [change.path for change in found.changes] == [".gitattributes", "a", "b"]
    alice.delete_file(f"{repository}/a")
    assert [entry.path for entry in alice.list_tree(repository)] == ["b"]
    with pytest.raises(errors.StaleParent):
        alice.create_commit(repository, [wire.Delete(path="b")], title="Late", parent=base)


def test_failures_have_the_class_the_server_raised(alice: Hub, bob: Hub, repository: str, address: str) -> None:
    with pytest.raises(errors.RepositoryExists, match=repository):
        alice.create_repository(repository)
    with pytest.raises(errors.Forbidden):
        bob.delete_repository(repository)
    with pytest.raises(errors.InvalidCredentials), Hub(address, "wrong") as wrong:
        wrong.whoami()
    with pytest.raises(errors.RevisionNotFound):
        list(alice.list_tree(f"{repository}@nope"))


@pytest.mark.parametrize("path", ["..", "../../..", "a/../b", "."])
def test_a_path_never_leads_out_of_its_repository(alice: Hub, repository: str, path: str) -> None:
    with pytest.raises(errors.InvalidAddress):
        alice.delete_file(repository, path=path)
    assert alice.get_repository(repository).id == repository


def test_a_file_needs_a_path(alice: Hub, repository: str) -> None:
    with pytest.raises(errors.InvalidAddress, match="path"):
        alice.read_file(repository)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(errors.ServerUnreachable, match="No answer from http"), Hub("http://127.0.0.1:9") as nowhere:
        nowhere.whoami()


def test_what_is_no_hub_is_told_apart() -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(502, text="<h1>Bad Gateway</h1>"))
    with pytest.raises(errors.ServerUnreachable, match="502"), Hub("http://x", transport=page) as proxy:
        proxy.whoami()
    odd = httpx.MockTransport(lambda _: httpx.Response(200, text="[]"))
    with pytest.raises(errors.ServerUnreachable, match="makes no sense"), Hub("http://x", transport=odd) as other:
        other.whoami()


def test_a_token_is_made_used_and_revoked(alice: Hub, address: str) -> None:
    text = alice.create_token("ci", role="read")
    with Hub(address, text) as reader:
        assert reader.whoami().name == "alice"
        [found] = [token for token in alice.list_tokens() if token.name == "ci"]
        alice.revoke_token(found.id)
        with pytest.raises(errors.InvalidCredentials):
            reader.whoami()


def test_the_server_and_its_queue_tell_of_themselves(alice: Hub) -> None:
    assert alice.get_server().limits.regular_file > 0
    with pytest.raises(errors.Forbidden):
        list(alice.list_tasks())


def test_events_are_told_in_order(alice: Hub, repository: str) -> None:
    alice.upload_file(f"{repository}/a", b"a", title="a\N{LINE SEPARATOR}b")
    found = [event for event in alice.list_events(follow=False) if event.subject == f"model:{repository}"]
    assert [event.kind for event in found] == ["repository.created", "ref.updated"]


def test_a_follower_hears_what_happens_next(alice: Hub, repository: str) -> None:
    last = list(alice.list_events(follow=False))[-1].id
    following = alice.list_events(after=last)
    alice.upload_file(f"{repository}/a", b"a")
    assert next(following).subject == f"model:{repository}"
    following.close()  # type: ignore[attr-defined]
