"""The graph revision -> run -> revision, walked breadth first in both directions."""

from collections.abc import Mapping
from typing import NamedTuple

from commonground.accounts.model import Principal
from commonground.compute.runs import queries
from commonground.compute.runs.model import Arrow, Graph, Link, RevisionNode, Run, RunNode
from commonground.database import Database
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories

MOST_NODES = 500
_OPPOSITE = {"inputs": "outputs", "outputs": "inputs"}


class _Place(NamedTuple):
    repository_id: int
    commit: str

    @property
    def id(self) -> str:
        return f"revision:{self.repository_id}:{self.commit}"


class _Walk:
    """What was found so far."""

    def __init__(self) -> None:
        self.places: dict[_Place, None] = {}
        self.runs: dict[int, Run] = {}
        self.complete = True

    @property
    def full(self) -> bool:
        return len(self.places) + len(self.runs) >= MOST_NODES


class Lineage:
    """Where revisions come from and what was made of them."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self._database, self._repositories = database, repositories

    async def graph(self, principal: Principal, repository: Repository, commit: str, depth: int) -> Graph:
        """What is at most ``depth`` runs before or after a commit; repositories the caller may not know of, and what
        only they lead to, are left out.
        """
        walk, start = _Walk(), _Place(repository.id, commit)
        walk.places[start] = None
        for side in ("outputs", "inputs"):  # towards the origin, then towards what was made
            edge = [start]
            for _ in range(depth):
                edge = await self._step(principal, walk, edge, side)
        return await self._shown(principal, walk)

    async def _step(self, principal: Principal, walk: _Walk, edge: list[_Place], side: str) -> list[_Place]:
        """The revisions one run beyond ``edge``: of the runs that have it on ``side``, what is on the other."""
        following: dict[_Place, None] = {}
        for place in edge:
            if walk.full:
                walk.complete = False
                return []
            found = await self._database.read(
                queries.touching, side, place.repository_id, bytes.fromhex(place.commit), MOST_NODES
            )
            runs = await self._database.read(queries.by_ids, found)
            walk.runs |= {run.id: run for run in runs}
            following |= {_place(link): None for run in runs for link in _links(run, _OPPOSITE[side]) if link.commit}
        known = await self._repositories.known(principal, [place.repository_id for place in following])
        new = [place for place in following if place.repository_id in known and place not in walk.places]
        walk.places |= dict.fromkeys(new)
        return new

    async def _shown(self, principal: Principal, walk: _Walk) -> Graph:
        ids = sorted({place.repository_id for place in walk.places})
        named = {identity: await self._repositories.by_id(identity) for identity in ids}
        return Graph(
            nodes=[*(_revision(place, named) for place in walk.places), *(_run(run) for run in walk.runs.values())],
            arrows=[arrow for run in walk.runs.values() for arrow in _arrows(run, walk)],
            complete=walk.complete,
        )


def _links(run: Run, side: str) -> tuple[Link, ...]:
    return run.inputs if side == "inputs" else run.outputs


def _place(link: Link) -> _Place:
    return _Place(link.repository_id, link.commit or "")


def _revision(place: _Place, named: Mapping[int, Repository]) -> RevisionNode:
    repository = named[place.repository_id]
    return RevisionNode(id=place.id, kind=repository.kind, repository=repository.full_name, commit=place.commit)


def _run(run: Run) -> RunNode:
    return RunNode(
        id=f"run:{run.id}", run=run.id, name=run.name, kind=run.kind, state=run.state, finished_at=run.finished_at
    )


def _arrows(run: Run, walk: _Walk) -> list[Arrow]:
    into = [Arrow(source=_place(link).id, target=f"run:{run.id}", name=link.name)
            for link in run.inputs if _place(link) in walk.places]  # fmt: skip
    out = [Arrow(source=f"run:{run.id}", target=_place(link).id, name=link.name)
           for link in run.outputs if _place(link) in walk.places]  # fmt: skip
    return into + out
