"""Commonground: public infrastructure for foundation models.

``import commonground as cg``: ``cg.Hub(endpoint, token)`` is the client of a hub, ``cg.open("hub://...")`` a file on it.
"""

from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commonground.compute.reporting import heartbeat, log_metric
    from commonground.sdk.address import Address
    from commonground.sdk.hub import Hub

__version__ = "0.1.0"
__all__ = ["Address", "Hub", "__version__", "heartbeat", "log_metric", "open"]

_LAZY = {
    "Address": "commonground.sdk.address",
    "Hub": "commonground.sdk.hub",
    "heartbeat": "commonground.compute.reporting",
    "log_metric": "commonground.compute.reporting",
}


def open(address: str, mode: str = "rb", **options: Any) -> IO[Any]:  # noqa: A001 - commonground.open reads like open
    """A file on the default hub, by its address: ``commonground.open("hub://datasets/owner/name@main/train.csv")``.

    Modes are those of :meth:`Hub.open`; ``options`` go there too.
    """
    from commonground.sdk.hub import Hub

    return Hub().open(address, mode, **options)  # type: ignore[arg-type]


def __getattr__(name: str) -> Any:
    """What costs time to import is imported when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
