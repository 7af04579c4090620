"""Which hub a command calls, and how."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from commonground.sdk.hub import Hub


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What every command that calls a hub takes."""

    endpoint: Annotated[
        str | None, Parameter(help="Address of the hub; default: CG_ENDPOINT, then that of the last login.")
    ] = None
    json: Annotated[bool, Parameter(help="Print one JSON document.", negative="")] = False

    def hub(self) -> Hub:
        """The hub to call, with the token from CG_TOKEN or the last login."""
        return Hub(self.endpoint)


DEFAULTS = Options()
