"""The reference client, hf_xet, writing real xorbs and shards to a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hf_xet

from commonground.store.xet.hashing import from_hex
from commonground.store.xet.shard import Shard, parse_shard
from commonground.store.xet.xorb import ParsedXorb, parse_xorb


@contextmanager
def fresh_session(cache: Path) -> Iterator[Any]:
    """A session that knows nothing of earlier ones. hf_xet reads the environment itself."""
    before = os.environ.get("HF_XET_CACHE")
    os.environ["HF_XET_CACHE"] = str(cache)
    try:
        yield hf_xet.XetSession()
    finally:
        if before is None:
            del os.environ["HF_XET_CACHE"]
        else:
            os.environ["HF_XET_CACHE"] = before


def upload(cache: Path, endpoint: str, files: Mapping[str, bytes], **options: Any) -> dict[str, bytes]:
    """Upload the files from a client with an empty cache; their file hashes by name."""
    with fresh_session(cache) as session:
        with session.new_upload_commit(endpoint=endpoint, **options) as commit:
            handles = {name: commit.start_upload_bytes(data, name=name) for name, data in files.items()}
        return {name: from_hex(handle.result().xet_info.hash) for name, handle in handles.items()}


@dataclass(frozen=True)
class LocalStore:
    """What hf_xet wrote for some files."""

    files: Mapping[str, bytes]
    hashes: Mapping[str, bytes]
    xorb_bytes: Mapping[bytes, bytes]
    xorbs: Mapping[bytes, ParsedXorb]
    shard_bytes: bytes
    shard: Shard

    def chunks(self, name: str) -> list[tuple[bytes, int]]:
        """(hash, length) of the chunks of a file, as its terms name them."""
        [file] = [file for file in self.shard.files if file.hash == self.hashes[name]]
        return [
            (chunk.hash, chunk.length)
            for term in file.terms
            for chunk in self.xorbs[term.xorb_hash].chunks[term.start : term.end]
        ]


def write_local(directory: Path, files: Mapping[str, bytes]) -> LocalStore:
    hashes = upload(directory / "cache", f"local://{directory / 'cas'}", files)
    root = directory / "cas" / "xet" / "xorbs"
    raw = {from_hex(p.name.split(".")[1]): p.read_bytes() for p in (root / "xorbs").iterdir() if p.suffix != ".tagset"}
    [shard_path] = [path for path in (root / "shards").iterdir() if path.suffix == ".mdb"]
    shard_bytes = shard_path.read_bytes()
    xorbs = {h: parse_xorb(data, h) for h, data in raw.items()}
    return LocalStore(files, hashes, raw, xorbs, shard_bytes, parse_shard(shard_bytes))
