"""An operation, who asks for it, and how an answer is judged."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import httpx

from commonground.http.routing import Route
from tests.system.house import ABSENT, SECRET, House, People, account_of, allowed

WEIGHTS = "weights.bin"
MODEL = "model.gguf"
TAG = "v1"
CARD = """---
license: mit
tags: [tag-{name}]
library_name: lib-{name}
task_categories: [task-{name}]
fairseq2: {{model_family: wav2vec2, model_arch: base, checkpoint: weights.bin}}
---
# {name}
"""


class Annex(House):
    """A house whose repositories have a card, a large file that no other one has, a tag, and a like of the owner's.

    All but two callers have a repository of their own beside, ``m-caller/own``.
    """

    def __init__(self, people: People) -> None:
        self.began = _last_event(people.clients["owner"])
        super().__init__(people, "annex")
        self.people = people
        self.keys: dict[str, tuple[str, str]] = {}
        for caller in ("stranger", "reader", "writer", "owner"):
            body = {"name": "own", "type": "model", "visibility": "private"}
            self.callers[caller].post("/api/repos/create", json=body).raise_for_status()
        for (kind, _), name in self.kept.items():
            self._furnish(kind, name)

    def files(self, kind: str, name: str) -> Mapping[str, bytes]:
        """A card in which every list of tags and every maker of cards finds something."""
        return {"README.md": CARD.format(name=name).encode() + SECRET}

    def furnished(self, kind: str, visibility: str) -> str:
        """A new repository that is like the kept ones."""
        name = self.create(kind, visibility)
        self._furnish(kind, name)
        return name

    def _furnish(self, kind: str, name: str) -> None:
        owner, place = self.callers["owner"], f"{kind}s/annex/{name}"
        for path in (WEIGHTS, MODEL):
            sent = owner.put(f"/api/cg/v1/repositories/{place}/files/main/{path}", content=weights(name))
            sent.raise_for_status()
        owner.post(f"/api/{place}/tag/main", json={"tag": TAG}).raise_for_status()
        owner.post(f"/api/{place}/like").raise_for_status()


@dataclass(frozen=True)
class Ask:
    """A caller, and the repository of the annex that is meant. ``may`` is whether they may do what is asked."""

    annex: Annex
    caller: str
    kind: str
    name: str
    may: bool

    @property
    def http(self) -> httpx.Client:
        """The caller's connection."""
        return self.annex.callers[self.caller]

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"annex/{self.name}"

    @property
    def own(self) -> str:
        """The caller's own repository; somebody's for who has none."""
        return f"{account_of('stranger' if self.caller == 'anonymous' else self.caller)}/own"

    @property
    def exists(self) -> bool:
        """Whether there is such a repository."""
        return self.name != ABSENT

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request, in which ``{name}`` and ``{kind}`` stand for those of the repository."""
        return self.http.request(method, path.format(name=self.name, kind=self.kind), **more)


Call: TypeAlias = Callable[[Ask], httpx.Response]
Check: TypeAlias = Callable[[Ask, httpx.Response], bool]


def succeeds(_ask: Ask, answer: httpx.Response) -> bool:
    """Any success."""
    return answer.status_code < 400


def answers(*statuses: int) -> Check:
    """One of these, for what can only be let in and then fail: the name is taken, the content is none."""
    return lambda _ask, answer: answer.status_code in statuses


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Something callers do. ``route`` is :func:`key_of` the route that answers, ``refuses`` the protocol's own form.

    ``fresh``: it changes the repository so that nobody else should be asked about it. ``hides``: it is a list, which
    refuses by leaving out.
    """

    route: str
    need: str
    call: Call
    refuses: Check
    passes: Check = succeeds
    title: str = ""
    kind: str = "model"
    fresh: bool = False
    hides: bool = False

    def __str__(self) -> str:
        return f"{self.route} {self.title}".strip()

    def ask(self, annex: Annex, caller: str, visibility: str) -> tuple[Ask, httpx.Response]:
        """Do it as ``caller`` with a repository of this visibility."""
        may = allowed(self.need, caller, visibility)
        ask = Ask(annex, caller, self.kind, annex.name(self.kind, visibility, fresh=may and self.fresh), may)
        return ask, self.call(ask)


def listing(
    route: str, need: str, path: str, *, title: str = "", kind: str = "model", shown: bool = True, **more: Any
) -> Operation:
    """A list that names a repository to those who may know of it; unless ``shown`` it may have no room for it."""
    method, _, _ = route.partition(" ")
    return Operation(
        route=route,
        need=need,
        call=lambda ask: ask.send(method, path, **more),
        passes=names if shown else answers(200, 401),
        refuses=leaves_out,
        title=f"{title or path} {'' if kind == 'model' else kind}",
        kind=kind,
        hides=True,
    )


def names(ask: Ask, answer: httpx.Response) -> bool:
    """A list in which the repository is."""
    return answer.status_code == 200 and ask.name in answer.text


def leaves_out(ask: Ask, answer: httpx.Response) -> bool:
    """A list in which it is not, or none for this caller."""
    return answer.status_code in {200, 401} and ask.name not in answer.text.replace(_query(answer), "")


def refused_with(fields: Mapping[str, type], _ask: Ask, answer: httpx.Response) -> bool:
    """A refusal with these fields in its JSON."""
    if answer.status_code not in {401, 403, 404}:
        return False
    body = answer.json()
    return all(isinstance(body.get(name), kind) for name, kind in fields.items())


plain_error: Check = partial(refused_with, {"error": str, "code": str})


def key_of(route: Route) -> str:
    """What names a route: method and template, and for several of one shape what they do."""
    return f"{route.method} {route.template}" + (f" [{route.summary}]" if route.when else "")


def weights(name: str) -> bytes:
    """The large file of a repository."""
    return b"%s of %s. " % (SECRET, name.encode()) * 20


def digest(name: str) -> str:
    """Its SHA-256 in hex."""
    return hashlib.sha256(weights(name)).hexdigest()


def _query(answer: httpx.Response) -> str:
    """What was asked for, which a page may repeat."""
    return answer.request.url.params.get("q", "") or answer.request.url.params.get("search", "") or "\0"


def _last_event(owner: httpx.Client) -> int:
    stream = owner.get("/api/cg/v1/events", params={"follow": "false"}).text
    return max((int(line[4:]) for line in stream.splitlines() if line.startswith("id: ")), default=0)
