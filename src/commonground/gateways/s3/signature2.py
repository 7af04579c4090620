"""Addresses signed with Signature Version 2: what boto3 still makes unless it is told ``signature_version="s3v4"``.

Version 2 leaves most of the query unsigned, so such an address opens one object for one method and nothing else.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping

import msgspec

from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.signature import Query

SIGNED_PARAMETERS = frozenset(
    {
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "versionId",
    }
)
_OWN = frozenset({"AWSAccessKeyId", "Expires", "Signature"})


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of an address. ``expires`` is in UTC seconds."""

    key_id: str
    expires: int
    signature: str


def read_address(query: Query) -> Address:
    """The claims; refused with a parameter that this signature does not cover."""
    given = dict(query)
    if len(given) != len(query) or given.keys() - _OWN - SIGNED_PARAMETERS or not given.keys() >= _OWN:
        raise refused("InvalidRequest", "this needs Signature Version 4 (AWS4-HMAC-SHA256)")
    expires = given["Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise refused("InvalidRequest", "Expires is not a number of seconds")
    return Address(key_id=given["AWSAccessKeyId"], expires=int(expires), signature=given["Signature"])


def expected(secret: str, address: Address, method: str, path: str, query: Query, headers: Mapping[str, str]) -> str:
    """The signature the secret gives, base64. ``path`` is the path as it was sent, ``headers`` in lower case."""
    covered = sorted((name, value) for name, value in query if name in SIGNED_PARAMETERS)
    resource = path + ("?" if covered else "") + "&".join(f"{name}={value}" for name, value in covered)
    amazon = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers) if name.startswith("x-amz-"))
    plain = [method, headers.get("content-md5", ""), headers.get("content-type", ""), str(address.expires)]
    text = "\n".join([*plain, amazon + resource])
    return b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "replace"), "sha1")).decode()
