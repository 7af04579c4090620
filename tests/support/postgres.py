"""A private PostgreSQL cluster for tests, on a free loopback port, as a user who is not root."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

PACKAGE = "postgresql"


def binaries() -> Path | None:
    """Where ``initdb`` and ``pg_ctl`` are, newest release first."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    return next((p.parent for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


def require_binaries() -> Path:
    """The binaries, or a failure where ``CI=true``, or a skip that names the package."""
    found = binaries()
    if found is not None:
        return found
    message = f"PostgreSQL is missing: apt-get install {PACKAGE}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def cluster() -> Iterator[str]:
    """A running server without durability; yields the SQLAlchemy address of its maintenance database."""
    programs = require_binaries()
    with tempfile.TemporaryDirectory(prefix="commonground-pg-") as folder:
        home = Path(folder)
        prefix = _unprivileged(home)
        data, port = home / "data", _free_port()
        _run(
            [*prefix, str(programs / "initdb"), "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "-N"], home
        )
        control = [*prefix, str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log")]
        options = f"-h 127.0.0.1 -p {port} -k {home} -c fsync=off -c full_page_writes=off -c max_connections=60"
        _run([*control, "-o", options, "start"], home)
        try:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], home)


def create_database(maintenance: str) -> str:
    """The address of a new empty database of the cluster."""
    name = f"t{uuid4().hex}"
    _execute(maintenance, f'CREATE DATABASE "{name}"')
    return make_url(maintenance).set(database=name).render_as_string(hide_password=False)


@contextmanager
def fresh_database(maintenance: str) -> Iterator[str]:
    """The address of a new empty database of the cluster, dropped at the end."""
    address = create_database(maintenance)
    try:
        yield address
    finally:
        _execute(maintenance, f'DROP DATABASE "{make_url(address).database}" WITH (FORCE)')


def _execute(maintenance: str, statement: str) -> None:
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _unprivileged(home: Path) -> list[str]:
    """How to run a program as somebody who may own a cluster: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return []
    user = "postgres" if _exists("postgres") else "nobody"
    shutil.chown(home, user)
    return ["runuser", "-u", user, "--"]


def _exists(user: str) -> bool:
    return subprocess.run(["id", user], capture_output=True, check=False).returncode == 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _run(command: list[str], home: Path) -> None:
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        log = home / "log"
        raise RuntimeError(f"{command} failed: {done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}")
