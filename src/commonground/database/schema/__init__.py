"""All tables, one module a domain, in one SQLAlchemy Core ``MetaData``. Times are UTC milliseconds, hashes raw bytes."""

from commonground.database.schema import (
    accounts,
    community,
    experiments,
    hub,
    oci,
    operation,
    privacy,
    runs,
    schedules,
    search,
    store,
)
from commonground.database.schema.base import metadata

__all__ = [
    "accounts",
    "community",
    "experiments",
    "hub",
    "metadata",
    "oci",
    "operation",
    "privacy",
    "runs",
    "schedules",
    "search",
    "store",
]
