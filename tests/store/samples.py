"""Files, xorbs and shards to upload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from commonground.store.model import StoredFile
from commonground.store.service import Store
from commonground.store.xet.chunking import split
from commonground.store.xet.hashing import file_hash, to_hex, verification_hash
from commonground.store.xet.shard import ShardFile, Term
from commonground.store.xet.shard_writer import serialize_shard, shard_file
from commonground.store.xet.xorb import ParsedXorb
from commonground.store.xet.xorb_packer import pack_xorb

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def noise(size: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def packed(data: bytes) -> tuple[bytes, ParsedXorb]:
    """A xorb that holds all chunks of ``data``."""
    return pack_xorb(split(data))


def term_of(xorb: ParsedXorb, start: int = 0, end: int | None = None) -> Term:
    chunks = xorb.chunks[start:end]
    return Term(xorb.hash, start, start + len(chunks), sum(chunk.length for chunk in chunks))


def file_of(xorbs: Sequence[ParsedXorb], terms: Sequence[Term], sha256: bytes | None = None) -> ShardFile:
    """An honest file entry."""
    by_hash = {xorb.hash: xorb for xorb in xorbs}
    runs = [by_hash[term.xorb_hash].chunks[term.start : term.end] for term in terms]
    name = file_hash([(chunk.hash, chunk.length) for run in runs for chunk in run])
    return shard_file(name, terms, [verification_hash([chunk.hash for chunk in run]) for run in runs], sha256)


def shard_of(*files: ShardFile) -> bytes:
    return serialize_shard(files, [])


async def upload(store: Store, account: int, data: bytes, sha256: bytes | None = None) -> StoredFile:
    """Upload as a Xet client does: one xorb, then a shard."""
    body, xorb = packed(data)
    await store.put_xorb(account, to_hex(xorb.hash), body)
    [file] = await store.add_shard(account, shard_of(file_of([xorb], [term_of(xorb)], sha256)))
    return file


def link(store: Store, repository: int, account: int, file: StoredFile) -> None:
    store.database.write_now(store.link, repository, account, file)


async def stream(data: bytes, step: int = 1_000_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), step):
        yield data[at : at + step]


def objects(folder: Path) -> list[Path]:
    """The objects of a local backend below its data directory."""
    return sorted(path for path in (folder / "store" / "xorbs").rglob("*") if path.is_file())


def flip(path: Path, at: int) -> None:
    """Damage one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
