"""The certificate authority: kept, private, and bound to the hosts it may vouch for."""

import socket
import ssl
import sys
import threading
from pathlib import Path

import pytest

from commonground.errors import PackageMissing, UnusableFile
from commonground.proxy import hosts
from commonground.proxy.authority import Authority


def handshake(server: ssl.SSLContext, certificate: bytes, host: str) -> None:
    """A client that trusts ``certificate`` alone talks to a server it takes for ``host``."""
    client = ssl.create_default_context(cadata=certificate.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(left, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(right, server_hostname=host) as secured:
            secured.send(b"x")
    finally:
        right.close()
        thread.join(10)


def test_a_client_that_trusts_it_takes_the_proxy_for_every_host(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path)
    context = authority.context(hosts.GITHUB)
    for host in hosts.GITHUB:
        handshake(context, authority.certificate, host)


def test_it_cannot_vouch_for_other_hosts(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path)
    for host in ("packages.example", "github.com.evil.example"):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            handshake(authority.context([host]), authority.certificate, host)


def test_it_is_made_once(tmp_path: Path) -> None:
    first = Authority.open(tmp_path).certificate
    assert Authority.open(tmp_path).certificate == first
    assert (tmp_path / "ca.pem").read_bytes() == first


def test_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    Authority.open(tmp_path / "proxy")
    assert (tmp_path / "proxy").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "proxy" / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "proxy").iterdir()) == ["ca-key.pem", "ca.pem"]


def test_the_certificate_is_made_anew_when_the_hosts_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, key = Authority.open(tmp_path).certificate, (tmp_path / "ca-key.pem").read_bytes()
    monkeypatch.setattr(hosts, "EVERY", (*hosts.EVERY, "registry.example"))
    authority = Authority.open(tmp_path)
    assert authority.certificate != first
    assert (tmp_path / "ca-key.pem").read_bytes() == key
    handshake(authority.context(["registry.example"]), authority.certificate, "registry.example")


@pytest.mark.parametrize("text", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_broken_certificate_is_replaced(tmp_path: Path, text: bytes) -> None:
    Authority.open(tmp_path)
    (tmp_path / "ca.pem").write_bytes(text)
    assert Authority.open(tmp_path).certificate == (tmp_path / "ca.pem").read_bytes() != text


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(PackageMissing, match=r"commonground\[proxy\]"):
        Authority.open(tmp_path / "proxy")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_key_is_named_and_stays(tmp_path: Path) -> None:
    Authority.open(tmp_path)
    (tmp_path / "ca-key.pem").write_bytes(b"mine")
    with pytest.raises(UnusableFile, match="ca-key"):
        Authority.open(tmp_path)
    assert (tmp_path / "ca-key.pem").read_bytes() == b"mine"
