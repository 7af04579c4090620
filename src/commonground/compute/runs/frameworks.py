"""What frameworks look for in the environment of their processes, so that scripts written for them run unchanged."""

import contextlib
import json
import socket
from collections.abc import Mapping

from commonground.compute.launchers.model import RESTART
from commonground.compute.runs.model import Run, Spec

Place = tuple[str, int]
"""Role and rank of a process."""


def torchrun(run: Run, role: str, rank: int, count: int) -> dict[str, str]:
    """The place of a process as torchrun says it: its rank among the ``count`` of its role."""
    return {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0", "ROLE_RANK": str(rank), "ROLE_NAME": role,
        "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "ROLE_WORLD_SIZE": str(count),
        "TORCHELASTIC_RUN_ID": str(run.id), "TORCHELASTIC_MAX_RESTARTS": str(run.spec.fault.max_restarts),
        "TORCHELASTIC_USE_AGENT_STORE": "False",
    }  # fmt: skip


def tuning(spec: Spec) -> dict[str, str]:
    """Threads for what each process was given, so that several do not each take the whole machine; torchrun gives one."""
    alone = spec.resources.workers + spec.resources.servers == 1
    return {} if alone else {"OMP_NUM_THREADS": str(max(1, int(spec.resources.cpus)))}


def tensorflow(workers: int, servers: int, host: str = "127.0.0.1") -> Mapping[Place, dict[str, str]]:
    """``TF_CONFIG`` of each process. With servers, the servers are TensorFlow's ``ps`` and the first worker is its
    ``chief``, as ``ParameterServerStrategy`` wants it; without, all are ``worker``. Nothing for a single process.
    """
    if workers + servers < 2:
        return {}
    tasks: dict[Place, Place] = {("server", rank): ("ps", rank) for rank in range(servers)}
    for rank in range(workers):
        tasks["worker", rank] = ("worker", rank - 1 if rank else 0) if servers else ("worker", rank)
    if servers:
        tasks["worker", 0] = ("chief", 0)
    cluster: dict[str, list[str]] = {}
    for port, (task, _) in zip(_free_ports(len(tasks)), tasks.values(), strict=True):
        cluster.setdefault(task, []).append(f"{host}:{port}")
    return {
        place: {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": task, "index": index}})}
        for place, (task, index) in tasks.items()
    }


def restarted(restart: int) -> dict[str, str]:
    """How often the processes were started again, in our name and in torchrun's."""
    return {RESTART: str(restart), "TORCHELASTIC_RESTART_COUNT": str(restart)}


def command(spec: Spec, role: str, rank: int) -> list[str]:
    """The command of a specification. With ``options: {ends_with: chief}`` the run is over when that of worker 0 is: the
    servers of TensorFlow wait for ever, and whoever starts them is to end them.
    """
    assert spec.run is not None
    if spec.options.get("ends_with") != "chief":
        return ["/bin/sh", "-c", spec.run]
    return ["/bin/sh", "-c", _CHIEF if (role, rank) == ("worker", 0) else _FOLLOWER, spec.run]


_CHIEF = """/bin/sh -c "$0" || exit $?; : > .chief-has-ended"""
_FOLLOWER = """
/bin/sh -c "$0" & process=$!
trap 'kill $process 2> /dev/null' TERM
while kill -0 $process 2> /dev/null; do
  [ ! -e .chief-has-ended ] || exit 0
  sleep 0.2
done
wait $process"""
"""What it started ends with it: the guard of the process sees to that."""


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on, all different."""
    with contextlib.ExitStack() as open_:
        probes = [open_.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
