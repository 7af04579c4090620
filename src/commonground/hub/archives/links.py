"""Symbolic links in an archive that strangers unpack."""

LIMIT = 4096
"""Bytes of the longest target that makes a link."""


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at ``path`` leads to a place inside the archive, wherever other such links lead: its target climbs
    first, no higher than the root, and then only descends.
    """
    if not target or target.startswith("/") or "\\" in target or "\0" in target:
        return False
    segments = [segment for segment in target.split("/") if segment not in {"", "."}]
    climbs = next((at for at, segment in enumerate(segments) if segment != ".."), len(segments))
    return climbs <= path.count("/") and ".." not in segments[climbs:]
