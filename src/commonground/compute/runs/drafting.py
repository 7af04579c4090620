"""From a specification to a run that can be stored: checked, its inputs pinned, its secrets encrypted."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute import kinds
from commonground.compute.runs import queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.addresses import Addresses
from commonground.compute.runs.guard import Reserve, RunGuard
from commonground.compute.runs.model import Labels, Link, Run, Secrets, Spec
from commonground.compute.runs.parameters import parameters
from commonground.compute.runs.planned import profile_path, sized
from commonground.compute.runs.sealing import Sealing
from commonground.compute.runs.search_spec import ROOM, check_search
from commonground.compute.runs.spec import parse
from commonground.compute.tracking import pair_queries
from commonground.database.schema.experiments import run_param
from commonground.database.signals import signal
from commonground.errors import Forbidden, InvalidSpec, KindUnavailable
from commonground.settings import Settings


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run comes from, beside its specification."""

    labels: Mapping[str, str] = {}
    sealed: bytes | None = None
    seed: int | None = None
    parent: int | None = None
    schedule: int | None = None
    replay_of: int | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is not stored yet."""

    values: dict[str, Any]
    inputs: list[Link]
    outputs: list[Link]
    labels: Mapping[str, str]
    reserve: Reserve
    parameters: Mapping[str, str] = {}

    def store(self, connection: Connection) -> int:
        """Put it into the queue; its id. Raises what the guard does that admitted it."""
        signal(connection, steps.SIGNAL)
        run_id = queries.add(connection, self.values, self.inputs, self.outputs, self.labels)
        pair_queries.add(connection, run_param, run_id, self.parameters)
        self.reserve(connection, run_id)
        return run_id


class Drafting:
    """Makes drafts in the name of a principal whose right to submit was asked for before."""

    def __init__(
        self, addresses: Addresses, sealing: Sealing, settings: Settings, clock: Callable[[], int], guard: RunGuard
    ) -> None:
        self._addresses, self._sealing, self._settings, self._clock = addresses, sealing, settings, clock
        self._guard = guard

    def seal(self, principal: Principal, given: Mapping[str, str]) -> bytes | None:
        """Secrets of runs of the principal, encrypted; :class:`InvalidSpec`, :class:`PackageMissing`."""
        return self._sealing.seal(principal.account_id or 0, converted(given, Secrets, "secrets"))

    def check(self, principal: Principal, document: Mapping[str, Any]) -> Spec:
        """The specification, if this server executes such runs for the principal: :class:`InvalidSpec`,
        :class:`KindUnavailable`, :class:`Forbidden`.
        """
        spec = parse(document)
        if spec.kind == kinds.SEARCH:
            trial = check_search(spec)
            self.check(principal, trial)
        else:
            kinds.entry_of(spec.kind)
        if spec.engine not in self._settings.run_engines:
            raise KindUnavailable(what="engine", name=spec.engine, known=", ".join(self._settings.run_engines))
        if spec.queue.priority > 0 and not principal.is_admin:
            raise Forbidden(action="raise the priority of", resource="a run")
        return spec

    async def draft(self, principal: Principal, document: Mapping[str, Any], origin: Origin) -> Draft:
        """A run of the specification. Raises what :meth:`check` does, and what :meth:`Repositories.open` raises for
        what the principal may not read or write.
        """
        spec = sized(self.check(principal, document), profile_path(self._settings.machine_profile))
        pinned = {name: await self._addresses.pin(principal, name, address) for name, address in spec.inputs.items()}
        outputs = [await self._addresses.target(principal, name, address) for name, address in spec.outputs.items()]
        if len({(link.repository_id, link.path) for link in outputs}) < len(outputs):
            raise InvalidSpec(reason="two outputs have the same place")
        spec = msgspec.structs.replace(spec, inputs={name: address for name, (_, address) in pinned.items()})
        inputs = [link for link, _ in pinned.values()]
        spec, reserve = await self._guard.admit(spec, inputs)
        return Draft(
            values=self._row(principal, spec, origin),
            inputs=inputs,
            outputs=outputs if origin.replay_of is None else [],
            labels=converted(origin.labels, Labels, "labels"),
            reserve=reserve,
            parameters=parameters(spec),
        )

    async def readmit(self, run: Run) -> Reserve:
        """What belongs into the transaction that resumes a run. Raises what the guard does."""
        _, reserve = await self._guard.admit(run.spec, run.inputs, run.id)
        return reserve

    def _row(self, principal: Principal, spec: Spec, origin: Origin) -> dict[str, Any]:
        needs, now = ROOM if spec.kind == kinds.SEARCH else spec.needs, self._clock()
        group, seed = spec.queue.group, spec.seed if origin.seed is None else origin.seed
        return {
            "owner_id": principal.account_id, "name": spec.name, "kind": spec.kind, "engine": spec.engine,
            "spec": msgspec.json.encode(spec).decode(), "state": "queued", "priority": spec.queue.priority,
            "seed": secrets.randbits(32) if seed is None else seed,
            "share": principal.name if group == "default" else group,
            "cpus": needs.cpus, "memory": needs.memory, "gpus": needs.gpus,
            "timeout": int(spec.fault.timeout * 1000), "last_attempt": 1 + spec.fault.max_restarts,
            "run_at": now, "created_at": now, "sealed": origin.sealed,
            "parent_id": origin.parent, "schedule_id": origin.schedule, "replay_of": origin.replay_of,
        }  # fmt: skip


def converted(given: Mapping[str, str], kind: Any, what: str) -> dict[str, str]:
    """Names and texts within their bounds; :class:`InvalidSpec`."""
    try:
        found: dict[str, str] = msgspec.convert(dict(given), kind)
    except msgspec.ValidationError as error:
        raise InvalidSpec(reason=f"{what}: {error}") from None
    if any("\0" in text for pair in found.items() for text in pair):
        raise InvalidSpec(reason=f"{what}: they hold a NUL")
    return found
