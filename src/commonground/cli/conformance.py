"""``commonground conformance``: how well any hub speaks a protocol."""

import sys

import httpx
import msgspec

from commonground.cli.output import clean
from commonground.conformance.catalogue import Name, score
from commonground.conformance.model import Outcome, Report
from commonground.errors import InvalidArguments
from commonground.sdk.login import find

MARKS = {"passed": "passed ", "failed": "FAILED ", "skipped": "skipped"}


def conformance(
    address: str,
    *,
    protocol: Name,
    repository: str,
    token: str | None = None,
    write: bool = False,
    json: bool = False,
) -> None:
    """Check a hub against a protocol, one line a check. Exits with 1 if a required check failed.

    Parameters
    ----------
    address
        Address of the hub, such as https://hub.example; of S3, the endpoint.
    protocol
        What to check.
    repository
        A repository there, owner/name, or a bucket. With --write it is changed: take one made for this.
    token
        What to say who is calling: a token, user:password, or a key pair id:secret. Default: CG_TOKEN, or that of the last login there.
    write
        Make the checks that write, too.
    json
        Print one JSON document.

    """
    if httpx.URL(address).scheme not in {"http", "https"}:
        raise InvalidArguments(reason=f"{address} is not an address", command="commonground conformance")
    report = score(address.rstrip("/"), protocol, repository, token or find(address)[1], write=write)
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(report)
    if not report.conforms:
        sys.exit(1)


def _print(report: Report) -> None:
    section = ""
    for outcome in report.outcomes:
        if outcome.section != section:
            section = outcome.section
            print(section)
        print(f"  {MARKS[outcome.state]} {clean(_line(outcome))}")
    total = len(report.outcomes) - report.count("skipped")
    left_out = report.count("skipped")
    print(f"{report.protocol} at {clean(report.address)}: {report.count('passed')} of {total}, {left_out} skipped")


def _line(outcome: Outcome) -> str:
    mark = "" if outcome.required else " (recommended)"
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{outcome.name}{mark}{reason}"
