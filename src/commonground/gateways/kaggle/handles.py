"""Names of Kaggle's models: ``owner/model/framework/variation[/version]``."""

import re

import msgspec

from commonground.errors import BadRequest
from commonground.gateways.kaggle.wire import InstanceRequest

DEFAULT = "default"
"""The variation that is the default branch itself, whatever its framework is called."""

_FRAMEWORK = re.compile(r"MODEL_FRAMEWORK_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\Z")
_VARIATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Variation(msgspec.Struct, frozen=True):
    """A framework, spelt as in handles (``pyTorch``), and the name of a variation."""

    framework: str
    name: str

    @property
    def path(self) -> str:
        """The branch, or the folder, that holds it."""
        return f"{self.framework}/{self.name}"


def variation(framework: str, name: str) -> Variation:
    """From the client's ``MODEL_FRAMEWORK_PY_TORCH`` and a name; :class:`BadRequest` for what is neither."""
    found = _FRAMEWORK.match(framework)
    if found is None or found[1] == "UNSPECIFIED":
        raise BadRequest(reason=f"there is no framework {framework[:50]!r}")
    if not _VARIATION.match(name):
        raise BadRequest(reason=f"{name[:50]!r} cannot be the name of a variation")
    first, *others = found[1].lower().split("_")
    return Variation(first + "".join(word.capitalize() for word in others), name)


def requested(message: InstanceRequest) -> Variation:
    """The variation a message names."""
    return variation(message.framework, message.instance_slug)
