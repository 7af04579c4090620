"""``commonground proxy``: answer, on this machine, for servers whose addresses are written into their clients."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from commonground import settings as configuration
from commonground.proxy.forwarding import KAGGLE_PORT, OLLAMA_PORT, every_call, forwarder, pulls
from commonground.proxy.listener import Listener, Serve
from commonground.proxy.upstream import Upstream
from commonground.sdk import login

app = cyclopts.App(name="proxy", help="Stand in for servers whose addresses are written into their clients.")

Data = Annotated[Path | None, Parameter(help="Directory the certificate authority is kept in.")]
HubAddress = Annotated[
    str | None, Parameter(name="--hub", help="Address of the hub; default: CG_ENDPOINT, then that of the last login.")
]


@app.command(name="github")
def github(*, port: int = 3128, hub: HubAddress = None, data: Data = None) -> None:
    """Let torch.hub find the models of a hub: an HTTPS proxy that answers for github.com.

    Programs use it with HTTPS_PROXY=http://127.0.0.1:PORT and SSL_CERT_FILE=FILE, as `proxy ca` writes it. It reads
    with the token from CG_TOKEN or the last login, for any program of this machine that asks. Ends with Ctrl+C.

    Parameters
    ----------
    port
        Port of 127.0.0.1 to listen on; 0 takes a free one.

    """
    from commonground.proxy.authority import Authority
    from commonground.proxy.github import GitHub, connect_proxy

    authority = Authority.open(_folder(data))
    endpoint, token = login.find(hub)

    async def run() -> None:
        async with Upstream(endpoint, token) as upstream:
            await _serve("github", connect_proxy(GitHub(upstream), authority), port, endpoint)

    asyncio.run(run())


@app.command(name="kaggle")
def kaggle(*, port: int = KAGGLE_PORT, hub: HubAddress = None) -> None:
    """Forward kagglehub, run with KAGGLE_API_ENVIRONMENT=TEST, to a hub.

    The client's own credentials go along, no others. Ends with Ctrl+C.

    Parameters
    ----------
    port
        Port of 127.0.0.1 to listen on; the client calls 7777 and no other.

    """
    endpoint, _ = login.find(hub)

    async def run() -> None:
        async with Upstream(endpoint) as upstream:
            await _serve("kaggle", forwarder(upstream, every_call), port, endpoint)

    asyncio.run(run())


@app.command(name="ollama")
def ollama(*, port: int = OLLAMA_PORT, hub: HubAddress = None) -> None:
    """Let ollama pull private models: it can send no token, so this sends yours.

    Then `ollama pull --insecure http://127.0.0.1:PORT/owner/name`. It reads with the token from CG_TOKEN or the last
    login, for any program of this machine that asks. Ends with Ctrl+C.

    Parameters
    ----------
    port
        Port of 127.0.0.1 to listen on; 0 takes a free one.

    """
    endpoint, token = login.find(hub)

    async def run() -> None:
        async with Upstream(endpoint, token) as upstream:
            await _serve("ollama", forwarder(upstream, pulls), port, endpoint)

    asyncio.run(run())


@app.command(name="ca")
def certificate(*, out: Path | None = None, data: Data = None) -> None:
    """Write the certificate that programs must trust to use `proxy github`, in PEM.

    Parameters
    ----------
    out
        File to write; default: standard output.

    """
    from commonground.proxy.authority import Authority

    pem = Authority.open(_folder(data)).certificate
    if out is None:
        sys.stdout.write(pem.decode())
    else:
        out.write_bytes(pem)


def _folder(data: Path | None) -> Path:
    settings, _ = configuration.load({"data": data})
    return settings.data / "proxy"


async def _serve(name: str, serve: Serve, port: int, endpoint: str) -> None:
    async with Listener(serve, port) as listener:
        print(f"commonground proxy {name} ready at {listener.address} for {endpoint}", flush=True)
        await listener.forever()
