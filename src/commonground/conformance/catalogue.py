"""The protocols there are checks of, and one run of them."""

from collections.abc import Callable
from typing import Literal

import msgspec

from commonground.conformance.huggingface import large_files, metadata, reading, writing
from commonground.conformance.huggingface.hub import HuggingFace
from commonground.conformance.model import Check, Report
from commonground.conformance.oci import blobs, deletes, discovery, manifests, pull
from commonground.conformance.oci.registry import Registry
from commonground.conformance.runner import run
from commonground.conformance.s3 import reading as s3_reading
from commonground.conformance.s3 import writing as s3_writing
from commonground.conformance.s3.bucket import Bucket
from commonground.conformance.target import Target

Name = Literal["huggingface", "oci", "s3"]


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of a protocol, and how what they are given is made: address, repository, token, whether to write."""

    checks: tuple[Check, ...]
    target: Callable[[str, str, str | None, bool], Target]


PROTOCOLS: dict[Name, Protocol] = {
    "huggingface": Protocol(
        checks=(*metadata.CHECKS, *reading.CHECKS, *large_files.CHECKS, *writing.CHECKS),
        target=lambda address, repository, token, _write: HuggingFace(address, repository, token),
    ),
    "oci": Protocol(
        checks=(*pull.CHECKS, *blobs.CHECKS, *manifests.CHECKS, *discovery.CHECKS, *deletes.CHECKS),
        target=lambda address, repository, token, write: Registry(address, repository, token, write=write),
    ),
    "s3": Protocol(
        checks=(*s3_reading.CHECKS, *s3_writing.CHECKS),
        target=lambda address, repository, token, write: Bucket(address, repository, token, write=write),
    ),
}


def score(address: str, protocol: Name, repository: str, token: str | None = None, *, write: bool = False) -> Report:
    """Run every check of a protocol against a hub."""
    chosen = PROTOCOLS[protocol]
    with chosen.target(address, repository, token, write) as target:
        outcomes = list(run(chosen.checks, target, write=write))
    return Report(address=address, protocol=protocol, repository=repository, outcomes=outcomes)
