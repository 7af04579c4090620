"""Helpers of these tests: short requests, and the history of a repository in the hands of real git."""

import asyncio
import os
import subprocess
import zlib
from pathlib import Path

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import CommitRequest, Operation
from commonground.hub.revisions.objects import KIND_NAMES
from tests.hub.revisions.conftest import ADA, Hub


def request(*operations: Operation, parent: str | None = None, title: str = "Change") -> CommitRequest:
    return CommitRequest(title=title, operations=list(operations), parent=parent)


async def content(hub: Hub, repository: Repository, path: str, revision: str = "main") -> bytes:
    _, entry = await hub.revisions.entry(repository, revision, path)
    return await hub.revisions.read(repository, entry)


async def files(hub: Hub, repository: Repository, revision: str = "main") -> set[str]:
    page = await hub.revisions.tree(repository, revision, recursive=True, limit=10_000)
    return {entry.path for entry in page.items if entry.type == "file"}


class Git:
    """A bare repository of real git."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self("init", "--bare", "--quiet", "--initial-branch=main", str(path))

    def __call__(self, *arguments: str, stdin: bytes = b"") -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        place = ["--git-dir", str(self.path)] if arguments[0] != "init" else []
        done = subprocess.run(
            ["git", *place, *arguments], input=stdin, capture_output=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def write_object(self, kind: int, body: bytes, sha: str) -> None:
        place = self.path / "objects" / sha[:2] / sha[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(b"%s %d\0" % (KIND_NAMES[kind], len(body)) + body))


async def export(hub: Hub, repository: Repository, path: Path) -> Git:
    """Everything that refs lead to, as a real git repository."""
    git = Git(path)
    refs = await hub.revisions.refs(repository)
    reader = hub.revisions.objects(repository, ADA)

    def copy() -> None:
        reachable = reader.reachable_from(bytes.fromhex(ref.sha) for ref in refs)
        for sha, kind, body in reader.read(sorted(reachable)):
            git.write_object(kind, body, sha.hex())

    await asyncio.to_thread(copy)
    for ref in refs:
        git("update-ref", ref.name, ref.sha)
    return git
