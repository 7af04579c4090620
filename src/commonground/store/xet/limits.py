"""Sizes the protocol allows (docs/xet/deduplication.md, docs/xet/xorb.md)."""

from typing import Final

MAX_CHUNK_LENGTH: Final = 128 * 1024
"""Unpacked bytes of one chunk."""
MAX_PACKED_CHUNK_LENGTH: Final = 2 * MAX_CHUNK_LENGTH
"""Packed bytes of one chunk: the reference reader accepts a chunk that packing made larger."""
CHUNK_HEADER_LENGTH: Final = 8
MAX_XORB_CHUNKS: Final = 8192
MAX_XORB_LENGTH: Final = 64 * 1024 * 1024
"""Bytes of one serialized xorb."""
MAX_SHARD_LENGTH: Final = 64 * 1024 * 1024
"""Bytes of one serialized shard."""
