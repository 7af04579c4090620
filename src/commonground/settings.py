"""One typed settings tree. Sources, later wins: defaults, ``commonground.toml``, environment (``CG_*``), command line."""

import os
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

from commonground.errors import InvalidSetting

Role = Literal["all", "hub", "inference", "worker", "web"]
START = "COMMONGROUND_START"
"""Environment variable that names one start of a server, the same in all its processes: ``<id of the first>-<random>``."""


def _doc(text: str, least: int | None = None, most: int | None = None) -> msgspec.Meta:
    return msgspec.Meta(description=text, ge=least, le=most)


KEY_LENGTH = 32
_TLS = "tls_cert and tls_key must both name a file"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of the server. ``name`` is read from ``CG_NAME`` and from ``name = ...`` in ``commonground.toml``."""

    data: Annotated[Path, _doc("Directory of everything the server keeps.")] = Path(".commonground")
    host: Annotated[str, _doc("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _doc("Port to listen on.", 1, 65_535)] = 8000
    role: Annotated[Role, _doc("Which part of the server this process runs.")] = "all"
    workers: Annotated[int, _doc("Number of web processes.", 1)] = 1
    public_url: Annotated[str, _doc("Address clients reach the server at; empty: taken from the request.")] = ""
    database_url: Annotated[str, _doc("postgresql://... ; empty: SQLite inside the data directory.")] = ""
    storage_url: Annotated[str, _doc("s3://bucket/prefix?endpoint=... ; empty: files inside the data directory.")] = ""
    secret_key: Annotated[
        str, _doc("Secret every signature is derived from; empty: made once, kept in the database.")
    ] = ""
    registration: Annotated[Literal["open", "invite", "closed"], _doc("Who may create an account.")] = "invite"
    gateways_off: Annotated[tuple[str, ...], _doc("Protocols that are not offered, by name: kaggle, mcp.")] = ()
    trusted_proxies: Annotated[tuple[str, ...], _doc("Addresses whose X-Forwarded-* headers are believed.")] = ()
    tls_cert: Annotated[Path | None, _doc("Certificate chain (PEM) to serve HTTPS with.")] = None
    tls_key: Annotated[Path | None, _doc("Private key (PEM) of the certificate.")] = None
    log_format: Annotated[Literal["auto", "text", "json"], _doc("auto: text on a terminal, JSON elsewhere.")] = "auto"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _doc("Lowest level that is logged.")] = "info"
    database_threads: Annotated[int, _doc("Threads that run database reads, per process.", 1)] = 4
    cache_bytes: Annotated[int, _doc("Disk space for rebuilt hot files, in bytes.", 0)] = 20 * 2**30
    memory_cache_bytes: Annotated[
        int, _doc("Memory for hot git objects and xorb indexes, per process, in bytes.", 0)
    ] = 2**26
    regular_file_limit: Annotated[int, _doc("Largest file kept as a plain git blob, in bytes; above it: LFS.", 0)] = (
        10 * 2**20
    )
    commit_body_limit: Annotated[int, _doc("Largest body of one commit request, in bytes.", 1)] = 2**30
    push_limit: Annotated[int, _doc("Largest pack of one git push, in bytes.", 1)] = 4 * 2**30
    inline_verify_limit: Annotated[
        int, _doc("Files up to this many bytes have their SHA-256 checked before an upload is answered.", 0)
    ] = 256 * 2**20
    upload_lease_seconds: Annotated[
        int, _doc("How long uploaded content may wait for its commit before gc reaps it.", 0)
    ] = 86_400
    token_seconds: Annotated[int, _doc("Lifetime of the short-lived tokens handed to transfer clients.", 1)] = 3600
    session_days: Annotated[int, _doc("Days until a browser session ends.", 1)] = 30
    runs_by: Annotated[
        Literal["nobody", "administrators", "users"], _doc("Who may execute commands on the machines of the workers.")
    ] = "administrators"
    machine_profile: Annotated[
        Path | None, _doc("What `train calibrate` measured, for the planner; empty: the user's configuration.")
    ] = None
    run_engines: Annotated[
        tuple[str, ...], _doc("Engines a worker starts processes on: local, container, ray, slurm, kubernetes, flower.")
    ] = ("local",)
    run_folder: Annotated[
        Path | None, _doc("Folder of what runs work in, the same on all machines of an engine; empty: in data.")
    ] = None
    run_image: Annotated[str, _doc("Container image of runs that name none (engines container and kubernetes).")] = ""
    run_network: Annotated[
        Literal["none", "bridge", "host"], _doc("Network of containers; none: only among those of one run.")
    ] = "none"
    ray_address: Annotated[str, _doc("Ray cluster, host:port; empty: the one of this machine.")] = ""
    ray_python: Annotated[str, _doc("Python with Ray in the cluster's version; empty: the server's own.")] = ""
    slurm_options: Annotated[
        tuple[str, ...], _doc("Options of sbatch for every run: --partition=gpu, --account=research.")
    ] = ()
    kubernetes_context: Annotated[str, _doc("Context of kubectl; empty: its current one.")] = ""
    kubernetes_namespace: Annotated[str, _doc("Namespace the pods of runs are in; empty: that of the context.")] = ""
    kubernetes_claim: Annotated[str, _doc("Volume claim that holds run_folder, mountable by many nodes.")] = ""
    flower_environment: Annotated[
        Path | None, _doc("Environment (venv) with flwr and this package, for federated runs of the engine flower.")
    ] = None
    run_cpus: Annotated[int, _doc("CPUs a worker gives to runs; 0: all of its machine.", 0)] = 0
    run_memory: Annotated[int, _doc("Memory a worker gives to runs, in bytes; 0: all of its machine.", 0)] = 0
    run_gpus: Annotated[int, _doc("GPUs a worker gives to runs.", 0)] = 0
    run_slots: Annotated[int, _doc("Runs a worker executes at once.", 0)] = 8
    jobs_image: Annotated[
        Literal["container", "host"], _doc("Where jobs execute: in their image, or without it on the worker's machine.")
    ] = "container"
    jobs_hardware: Annotated[
        tuple[str, ...], _doc("Hardware that jobs may ask for: name:cpus:memory or name:cpus:memory:gpus.")
    ] = ("cpu-basic:1:1GB", "cpu-upgrade:2:4GB")
    drain_seconds: Annotated[int, _doc("How long requests may finish after SIGTERM.", 0)] = 20

    @property
    def database_address(self) -> str:
        """SQLAlchemy URL of the database."""
        if not self.database_url:
            return f"sqlite:///{(self.data / 'commonground.sqlite3').absolute()}"
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def storage_address(self) -> str:
        """URL of the blob backend: ``file:///...`` or ``s3://...``."""
        return self.storage_url or f"file://{(self.data / 'store').absolute()}"

    @property
    def runs_root(self) -> Path:
        """Folder of what runs work in."""
        return (self.run_folder or self.data / "runs").absolute()

    @property
    def address(self) -> str:
        """Where the server itself listens, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether clients reach the server through HTTPS, so that cookies must be ``Secure``."""
        return self.tls_cert is not None or self.public_url.startswith("https://")


class Explained(msgspec.Struct, frozen=True):
    """One setting, its value and where the value came from."""

    name: str
    value: Any
    source: str
    description: str


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> tuple[Settings, list[Explained]]:
    """Settings merged from all sources, and the explanation of each.

    ``flags`` holds command line values (``None`` = not given). ``file`` defaults to ``commonground.toml`` in the data
    directory, then in the working directory. Raises :class:`InvalidSetting` on unknown names and on values that cannot be.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    from_environment = {
        name: _split(name, environ[f"CG_{name.upper()}"]) for name in _names() if f"CG_{name.upper()}" in environ
    }
    data = Path(given.get("data") or from_environment.get("data") or Settings().data)
    path = file or next((p for p in (data / "commonground.toml", Path("commonground.toml")) if p.is_file()), None)
    layers = [("default", {}), (str(path), _read_toml(path)), ("environment", from_environment), ("flag", given)]
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, values in layers:
        merged |= values
        sources |= dict.fromkeys(values, source)
    settings = _convert(merged)
    return settings, [
        Explained(name, getattr(settings, name), sources.get(name, "default"), description)
        for name, description in describe().items()
    ]


def describe() -> dict[str, str]:
    """Name and one-line description of every setting, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: _description(hints[name]) for name in _names()}


def _names() -> tuple[str, ...]:
    return Settings.__struct_fields__


def _description(hint: Any) -> str:
    return next((m.description for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta)), "") or ""


_LISTS = frozenset(field.name for field in msgspec.structs.fields(Settings) if isinstance(field.default, tuple))


def _split(name: str, text: str) -> Any:
    return [part.strip() for part in text.split(",") if part.strip()] if name in _LISTS else text


def _read_toml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(name=str(path), reason=str(error)) from None
    unknown = sorted(set(values) - set(_names()))
    if unknown:
        raise InvalidSetting(name=unknown[0], reason=f"unknown name in {path}")
    return values


def _convert(values: dict[str, Any]) -> Settings:
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
    try:
        settings = msgspec.convert(plain, Settings, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise InvalidSetting(name=place.rstrip("`") or "configuration", reason=reason) from None
    for name, fits, reason in _RULES:
        if getattr(settings, name) and not fits(settings):
            raise InvalidSetting(name=name, reason=reason)
    return settings


def _are_networks(addresses: tuple[str, ...]) -> bool:
    try:
        return [ip_network(address, strict=False) for address in addresses] != []
    except ValueError:
        return False


_RULES: tuple[tuple[str, Callable[[Settings], bool], str], ...] = (
    ("public_url", lambda s: s.public_url.startswith(("http://", "https://")), "must begin with http:// or https://"),
    (
        "database_url",
        lambda s: s.database_url.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")),
        "must begin with postgresql://",
    ),
    ("storage_url", lambda s: s.storage_url.startswith(("s3://", "file:///")), "must begin with s3://"),
    ("secret_key", lambda s: len(s.secret_key) >= KEY_LENGTH, f"needs at least {KEY_LENGTH} characters"),
    ("trusted_proxies", lambda s: _are_networks(s.trusted_proxies), "must be addresses or networks like 10.0.0.0/8"),
    ("tls_cert", lambda s: s.tls_key is not None and s.tls_cert is not None and s.tls_cert.is_file(), _TLS),
    ("tls_key", lambda s: s.tls_cert is not None and s.tls_key is not None and s.tls_key.is_file(), _TLS),
)


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise TypeError(kind)
