"""Objects in memory and repositories made with the real git, for tests of the wire formats."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from commonground.errors import ObjectConflict
from commonground.gateways.git.objects import Object
from commonground.hub.revisions.object_reader import Blob
from commonground.hub.revisions.objects import BLOB, object_id, parse_pointer

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
}


class MemoryObjects(dict[bytes, Object]):
    """The objects of a repository in a dictionary."""

    def get_raw(self, sha: bytes) -> Object | None:
        return self.get(sha)

    def read(self, shas: Sequence[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
        return ((sha, *self[sha]) for sha in shas if sha in self)

    def contains(self, shas: Sequence[bytes]) -> set[bytes]:
        return {sha for sha in shas if sha in self}

    def blobs(self, shas: Sequence[bytes]) -> dict[bytes, Blob]:
        found = {sha: self[sha] for sha in shas if sha in self}
        return {sha: Blob(len(body), parse_pointer(body)) for sha, (kind, body) in found.items() if kind == BLOB}

    def add_many(self, objects: Iterable[Object]) -> None:
        for kind, body in objects:
            sha = object_id(kind, body)
            if self.setdefault(sha, (kind, body)) != (kind, body):
                raise ObjectConflict(oid=sha.hex())

    def add(self, kind: int, body: bytes) -> bytes:
        self.add_many([(kind, body)])
        return object_id(kind, body)


def git(where: Path, *arguments: str, data: bytes = b"", **environment: str) -> bytes:
    """Standard output of a git command; a failure raises with its standard error."""
    done = subprocess.run(
        ["git", *arguments], cwd=where, input=data, capture_output=True, env=ENVIRONMENT | environment, check=False
    )
    if done.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stderr.decode()}{done.stdout.decode()}")
    return done.stdout


def new_repository(where: Path) -> Path:
    """An empty repository with the branch main."""
    where.mkdir(parents=True)
    git(where, "init", "-q")
    return where


def commit(where: Path, files: dict[str, bytes], message: str = "change") -> str:
    """Write files, commit everything, and answer the id of the commit."""
    for name, data in files.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(data)
    git(where, "add", "-A")
    git(where, "commit", "-q", "--allow-empty", "-m", message)
    return git(where, "rev-parse", "HEAD").decode().strip()


def pack_of(where: Path, *revisions: str, thin: bool = False) -> bytes:
    """A pack of everything ``revisions`` (``^x`` excludes) reach."""
    options = ["--thin"] if thin else ["--delta-base-offset"]
    lines = "".join(f"{revision}\n" for revision in revisions).encode()
    return git(where, "pack-objects", "--revs", "--stdout", "-q", *options, data=lines)


def all_ids(where: Path, *revisions: str) -> set[str]:
    """Ids of everything ``revisions`` reach."""
    return {line.split()[0] for line in git(where, "rev-list", "--objects", *revisions).decode().splitlines()}
