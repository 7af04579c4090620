"""One server for the LFS tests; every test makes repositories of its own."""

from tests.gateways.git.conftest import hub, repository

__all__ = ["hub", "repository"]
