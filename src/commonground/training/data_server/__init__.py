"""Data servers (DistBelief's): processes that read and decode rows for the workers, ahead of them."""

from commonground.training.data_server.client import RemoteSource
from commonground.training.data_server.leases import Lease, Leases, Record
from commonground.training.data_server.server import DataServer

__all__ = ["DataServer", "Lease", "Leases", "Record", "RemoteSource"]
