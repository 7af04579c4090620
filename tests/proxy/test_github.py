"""``commonground proxy github``: what torch.hub asks of GitHub, answered from a hub."""

import io
import json
import re
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proxy.conftest import COMMAND, HUBCONF, program
from tests.sdk.live import TOKENS


@pytest.fixture(scope="module")
def proxy(hub: str, data: Path) -> Iterator[str]:
    with program("github", "--hub", hub, "--data", str(data)) as address:
        yield address


@pytest.fixture(scope="module")
def own(hub: str, data: Path) -> Iterator[str]:
    """A proxy that reads with alice's token."""
    with program("github", "--hub", hub, "--data", str(data), token=TOKENS["alice"]) as address:
        yield address


class Browser:
    """urllib, the way torch.hub uses it, with HTTPS_PROXY and SSL_CERT_FILE."""

    def __init__(self, proxy: str, data: Path) -> None:
        context = ssl.create_default_context(cafile=data / "proxy" / "ca.pem")
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"https": proxy}), urllib.request.HTTPSHandler(context=context)
        )

    def __call__(self, url: str, method: str = "GET") -> tuple[int, bytes]:
        try:
            with self._opener.open(urllib.request.Request(url, method=method), timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, url: str) -> Any:
        status, body = self(url)
        assert status == 200, body
        return json.loads(body)


@pytest.fixture
def browse(proxy: str, data: Path) -> Browser:
    return Browser(proxy, data)


def test_a_revision_exists_or_not(browse: Browser) -> None:
    for revision, status in (("main/", 200), ("main", 200), ("v1/", 200), ("dev/x/", 200), ("master/", 404)):
        assert browse(f"https://github.com/alice/tiny/tree/{revision}")[0] == status, revision
    assert browse("https://github.com/alice/none/tree/main/")[0] == 404
    assert browse("https://github.com/alice/tiny/tree/main/", "HEAD") == (200, b"")


def test_branches_and_tags_in_pages(browse: Browser) -> None:
    branches = browse.json("https://api.github.com/repos/alice/tiny/branches?per_page=100&page=1")
    assert [branch["name"] for branch in branches] == ["dev/x", "main"]
    assert all(len(branch["commit"]["sha"]) == 40 for branch in branches)
    assert [tag["name"] for tag in browse.json("https://api.github.com/repos/alice/tiny/tags?per_page=100&page=1")] == [
        "v1"
    ]
    assert browse.json("https://api.github.com/repos/alice/tiny/branches?per_page=100&page=2") == []
    second = browse.json("https://api.github.com/repos/alice/tiny/branches?per_page=1&page=2")
    assert [branch["name"] for branch in second] == ["main"]
    assert len(browse.json("https://api.github.com/repos/alice/tiny/branches?per_page=x&page=-1")) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/alice/tiny/zipball/main",
        "https://github.com/alice/tiny/zipball/refs/heads/dev/x",
        "https://github.com/alice/tiny/archive/v1.zip",
        "https://github.com/alice/tiny/archive/refs/tags/v1.zip",
        "https://codeload.github.com/alice/tiny/zip/main",
        "https://codeload.github.com/alice/tiny/legacy.zip/refs/heads/main",
        "https://api.github.com/repos/alice/tiny/zipball/v1",
    ],
)
def test_the_files_come_as_a_zip_with_one_folder(browse: Browser, url: str) -> None:
    status, body = browse(url)
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        top = names[0]
        assert re.fullmatch(r"[^/]+/", top), "torch.hub takes the first member for the folder"
        assert all(name.startswith(top) for name in names)
        assert archive.read(f"{top}hubconf.py") == HUBCONF
    assert browse(url, "HEAD") == (200, b"")


def test_a_zip_of_what_is_absent_or_private_is_not_found(browse: Browser, own: str, data: Path) -> None:
    for place in ("none/zipball/main", "tiny/zipball/none", "secret/zipball/main"):
        assert browse(f"https://github.com/alice/{place}")[0] == 404
    assert Browser(own, data)("https://github.com/alice/secret/zipball/main")[0] == 200


def test_what_github_has_beside_is_not_found(browse: Browser) -> None:
    for url in (
        "https://github.com/",
        "https://github.com/alice/tiny",
        "https://github.com/alice/tiny/info/refs?service=git-upload-pack",
        "https://api.github.com/user",
        "https://api.github.com/alice/tiny/tree/main",
        "https://codeload.github.com/repos/alice/tiny/tags",
        "https://api.github.com/repos/alice/..%2F..%2Fadmin/tags",
    ):
        status, body = browse(url)
        assert (status, json.loads(body)) == (404, {"message": "Not Found"}), url
    assert browse("https://api.github.com/repos/alice/tiny/tags", "POST")[0] == 404


def test_a_private_model_looks_absent_without_a_token(browse: Browser, own: str, data: Path) -> None:
    url = "https://api.github.com/repos/alice/secret/branches"
    assert browse(url) == browse("https://api.github.com/repos/alice/none/branches")
    assert [branch["name"] for branch in Browser(own, data).json(url)] == ["dev/x", "main"]


def raw(proxy: str, request: bytes) -> bytes:
    host, _, port = proxy.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT packages.example:443",
        b"CONNECT github.com:22",
        b"CONNECT github.com",
        b"CONNECT github.com.:443",
        b"CONNECT github.com@evil.example:443",
        b"GET http://github.com/alice/tiny/tree/main/",
        b"GET /alice/tiny/tree/main/",
    ],
)
def test_other_hosts_are_refused(proxy: str, line: bytes) -> None:
    answer = raw(proxy, line + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403"), answer
    assert b"github.com" in answer


@given(st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_bytes_that_are_not_http_end_the_connection(proxy: str, request: bytes) -> None:
    answer = raw(proxy, request)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))


def test_a_client_that_does_not_wait_for_the_tunnel_is_cut_off(proxy: str) -> None:
    assert raw(proxy, b"CONNECT github.com:443 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n") == b""


def test_a_hub_that_is_away_is_a_bad_gateway(data: Path) -> None:
    with program("github", "--hub", "http://127.0.0.1:9", "--data", str(data)) as address:
        status, body = Browser(address, data)("https://github.com/alice/tiny/tree/main/")
    assert status == 502
    assert "127.0.0.1:9" in json.loads(body)["message"]


def test_the_certificate_is_exported(proxy: str, data: Path, tmp_path: Path) -> None:
    kept = (data / "proxy" / "ca.pem").read_text()
    command = [*COMMAND, "proxy", "ca", "--data", str(data)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == kept
    subprocess.run([*command, "--out", str(tmp_path / "hub-ca.pem")], check=True)
    assert (tmp_path / "hub-ca.pem").read_text() == kept


def test_a_port_that_is_taken_is_one_readable_line(proxy: str, data: Path) -> None:
    command = [*COMMAND, "proxy", "github", "--data", str(data), "--port", proxy.rpartition(":")[2]]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("CG-1501")
    assert len(run.stderr.splitlines()) == 1
