"""The members of an archive, kept compactly: about 250 bytes for one with a path of 60."""

from array import array
from collections.abc import Iterator

from commonground.errors import ArchiveTooLarge
from commonground.hub.archives.model import FILES_LIMIT, FOLDER, NAMES_LIMIT, Member
from commonground.hub.revisions.model import Entry, Pointer


class Members:
    """An append-only list of members, each with what it takes to read its content. ``top`` is put before every path."""

    def __init__(self, top: str = "") -> None:
        self._top = f"{top}/" if top else ""
        self._paths: list[bytes] = []
        self._contents: list[bytes] = []  # SHA-256 of LFS content (32 bytes), else the id of a blob (20 bytes)
        self._modes = array("L")
        self._sizes = array("Q")
        self._links: dict[int, str] = {}
        self._names = 0
        if top:
            self.add(Member("", FOLDER, 0))

    def add(self, member: Member, content: bytes = b"") -> None:
        """Append a member, its path as it is below the top; :class:`ArchiveTooLarge`."""
        path = member.path.encode()
        self._names += len(path) + len(member.link or "")
        if len(self._paths) >= FILES_LIMIT or self._names > NAMES_LIMIT:
            raise ArchiveTooLarge(limit=FILES_LIMIT)
        if member.link is not None:
            self._links[len(self._paths)] = member.link
        self._paths.append(path)
        self._contents.append(content)
        self._modes.append(member.mode)
        self._sizes.append(member.size)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Member:
        path = self._top + self._paths[index].decode()
        return Member(path, self._modes[index], self._sizes[index], self._links.get(index))

    def __iter__(self) -> Iterator[Member]:
        return map(self.__getitem__, range(len(self._paths)))

    def content(self, index: int) -> bytes:
        """What names the content of a member: the same bytes, the same content."""
        return self._contents[index]

    def entry(self, index: int) -> Entry:
        """The member as its content is read."""
        content, size = self._contents[index], self._sizes[index]
        pointer = Pointer(content.hex(), size, 0) if len(content) == 32 else None
        oid = "" if pointer else content.hex()
        return Entry(path="", type="file", mode=self._modes[index], oid=oid, size=size, lfs=pointer)

    @property
    def weight(self) -> int:
        """About how many bytes of memory this takes."""
        return 200 * len(self._paths) + self._names
