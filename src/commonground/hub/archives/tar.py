"""tar: POSIX ustar headers, with a pax header where a name is long or not ASCII, or a file has 8 GiB or more
(POSIX.1-2001, pax interchange format).
"""

import struct
from collections.abc import Iterator
from itertools import chain

from commonground.hub.archives.layout import Content, Layout, Literal, Part
from commonground.hub.archives.members import Members
from commonground.hub.archives.model import MODIFIED, Member

BLOCK = 512
END = bytes(2 * BLOCK)
_NAME_LIMIT = 100
_SIZE_LIMIT = 8**11
_HEADER = struct.Struct("100s 8s 8s 8s 12s 12s 8s c 100s 8s 32s 32s 8s 8s 155s 12x")


class TarLayout(Layout):
    """One section a member, and the end of the archive."""

    def __init__(self, members: Members) -> None:
        super().__init__(members, chain(map(_section_size, members), [len(END)]))

    def parts(self, section: int) -> Iterator[Part]:
        """Header, content and padding of a member."""
        if section == len(self.members):
            yield Literal(END)
            return
        member = self.members[section]
        yield Literal(header(member))
        if size := _content_size(member):
            yield Content(section, size)
            yield Literal(bytes(-size % BLOCK))


def header(member: Member) -> bytes:
    """Everything before the content of a member."""
    records = _records(member)
    plain = _header(member, b"2" if member.link is not None else b"5" if member.is_folder else b"0")
    if not records:
        return plain
    extended = _header(Member("././@PaxHeader", 0, len(records)), b"x")
    return extended + records + bytes(-len(records) % BLOCK) + plain


def _section_size(member: Member) -> int:
    content = _content_size(member)
    extra = _padded(len(_records(member)))
    return BLOCK + (extra + BLOCK if extra else 0) + _padded(content)


def _content_size(member: Member) -> int:
    return 0 if member.link is not None else member.size


def _padded(size: int) -> int:
    return size + -size % BLOCK


def _records(member: Member) -> bytes:
    """What the plain header cannot say, as pax records."""
    if member.size < _SIZE_LIMIT and _fits(member.path) and _fits(member.link or ""):
        return b""
    records = b""
    if not _fits(member.path):
        records += _record("path", member.path)
    if not _fits(member.link or ""):
        records += _record("linkpath", member.link or "")
    if member.size >= _SIZE_LIMIT:
        records += _record("size", str(member.size))
    return records


def _fits(text: str) -> bool:
    return len(text) <= _NAME_LIMIT and text.isascii()


def _record(key: str, value: str) -> bytes:
    """``<length> key=value`` and a line feed, where the length counts itself and everything else."""
    body = f" {key}={value}\n".encode()
    length = len(body)
    while length != (whole := len(body) + len(str(length))):
        length = whole
    return str(length).encode() + body


def _header(member: Member, kind: bytes) -> bytes:
    size = _content_size(member) if member.size < _SIZE_LIMIT else 0
    fields = [
        _text(member.path),
        _octal(member.mode & 0o777 or 0o644, 8),
        _octal(0, 8),
        _octal(0, 8),
        _octal(size, 12),
        _octal(MODIFIED, 12),
        b" " * 8,
        kind,
        _text(member.link or ""),
        b"ustar\x0000",
        b"",
        b"",
        _octal(0, 8),
        _octal(0, 8),
        b"",
    ]
    fields[6] = b"%06o\0 " % sum(_HEADER.pack(*fields))
    return _HEADER.pack(*fields)


def _text(value: str) -> bytes:
    """What older programs, which skip pax headers, take for the name."""
    return value.encode("ascii", "replace")[:_NAME_LIMIT]


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)
