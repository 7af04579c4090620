"""fsck finds what is wrong, scrub finds what rotted, gc removes what is unused and nothing else."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, text, update

from commonground.database.schema.store import chunk, file, file_link, file_xorb, xorb
from commonground.errors import BlobNotFound, CorruptBlob, InvalidShard
from commonground.settings import Settings
from commonground.store import maintenance_queries
from commonground.store.maintenance import Maintenance
from commonground.store.service import Store
from commonground.store.xet.hashing import to_hex
from tests.store.conftest import ALICE, BOB, OPEN
from tests.store.samples import file_of, flip, link, noise, objects, packed, run, shard_of, stream, term_of, upload

DATA = noise(600_000, 40)
BODY, XORB = packed(DATA)
DAY = 86_400.0


def change(store: Store, statement: object) -> None:
    store.database.write_now(lambda connection: connection.execute(statement))  # type: ignore[call-overload]


def age(store: Store, seconds: float = 2 * DAY) -> None:
    """Make everything older."""

    def shift(connection: Connection) -> None:
        for table in ("xorb", "file", "file_upload", "xorb_upload"):
            connection.execute(text(f"UPDATE {table} SET created_at = created_at - {int(seconds * 1000)}"))

    store.database.write_now(shift)


def age_objects(folder: Path) -> None:
    for path in objects(folder):
        os.utime(path, (time.time() - 2 * DAY,) * 2)


class TestFsck:
    def kinds(self, maintenance: Maintenance, *, repair: bool = False) -> list[str]:
        return sorted(problem.kind for problem in run(maintenance.fsck(repair=repair)).problems)

    def test_a_sound_store(self, store: Store, maintenance: Maintenance) -> None:
        link(store, OPEN, ALICE, run(upload(store, ALICE, DATA)))
        run(store.ingest(BOB, stream(noise(400_000, 41))))
        report = run(maintenance.fsck())
        assert (report.xorbs, report.files, report.problems) == (2, 2, [])
        assert report.chunks > len(XORB.chunks)

    @pytest.mark.parametrize("damage", ["gone", "short"])
    def test_a_lost_object(self, store: Store, maintenance: Maintenance, settings: Settings, damage: str) -> None:
        run(upload(store, ALICE, DATA))
        [path] = objects(settings.data)
        if damage == "gone":
            path.unlink()
        else:
            os.truncate(path, 100)
        assert self.kinds(maintenance) == ["missing"]
        assert self.kinds(maintenance, repair=True) == ["missing"]
        run(store.put_xorb(BOB, to_hex(XORB.hash), BODY))
        assert self.kinds(maintenance) == []

    def test_a_wrong_chunk_row(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        change(store, update(chunk).where(chunk.c.position == 0).values(position=1))
        assert self.kinds(maintenance) == ["chunk"]
        assert self.kinds(maintenance, repair=True) == ["chunk"]
        assert self.kinds(maintenance) == []

    def test_a_lost_reference(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        change(store, delete(file_xorb))
        assert self.kinds(maintenance, repair=True) == ["reference"]
        assert self.kinds(maintenance) == []

    def test_a_lost_xorb_row(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        change(store, delete(xorb))
        assert self.kinds(maintenance) == ["terms"]

    def test_terms_that_do_not_add_up(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        change(store, update(file).values(size=1))
        assert self.kinds(maintenance) == ["terms"]

    def test_a_damaged_index(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        change(store, update(xorb).values(chunk_index=b"nonsense"))
        assert "index" in self.kinds(maintenance)

    def test_a_link_to_nothing_and_a_wrong_digest(self, store: Store, maintenance: Maintenance) -> None:
        link(store, OPEN, ALICE, run(upload(store, ALICE, DATA)))
        change(store, update(file_link).values(sha256=b"\x01" * 32))
        row = {"repository_id": 7, "file_hash": b"\x02" * 32, "size": 1, "filename": "", "created_at": 0}
        change(store, insert(file_link).values(row))
        assert self.kinds(maintenance) == ["digest", "link"]


class TestScrub:
    def test_a_flipped_byte_is_found_flagged_and_healed(
        self, store: Store, maintenance: Maintenance, settings: Settings
    ) -> None:
        stored = run(upload(store, ALICE, DATA))
        run(store.put_bytes(ALICE, noise(300_000, 42)))
        [path] = [path for path in objects(settings.data) if to_hex(XORB.hash) in path.name]
        flip(path, 1000)
        told: list[tuple[int, int]] = []
        report = run(maintenance.scrub(lambda done, total: told.append((done, total))))
        assert report.damaged == [to_hex(XORB.hash)]
        assert (report.xorbs, told[-1]) == (2, (report.bytes, report.bytes))
        with pytest.raises(CorruptBlob):
            run(store.read_bytes(stored.hash))
        assert [problem.kind for problem in run(maintenance.fsck()).problems] == ["damaged"]
        assert run(store.dedup(ALICE, XORB.chunks[0].hash)) is None, "nobody is sent to damaged chunks"

        run(store.put_xorb(BOB, to_hex(XORB.hash), BODY))
        assert run(store.read_bytes(stored.hash)) == DATA
        assert run(maintenance.scrub()).damaged == []

    def test_a_flag_goes_when_the_bytes_are_sound_again(
        self, store: Store, maintenance: Maintenance, settings: Settings
    ) -> None:
        run(upload(store, ALICE, DATA))
        [path] = objects(settings.data)
        flip(path, 1000)
        run(maintenance.scrub())
        flip(path, 1000)
        assert run(maintenance.scrub()).healed == [to_hex(XORB.hash)]
        assert run(maintenance.scrub()).healed == []

    def test_a_damaged_copy_in_the_cache_is_dropped(self, store: Store, maintenance: Maintenance) -> None:
        stored = run(store.put_bytes(ALICE, noise(2 * 2**20, 43)))
        run(store.materialise(stored.hash))
        path = run(store.materialise(stored.hash))
        assert path is not None
        assert run(maintenance.scrub()).dropped_from_cache == 0
        flip(path, 5)
        assert run(maintenance.scrub()).dropped_from_cache == 1
        assert not path.exists()


class TestGc:
    def test_what_is_linked_or_young_stays(self, store: Store, maintenance: Maintenance, settings: Settings) -> None:
        kept = run(upload(store, ALICE, DATA))
        link(store, OPEN, ALICE, kept)
        age(store)
        young = run(store.put_bytes(ALICE, noise(300_000, 44)))
        age_objects(settings.data)
        report = run(maintenance.gc())
        assert (report.files, report.xorbs, report.objects, report.bytes) == (0, 0, 0, 0)
        assert run(store.read_bytes(kept.hash)) == DATA
        assert len(run(store.read_bytes(young.hash))) == 300_000

    def test_what_is_unused_goes(self, store: Store, maintenance: Maintenance, settings: Settings) -> None:
        stored = run(upload(store, ALICE, DATA))
        link(store, OPEN, ALICE, stored)
        store.database.write_now(store.unlink, OPEN)
        age(store)
        dry = run(maintenance.gc(dry_run=True))
        assert (dry.files, len(objects(settings.data))) == (1, 1)
        report = run(maintenance.gc())
        assert (report.files, report.xorbs, report.bytes) == (1, 1, len(BODY))
        assert objects(settings.data) == []
        with pytest.raises(BlobNotFound):
            run(store.read_bytes(stored.hash))
        assert run(store.dedup(ALICE, XORB.chunks[0].hash)) is None
        assert run(maintenance.gc()).files == 0

    def test_a_xorb_that_another_file_uses_stays(self, store: Store, maintenance: Maintenance) -> None:
        run(upload(store, ALICE, DATA))
        [part] = run(store.add_shard(ALICE, shard_of(file_of([XORB], [term_of(XORB, 0, 2)]))))
        link(store, OPEN, ALICE, part)
        age(store)
        report = run(maintenance.gc())
        assert (report.files, report.xorbs) == (1, 0)
        assert len(run(store.read_bytes(part.hash))) == part.size

    def test_uploading_again_renews_the_lease(self, store: Store, maintenance: Maintenance) -> None:
        stored = run(upload(store, ALICE, DATA))
        age(store)
        run(upload(store, BOB, DATA))
        assert run(maintenance.gc()).files == 0
        assert run(store.read_bytes(stored.hash)) == DATA

    def test_an_object_without_a_row_goes_when_it_is_old(
        self, store: Store, maintenance: Maintenance, settings: Settings
    ) -> None:
        link(store, OPEN, ALICE, run(upload(store, ALICE, DATA)))
        [path] = objects(settings.data)
        orphan = path.with_name(path.name[:-12] + "0123456789ab")
        orphan.write_bytes(b"left by a crash")
        foreign = path.with_name("not-ours")
        foreign.write_bytes(b"x")
        assert run(maintenance.gc(grace=0)).objects == 0, "it may belong to an upload in progress"
        age_objects(settings.data)
        report = run(maintenance.gc())
        assert (report.objects, report.bytes) == (1, len(b"left by a crash"))
        assert set(objects(settings.data)) == {path, foreign}

    def test_a_commit_in_between_wins(
        self, store: Store, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The file is linked after gc has looked and before it deletes."""
        stored = run(upload(store, ALICE, DATA))
        age(store)
        again = maintenance_queries.delete_unused_files

        def linked_first(connection: Connection, cutoff: int, hashes: list[bytes]) -> list[bytes]:
            store.link(connection, OPEN, ALICE, stored)
            return again(connection, cutoff, hashes)

        monkeypatch.setattr(maintenance_queries, "delete_unused_files", linked_first)
        report = run(maintenance.gc())
        assert (report.files, report.xorbs) == (0, 0)
        assert run(store.read_bytes(stored.hash)) == DATA

    def test_an_upload_in_between_is_not_lost(
        self, store: Store, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The xorb is uploaded again after its row went and before its object goes."""
        run(upload(store, ALICE, DATA))
        age(store)
        remove = store.backend.delete

        async def upload_first(key: str) -> None:
            monkeypatch.setattr(store.backend, "delete", remove)
            await upload(store, BOB, DATA)
            await remove(key)

        monkeypatch.setattr(store.backend, "delete", upload_first)
        assert run(maintenance.gc()).xorbs == 1
        stored = run(upload(store, BOB, DATA))
        assert run(store.read_bytes(stored.hash)) == DATA
        assert run(maintenance.fsck()).problems == []

    def test_a_shard_that_comes_too_late_is_refused(self, store: Store, maintenance: Maintenance) -> None:
        run(store.put_xorb(ALICE, to_hex(XORB.hash), BODY))
        age(store)
        assert run(maintenance.gc()).xorbs == 1
        with pytest.raises(InvalidShard, match="upload it first"):
            run(store.add_shard(ALICE, shard_of(file_of([XORB], [term_of(XORB)]))))

    def test_a_commit_at_the_same_time_is_seen(self, store: Store, maintenance: Maintenance) -> None:
        """gc waits for a transaction that has linked the file and not ended, then looks again."""
        stored = run(upload(store, ALICE, DATA))
        age(store)
        linked = threading.Event()

        def slow_commit(connection: Connection) -> None:
            store.link(connection, OPEN, ALICE, stored)
            linked.set()
            time.sleep(0.3)

        commit = threading.Thread(target=store.database.write_now, args=(slow_commit,))
        commit.start()
        linked.wait(5)
        report = run(maintenance.gc())
        commit.join()
        assert (report.files, report.xorbs) == (0, 0)
        assert run(store.read_bytes(stored.hash)) == DATA
