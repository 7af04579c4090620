"""A Slurm cluster of one node on this machine: controller, node and munge, with files and ports of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
CPUS = 8
CONFIGURATION = """
ClusterName=commonground
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPort={controller}
SlurmdPort={node}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,sched_min_interval=0
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
"""More CPUs than the machine may have: the tests are about places, not speed."""


def missing() -> list[str]:
    """Programs that are not installed."""
    return [name for name in NEEDED if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]


@contextmanager
def cluster(folder: Path) -> Iterator[Path]:
    """Run the cluster; its configuration file, for ``SLURM_CONF``."""
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o755)
    controller, node = _free_ports()
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, host=socket.gethostname(), controller=controller, node=node, cpus=CPUS)
    )
    with ExitStack() as running:
        running.enter_context(_munge(folder / "munge"))
        for program in ("slurmctld", "slurmd"):
            running.enter_context(_daemon(program, folder, configuration))
        _until_idle(configuration, folder)
        yield configuration


@contextmanager
def _munge(folder: Path) -> Iterator[None]:
    key = folder / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    files = {"key-file": key, "socket": folder / "socket", "pid-file": folder / "pid", "log-file": folder / "log"}
    options = [f"--{name}={path}" for name, path in {**files, "seed-file": folder / "seed"}.items()]
    with _ended(["/usr/sbin/munged", "--foreground", "--force", *options], folder / "output"):
        _until((folder / "socket").exists, folder / "log")
        yield


@contextmanager
def _daemon(program: str, folder: Path, configuration: Path) -> Iterator[None]:
    with _ended([f"/usr/sbin/{program}", "-D", "-f", str(configuration)], folder / f"{program}.log"):
        yield


@contextmanager
def _ended(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as daemon:
        try:
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(10)
            daemon.kill()


def _until_idle(configuration: Path, folder: Path) -> None:
    def idle() -> bool:
        command = ["sinfo", "--noheader", "--format=%T"]
        environment = {**os.environ, "SLURM_CONF": str(configuration)}
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return shown.stdout.strip() == "idle"

    _until(idle, folder / "slurmctld.log")


def _until(reached: Callable[[], bool], log: Path) -> None:
    give_up = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < give_up, log.read_text()[-2000:]
        time.sleep(0.1)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
