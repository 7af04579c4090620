"""MD5s are computed once: before a small file is sent, while a large one is."""

import base64
import hashlib
from pathlib import Path

import anyio
import pytest

from commonground.accounts.model import Principal
from commonground.gateways.kaggle import checksums
from commonground.gateways.kaggle.checksums import Checksums
from commonground.http.contents import file_content
from commonground.hub.revisions.model import AddPointer, CommitRequest
from commonground.services import Services
from commonground.settings import Settings

CONTENT = bytes(range(256)) * 2000
MD5 = {"X-Goog-Hash": f"md5={base64.b64encode(hashlib.md5(CONTENT).digest()).decode()}"}


def test_a_large_file_is_hashed_while_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "AT_ONCE", 1000)

    async def inside() -> None:
        async with await Services.open(Settings(data=tmp_path)) as services:
            account = await services.accounts.create_user("ada")
            ada = Principal(account_id=account.id, name="ada", via="internal")
            repository = await services.repositories.create(ada, "model", "ada", "m")
            stored = await services.store.put_bytes(account.id, CONTENT)
            pointer = AddPointer(path="w.bin", sha256=(stored.sha256 or b"").hex())
            await services.revisions.commit(repository, ada, "main", CommitRequest(title="x", operations=[pointer]))
            _, entry = await services.revisions.entry(repository, "main", "w.bin")
            content = file_content(services.revisions, services.store, repository, entry)
            known = Checksums(services.database, services.revisions)

            sent, header = await known.of(repository, entry, content)
            assert header == {}
            assert b"".join([part async for part in sent.read(5, 10)]) == CONTENT[5:10]
            assert (await known.of(repository, entry, content))[1] == {}  # a part says nothing of the whole
            assert b"".join([part async for part in sent.read(0, len(CONTENT))]) == CONTENT
            assert await known.of(repository, entry, content) == (content, MD5)

    anyio.run(inside)
