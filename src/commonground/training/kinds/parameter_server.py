"""The kinds ``ps-sync`` and ``ps-async``: what a process of the role server does, and where one of the role worker begins."""

import os
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.kinds import named
from commonground.errors import BadRequest, InvalidSpec
from commonground.training.context import Build, Context
from commonground.training.data_server import DataServer, Leases, Record
from commonground.training.kinds.living import living
from commonground.training.kinds.parameter_worker import train
from commonground.training.options import Plan, plan_of
from commonground.training.parameter_server.configuration import ShardConfiguration, split
from commonground.training.parameter_server.server import Server
from commonground.training.parameter_server.shared_memory import Segment
from commonground.training.parameter_server.snapshot import Snapshots
from commonground.training.privacy.program import PrivateProgram
from commonground.training.program import Program, Source
from commonground.training.rendezvous import Rendezvous, Table


def run(specification: Mapping[str, Any]) -> None:
    """Do this process's part of a run; :class:`InvalidSpec` for what cannot be meant."""
    plan = plan_of(specification, int(os.environ["CG_SEED"]))
    rank, token = int(os.environ["RANK"]), os.environ["CG_PEER_TOKEN"]
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    address = f"{host}:{port}"
    with living(plan.heartbeat):
        if os.environ["CG_ROLE"] == "worker":
            build: Build = named(plan.entry)
            context = Context.of_environment()
            train(plan, context, _program(plan, build(context)), Rendezvous(address, token), token)
        elif os.environ["CG_ROLE"] == "data":
            build = named(plan.entry)
            read_for_workers(plan, rank, build(Context.of_environment()).data, Rendezvous(address, token), token)
        elif rank == 0:
            with closing(Table(host, port, token)):
                serve(plan, rank, Rendezvous(address, token), token)
        else:
            serve(plan, rank, Rendezvous(address, token), token)


def _program(plan: Plan, program: Program) -> Program:
    """The program as it is trained. In lockstep the workers share the noise of a step; else each push has all of it."""
    if plan.private is None:
        return program
    return PrivateProgram(program, plan.private, shares=plan.workers if plan.mode == "sync" else 1)


def serve(plan: Plan, rank: int, rendezvous: Rendezvous, token: str) -> None:
    """Serve a shard until worker 0 says that it is over. The newest checkpoint that every shard can read is continued."""
    size = rendezvous.get("size")
    configuration = _configuration(plan, rank, size, rendezvous.host, token)
    step = _agree(configuration, rendezvous)
    segment = _segment(plan, rank, size, rendezvous)
    path = segment.path if segment else ""
    server = Server(msgspec.structs.replace(configuration, step=step, segment=path))
    rendezvous.put(f"server.{rank}", server.address)
    threading.Thread(target=_stop_at_the_end, args=[server, rendezvous], daemon=True).start()
    server.run()
    _leave(plan, rank, rendezvous)


def read_for_workers(plan: Plan, rank: int, source: Source, rendezvous: Rendezvous, token: str) -> None:
    """Read rows for the workers until it is over. Where they do not wait for each other, server 0 lends them what they train on."""
    record = Record(Path(os.environ["CG_CHECKPOINT"]) / "leases")
    leases = (
        Leases(len(source), plan.share, plan.training.epochs, plan.seed, record) if plan.leases and rank == 0 else None
    )
    with DataServer(source, token, host=rendezvous.host, prefetch=plan.data.prefetch, leases=leases) as server:
        rendezvous.put(f"data.{rank}", server.address)
        rendezvous.get("end")
    rendezvous.put(f"left.data.{rank}")


def _configuration(plan: Plan, rank: int, size: int, host: str, token: str) -> ShardConfiguration:
    try:
        start, stop = split(size, plan.shards)[rank]
    except BadRequest as error:
        raise InvalidSpec(reason=str(error)) from None
    return ShardConfiguration(
        options=plan.options,
        size=size,
        start=start,
        stop=stop,
        shard=rank,
        shards=plan.shards,
        host=host,
        token=token,
        snapshots=os.environ["CG_CHECKPOINT"],
        awaits_weights=True,
    )


def _agree(configuration: ShardConfiguration, rendezvous: Rendezvous) -> int:
    """The newest step of which every shard has an undamaged snapshot, 0 if there is none."""
    own = Snapshots.of(configuration).readable()
    rendezvous.put(f"snapshots.{configuration.shard}", own)
    everyone = rendezvous.gather("snapshots", range(configuration.shards))
    return max(set(own).intersection(*everyone), default=0)


def _segment(plan: Plan, rank: int, size: int, rendezvous: Rendezvous) -> Segment | None:
    """The memory server 0 shares with those on its host; whether this process is there shows when it is opened."""
    if not plan.servers.shared_memory:
        return None
    if rank == 0:
        segment = Segment.create(size, plan.workers)
        rendezvous.put("segment", [segment.path, segment.identity.hex()])
        return segment
    path, identity = rendezvous.get("segment")
    try:
        found = Segment.open(path)
    except OSError:
        return None
    return found if found.identity.hex() == identity else None


def _stop_at_the_end(server: Server, rendezvous: Rendezvous) -> None:
    rendezvous.get("end")
    server.stop()


def _leave(plan: Plan, rank: int, rendezvous: Rendezvous) -> None:
    """Server 0 keeps the table until the others have read that it is over."""
    rendezvous.put(f"left.{rank}")
    if rank == 0:
        rendezvous.gather("left", range(plan.shards))
        rendezvous.gather("left.data", range(plan.data.servers))
