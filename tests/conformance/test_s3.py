"""The checks of S3, held against ours and against SeaweedFS."""

import httpx
import pytest
from bench.server import TOKEN, Server
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from commonground.conformance.catalogue import PROTOCOLS, score
from commonground.conformance.model import Report
from commonground.conformance.s3.signature import S3Auth
from tests.store.backends import seaweedfs

SEAWEEDFS = {
    "object-with-wrong-sha256",  # the body is taken
    "upload-with-wrong-part",  # 404
}
OURS = {"object-etag-is-md5"}
"""An ETag is the SHA-256, which every other protocol has, too."""


def failed(report: Report) -> set[str]:
    return {outcome.name for outcome in report.outcomes if outcome.state == "failed"}


def test_our_hub(hub: Server) -> None:
    pair = httpx.post(
        f"{hub.url}/api/cg/v1/me/access-keys", json={}, headers={"Authorization": f"Bearer {TOKEN}"}
    ).json()
    token = f"{pair['id']}:{pair['secret']}"
    report = score(f"{hub.url}/s3", "s3", "bench.tiny", token, write=True)
    assert failed(report) <= OURS
    assert (report.conforms, report.count("skipped")) == (True, 0)
    assert failed(score(f"{hub.url}/s3", "s3", "bench.tiny", token)) == set()


def test_seaweedfs() -> None:
    with seaweedfs.running() as address:
        endpoint = httpx.URL(address).params["endpoint"].rstrip("/")
        signing = S3Auth(seaweedfs.ACCESS_KEY, seaweedfs.SECRET_KEY)
        httpx.put(f"{endpoint}/{seaweedfs.BUCKET}", auth=signing).raise_for_status()
        token = f"{seaweedfs.ACCESS_KEY}:{seaweedfs.SECRET_KEY}"
        report = score(endpoint, "s3", seaweedfs.BUCKET, token, write=True)
    assert failed(report) == SEAWEEDFS
    assert report.count("passed") == len(PROTOCOLS["s3"].checks) - len(SEAWEEDFS)


@pytest.mark.parametrize(
    "path", ["/b/k", "/b/a%20b%2Bc", "/b?list-type=2&prefix=a%2Fb", "/b?uploads", "/b?b=2&a=%C3%A4"]
)
def test_requests_are_signed_as_botocore_signs(path: str) -> None:
    request = httpx.Request("PUT", f"http://s3.test{path}", content=b"body", headers={"x-amz-copy-source": "/b/k"})
    next(S3Auth("KEY", "SECRET").auth_flow(request))
    theirs = AWSRequest("PUT", f"http://s3.test{path}", data=b"body", headers={"x-amz-copy-source": "/b/k"})
    signer = S3SigV4Auth(Credentials("KEY", "SECRET"), "s3", "us-east-1")
    theirs.context["timestamp"] = request.headers["x-amz-date"]
    theirs.headers["X-Amz-Date"] = request.headers["x-amz-date"]
    theirs.headers["X-Amz-Content-SHA256"] = request.headers["x-amz-content-sha256"]
    text = signer.string_to_sign(theirs, signer.canonical_request(theirs))
    assert request.headers["Authorization"].endswith(f"Signature={signer.signature(text, theirs)}")
