"""Git objects as bytes: ids, commits, tags and LFS pointers."""

import re
import zlib
from hashlib import sha1
from typing import NamedTuple

from commonground.hub.revisions.model import Commit

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
KIND_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
EMPTY_TREE = bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
POINTER_LIMIT = 1024
WORTH_DEFLATING = 256

_IDENTITY = re.compile(rb"(.*?) ?<([^<>\n]*)> (-?\d{1,15})(?: [+-]\d{4})?", re.DOTALL)
_ID = re.compile(rb"[0-9a-f]{40}")
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n?"
)
_UNSAFE_IN_IDENTITY = re.compile(r"[<>\x00-\x1f\x7f\ud800-\udfff]")


class GitObject(NamedTuple):
    """One object as this hub keeps it: its ``body``, or, for a large blob, ``file_hash`` of the body in the store."""

    sha: bytes  # 20 raw bytes
    kind: int
    size: int  # of the body
    body: bytes | None
    file_hash: bytes | None = None
    pointer: tuple[bytes, int] | None = None  # of an LFS pointer: SHA-256 (32 raw bytes) and size of the content
    packed: bytes | None = None  # the body as its row will have it, where that was worked out ahead


class CommitObject(NamedTuple):
    """A decoded commit; ids are 20 raw bytes, times UTC seconds."""

    tree: bytes
    parents: tuple[bytes, ...]
    author_name: str
    author_email: str
    author_time: int
    commit_time: int
    message: str

    def shown(self, sha: bytes) -> Commit:
        """The commit as the services give it out."""
        return Commit(
            sha=sha.hex(),
            tree=self.tree.hex(),
            parents=tuple(parent.hex() for parent in self.parents),
            author_name=self.author_name,
            author_email=self.author_email,
            date=self.author_time * 1000,
            message=self.message,
        )


def object_id(kind: int, body: bytes) -> bytes:
    """The git SHA-1 of an object, 20 raw bytes."""
    digest = sha1(b"%s %d\0" % (KIND_NAMES[kind], len(body)), usedforsecurity=False)
    digest.update(body)
    return digest.digest()


def make_object(kind: int, body: bytes) -> GitObject:
    """An object with its body at hand."""
    pointer = parse_pointer(body) if kind == BLOB else None
    return GitObject(object_id(kind, body), kind, len(body), body, None, pointer)


def pack(item: GitObject) -> GitObject:
    """The object, with its body deflated if that saves space: work that no transaction has to wait for."""
    body = item.body
    if body is None or item.packed is not None:
        return item
    deflated = zlib.compress(body, 1) if len(body) >= WORTH_DEFLATING else body
    return item._replace(packed=deflated if len(deflated) < len(body) * 9 // 10 else body)


def encode_commit(
    tree: bytes, parents: tuple[bytes, ...], author_name: str, author_email: str, seconds: int, message: str
) -> bytes:
    """A commit whose author is its committer."""
    who = f"{_identity(author_name) or 'system'} <{_identity(author_email)}> {seconds} +0000"
    lines = [f"tree {tree.hex()}", *(f"parent {parent.hex()}" for parent in parents)]
    return "\n".join([*lines, f"author {who}", f"committer {who}", "", message]).encode()


def decode_commit(body: bytes) -> CommitObject:
    """:class:`ValueError` if ``body`` is not a commit."""
    head, _, message = body.partition(b"\n\n")
    fields = [line.partition(b" ")[::2] for line in head.split(b"\n") if not line.startswith(b" ")]
    trees = [value for name, value in fields if name == b"tree"]
    if len(trees) != 1:
        raise ValueError("the commit does not name one tree")
    parents = tuple(_raw_id(value) for name, value in fields if name == b"parent")
    values = dict(fields)
    name, email, authored = _decode_identity(values.get(b"author", b""))
    _, _, committed = _decode_identity(values.get(b"committer", b""))
    return CommitObject(
        _raw_id(trees[0]), parents, name, email, authored, committed, message.decode("utf-8", "replace")
    )


def encode_tag(target: bytes, name: str, tagger: str, email: str, seconds: int, message: str) -> bytes:
    """An annotated tag of a commit."""
    who = f"{_identity(tagger) or 'system'} <{_identity(email)}> {seconds} +0000"
    return f"object {target.hex()}\ntype commit\ntag {name}\ntagger {who}\n\n{message}\n".encode()


def decode_tag(body: bytes) -> tuple[bytes, int]:
    """Id and kind of what a tag names; :class:`ValueError` if ``body`` is not a tag."""
    fields = dict(line.partition(b" ")[::2] for line in body.partition(b"\n\n")[0].split(b"\n"))
    kind = next((kind for kind, name in KIND_NAMES.items() if name == fields.get(b"type")), None)
    if kind is None:
        raise ValueError("the tag names no type")
    return _raw_id(fields.get(b"object", b"")), kind


def encode_pointer(sha256: bytes, size: int) -> bytes:
    """The text of an LFS pointer."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256.hex()}\nsize {size}\n".encode()


def parse_pointer(body: bytes) -> tuple[bytes, int] | None:
    """SHA-256 and size of the content an LFS pointer names, or ``None`` for any other blob."""
    if len(body) > POINTER_LIMIT or not (match := _POINTER.fullmatch(body)):
        return None
    return bytes.fromhex(match[1].decode()), int(match[2])


def _identity(text: str) -> str:
    return _UNSAFE_IN_IDENTITY.sub("", text).strip()


def _decode_identity(value: bytes) -> tuple[str, str, int]:
    match = _IDENTITY.fullmatch(value)
    if match is None:
        raise ValueError("the commit has a malformed author or committer")
    return match[1].decode("utf-8", "replace"), match[2].decode("utf-8", "replace"), int(match[3])


def _raw_id(text: bytes) -> bytes:
    if not _ID.fullmatch(text):
        raise ValueError("an object id is malformed")
    return bytes.fromhex(text.decode())
