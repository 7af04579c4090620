"""What S3 says of an object: its tag, version and dates, and the conditions a request may set on them."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request

from commonground.errors import PreconditionFailed
from commonground.hub.revisions.model import Entry

STORAGE_CLASS = "STANDARD"


def etag(entry: Entry) -> str:
    """The tag of a file, unquoted: the same content has the same one. It ends like that of a multipart upload in S3,
    so that no client takes it for an MD5.
    """
    return f"{entry.lfs.sha256 if entry.lfs else entry.oid}-1"


def part_tag(sha256: bytes) -> str:
    """The tag of a part of an upload, unquoted."""
    return f"{sha256.hex()}-1"


def http_date(milliseconds: int) -> str:
    """A time as headers have it."""
    return format_datetime(datetime.fromtimestamp(milliseconds // 1000, UTC), usegmt=True)


def xml_date(milliseconds: int) -> str:
    """A time as documents have it."""
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"
    )


def check(request: Request, tag: str, changed: int, prefix: str = "") -> None:
    """Return if a file with this tag and date is what the request expects; :class:`PreconditionFailed`. ``prefix``
    stands before the names of the headers. What makes an answer 304 is for the caller: :func:`not_modified`.
    """
    matches = request.headers.get(f"{prefix}if-match")
    if matches is not None and not _names(matches, tag):
        raise PreconditionFailed(condition="If-Match")
    since = _date(request.headers.get(f"{prefix}if-unmodified-since"))
    if matches is None and since is not None and changed // 1000 > since:
        raise PreconditionFailed(condition="If-Unmodified-Since")


def not_modified(request: Request, tag: str, changed: int, prefix: str = "") -> bool:
    """Whether the caller has this file already (RFC 9110: a date counts only without a tag)."""
    given = request.headers.get(f"{prefix}if-none-match")
    if given is not None:
        return _names(given, tag)
    since = _date(request.headers.get(f"{prefix}if-modified-since"))
    return since is not None and changed // 1000 <= since


def _names(header: str, tag: str) -> bool:
    return any(given.strip().removeprefix("W/").strip('"') in {tag, "*"} for given in header.split(","))


def _date(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
