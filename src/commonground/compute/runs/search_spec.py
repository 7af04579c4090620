"""What ``kind: search`` asks for: a space of parameters, and a specification that is tried at points of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from commonground.compute.kinds import SEARCH
from commonground.compute.runs.model import Capacity, Spec
from commonground.errors import InvalidSpec

ROOM = Capacity(slots=0)
"""What the search itself needs of a worker: nothing, so that its trials always find the room it leaves."""
TRIAL = "trial"
"""The label that holds a trial's number."""
SECTIONS = ("options", "ps", "data", "privacy", "plan", "resources", "fault")
VARIABLE = "CG_PARAMETER_"

Parameter = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,4}$")]
Value = int | float | str | bool


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One parameter: one of the ``choices``, or a number from ``low`` to ``high`` (both included), evenly in its
    logarithm if ``log``, whole if ``integer``.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    choices: Annotated[list[Value], Meta(min_length=1, max_length=100)] | None = None

    @property
    def first(self) -> Value:
        """A value of it."""
        if self.choices is not None:
            return self.choices[0]
        return int(self.low or 0) if self.integer else float(self.low or 0)


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of a search. ``metric`` is the one a trial reports last; ``halving`` ends trials that are behind the
    best third of those that got as far (Li et al., "A system for massively parallel hyperparameter tuning", 2020).
    """

    space: Annotated[dict[Parameter, Axis], Meta(min_length=1, max_length=64)]
    metric: Annotated[str, Meta(min_length=1, max_length=128)]
    template: dict[str, Any]
    trials: Annotated[int, Meta(ge=1, le=1000)] = 20
    parallel: Annotated[int, Meta(ge=1, le=256)] = 2
    direction: Literal["minimize", "maximize"] = "minimize"
    sampler: Literal["random", "tpe"] = "random"
    pruner: Literal["none", "halving"] = "none"


def search_of(spec: Spec) -> Search:
    """The options of a search; :class:`InvalidSpec`."""
    try:
        search = msgspec.convert(spec.options, Search)
    except msgspec.ValidationError as error:
        raise InvalidSpec(reason=f"options: {error}") from None
    for name, axis in search.space.items():
        _check_axis(name, axis)
    for name in ("name", "inputs", "outputs"):
        if name in search.template:
            raise InvalidSpec(reason=f"options.template.{name} belongs to the search itself")
    return search


def check_search(spec: Spec) -> dict[str, Any]:
    """The specification of one of its trials, as plain data; :class:`InvalidSpec`."""
    if spec.run is not None or spec.entry is not None:
        raise InvalidSpec(reason="a search executes nothing itself; `run` and `entry` belong into options.template")
    search = search_of(spec)
    if search.template.get("kind") == SEARCH:
        raise InvalidSpec(reason="a search does not search for searches")
    return trial_of(spec, search, {name: axis.first for name, axis in search.space.items()}, 1)


def trial_of(spec: Spec, search: Search, parameters: Mapping[str, Value], number: int) -> dict[str, Any]:
    """A trial, as plain data: the template with the parameters in their places, and in its environment."""
    document = msgspec.json.decode(msgspec.json.encode(search.template), type=dict[str, Any])  # a deep copy
    environment = dict(document.get("environment") or {})
    for name, value in parameters.items():
        _place(document, name, value)
        environment[VARIABLE + name.replace(".", "_").upper()] = str(value)
    return {
        **document, "environment": environment, "inputs": dict(spec.inputs), "outputs": dict(spec.outputs),
        "name": f"{spec.name[:80]}-{number}",
    }  # fmt: skip


def parameters_of(trial: Spec, search: Search) -> dict[str, Value]:
    """The parameters a trial was made with."""
    found = {}
    plain = msgspec.to_builtins(trial)
    for name in search.space:
        value: Any = plain
        for part in _path(name):
            value = value[part]
        found[name] = value
    return found


def _path(name: str) -> list[str]:
    """Where a parameter goes: ``lr`` is short for ``options.lr``."""
    parts = name.split(".")
    return parts if len(parts) > 1 else ["options", name]


def _place(document: dict[str, Any], name: str, value: Value) -> None:
    *sections, last = _path(name)
    if sections[0] not in SECTIONS:
        raise InvalidSpec(reason=f"options.space.{name} begins with none of {', '.join(SECTIONS)}")
    for section in sections:
        document = document.setdefault(section, {})
        if not isinstance(document, dict):
            raise InvalidSpec(reason=f"options.space.{name} has no place in the template")
    document[last] = value


def _check_axis(name: str, axis: Axis) -> None:
    where = f"options.space.{name}"
    if axis.choices is not None:
        if axis.low is not None or axis.high is not None:
            raise InvalidSpec(reason=f"{where} has either choices or bounds")
        return
    if axis.low is None or axis.high is None:
        raise InvalidSpec(reason=f"{where} needs low and high, or choices")
    if not axis.low <= axis.high:
        raise InvalidSpec(reason=f"{where}: low is above high")
    if axis.log and axis.low <= 0:
        raise InvalidSpec(reason=f"{where}: a logarithm needs a low above 0")
    if axis.integer and not (axis.low.is_integer() and axis.high.is_integer()):
        raise InvalidSpec(reason=f"{where}: the bounds of an integer are integers")
