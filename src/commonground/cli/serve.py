"""``commonground serve``: run the server."""

import logging
import os
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings

from commonground import settings as configuration
from commonground.errors import InvalidSetting
from commonground.settings import START, Role, Settings

READY_TIMEOUT = 60.0


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    data: Path | None = None,
    role: Role | None = None,
    workers: int | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> None:
    """Start the server. Prints one line when it accepts requests; SIGTERM drains and ends it.

    Parameters
    ----------
    host
        Address to listen on.
    port
        Port to listen on.
    data
        Directory of everything the server keeps; made at the first start.
    role
        Which part of the server this process runs.
    workers
        Number of web processes.
    tls_cert
        Certificate chain (PEM) to serve HTTPS with.
    tls_key
        Private key (PEM) of the certificate.

    """
    flags = {
        "host": host, "port": port, "data": data, "role": role, "workers": workers,
        "tls_cert": tls_cert, "tls_key": tls_key,
    }  # fmt: skip
    settings, explained = configuration.load(flags)
    _hand_down({item.name: item.value for item in explained if item.source != "default"})
    settings.data.mkdir(parents=True, exist_ok=True)
    _check_address(settings)
    os.register_at_fork(after_in_child=_heed_signals)
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    _server(settings).serve()


def _server(settings: Settings) -> Any:
    return Granian(
        "commonground.app:application",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=20_000, max_buffer_size=1_048_576),
        log_level=logging.getLevelName(logging.WARNING).lower(),  # type: ignore[arg-type]
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        workers_kill_timeout=settings.drain_seconds,
        respawn_failed_workers=settings.workers > 1,
    )


def _heed_signals() -> None:
    """A worker that is told to end before it set up its own handlers ends: the ones it inherited only take notes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _hand_down(values: dict[str, Any]) -> None:
    """Worker processes read the settings from the environment."""
    for name, value in values.items():
        os.environ[f"CG_{name.upper()}"] = ",".join(value) if isinstance(value, tuple) else str(value)
    os.environ[START] = f"{os.getpid()}-{secrets.token_hex(8)}"


def _check_address(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise InvalidSetting(name="port", reason=f"{settings.host}:{settings.port}: {error.strerror}") from None


def _announce(settings: Settings) -> None:
    address = settings.address
    context = ssl._create_unverified_context() if settings.tls_cert else None  # noqa: S323 - our own listener
    give_up = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5, context=context):  # noqa: S310
                break
        except urllib.error.HTTPError as error:
            if error.code != 503:
                break
        except OSError:
            pass
        time.sleep(0.02)
    print(f"commonground ready at {address}", file=sys.stdout, flush=True)
