"""A run continued from a snapshot ends with the same bits; a damaged snapshot is refused."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from commonground.errors import InvalidSnapshot, ParameterServerLost
from commonground.training.parameter_server import Adam, Options, ParameterServer, Worker
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.configuration import CodecName
from commonground.training.parameter_server.snapshot import read, write
from tests.training.parameter_server.group import train


def gradient(rank: int, step: int, weights: Floats) -> Floats:
    noise = np.random.default_rng([rank, step]).normal(size=len(weights))
    return np.asarray(weights + noise, np.float32)


@pytest.mark.parametrize("codec", ["fp32", "int8"])
def test_a_killed_run_resumes_exactly(tmp_path: Path, codec: CodecName) -> None:
    options = Options(workers=2, optimizer=Adam(0.01), codec=codec, chunk=16, snapshot_every=5)
    start = np.linspace(-1, 1, 100)
    with ParameterServer(start, options, shards=2) as server:
        train(server, gradient, steps=20, workers=2)
        whole = server.weights.copy()
    with ParameterServer(start, options, shards=2, snapshots=tmp_path) as server:
        train(server, gradient, steps=12, workers=2)
        for process in server.processes:
            process.kill()
    with ParameterServer(np.zeros(100), options, shards=2, snapshots=tmp_path) as server:
        train(server, gradient, steps=10, workers=2)
        assert np.array_equal(server.weights, whole)


def test_a_worker_learns_where_a_run_continues(tmp_path: Path) -> None:
    options = Options(snapshot_every=4)
    for begins in (0, 8):
        with (
            ParameterServer(np.zeros(4), options, snapshots=tmp_path) as server,
            Worker(server.address, token=server.token) as worker,
        ):
            assert worker.step == begins
            for _ in range(9):
                worker.push_pull()


def test_snapshots_are_safetensors_and_the_newest_two_are_kept(tmp_path: Path) -> None:
    with ParameterServer(np.ones(4), Options(snapshot_every=1), snapshots=tmp_path) as server:
        train(server, lambda *a: a[2] * 0, steps=5)
    folders = sorted(path.name for path in tmp_path.iterdir())
    assert folders[-1] == "step-000000000005"
    assert len(folders) == 2
    stored = load_file(tmp_path / folders[-1] / "shard-0-of-1.safetensors")
    assert stored["weights"].tolist() == [1, 1, 1, 1]
    assert stored["version"].tolist() == [5]


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write(path, {"weights": np.arange(100, dtype=np.float32)}, {"step": "1"})
    content = bytearray(path.read_bytes())
    for damaged in (content[:-4], content[:5], b"", content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(InvalidSnapshot):
            read(path)


def test_a_server_does_not_start_on_a_damaged_snapshot(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "step-000000000005"
    folder.mkdir()
    (folder / "shard-0-of-1.safetensors").write_bytes(b"no")
    with pytest.raises(ParameterServerLost, match="did not start"):
        ParameterServer(np.ones(4), snapshots=tmp_path)
    assert "cannot be used" in capfd.readouterr().err


def test_a_step_some_shard_did_not_finish_does_not_count(tmp_path: Path) -> None:
    options = Options(snapshot_every=1)
    with ParameterServer(np.zeros(4), options, shards=2, snapshots=tmp_path) as server:
        train(server, lambda *a: a[2] * 0, steps=2)
    (tmp_path / "step-000000000002" / "shard-1-of-2.safetensors").unlink()
    with (
        ParameterServer(np.zeros(4), options, shards=2, snapshots=tmp_path) as server,
        Worker(server.address, token=server.token) as worker,
    ):
        assert worker.step == 1


def test_a_full_disk_leaves_no_half_snapshot(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OSError):
        write(tmp_path / "a" / "b", {"weights": np.ones(4, np.float32)}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
