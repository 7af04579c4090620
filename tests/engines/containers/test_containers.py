"""The container launcher with a real Podman."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from commonground.compute.launchers.container import ContainerLauncher
from commonground.errors import EngineFailed
from tests.compute.launchers.contract import LauncherContract, job, run, texts
from tests.compute.runs.house import house, working
from tests.engines.containers import image

pytestmark = pytest.mark.anyio
HOME = Path("/var/tmp/cg-podman")
"""Short: with a long path Podman 4.3 waits 20 s for the end of every container."""


@pytest.fixture(scope="module", autouse=True)
def podman() -> Iterator[None]:
    """Podman with an image, in storage of its own; the launcher finds it as a worker does, by its environment."""
    if shutil.which("podman") is None:
        assert "CI" not in os.environ, "podman is missing"
        pytest.skip("install podman, runc, netavark and catatonit")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in image.configure(HOME).items():
            patch.setenv(name, value)
        image.build(HOME)
        yield


def launcher() -> ContainerLauncher:
    return ContainerLauncher(image.NAME, grace=0.5)


class TestContainers(LauncherContract):
    maker = "tests.engines.containers.test_containers:launcher"

    async def test_a_container_is_closed(self, folder: Path) -> None:
        secret, asked = folder.parent / "secret", job(folder, SHUT, SHUT)
        secret.write_text("of the host")
        sealed = folder.parent / "input"
        sealed.mkdir()
        (sealed / "data").write_text("rows\n")
        script = SHUT.format(secret=secret, sealed=sealed)
        processes = [
            msgspec.structs.replace(process, command=["/bin/sh", "-c", script], memory=64 * 2**20, cpus=0.5)
            for process in asked.processes
        ]
        status, lines = await run(launcher(), msgspec.structs.replace(asked, processes=processes, reads=[sealed]))
        assert status.exit_code == 0, texts(lines, "stderr")
        assert texts(lines, rank=0) == [b"rows\n", b"closed\n", b"67108864\n", b"50000\n", b"lo\n"]

    async def test_a_container_that_takes_too_much_memory_is_killed(self, folder: Path) -> None:
        asked = job(folder, "head -c 200000000 /dev/zero | tr '\\0' x > /dev/shm/x; exec cat /dev/shm/x > /tmp/y")
        process = msgspec.structs.replace(asked.processes[0], memory=32 * 2**20)
        status, _ = await run(launcher(), msgspec.structs.replace(asked, processes=[process]))
        assert status.exit_code not in {0, None}

    async def test_processes_meet_over_loopback_and_report_metrics(self, folder: Path) -> None:
        (folder / "meet.py").write_text(MEET)
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "PYTHONPATH": str(Path("src").resolve())}
        asked = job(folder, "RANK=0 exec python3 meet.py", "RANK=1 exec python3 meet.py", **place)
        status, lines = await run(launcher(), asked)
        assert status.exit_code == 0, texts(lines, "stderr")
        [report] = [msgspec.json.decode(line) for line in texts(lines, "report")]
        assert (report["key"], report["value"]) == ("heard", 42.0)

    async def test_an_image_that_is_not_there(self, folder: Path) -> None:
        asked = msgspec.structs.replace(job(folder, "true"), image="localhost/absent:1")
        status, lines = await run(launcher(), asked)
        assert status.exit_code == 125
        assert b"localhost/absent:1" in b"".join(texts(lines, "stderr"))

    async def test_no_image_is_an_error(self, folder: Path) -> None:
        with pytest.raises(EngineFailed, match="CG_RUN_IMAGE"):
            await ContainerLauncher().start(job(folder, "true"))

    async def test_what_a_killed_worker_left_is_removed(self, folder: Path) -> None:
        subprocess.run(["podman", "pod", "create", "--label", "commonground.worker=1-0", "--name", "left"], check=True)
        await run(launcher(), job(folder, "true"))
        pods = subprocess.run(["podman", "pod", "ps"], capture_output=True, text=True, check=True).stdout
        assert "left" not in pods


async def test_a_run_reads_and_publishes_from_a_container(tmp_path: Path) -> None:
    async with (
        house(tmp_path, run_engines=("container",), run_image=image.NAME) as home,
        working(home.services),
    ):
        repository, _ = await home.repository("m")
        await home.repository("d", "dataset", rows="1\n2\n")
        command = 'cat $CG_INPUT_DATA/rows > $CG_OUTPUT_MODEL/$RANK; echo "seed $CG_SEED"'
        ran = await home.execute(
            command, engine="container", inputs={"data": "hub://datasets/alice/d"}, seed=7,
            outputs={"model": "hub://models/alice/m"}, resources={"workers": 2, "cpus": 0.5, "memory": "64MB"},
        )  # fmt: skip
        assert ran.state == "succeeded", await home.log(ran.id)
        assert await home.files(repository) == {"0": b"1\n2\n", "1": b"1\n2\n"}
        assert "[worker 1] seed 7" in await home.log(ran.id)


SHUT = """
cat {sealed}/data
if test -e {secret} || touch {sealed}/new || touch /new; then exit 1; fi 2>/dev/null
grep -q 'CapEff:.0000000000000000' /proc/self/status && grep -q 'NoNewPrivs:.1' /proc/self/status && echo closed
cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null
(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us || cat /sys/fs/cgroup/cpu.max) 2>/dev/null | tr ' ' '\n' | head -n 1
ls /sys/class/net
"""
MEET = """
import os, socket, time
from commonground import log_metric
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if os.environ["RANK"] == "0":
    with socket.create_server(place) as server:
        peer, _ = server.accept()
        log_metric("heard", float(peer.recv(10)), step=1)
else:
    for _ in range(200):
        try:
            socket.create_connection(place).sendall(b"42")
            break
        except OSError:
            time.sleep(0.05)
"""
