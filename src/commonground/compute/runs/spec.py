"""Reads a specification: a document of plain data becomes a :class:`Spec`, or an error that says what to change."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
import yaml

from commonground.compute.runs.model import Fault, Queue, Resources, Spec
from commonground.compute.runs.units import bytes_of, seconds_of
from commonground.errors import InvalidSpec

LIMIT = 256 * 2**10
"""Largest specification, in bytes."""

_SECTIONS: dict[str, type[msgspec.Struct]] = {"resources": Resources, "fault": Fault, "queue": Queue}


def read(text: str) -> dict[str, Any]:
    """A YAML document as plain data; :class:`InvalidSpec` for anything but a mapping."""
    if len(text.encode()) > LIMIT:
        raise InvalidSpec(reason=f"it is larger than {LIMIT} bytes")
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidSpec(reason=f"it is not YAML: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(found, dict):
        raise InvalidSpec(reason="it is not a mapping of names to values")
    return found


def parse(document: Mapping[str, Any]) -> Spec:
    """The specification in ``document``; :class:`InvalidSpec`. Durations and sizes may be texts with units."""
    _check_names(document, Spec, "")
    for section, kind in _SECTIONS.items():
        if isinstance(document.get(section), Mapping):
            _check_names(document[section], kind, f"{section}.")
    plain = _with_units(document)
    try:
        spec = msgspec.convert(plain, Spec)
        encoded = msgspec.json.encode(spec)
    except (msgspec.ValidationError, TypeError, RecursionError, ValueError) as error:
        raise InvalidSpec(reason=str(error).replace(" - at `$.", " - at `")) from None
    if len(encoded) > LIMIT:
        raise InvalidSpec(reason=f"it is larger than {LIMIT} bytes")
    if spec.kind == "task" and (spec.run is None) == (spec.entry is None):
        raise InvalidSpec(reason="a task has either `run`, a command, or `entry`, a function")
    if rb"\u0000" in encoded:
        raise InvalidSpec(reason="it holds a NUL")
    return spec


def _check_names(given: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    for name in given:
        if name not in kind.__struct_fields__:
            near = get_close_matches(str(name), kind.__struct_fields__, 1, 0.5)
            hint = f"; did you mean {where}{near[0]}?" if near else f"; known are {', '.join(kind.__struct_fields__)}"
            raise InvalidSpec(reason=f"there is no {where}{str(name)[:100]}{hint}")


def _with_units(document: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(document)
    readers = {("resources", "memory"): bytes_of, ("fault", "heartbeat"): seconds_of, ("fault", "timeout"): seconds_of}
    for (section, name), reader in readers.items():
        given = found.get(section)
        if isinstance(given, Mapping) and given.get(name) is not None:
            found[section] = {**given, name: reader(given[name], f"{section}.{name}")}
    return found
