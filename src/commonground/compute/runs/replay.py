"""Whether executing a run once more made the same bits."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from commonground.compute.runs.model import Difference, Made, Verdict
from commonground.compute.runs.workspace import Workspace

LISTED = 1000
"""How many files that differ a verdict names."""


def hash_files(workspace: Workspace, outputs: Sequence[str]) -> list[Made]:
    """What an attempt left in its output folders; :class:`InvalidOutput`."""
    found = []
    for output in outputs:
        for path, file in workspace.files(output):
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").digest()
            found.append(Made(output=output, path=path, sha256=digest, size=file.stat().st_size))
    return found


def compare(before: Sequence[Made], after: Sequence[Made], then: Mapping[str, Any], now: Mapping[str, Any]) -> Verdict:
    """The verdict on what was made ``after``, given what the run made ``before`` and the environments of both."""
    old, new = ({(made.output, made.path): made.sha256.hex() for made in side} for side in (before, after))
    differing = [
        Difference(output=output, path=path, before=old.get((output, path)), after=new.get((output, path)))
        for output, path in sorted(old.keys() | new.keys())
        if old.get((output, path)) != new.get((output, path))
    ]
    changed = {name: (then.get(name), now.get(name)) for name in sorted(then.keys() | now.keys())}
    return Verdict(
        identical=not differing,
        files=len(old.keys() | new.keys()),
        differences=len(differing),
        differing=tuple(differing[:LISTED]),
        environment={name: pair for name, pair in changed.items() if pair[0] != pair[1]},
    )
