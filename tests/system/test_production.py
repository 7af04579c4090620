"""A server as it stands in the world: TLS, a proxy in front, people who join, and operators who err."""

import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from bench.server import COMMAND, Server

from tests.system.conftest import User, file

PASSWORD = "correct horse battery"
LINK = re.compile(r"^first administrator: (\S+)/join/(\S+) \(valid for a day, once\)$", re.MULTILINE)


class Deployed(Server):
    """A server with settings."""

    def __init__(self, root: Path, **settings: str) -> None:
        super().__init__(root)
        self.data = root / "data"
        self._settings = {f"CG_{name.upper()}": value for name, value in settings.items()}

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self._settings

    def log(self) -> str:
        """What it has written to standard error so far."""
        return (self.root / "log").read_text()


@contextmanager
def serving(root: Path, **settings: str) -> Iterator[Deployed]:
    server = Deployed(root, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def person(name: str) -> dict[str, str]:
    """A filled-in form of somebody who joins."""
    return {"name": name, "password": PASSWORD, "password_again": PASSWORD}


def joins(server: Server, path: str, name: str) -> int:
    """The status of joining through a page."""
    with httpx.Client(base_url=server.url) as browser:
        return browser.post(path, data=person(name)).status_code


# --- TLS and the first administrator ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


def test_the_first_administrator_joins_over_tls_through_a_link_that_is_printed_once(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    with serving(tmp_path, workers="2", tls_cert=str(cert), tls_key=str(key)) as server:
        address = f"https://127.0.0.1:{server.port}"
        [(printed, code)] = LINK.findall(server.log())
        assert printed == address
        context = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=address, verify=context) as browser:
            assert "Become the first administrator" in browser.get(f"/join/{code}").text
            joined = browser.post(f"/join/{code}", data=person("root"))
            assert joined.status_code == 303
            cookie = joined.headers["set-cookie"].lower()
            assert {"secure", "httponly", "samesite=lax"} <= set(cookie.split("; "))
            assert "strict-transport-security" in browser.get("/settings/tokens").headers
        with httpx.Client(base_url=address, verify=context) as other:
            assert other.post(f"/join/{code}", data=person("eve")).status_code == 410
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{server.port}/healthz")
        server.stop()
        server.start()
        assert len(LINK.findall(server.log())) == 1


def test_the_link_is_shown_again_until_there_is_an_administrator(tmp_path: Path) -> None:
    with serving(tmp_path, public_url="https://hub.example/") as server:
        server.stop()
        server.start()
        first, second = LINK.findall(server.log())
        assert first == second
        assert first[0] == "https://hub.example"
        assert joins(server, f"/join/{first[1]}", "root") == 303
        server.stop()
        server.start()
        assert len(LINK.findall(server.log())) == 2


# --- who may join -------------------------------------------------------------------------------------------------------


def test_an_open_server_takes_everybody(tmp_path: Path) -> None:
    with serving(tmp_path, registration="open") as server:
        assert joins(server, "/join", "alice") == 303
        assert joins(server, "/join", "Alice") == 409
        assert joins(server, "/join", "api") == 400


def test_invitations_let_one_in_each_unless_the_server_is_closed(tmp_path: Path) -> None:
    with serving(tmp_path, registration="invite") as server:
        assert joins(server, "/join", "alice") == 403
        link, unused = (_path(server.command("admin", "invite", "--data", str(server.data))) for _ in range(2))
        assert joins(server, link, "alice") == 303
        assert joins(server, link, "bob") == 410
    with serving(tmp_path, registration="closed") as server:
        assert joins(server, unused, "bob") == 410
        assert joins(server, "/join", "bob") == 403
        assert "does not take new accounts" in httpx.get(f"{server.url}/join").text


def _path(address: str) -> str:
    assert address.startswith("http://127.0.0.1:")
    return "/" + address.strip().split("/", 3)[3]


# --- behind a proxy -----------------------------------------------------------------------------------------------------

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A server that trusts 127.0.0.1, and nobody else on this machine."""
    root = tmp_path_factory.mktemp("proxied")
    with serving(root, trusted_proxies="127.0.0.1", registration="open") as server:
        assert joins(server, "/join", "alice") == 303
        yield server


def client(server: Deployed, source: str, **headers: str) -> httpx.Client:
    """A client that connects from this loopback address."""
    transport = httpx.HTTPTransport(local_address=source)
    return httpx.Client(base_url=server.url, transport=transport, headers=headers, timeout=30)


def origin(address: str) -> str:
    """Scheme and host of an address."""
    return "/".join(address.split("/")[:3])


def addresses_of(server: Deployed, source: str, repository: str) -> list[str]:
    """Addresses that different gateways make up for a caller."""
    token = server.command("admin", "create-token", "alice", "--data", str(server.data)).strip()
    with client(server, source, Authorization=f"Bearer {token}", **FORWARDED) as http:
        alice = User("alice", token, http)
        alice.create(repository)
        commit = alice.commit(f"alice/{repository}", file("a", b"a")).json()["commitUrl"]
        xet = http.get(f"/api/models/alice/{repository}/xet-write-token/main").json()["casUrl"]
        [lfs] = alice.lfs_batch(f"alice/{repository}", "upload", ("0" * 64, 1)).json()["objects"]
        moved = {"fromRepo": f"alice/{repository}", "toRepo": f"alice/{repository}-moved", "type": "model"}
        assert http.post("/api/repos/move", json=moved).status_code == 200
        redirect = http.get(f"/api/models/alice/{repository}")
        assert redirect.status_code == 307
        assert redirect.headers["location"].startswith("/"), "relative: right wherever the client is"
        return [commit, xet, lfs["actions"]["upload"]["href"]]


def test_a_trusted_proxy_says_how_clients_reach_the_server(proxied: Deployed) -> None:
    found = addresses_of(proxied, "127.0.0.1", "trusted")
    assert {origin(address) for address in found} == {"https://hub.example"}


def test_nobody_else_is_believed(proxied: Deployed) -> None:
    found = addresses_of(proxied, "127.0.0.2", "untrusted")
    assert {origin(address) for address in found} == {proxied.url}


@pytest.mark.parametrize(("source", "secure"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_the_cookie_is_secure_where_people_are_on_https(proxied: Deployed, source: str, secure: bool) -> None:
    with client(proxied, source, **FORWARDED) as browser:
        answer = browser.post("/login", data={"name": "alice", "password": PASSWORD})
        assert answer.status_code == 303
        assert ("secure" in answer.headers["set-cookie"].lower().split("; ")) is secure


def test_guessing_passwords_ends_for_the_address_it_comes_from(proxied: Deployed) -> None:
    wrong = {"name": "alice", "password": "wrong"}
    with client(proxied, "127.0.0.1", **{"X-Forwarded-For": "203.0.113.66"}) as attacker:
        statuses = [attacker.post("/login", data=wrong).status_code for _ in range(11)]
        assert statuses == [422] * 10 + [429]
        basic = attacker.get("/api/whoami-v2", auth=("alice", PASSWORD))
        assert (basic.status_code, basic.json()["code"]) == (429, "CG-1009")
        assert int(basic.headers["retry-after"]) > 0
        elsewhere = {"X-Forwarded-For": "198.51.100.7"}
        assert attacker.get("/api/whoami-v2", auth=("alice", PASSWORD), headers=elsewhere).status_code == 200


# --- operators ----------------------------------------------------------------------------------------------------------


def run(server: Deployed, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the settings of a server that is not started."""
    command = [*COMMAND, *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=server._environment(), cwd=server.root, timeout=30
    )


def test_the_configuration_is_explained_without_its_secrets(tmp_path: Path) -> None:
    secret = "k" * 40
    server = Deployed(
        tmp_path,
        secret_key=secret,
        database_url="postgresql://hub:hunter2@db/hub",
        storage_url="s3://blobs?access_key_id=me&secret_access_key=hunter3&region=x",
    )
    done = run(server, "config", "explain", "--json")
    assert done.returncode == 0
    values = {item["name"]: (item["value"], item["source"]) for item in json.loads(done.stdout)}
    assert values["port"] == (8000, "default")
    assert values["secret_key"] == ("***", "environment")
    assert values["database_url"] == ("postgresql://hub:***@db/hub", "environment")
    assert values["storage_url"][0] == "s3://blobs?access_key_id=me&secret_access_key=***&region=x"
    assert not re.search(f"hunter|{secret}", done.stdout + run(server, "config", "explain").stdout)


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "eighty"), ("trusted_proxies", "proxy.example"), ("secret_key", "short"), ("tls_cert", "absent.pem")],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, name: str, value: str) -> None:
    done = run(Deployed(tmp_path, **{name: value}), "serve", "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"CG-1501: Setting {name}: .*\n", done.stderr)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("moment", [0.3, 0.7])
def test_a_server_that_is_told_to_end_while_it_starts_ends_at_once(tmp_path: Path, moment: float) -> None:
    server = Deployed(tmp_path, workers="2")
    command = [*COMMAND, "serve", "--data", str(server.data), "--port", str(server.port)]
    with subprocess.Popen(command, env=server._environment(), stderr=subprocess.DEVNULL) as process:
        while not _has_children(process.pid):
            time.sleep(0.01)
        time.sleep(moment)
        process.terminate()
        assert process.wait(10) == 0


def _has_children(process_id: int) -> bool:
    return bool(psutil.Process(process_id).children())


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run(Deployed(tmp_path), "serve", "--data", str(tmp_path / "data"), "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"CG-1501: Setting port: 127.0.0.1:{port}: Address already in use.*\n", done.stderr)
