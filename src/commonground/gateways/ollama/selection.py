"""Which files of a revision make up the model a tag means."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from commonground.gateways.ollama.wire import Kind

PREFERRED = ("Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0", "Q3_K_M", "Q2_K", "BF16", "F16", "F32")
"""Quantisations, from the one that is taken where a tag names none."""

_ENDING = ".gguf"
_QUANTISATION = re.compile(
    r"(?:\A|[-_. ])(?P<name>(?:UD-)?I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_[A-Z]+)*|BF16|F16|F32)(?=[-_. ]|\Z)",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-\d{5}-of-\d{5}\Z")
_PROJECTOR = re.compile(r"(?:\A|[-_.])mmproj(?:[-_.]|\Z)", re.IGNORECASE)
_TEXTS: Mapping[Kind, tuple[str, ...]] = {
    "template": ("template",),
    "system": ("system",),
    "params": ("params",),
    "license": ("LICENSE", "LICENSE.txt", "LICENSE.md"),
}
"""Files at the root that become layers, by the names they may have."""


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a model, by path: ``layers`` has them in order, the weights first."""

    layers: list[tuple[Kind, str]]
    quantisation: str


def select(paths: Iterable[str], tag: str | None) -> Selected | None:
    """The model among ``paths`` that ``tag`` names, by its quantisation or as a file; the preferred one for ``None``.

    ``None`` where there is no such model. Weights in several files are none: the client takes one.
    """
    known = sorted(paths)
    weights = [path for path in known if path.lower().endswith(_ENDING) and not _SHARD.search(_stem(path))]
    models = [path for path in weights if not _PROJECTOR.search(_stem(path))]
    chosen = _preferred(models) if tag is None else _named(models, tag)
    if chosen is None:
        return None
    layers: list[tuple[Kind, str]] = [("model", chosen)]
    folder = chosen.rpartition("/")[0]
    projectors = [path for path in weights if path not in models and path.rpartition("/")[0] == folder]
    if projectors:
        layers.append(("projector", min(projectors, key=lambda path: (quantisation(path) != "F16", path))))
    for kind, names in _TEXTS.items():
        layers += [(kind, name) for name in names if name in known][:1]
    return Selected(layers=layers, quantisation=quantisation(chosen))


def quantisation(path: str) -> str:
    """The quantisation a file name tells, in upper case; the empty text where it tells none."""
    found = [match["name"] for match in _QUANTISATION.finditer(_stem(path))]
    return found[-1].upper() if found else ""


def _named(models: list[str], tag: str) -> str | None:
    wanted = tag.upper()
    by_quantisation = [path for path in models if wanted and quantisation(path) == wanted]
    by_name = [path for path in models if wanted in {_stem(path).upper(), path.rpartition("/")[2].upper()}]
    return min(by_quantisation or by_name, key=lambda path: (path.count("/"), path), default=None)


def _preferred(models: list[str]) -> str | None:
    def rank(path: str) -> tuple[int, int, str]:
        name = quantisation(path)
        return (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), path.count("/"), path)

    return min(models, key=rank, default=None)


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[: -len(_ENDING)] if name.lower().endswith(_ENDING) else name
