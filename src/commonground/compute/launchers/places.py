"""Which machine each process of a job is on, in torchrun's words: who to meet where, and who else is here."""

from collections.abc import Mapping, Sequence

import msgspec

from commonground.compute.launchers.model import Process

LOOPBACK = {"TP_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo"}
"""Variables that keep processes of one machine to themselves; between machines they would keep them apart."""


class Address(msgspec.Struct, frozen=True):
    """Where a process is, and a port that was free there."""

    address: str
    port: int


class Change(msgspec.Struct, frozen=True):
    """What the environment of a process has to say otherwise, now that its place is known."""

    set: dict[str, str]
    unset: tuple[str, ...] = ()


def changes(processes: Sequence[Process], addresses: Sequence[Address]) -> dict[str, Change]:
    """By the number of the process. All meet where the first is, at a port that is free there; on one machine over its
    loopback, as before. Variables that a process has not been given are not added.
    """
    several = len({found.address for found in addresses}) > 1
    first = addresses[0]
    meeting = {"MASTER_PORT": str(first.port)} | ({"MASTER_ADDR": first.address} if several else {})
    found = {}
    for number, process in enumerate(processes):
        wanted = meeting | _local(processes, addresses, number)
        kept = process.environment
        found[str(number)] = Change(
            set={name: value for name, value in wanted.items() if name in kept}, unset=_unset(kept) if several else ()
        )
    return found


def _local(processes: Sequence[Process], addresses: Sequence[Address], number: int) -> dict[str, str]:
    peers = [other for other, process in enumerate(processes) if process.role == processes[number].role]
    here = [other for other in peers if addresses[other].address == addresses[number].address]
    machines = list(dict.fromkeys(addresses[other].address for other in peers))
    return {
        "LOCAL_RANK": str(here.index(number)),
        "LOCAL_WORLD_SIZE": str(len(here)),
        "GROUP_RANK": str(machines.index(addresses[number].address)),
    }


def _unset(environment: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, value in LOOPBACK.items() if environment.get(name) == value)
