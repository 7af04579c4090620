"""A content server of one process for the reference client, built on nothing but the format library."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from commonground.store.xet.hashing import from_hex, to_hex
from commonground.store.xet.reconstruction import FetchRange, RangeNotSatisfiableError, answer_v1, answer_v2, plan
from commonground.store.xet.shard import Shard, ShardFile, parse_shard
from commonground.store.xet.shard_writer import dedup_answer
from commonground.store.xet.xorb import parse_xorb
from commonground.store.xet.xorb_index import XorbIndex

DEDUP_KEY = bytes(range(1, 33))


class Cas(ThreadingHTTPServer):
    """Keeps what is uploaded in memory, verified."""

    daemon_threads = True

    def __init__(self, *, version: int = 2) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.version = version
        self.xorbs: dict[bytes, bytes] = {}
        self.indexes: dict[bytes, XorbIndex] = {}
        self.shard_bodies: list[bytes] = []
        self.files: dict[bytes, ShardFile] = {}
        self.dedup_chunks: dict[bytes, bytes] = {}
        self.dedup_answers = 0
        self.errors: list[Exception] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add_xorb(self, expected: bytes, data: bytes) -> None:
        self.indexes[expected] = XorbIndex.decode(parse_xorb(data, expected).index().encode())
        self.xorbs[expected] = data

    def add_shard(self, body: bytes) -> None:
        shard: Shard = parse_shard(body)
        for file in shard.files:
            proofs = file.verification
            assert proofs is not None
            for term, proof in zip(file.terms, proofs, strict=True):
                index = self.indexes[term.xorb_hash]
                assert index.unpacked_length(term.start, term.end) == term.length
                assert index.verification_hash(term.start, term.end) == proof
            self.files[file.hash] = file
            if first := file.first_chunk:
                self.dedup_chunks[self.indexes[first[0]].chunk_hash(first[1])] = first[0]
        self.shard_bodies.append(body)


class Handler(BaseHTTPRequestHandler):
    """The few calls that hf_xet needs."""

    server: Cas
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self._body()
        try:
            match self.path.split("/")[1:]:
                case ["v1", "xorbs", _, name]:
                    self.server.add_xorb(from_hex(name), body)
                    self._answer(200, b'{"was_inserted": true}')
                case ["v1", "shards"]:
                    self.server.add_shard(body)
                    self._answer(200, b'{"result": 1}')
                case _:
                    self._answer(404)
        except (AssertionError, KeyError, ValueError) as error:
            self.server.errors.append(error)
            self._answer(400)

    def do_GET(self) -> None:
        match self.path.split("/")[1:]:
            case ["v1", "chunks", _, name]:
                self._dedup(from_hex(name))
            case [("v1" | "v2") as version, "reconstructions", name] if int(version[1]) <= self.server.version:
                self._reconstruction(version, from_hex(name))
            case ["bytes", name]:
                self._bytes(self.server.xorbs[from_hex(name)])
            case _:
                self._answer(404)

    def log_message(self, *_: object) -> None:
        pass

    def _dedup(self, chunk: bytes) -> None:
        xorb = self.server.dedup_chunks.get(chunk)
        if xorb is None:
            self._answer(404)
            return
        self.server.dedup_answers += 1
        now = int(time.time())
        found = [(xorb, self.server.indexes[xorb])]
        self._answer(200, dedup_answer(found, DEDUP_KEY, created=now, expires=now + 3600), "application/octet-stream")

    def _reconstruction(self, version: str, name: bytes) -> None:
        wanted = _ranges(self.headers.get("Range"))
        start, end = wanted[0] if wanted else (0, None)
        try:
            found = plan(self.server.files[name].terms, self.server.indexes, start, end)
        except RangeNotSatisfiableError:
            self._answer(416)
            return
        answer = (answer_v1 if version == "v1" else answer_v2)(found, self._url_for)
        self._answer(200, msgspec.json.encode(answer))

    def _url_for(self, xorb: bytes, ranges: Sequence[FetchRange]) -> str:
        assert ranges
        return f"{self.server.url}/bytes/{to_hex(xorb)}"

    def _bytes(self, data: bytes) -> None:
        ranges = _ranges(self.headers["Range"])
        if len(ranges) == 1:
            self._answer(206, data[slice(*ranges[0])], "application/octet-stream")
            return
        parts = [
            b"\r\n--x\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" % (start, end - 1, len(data)) + data[start:end]
            for start, end in ranges
        ]
        self._answer(206, b"".join(parts)[2:] + b"\r\n--x--\r\n", "multipart/byteranges; boundary=x")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: bytes = b"", kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _ranges(header: str | None) -> list[tuple[int, int]]:
    return [(int(a), int(b) + 1) for a, b in re.findall(r"(\d+)-(\d+)", header or "")]


@contextlib.contextmanager
def running(*, version: int = 2) -> Iterator[Cas]:
    server = Cas(version=version)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
