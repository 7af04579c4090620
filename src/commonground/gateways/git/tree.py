"""Tree objects as the wire has them: entries of mode, name and the raw id of what they name."""

from typing import NamedTuple

DIRECTORY, GITLINK, SYMLINK = b"40000", b"160000", b"120000"


class TreeEntry(NamedTuple):
    """One line of a tree. ``mode`` is its octal text, ``sha`` 20 raw bytes."""

    mode: bytes
    name: bytes
    sha: bytes

    @property
    def sort_key(self) -> bytes:
        """git sorts a folder as if its name ended with a slash."""
        return self.name + b"/" if self.mode == DIRECTORY else self.name


def parse_tree(body: bytes) -> list[TreeEntry]:
    """The entries in their stored order; :class:`ValueError` when the body is not a tree."""
    entries = []
    at, end = 0, len(body)
    while at < end:
        blank = body.find(b" ", at)
        zero = body.find(b"\0", blank)
        stop = zero + 21
        if blank < 0 or zero < 0 or stop > end:
            raise ValueError("the tree is cut off")
        entries.append(TreeEntry(body[at:blank], body[blank + 1 : zero], body[zero + 1 : stop]))
        at = stop
    return entries
