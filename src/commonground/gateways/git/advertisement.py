"""What the server says about itself and its refs, in every protocol version."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import commonground
from commonground.gateways.git.pktline import FLUSH, pkt, text
from commonground.hub.revisions.model import ZERO, Ref

Service = Literal["git-upload-pack", "git-receive-pack"]

AGENT = f"agent=commonground/{commonground.__version__}"
FETCH_FEATURES = (
    "multi_ack_detailed side-band-64k ofs-delta no-progress include-tag shallow deepen-since deepen-not "
    "deepen-relative allow-tip-sha1-in-want allow-reachable-sha1-in-want object-format=sha1"
)
PUSH_FEATURES = "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1"


def head(refs: Iterable[Ref], default_branch: str) -> Ref | None:
    """The ref that HEAD stands for, if it exists."""
    return next((ref for ref in refs if ref.name == f"refs/heads/{default_branch}"), None)


def advertise(service: Service, refs: Sequence[Ref], default_branch: str, version: int) -> Iterator[bytes]:
    """The answer to ``info/refs`` in versions 0 and 1."""
    yield text(f"# service={service}") + FLUSH
    if version == 1:
        yield text("version 1")
    fetching = service == "git-upload-pack"
    features = f"{FETCH_FEATURES if fetching else PUSH_FEATURES} {AGENT}"
    lines = list(_lines(refs, default_branch) if fetching else ((ref.sha, ref.name) for ref in refs))
    if fetching and head(refs, default_branch):
        features = f"symref=HEAD:refs/heads/{default_branch} {features}"
    for count, (sha, name) in enumerate(lines or [(ZERO, "capabilities^{}")]):
        yield text(f"{sha} {name}\0{features}" if count == 0 else f"{sha} {name}")
    yield FLUSH


def _lines(refs: Sequence[Ref], default_branch: str) -> Iterator[tuple[str, str]]:
    if main := head(refs, default_branch):
        yield main.sha, "HEAD"
    for ref in refs:
        yield ref.sha, ref.name
        if ref.target != ref.sha:
            yield ref.target, f"{ref.name}^{{}}"


def advertise_v2() -> bytes:
    """The answer to ``info/refs`` in version 2: only what the server can do."""
    lines = ["version 2", AGENT, "ls-refs=unborn", "fetch=shallow", "object-format=sha1"]
    return text("# service=git-upload-pack") + FLUSH + b"".join(map(text, lines)) + FLUSH


def list_refs(refs: Sequence[Ref], default_branch: str, arguments: Iterable[bytes]) -> Iterator[bytes]:
    """The ``ls-refs`` command of version 2."""
    options = [argument.decode("utf-8", "replace") for argument in arguments]
    prefixes = tuple(option.removeprefix("ref-prefix ") for option in options if option.startswith("ref-prefix "))
    target = f"refs/heads/{default_branch}"
    main = head(refs, default_branch)
    if "HEAD".startswith(prefixes or ("",)):
        symref = f" symref-target:{target}" if "symrefs" in options else ""
        if main:
            yield text(f"{main.sha} HEAD{symref}")
        elif "unborn" in options:
            yield text(f"unborn HEAD{symref}")
    for ref in refs:
        if ref.name.startswith(prefixes or ("",)):
            peeled = f" peeled:{ref.target}" if "peel" in options and ref.target != ref.sha else ""
            yield pkt(f"{ref.sha} {ref.name}{peeled}\n".encode())
    yield FLUSH
