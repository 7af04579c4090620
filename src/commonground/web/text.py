"""Telling text from other bytes."""

LARGEST = 512 * 1024
"""Files above this many bytes are not shown as text."""

_LOOKED_AT = 8_000


def decode(content: bytes) -> str | None:
    r"""``content`` as text with ``\n`` line ends, or ``None`` for what is no UTF-8 or has NUL bytes, as git decides."""
    if b"\0" in content[:_LOOKED_AT]:
        return None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return None
