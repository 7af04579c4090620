"""Which operation a request asks for: S3 tells operations of one method and path apart by parameters and headers."""

from collections.abc import Callable

from starlette.requests import Request

Test = Callable[[Request], bool]

SUBRESOURCES = frozenset(
    [
        "abac",
        "accelerate",
        "acl",
        "analytics",
        "annotation",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metadataConfiguration",
        "metadataTable",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versioning",
        "versions",
        "website",
    ]
)
"""The parameters that name an operation of their own."""

HARMLESS = frozenset({"x-id", "partNumber", "versionId", "AWSAccessKeyId", "Signature", "Expires"})
"""Parameters a write may carry without being another operation."""


def subresource(request: Request) -> str:
    """The parameter that names the operation; empty for none. A write with a parameter nobody knows is an operation
    this server does not know either: taken for a plain write it could destroy something.
    """
    names = request.query_params.keys()
    known = next((name for name in names if name in SUBRESOURCES), "")
    if known or request.method in {"GET", "HEAD"}:
        return known
    return next((name for name in names if name not in HARMLESS and not name.startswith("X-Amz-")), "")


def asks(*names: str) -> Test:
    """A test for one of these operations; ``""`` is the plain one."""
    return lambda request: subresource(request) in names


def sends(header: str, *names: str) -> Test:
    """The same, for requests that carry a header, too."""
    return lambda request: header in request.headers and subresource(request) in names


def lacks(header: str, *names: str) -> Test:
    """The same, for requests that do not carry it."""
    return lambda request: header not in request.headers and subresource(request) in names


def is_second_list(request: Request) -> bool:
    """Whether ListObjectsV2 is asked for."""
    return subresource(request) == "" and request.query_params.get("list-type") == "2"
