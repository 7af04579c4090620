"""AWS Signature Version 4 in the header of a request."""

import hashlib
import hmac
from collections.abc import Generator
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

import httpx

REGION = "us-east-1"


class S3Auth(httpx.Auth):
    """Signs every request with a key pair. A hash of the body that the request brings along is signed as it is."""

    requires_request_body = True

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send."""
        now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        request.headers["x-amz-date"] = now
        request.headers.setdefault("x-amz-content-sha256", hashlib.sha256(request.content).hexdigest())
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical(request).encode()).hexdigest()}"
        signature = hmac.new(self._signing_key(now[:8]), text.encode(), "sha256").hexdigest()
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}, SignedHeaders={';'.join(signed(request))}, Signature={signature}"
        )
        yield request

    def _signing_key(self, day: str) -> bytes:
        key = f"AWS4{self._secret}".encode()
        for part in (day, REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        return key


def signed(request: httpx.Request) -> list[str]:
    """The names of the headers that are signed."""
    return sorted(
        name.lower() for name in request.headers if name.lower() == "host" or name.lower().startswith("x-amz-")
    )


def canonical(request: httpx.Request) -> str:
    """What is signed: method, path, query, headers, and the hash of the body."""
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed(request))
    asked = "&".join(f"{name}={value}" for name, value in pairs)
    body = request.headers["x-amz-content-sha256"]
    return "\n".join([request.method, path, asked, headers, ";".join(signed(request)), body])


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
