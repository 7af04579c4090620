"""AWS Signature Version 4: what a request says about its signature, and the signature its key gives.

Follows "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference. Nothing here reads a clock or a
database.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_to_bytes

import msgspec

from commonground.errors import BadRequest
from commonground.gateways.s3.errors import refused

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
LONGEST = timedelta(days=7)
"""How long an address may be signed for."""

_TIME = re.compile(r"\d{8}T\d{6}Z")
_SCOPE = re.compile(r"([\x21-\x2b\x2d\x2e\x30-\x7e]{1,128})/(\d{8})/([\w-]{1,64})/s3/aws4_request")
_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]*)\s*")
_HEADERS = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+(;[a-z0-9!#$%&'*+.^_`|~-]+)*")
_BLANKS = re.compile(r" +")

Query = Sequence[tuple[str, str]]


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a signed request. ``moment`` is when it was signed, as it is signed;
    ``scope`` names the key derived from the secret.
    """

    key_id: str
    moment: str
    time: datetime
    region: str
    headers: tuple[str, ...]
    signature: str
    payload: str
    expires: timedelta | None = None

    @property
    def scope(self) -> str:
        """``date/region/s3/aws4_request``."""
        return f"{self.moment[:8]}/{self.region}/s3/aws4_request"

    def signing_key(self, secret: str) -> bytes:
        """The key of one day, region and service."""
        return _signing_key(secret, self.scope)


@lru_cache(1024)
def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def read_header(value: str, headers: Mapping[str, str]) -> Signed:
    """The claims of an ``Authorization`` header; ``headers`` are the others of the request, in lower case."""
    matches = (_FIELD.fullmatch(part) for part in value[len(ALGORITHM) :].split(","))
    fields = {match[1]: match[2] for match in matches if match}
    payload = headers.get("x-amz-content-sha256")
    if not payload:
        raise refused("InvalidRequest", "the header x-amz-content-sha256 is missing")
    return _signed(fields, headers.get("x-amz-date", ""), payload, "AuthorizationHeaderMalformed")


def read_query(query: Query, headers: Mapping[str, str]) -> Signed:
    """The claims of a presigned address."""
    given = {name.removeprefix("X-Amz-"): value for name, value in query if name.startswith("X-Amz-")}
    if given.get("Algorithm") != ALGORITHM:
        raise _malformed("AuthorizationQueryParametersError", "the algorithm is not AWS4-HMAC-SHA256")
    seconds = given.get("Expires", "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 9) or int(seconds) > LONGEST.total_seconds():
        raise _malformed("AuthorizationQueryParametersError", "X-Amz-Expires is not a number of up to 604800 seconds")
    payload = given.get("Content-Sha256") or headers.get("x-amz-content-sha256") or UNSIGNED
    claims = _signed(given, given.get("Date", ""), payload, "AuthorizationQueryParametersError")
    return msgspec.structs.replace(claims, expires=timedelta(seconds=int(seconds)))


def _signed(fields: Mapping[str, str], moment: str, payload: str, code: str) -> Signed:
    scope = _SCOPE.fullmatch(fields.get("Credential", ""))
    names = fields.get("SignedHeaders", "")
    if not scope or not _HEADERS.fullmatch(names) or not fields.get("Signature"):
        raise _malformed(code, "credential, signed headers or signature are missing or malformed")
    if not _TIME.fullmatch(moment) or not moment.isascii() or not moment.startswith(scope[2]):
        raise _malformed(code, "the time of the signature is missing, malformed or of another day than its credential")
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        raise _malformed(code, "the time of the signature is none") from None
    if "host" not in (signed := tuple(names.split(";"))):
        raise _malformed(code, "the host is not signed")
    return Signed(
        key_id=scope[1],
        moment=moment,
        time=time,
        region=scope[3],
        headers=signed,
        signature=fields["Signature"],
        payload=payload,
    )


def _malformed(code: str, reason: str) -> BadRequest:
    return refused(code, reason)


def string_to_sign(claims: Signed, canonical: str) -> str:
    """What the signature of a request is made of."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{claims.moment}\n{claims.scope}\n{digest}"


def canonical_path(raw_path: str) -> str:
    """A path in the spelling that is signed."""
    return quote(unquote_to_bytes(raw_path), safe="/-_.~")


def canonical_request(
    claims: Signed, method: str, path: str, query: Query, headers: Mapping[str, Sequence[str]]
) -> str:
    """The request in the one form both sides agree on. ``headers`` have names in lower case."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in query if name != "X-Amz-Signature")
    lines = [f"{name}:{','.join(_trimmed(value) for value in headers.get(name, ()))}" for name in claims.headers]
    return "\n".join(
        [
            method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *lines,
            "",
            ";".join(claims.headers),
            claims.payload,
        ]
    )


def parse_query(raw: str) -> list[tuple[str, str]]:
    """The parameters of a query string in order; ``+`` is a plus here, as SigV4 has it."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def chunk_signature(key: bytes, claims: Signed, previous: str, digest: str) -> str:
    """The signature of a chunk of a signed stream, which follows the ``previous`` one."""
    text = f"{ALGORITHM}-PAYLOAD\n{claims.moment}\n{claims.scope}\n{previous}\n{EMPTY_SHA256}\n{digest}"
    return sign(key, text)


def trailer_signature(key: bytes, claims: Signed, previous: str, digest: str) -> str:
    """The signature of the trailers behind the last chunk."""
    return sign(key, f"{ALGORITHM}-TRAILER\n{claims.moment}\n{claims.scope}\n{previous}\n{digest}")


def sign(key: bytes, text: str) -> str:
    """The HMAC of a text, 64 hex digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", errors="surrogatepass")


def _trimmed(value: str) -> str:
    return _BLANKS.sub(" ", value.strip())
