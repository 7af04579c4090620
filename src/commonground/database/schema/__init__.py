"""All tables, one module a domain, in one SQLAlchemy Core ``MetaData``. Times are UTC milliseconds, hashes raw bytes."""

from commonground.database.schema import accounts, community, hub, oci, operation, runs, search, store
from commonground.database.schema.base import metadata

__all__ = ["accounts", "community", "hub", "metadata", "oci", "operation", "runs", "search", "store"]
