"""Archives of uploads: what is in them is stored, what is made to harm is refused."""

import io
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import BadRequest
from commonground.gateways.kaggle import unpacking
from commonground.gateways.kaggle.unpacking import Item, unpack
from commonground.services import Services
from commonground.settings import Settings

FILES = {"a.txt": b"a", "deep/b.bin": bytes(range(256)) * 5000, "empty": b""}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_store(folder: Path, work: Callable[[Services, int], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with await Services.open(Settings(data=folder)) as services:
            await work(services, (await services.accounts.create_user("ada")).id)

    anyio.run(inside)


def unpacked(folder: Path, archive: bytes) -> dict[str, bytes]:
    """What is stored of an archive."""
    found: dict[str, bytes] = {}

    async def work(services: Services, account: int) -> None:
        item = Item(path="archive.zip", file=await services.store.put_bytes(account, archive))
        for member in await unpack(services.store, account, item):
            size = member.file.size
            found[member.path] = await services.store.read_bytes(member.file.hash) if size else b""

    with_store(folder, work)
    return found


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_stored(tmp_path: Path, method: int) -> None:
    assert unpacked(tmp_path, packed({**FILES, "folder/": b""}, method)) == FILES


def test_many_members(tmp_path: Path) -> None:
    files = {f"f{number}": b"%d" % number for number in range(300)}
    assert unpacked(tmp_path, packed(files)) == files


BAD = {
    "no zip": b"x" * 1000,
    "empty": b"",
    "cut off": packed(FILES)[:-30],
    "another method": packed(FILES, zipfile.ZIP_LZMA),
    "a bomb": packed({"zeros": bytes(60 * 2**20)}, zipfile.ZIP_DEFLATED),
    "damaged": packed(FILES).replace(bytes(range(256)), bytes(256), 1),
    "encrypted": packed({"a": b"a"}).replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"),
}


@pytest.mark.parametrize("archive", BAD.values(), ids=BAD)
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(BadRequest):
        unpacked(tmp_path, archive)


def test_a_list_of_members_too_long_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "DIRECTORY_LIMIT", 1000)
    with pytest.raises(BadRequest, match="lists its files"):
        unpacked(tmp_path, packed({f"f{number}": b"" for number in range(100)}))


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FILES_LIMIT", 2)
    with pytest.raises(BadRequest, match="at most 2 files"):
        unpacked(tmp_path, packed(FILES))


def test_whatever_is_sent_is_unpacked_or_refused(tmp_path: Path) -> None:
    good = packed({"a.txt": b"a" * 50, "b": b"bb"})

    async def work(services: Services, account: int) -> None:
        async def attempt(archive: bytes) -> None:
            item = Item(path="archive.zip", file=await services.store.put_bytes(account, archive))
            try:
                await unpack(services.store, account, item)
            except BadRequest:
                return

        @settings(max_examples=60, deadline=None)
        @given(st.integers(0, len(good) - 1), st.binary(min_size=1, max_size=4))
        def check(at: int, noise: bytes) -> None:
            anyio.from_thread.run(attempt, good[:at] + noise + good[at + len(noise) :])

        await anyio.to_thread.run_sync(check)

    with_store(tmp_path, work)
