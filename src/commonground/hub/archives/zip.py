"""zip: stored members, each followed by a data descriptor, zip64 where a number needs it (PKWARE APPNOTE 6.3.10)."""

import struct
from collections.abc import Iterator
from functools import partial
from itertools import accumulate, chain

from commonground.hub.archives.layout import Content, Layout, Literal, Part, Summed
from commonground.hub.archives.members import Members
from commonground.hub.archives.model import Member

_MAX = 0xFFFFFFFF
_MAX_COUNT = 0xFFFF
_UNIX, _VERSION, _VERSION_64 = 3, 20, 45
_UTF8, _DESCRIPTOR = 0x800, 0x8
_DATE = 1 << 5 | 1  # 1980-01-01, the first day there is
_DOS_FOLDER = 0x10
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END_64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64 = struct.Struct("<4sLQL")


class ZipLayout(Layout):
    """One section a member, one for its record in the central directory, and the end of the archive."""

    def __init__(self, members: Members) -> None:
        sizes = [_section_size(member) for member in members]
        records = [
            _CENTRAL.size + len(member.path.encode()) + len(_central_extra(member, at))
            for member, at in zip(members, accumulate(sizes, initial=0), strict=False)
        ]
        self._directory = sum(sizes), sum(records)
        ending = len(_ending(len(members), *self._directory))
        super().__init__(members, chain(sizes, records, [ending]))

    def parts(self, section: int) -> Iterator[Part]:
        """Header, content and descriptor of a member, or its record."""
        count = len(self.members)
        if section == 2 * count:
            yield Literal(_ending(count, *self._directory))
        elif section < count:
            yield from self._member(section)
        else:
            yield self._record(section - count)

    def _member(self, index: int) -> Iterator[Part]:
        member = self.members[index]
        yield Literal(_local(member))
        if member.size:
            yield Content(index, member.size)
            yield Summed(index, _descriptor_size(member), partial(_descriptor, member))

    def _record(self, index: int) -> Part:
        member, at = self.members[index], self._offsets[index]
        if not member.size:
            return Literal(_central(member, at, 0))
        size = self._offsets[len(self.members) + index + 1] - self._offsets[len(self.members) + index]
        return Summed(index, size, partial(_central, member, at))


def _section_size(member: Member) -> int:
    return len(_local(member)) + member.size + (_descriptor_size(member) if member.size else 0)


def _is_large(member: Member) -> bool:
    return member.size >= _MAX


def _flags(member: Member) -> int:
    return _UTF8 | (_DESCRIPTOR if member.size else 0)


def _local(member: Member) -> bytes:
    """The header before a member: CRC and sizes are zero, the descriptor has them."""
    name = member.path.encode()
    large = _is_large(member)
    version, size = (_VERSION_64, _MAX) if large else (_VERSION, 0)
    extra = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""
    fixed = _LOCAL.pack(b"PK\3\4", version, _flags(member), 0, 0, _DATE, 0, size, size, len(name), len(extra))
    return fixed + name + extra


def _descriptor_size(member: Member) -> int:
    return 24 if _is_large(member) else 16


def _descriptor(member: Member, crc: int) -> bytes:
    form = "<4sLQQ" if _is_large(member) else "<4sLLL"
    return struct.pack(form, b"PK\7\x08", crc, member.size, member.size)


def _central_extra(member: Member, at: int) -> bytes:
    large = [value for value in (member.size, member.size, at) if value >= _MAX]
    return struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""


def _central(member: Member, at: int, crc: int) -> bytes:
    """The record of a member that begins at ``at``."""
    name, extra = member.path.encode(), _central_extra(member, at)
    version = _VERSION_64 if extra else _VERSION
    size = min(member.size, _MAX)
    attributes = member.mode << 16 | (_DOS_FOLDER if member.is_folder else 0)
    fixed = _CENTRAL.pack(
        *(b"PK\1\2", version, _UNIX, version, _flags(member), 0, 0, _DATE, crc, size, size),
        *(len(name), len(extra), 0, 0, 0, attributes, min(at, _MAX)),
    )
    return fixed + name + extra


def _ending(count: int, at: int, size: int) -> bytes:
    """What follows a central directory of ``size`` bytes that begins at ``at``."""
    fields = min(count, _MAX_COUNT), min(count, _MAX_COUNT), min(size, _MAX), min(at, _MAX)
    end = _END.pack(b"PK\5\6", 0, 0, *fields, 0)
    if count < _MAX_COUNT and size < _MAX and at < _MAX:
        return end
    made_by = _UNIX << 8 | _VERSION_64
    end_64 = _END_64.pack(b"PK\6\6", _END_64.size - 12, made_by, _VERSION_64, 0, 0, count, count, size, at)
    return end_64 + _LOCATOR_64.pack(b"PK\6\7", 0, at + size, 1) + end
