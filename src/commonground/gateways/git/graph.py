"""The commit graph of a repository as fetching and pushing see it."""

import heapq
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from commonground.gateways.git.objects import Objects
from commonground.hub.revisions.objects import COMMIT, TAG, TREE
from commonground.hub.revisions.trees import TreeEntry, parse_tree

_TAGGED = re.compile(rb"object ([0-9a-f]{40})\n")
_DATE = re.compile(rb"\ncommitter [^\n]*> (\d+)")
_WANTED, _HAD = 1, 2


class MissingObject(LookupError):
    """An object that others name does not exist, or is of another kind than they say."""

    def __init__(self, sha: bytes) -> None:
        super().__init__(f"object {sha.hex()} is missing")
        self.sha = sha


class Node(NamedTuple):
    """What the graph knows of a commit. ``date`` is the committer's time in seconds."""

    tree: bytes
    parents: tuple[bytes, ...]
    date: int


class Graph:
    """Reads commits, tags and trees; remembers commits. Ids are 20 raw bytes."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._nodes: dict[bytes, Node] = {}

    def commit(self, sha: bytes) -> Node:
        """One commit; :class:`MissingObject` when there is none."""
        node = self._nodes.get(sha)
        if node is None:
            node = self._nodes[sha] = _parse_commit(self._read(sha, COMMIT))
        return node

    def tree(self, sha: bytes) -> list[TreeEntry]:
        """The entries of a tree; :class:`MissingObject` when there is none."""
        return parse_tree(self._read(sha, TREE))

    def peel(self, sha: bytes) -> tuple[list[bytes], int, bytes]:
        """The tags on the way, and the kind and id of what they finally name. ``sha`` itself may be no tag."""
        tags: list[bytes] = []
        while True:
            found = self._objects.get_raw(sha)
            if found is None or sha in tags:
                raise MissingObject(sha)
            kind, body = found
            if kind != TAG:
                return tags, kind, sha
            tags.append(sha)
            match = _TAGGED.match(body)
            if match is None:
                raise MissingObject(sha)
            sha = bytes.fromhex(match[1].decode())

    def between(
        self,
        wanted: Iterable[bytes],
        had: Iterable[bytes],
        *,
        wanted_end: Collection[bytes] = (),
        had_end: Collection[bytes] = (),
    ) -> list[bytes]:
        """Commits reachable from ``wanted`` and not from ``had``, newest first.

        At ``wanted_end`` and ``had_end`` the respective walk goes no further (shallow histories). Skewed dates may let
        a commit slip in that ``had`` reaches: that costs bytes, nothing else.
        """
        flags: dict[bytes, int] = {}
        queue: list[tuple[int, bytes]] = []
        interesting = 0  # queued commits that are wanted and not known to be had

        def mark(sha: bytes, new: int) -> None:
            nonlocal interesting
            old = flags.get(sha, 0)
            if old | new == old or (new == _HAD and not self._exists(sha)):
                return
            flags[sha] = old | new
            heapq.heappush(queue, (-self.commit(sha).date, sha))
            interesting += (old | new == _WANTED) - (old == _WANTED and sha in queued)
            queued.add(sha)

        queued: set[bytes] = set()
        for sha in had:
            mark(sha, _HAD)
        for sha in wanted:
            mark(sha, _WANTED)
        order: dict[bytes, None] = {}
        while interesting:
            _, sha = heapq.heappop(queue)
            if sha not in queued:
                continue
            queued.discard(sha)
            flag = flags[sha]
            interesting -= flag == _WANTED
            order[sha] = None
            for parent in self.commit(sha).parents:
                passed = (flag & _WANTED if sha not in wanted_end else 0) | (flag & _HAD if sha not in had_end else 0)
                if passed:
                    mark(parent, passed)
        return [sha for sha in order if flags[sha] == _WANTED]

    def ancestors(self, tips: Iterable[bytes]) -> Iterator[bytes]:
        """Every commit reachable from ``tips``, themselves included."""
        seen: set[bytes] = set()
        stack = list(tips)
        while stack:
            sha = stack.pop()
            if sha not in seen:
                seen.add(sha)
                yield sha
                stack += self.commit(sha).parents

    def meets(self, tip: bytes, had: Collection[bytes], limit: int = 5000) -> bool:
        """Whether a walk from ``tip`` over at most ``limit`` commits meets one of ``had``."""
        for seen, sha in enumerate(self.ancestors([tip])):
            if sha in had:
                return True
            if seen == limit:
                break
        return False

    def _exists(self, sha: bytes) -> bool:
        """What the other side claims to have may be the rest of a push that failed."""
        return sha in self._nodes or self._objects.get_raw(sha) is not None

    def _read(self, sha: bytes, kind: int) -> bytes:
        found = self._objects.get_raw(sha)
        if found is None or found[0] != kind:
            raise MissingObject(sha)
        return found[1]


def _parse_commit(body: bytes) -> Node:
    head = body.partition(b"\n\n")[0]
    lines: Sequence[bytes] = head.split(b"\n")
    parents = []
    for line in lines[1:]:
        if not line.startswith(b"parent "):
            break
        parents.append(bytes.fromhex(line[7:47].decode()))
    date = _DATE.search(head)
    return Node(bytes.fromhex(lines[0][5:45].decode()), tuple(parents), int(date[1]) if date else 0)
