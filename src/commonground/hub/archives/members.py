"""The members of an archive, kept compactly: about 110 bytes for one with a path of 50."""

from array import array
from collections.abc import Iterator

from commonground.errors import ArchiveTooLarge
from commonground.hub.archives.model import FILES_LIMIT, FOLDER, NAMES_LIMIT, Member
from commonground.hub.revisions.model import Entry, Pointer

_CONTENT = 32


class Members:
    """An append-only list of members, each with what it takes to read its content. ``top`` is put before every path."""

    def __init__(self, top: str = "") -> None:
        self._top = f"{top}/" if top else ""
        self._paths = bytearray()
        self._ends = array("Q", [0])  # where each path ends in them
        self._contents = bytearray()  # 32 bytes each: SHA-256 of LFS content, or the id of a blob
        self._lengths = bytearray()  # how many of them are used
        self._modes = array("I")
        self._sizes = array("Q")
        self._links: dict[int, str] = {}
        self._linked = 0
        if top:
            self.add(Member("", FOLDER, 0))

    def add(self, member: Member, content: bytes = b"") -> None:
        """Append a member, its path as it is below the top; :class:`ArchiveTooLarge`."""
        path = member.path.encode()
        self._linked += len(member.link or "")
        if len(self) >= FILES_LIMIT or len(self._paths) + len(path) + self._linked > NAMES_LIMIT:
            raise ArchiveTooLarge(limit=FILES_LIMIT)
        if member.link is not None:
            self._links[len(self)] = member.link
        self._paths += path
        self._ends.append(len(self._paths))
        self._contents += content.ljust(_CONTENT, b"\0")
        self._lengths.append(len(content))
        self._modes.append(member.mode)
        self._sizes.append(member.size)

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, index: int) -> Member:
        path = self._top + self._paths[self._ends[index] : self._ends[index + 1]].decode()
        return Member(path, self._modes[index], self._sizes[index], self._links.get(index))

    def __iter__(self) -> Iterator[Member]:
        return map(self.__getitem__, range(len(self)))

    def content(self, index: int) -> bytes:
        """What names the content of a member: the same bytes, the same content."""
        return bytes(self._contents[_CONTENT * index : _CONTENT * index + self._lengths[index]])

    def entry(self, index: int) -> Entry:
        """The member as its content is read."""
        content, size = self.content(index), self._sizes[index]
        pointer = Pointer(content.hex(), size, 0) if len(content) == _CONTENT else None
        oid = "" if pointer else content.hex()
        return Entry(path="", type="file", mode=self._modes[index], oid=oid, size=size, lfs=pointer)

    @property
    def weight(self) -> int:
        """About how many bytes of memory this takes."""
        return (8 + _CONTENT + 1 + 4 + 8) * len(self) + len(self._paths) + self._linked + 150 * len(self._links)
