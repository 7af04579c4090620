"""The parameters of a run: what its specification chooses, as flat names and texts."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from commonground.compute.runs.model import Spec

KEY_LIMIT = 250
VALUE_LIMIT = 8000
MOST = 1000


def parameters(spec: Spec) -> dict[str, str]:
    """``options`` as they are, ``ps``, ``privacy`` and ``data`` behind their names: ``{"lr": "0.1", "ps.codec": "int8"}``.
    What is longer than a parameter may be is left out; the specification has it.
    """
    served = msgspec.to_builtins(spec.data) if spec.data.servers else {}
    sections = {"": spec.options, "ps.": spec.ps, "privacy.": spec.privacy, "data.": served}
    flat = ((prefix + key, value) for prefix, section in sections.items() for key, value in _flat(section))
    found = {key: value for key, value in flat if 0 < len(key) <= KEY_LIMIT and len(value) <= VALUE_LIMIT}
    return dict(list(found.items())[:MOST])


def _flat(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", text) for inner, text in _flat(value))
        else:
            yield str(key), str(value)
