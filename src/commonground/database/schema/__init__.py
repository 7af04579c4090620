"""All tables, one module a domain, in one SQLAlchemy Core ``MetaData``. Times are UTC milliseconds, hashes raw bytes."""

from commonground.database.schema import accounts, hub, operation, search, store
from commonground.database.schema.base import metadata

__all__ = ["accounts", "hub", "metadata", "operation", "search", "store"]
