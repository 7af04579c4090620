"""The real git against a real server."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest, DeleteFile
from commonground.services import Services
from tests.gateways.git.memory import ENVIRONMENT, commit, git, new_repository
from tests.gateways.git.server import READ_TOKEN, TOKENS, Hub, principal_of

VERSIONS = ["0", "1", "2"]


def clone(hub: Hub, repository: Repository, where: Path, *options: str, user: str | None = "ada") -> Path:
    git(where.parent, "clone", "-q", *options, hub.url(f"{repository.full_name}.git", user=user), str(where))
    return where


def refused(where: Path, *arguments: str) -> str:
    """What git says when a command fails."""
    done = subprocess.run(["git", *arguments], cwd=where, capture_output=True, env=ENVIRONMENT, check=False, text=True)
    assert done.returncode != 0, done.stdout + done.stderr
    return done.stderr


def check(where: Path) -> None:
    """The clone is sound."""
    assert git(where, "fsck", "--strict", "--full", "--no-dangling") == b""


def remote_refs(where: Path) -> dict[str, str]:
    lines = git(where, "ls-remote", "origin").decode().splitlines()
    return {name: sha for sha, name in (line.split("\t") for line in lines)}


def api_commit(hub: Hub, repository: Repository, *operations: AddFile | DeleteFile, branch: str = "main") -> str:
    async def work(services: Services) -> str:
        request = CommitRequest(title="Through the API", operations=list(operations))
        made = await services.revisions.commit(repository, await principal_of(services, "ada"), branch, request)
        return made.sha

    return hub.run(work)


@pytest.mark.parametrize("version", VERSIONS)
def test_clone_and_fetch_in_every_protocol_version(
    hub: Hub, repository: Repository, tmp_path: Path, version: str
) -> None:
    api_commit(
        hub, repository, AddFile(path="a/b/c.txt", content=b"deep"), AddFile(path="run", content=b"#!", executable=True)
    )
    use = f"protocol.version={version}"
    where = clone(hub, repository, tmp_path / "clone", "-c", use, user=None)
    assert (where / "a/b/c.txt").read_bytes() == b"deep"
    assert os.access(where / "run", os.X_OK)
    newest = [api_commit(hub, repository, AddFile(path=f"new{n}", content=b"%d" % n)) for n in range(40)][-1]
    git(where, "pull", "-q")
    assert git(where, "rev-parse", "HEAD").decode().strip() == newest
    git(where, "fetch", "-q")
    check(where)


def test_the_api_and_git_see_one_history(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    first = api_commit(hub, repository, AddFile(path="from-api.txt", content=b"api"))
    git(where, "pull", "-q")
    second = commit(where, {"from-git.txt": b"git", "folder/x": b"x" * 150_000})
    git(where, "push", "-q", "origin", "main")
    with hub.client() as http:
        history = http.get(f"/api/models/{repository.full_name}/commits/main").json()
        assert [each["id"] for each in history][:2] == [second, first]
        assert http.get(f"/{repository.full_name}/resolve/main/from-git.txt").content == b"git"
        assert http.get(f"/{repository.full_name}/resolve/main/folder/x").content == b"x" * 150_000
        tree = http.get(f"/api/models/{repository.full_name}/tree/main?recursive=true").json()
    assert {"from-api.txt", "from-git.txt", "folder/x"} <= {entry["path"] for entry in tree}
    third = api_commit(hub, repository, DeleteFile("from-git.txt"))
    git(where, "pull", "-q")
    assert git(where, "rev-parse", "HEAD").decode().strip() == third
    assert not (where / "from-git.txt").exists()
    check(where)
    check(clone(hub, repository, tmp_path / "again"))


def test_branches_and_tags_are_pushed_forced_and_deleted(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    old = commit(where, {"a": b"1"})
    git(where, "tag", "light")
    git(where, "tag", "-a", "heavy", "-m", "annotated")
    git(where, "push", "-q", "origin", "main", "main:work/one", "--tags")
    refs = remote_refs(where)
    assert refs["refs/heads/main"] == refs["refs/heads/work/one"] == refs["refs/tags/light"] == old == refs["HEAD"]
    assert refs["refs/tags/heavy^{}"] == old != refs["refs/tags/heavy"]

    git(where, "reset", "-q", "--hard", "HEAD~1")
    new = commit(where, {"b": b"2"})
    assert "[rejected]" in refused(where, "push", "origin", "main")
    git(where, "push", "-q", "--force", "origin", "main")
    git(where, "push", "-q", "origin", "--delete", "work/one", "light")
    refs = remote_refs(where)
    assert refs["refs/heads/main"] == new
    assert set(refs) == {"HEAD", "refs/heads/main", "refs/tags/heavy", "refs/tags/heavy^{}"}
    again = clone(hub, repository, tmp_path / "again")
    assert git(again, "cat-file", "-t", "heavy") == b"tag\n"
    check(again)


def test_a_push_that_lost_a_race_is_refused(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    api_commit(hub, repository, AddFile(path="meanwhile", content=b""))
    commit(where, {"mine": b""})
    assert "fetch first" in refused(where, "push", "origin", "main")


def test_an_atomic_push_is_all_or_nothing(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    commit(where, {"a": b"1"})
    before = remote_refs(where)
    message = refused(where, "push", "--atomic", "origin", "main", "main:refs/pr/7")
    assert "written by the server" in message
    assert remote_refs(where) == before
    assert "written by the server" in refused(where, "push", "origin", "main", "main:refs/pr/7")
    assert remote_refs(where)["refs/heads/main"] != before["refs/heads/main"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--delete", "main"], "default branch"),
        (["main:refs/pr/1"], "pull requests"),
        (["main:refs/convert/parquet"], "conversions"),
        (["main:refs/strange/place"], "refs/heads/"),
        (["main^{tree}:refs/tags/tree"], "only commits"),
        (["+heavy:refs/heads/tagged"], "not a tag"),
    ],
)
def test_refs_the_server_keeps_for_itself(
    hub: Hub, repository: Repository, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    git(where, "tag", "-a", "heavy", "-m", "annotated")
    message = refused(where, "push", "origin", *arguments)
    assert reason in message
    assert list(remote_refs(where)) == ["HEAD", "refs/heads/main"]


@pytest.mark.parametrize("version", VERSIONS)
def test_shallow_clones_deepen_and_push(hub: Hub, repository: Repository, tmp_path: Path, version: str) -> None:
    for number in range(8):
        api_commit(hub, repository, AddFile(path=f"file{number}", content=b"%d" % number))
    where = clone(hub, repository, tmp_path / "clone", "-c", f"protocol.version={version}", "--depth", "2")

    def depth() -> int:
        return int(git(where, "rev-list", "--count", "HEAD"))

    assert depth() == 2
    assert len(list(where.glob("file*"))) == 8
    git(where, "fetch", "-q", "--depth", "4")
    assert depth() == 4
    git(where, "fetch", "-q", "--deepen", "2")
    assert depth() == 6
    check(where)
    pushed = commit(where, {"shallow": b"push"})
    git(where, "push", "-q", "origin", "main")
    assert remote_refs(where)["refs/heads/main"] == pushed
    git(where, "fetch", "-q", "--unshallow")
    assert depth() == 10
    check(where)


@pytest.mark.parametrize("version", VERSIONS)
def test_shallow_clones_by_date_and_by_ref(hub: Hub, repository: Repository, tmp_path: Path, version: str) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    for day in range(1, 6):
        (where / "day").write_text(str(day))
        git(where, "add", "-A")
        git(where, "commit", "-q", "-m", "day", GIT_COMMITTER_DATE=f"2030-01-0{day}T00:00:00Z")
        git(where, "tag", f"day{day}")
    git(where, "push", "-q", "origin", "main", "--tags")
    options = ("-c", f"protocol.version={version}", "--no-tags")
    since = clone(hub, repository, tmp_path / "since", *options, "--shallow-since", "2030-01-03T12:00:00Z")
    assert git(since, "rev-list", "--count", "HEAD") == b"2\n"
    exclude = clone(hub, repository, tmp_path / "exclude", *options, "--shallow-exclude", "day2")
    assert git(exclude, "rev-list", "--count", "HEAD") == b"3\n"
    check(since)
    check(exclude)


def test_one_commit_can_be_fetched_by_its_id_if_a_ref_reaches_it(
    hub: Hub, repository: Repository, tmp_path: Path
) -> None:
    wanted = api_commit(hub, repository, AddFile(path="a", content=b"1"))
    api_commit(hub, repository, AddFile(path="a", content=b"2"))
    where = new_repository(tmp_path / "fresh")
    git(where, "remote", "add", "origin", hub.url(repository.full_name))
    git(where, "fetch", "-q", "--depth", "1", "origin", wanted)
    assert git(where, "show", "FETCH_HEAD:a") == b"1"
    assert "not our ref" in refused(where, "fetch", "origin", hashlib.sha1(b"nothing").hexdigest())


def test_a_new_history_can_replace_the_first_commit(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = new_repository(tmp_path / "own")
    head = commit(where, {"README.md": b"# mine\n"})
    git(where, "push", "-q", "--force", hub.url(repository.full_name, user="ada"), "main")
    again = clone(hub, repository, tmp_path / "again")
    assert git(again, "rev-parse", "HEAD").decode().strip() == head
    check(again)


def test_other_kinds_have_their_own_addresses(hub: Hub, tmp_path: Path) -> None:
    hub.create("kinds", kind="dataset")
    address = hub.url("datasets/ada/kinds", user="ada")
    git(tmp_path, "clone", "-q", address, "clone")
    sha = commit(tmp_path / "clone", {"data.csv": b"1,2"})
    git(tmp_path / "clone", "push", "-q", "origin", "main")
    assert sha in git(tmp_path, "ls-remote", address).decode()
    assert "not found" in refused(tmp_path, "ls-remote", hub.url("ada/kinds", user="ada"))


def test_who_may_do_what(hub: Hub, tmp_path: Path) -> None:
    secret = hub.create("secret", visibility="private")
    public = hub.create("shown")
    assert "could not read Username" in refused(tmp_path, "ls-remote", hub.url(secret.full_name))
    assert "not found" in refused(tmp_path, "ls-remote", hub.url(secret.full_name, user="eve"))
    wrong = hub.url(secret.full_name).replace("//", "//ada:hf_wrong@")
    assert "Authentication failed" in refused(tmp_path, "ls-remote", wrong)
    where = clone(hub, public, tmp_path / "clone", user=None)
    commit(where, {"a": b""})
    assert "could not read Username" in refused(where, "push", "origin", "main")
    assert "403" in refused(where, "push", hub.url(public.full_name, user="eve"), "main")
    reader = hub.url(public.full_name).replace("//", f"//ada:{READ_TOKEN}@")
    assert "403" in refused(where, "push", reader, "main")
    any_user = hub.url(secret.full_name).replace("//", f"//whoever:{TOKENS['ada']}@")
    assert b"refs/heads/main" in git(tmp_path, "ls-remote", any_user)


def test_files_of_a_gated_repository_need_access(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    async def gate(services: Services) -> None:
        await services.repositories.update_settings(await principal_of(services, "ada"), repository, gated="manual")

    hub.run(gate)
    assert "could not read Username" in refused(tmp_path, "ls-remote", hub.url(repository.full_name))
    assert "403" in refused(tmp_path, "ls-remote", hub.url(repository.full_name, user="eve"))
    assert b"refs/heads/main" in git(tmp_path, "ls-remote", hub.url(repository.full_name, user="ada"))


def test_a_moved_repository_is_followed(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")

    async def move(services: Services) -> None:
        caller = await principal_of(services, "ada")
        await services.repositories.move(caller, repository, "ada", f"{repository.name}-new")

    hub.run(move)
    api_commit(hub, repository, AddFile(path="after", content=b"move"))
    git(where, "pull", "-q")
    assert (where / "after").exists()


def test_many_files_go_both_ways(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    sha = commit(where, {f"folder{n % 30}/file{n}.txt": b"content %d\n" % n for n in range(3000)})
    git(where, "push", "-q", "origin", "main")
    again = clone(hub, repository, tmp_path / "again")
    assert git(again, "rev-parse", "HEAD").decode().strip() == sha
    assert git(again, "status", "--porcelain") == b""
    check(again)


def test_a_history_with_merges_arrives_whole(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    for number in range(4):
        git(where, "checkout", "-q", "-b", f"side{number}", "main")
        commit(where, {f"side{number}": b"x", "shared/deep/file": b"same"})
        git(where, "checkout", "-q", "main")
        commit(where, {f"main{number}": b"y"})
        git(where, "merge", "-q", "--no-edit", f"side{number}")
        git(where, "push", "-q", "origin", "main", f"side{number}")
    again = clone(hub, repository, tmp_path / "again")
    assert git(again, "rev-list", "--objects", "HEAD") == git(where, "rev-list", "--objects", "HEAD")
    check(again)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"big.bin": bytes(200_001)}, "big.bin has 200001 bytes, too many for a plain file: use git-lfs"),
        (
            {"model.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 5\n" % (b"ab" * 32)},
            "LFS content is missing, upload it with 'git lfs push': model.bin (abababab",
        ),
        (
            {"model.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n"},
            "model.bin is a malformed LFS pointer",
        ),
        ({".gitmodules": b'[submodule "a"]\n\turl = -u./payload\n'}, "starts with a dash"),
    ],
)
def test_what_a_push_may_not_bring(
    hub: Hub, repository: Repository, tmp_path: Path, files: dict[str, bytes], reason: str
) -> None:
    where = clone(hub, repository, tmp_path / "clone")
    commit(where, {"fine.txt": b"fine", **files})
    message = " ".join(refused(where, "push", "origin", "main").split())
    assert reason in message
    assert "[remote rejected] main -> main" in message
    git(where, "reset", "-q", "--hard", "HEAD~1")
    assert remote_refs(where)["refs/heads/main"] == git(where, "rev-parse", "HEAD").decode().strip()
