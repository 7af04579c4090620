"""The kind ``federated``: server 0 holds the rounds, each worker plays some of the clients. Without a server one worker does both."""

import math
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.kinds import named
from commonground.compute.reporting import log_metric
from commonground.compute.runs.model import Fault, Resources
from commonground.errors import InvalidSpec
from commonground.training.context import Build, Context
from commonground.training.federated.checkpoint import Checkpoints
from commonground.training.federated.messages import Clients
from commonground.training.federated.options import Options, read
from commonground.training.federated.participant import Embedded, Participant, Plan
from commonground.training.federated.player import play
from commonground.training.federated.rounds import Round, Rounds
from commonground.training.federated.secure_aggregation.masks import check_installed
from commonground.training.federated.workers import Workers
from commonground.training.kinds import flower
from commonground.training.kinds.living import living
from commonground.training.options import HEARTBEAT
from commonground.training.privacy.accounting import guarantee
from commonground.training.privacy.model import Accountant, Guarantee, SampledGaussian
from commonground.training.program import Program
from commonground.training.rendezvous import Rendezvous, Table

NAME = "federated"
JOINING = 60.0
"""Seconds the first round waits for workers."""


def run(specification: Mapping[str, Any]) -> None:
    """Do this process's part; :class:`InvalidSpec` for what cannot be meant."""
    plan = plan_of(specification)
    resources = msgspec.convert(specification["resources"], Resources)
    _check(specification, plan.options, resources)
    heartbeat = msgspec.convert(specification["fault"], Fault).heartbeat or HEARTBEAT
    context = Context.of_environment()
    with living(heartbeat):
        if specification["engine"] == "flower":
            flower.serve() if os.environ["CG_ROLE"] == "server" else flower.site(context.rank)
            return
        build: Build = named(specification["entry"])
        if not resources.servers:
            embedded(plan, context, build(context))
        elif os.environ["CG_ROLE"] == "server":
            serve(plan, context, build(context), resources.workers, heartbeat)
        else:
            work(plan, context, build(context))


def plan_of(specification: Mapping[str, Any]) -> Plan:
    """What all processes are told; the noise is given, or the least that keeps to the epsilon over all rounds.

    :class:`InvalidSpec`; :class:`PackageMissing` where masks are asked for and cannot be made.
    """
    options, private = read(specification)
    if options.secure_aggregation:
        check_installed()
    noise = private.mechanism().noise_multiplier if private else 0.0
    return Plan(options, private.privacy if private else None, noise, int(os.environ["CG_SEED"]))


def embedded(plan: Plan, context: Context, program: Program) -> None:
    """Train with all clients in this process."""
    train(plan, context, program, Embedded(Participant(program, plan)))


def serve(plan: Plan, context: Context, program: Program, workers: int, heartbeat: float) -> None:
    """Hold the rounds; the workers play the clients."""
    token, host = os.environ["CG_PEER_TOKEN"], os.environ["MASTER_ADDR"]
    with closing(Table(host, int(os.environ["MASTER_PORT"]), token)) as table:
        clients = Workers(host, token, workers, len(program.parameters), heartbeat=heartbeat)
        with closing(clients):
            with Rendezvous(f"{host}:{table.port}", token) as rendezvous:
                rendezvous.put(NAME, clients.address)
            clients.wait(JOINING)
            train(plan, context, program, clients)
            clients.end()


def work(plan: Plan, context: Context, program: Program) -> None:
    """Play clients until the server says that it is over."""
    token = os.environ["CG_PEER_TOKEN"]
    with Rendezvous(f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}", token) as rendezvous:
        address = rendezvous.get(NAME)
    play(address, token, context.rank, Participant(program, plan))


def train(plan: Plan, context: Context, program: Program, clients: Clients) -> None:
    """All rounds that are left, each reported; the program is saved into the outputs."""
    checkpoints = Checkpoints(Path(os.environ["CG_CHECKPOINT"]), plan.options.strategy)
    Rounds(program, plan, clients, checkpoints).run(lambda result: _report(plan, result))
    for folder in context.outputs.values():
        program.save(folder)
        if plan.privacy is not None:
            (folder / "privacy.json").write_bytes(_facts(plan))


def _report(plan: Plan, result: Round) -> None:
    """With privacy neither who took part nor the mean of their losses: both would tell of single clients."""
    values = {"round_seconds": result.seconds, **result.metrics}
    if plan.privacy is None:
        values |= {"loss": result.loss, "clients": len(result.reported), "lost_clients": len(result.lost)}
    elif result.metrics:
        found = _promised(plan, result.number, None if result.number == plan.options.rounds else "rdp")
        values |= {"privacy_epsilon_renyi": found.renyi, "privacy_delta": found.delta}
        if result.number == plan.options.rounds:
            values["privacy_epsilon"] = found.epsilon
    for name, value in values.items():
        log_metric(name, value, result.number)


def _promised(plan: Plan, rounds: int, accountant: Accountant | None = None) -> Guarantee:
    assert plan.privacy is not None
    return guarantee([SampledGaussian(plan.noise, plan.options.sample, rounds)], plan.privacy.delta, accountant)


def _facts(plan: Plan) -> bytes:
    """What the model that is published promises, and what that depends on."""
    assert plan.privacy is not None
    found = _promised(plan, plan.options.rounds)
    facts = {
        "unit": "client", "epsilon": found.epsilon if math.isfinite(found.epsilon) else None, "delta": found.delta,
        "accountant": found.accountant, "mechanism": "Poisson-sampled Gaussian", "noise_multiplier": plan.noise,
        "clip": plan.privacy.clip, "sampling_rate": plan.options.sample, "steps": plan.options.rounds,
        "assumes": "each client takes part in each round by itself, with the sampling rate as its probability (Poisson sampling)",
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"


def _check(specification: Mapping[str, Any], options: Options, resources: Resources) -> None:
    flowers = specification["engine"] == "flower"
    for wrong, reason in [
        (not specification.get("entry"), "`entry` names the function that makes the program"),
        (resources.servers > 1, "one server holds the rounds: `resources.servers` is 0 or 1"),
        (not resources.servers and resources.workers > 1, "several workers need a server: `resources.servers: 1`"),
        (len(specification["outputs"]) > 1, "a program has one output"),
        (flowers and not resources.servers, "Flower needs a server: `resources.servers: 1`"),
        (
            flowers and options.secure_aggregation,
            "secure_aggregation is not of the engine flower: its clients keep nothing between steps",
        ),
        (specification.get("ps"), "ps is of the parameter server"),
    ]:
        if wrong:
            raise InvalidSpec(reason=reason)
