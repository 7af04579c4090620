"""The hash of a file of any size, from its chunks one by one."""

from blake3 import blake3

from commonground.store.xet.hashing import EMPTY_FILE_HASH, INTERNAL_NODE_KEY, ZERO_HASH, Node, keyed, to_hex

_SMALLEST, _LARGEST = 3, 9
_LAST_WORD = 24
_CUT_MASK = 0b11


class FileHasher:
    """Builds the hash tree of a file level by level, keeping at most nine nodes of a level (docs/xet/hashing.md)."""

    def __init__(self) -> None:
        self._groups: list[list[Node]] = [[]]
        self._counts = [0]

    def add(self, chunk: Node) -> None:
        """Take the (hash, unpacked length) of the next chunk."""
        self._push(0, chunk)

    def digest(self) -> bytes:
        """The file hash; the hasher is of no use afterwards."""
        if self._counts[0] == 0:
            return EMPTY_FILE_HASH
        level = 0
        while self._counts[level] > 1:
            if self._groups[level]:
                self._close(level)
            level += 1
        return keyed(self._groups[level][0][0], ZERO_HASH)

    def _push(self, level: int, node: Node) -> None:
        if level == len(self._groups):
            self._groups.append([])
            self._counts.append(0)
        group = self._groups[level]
        group.append(node)
        self._counts[level] += 1
        if len(group) == _LARGEST or (len(group) >= _SMALLEST and not node[0][_LAST_WORD] & _CUT_MASK):
            self._close(level)

    def _close(self, level: int) -> None:
        group, self._groups[level] = self._groups[level], []
        lines = "".join([f"{to_hex(h)} : {size}\n" for h, size in group])
        parent = blake3(lines.encode("ascii"), key=INTERNAL_NODE_KEY).digest()
        self._push(level + 1, (parent, sum(size for _, size in group)))
