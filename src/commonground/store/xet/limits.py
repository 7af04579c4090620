"""Sizes the protocol allows (docs/xet/deduplication.md, docs/xet/xorb.md)."""

from typing import Final

MAX_CHUNK_LENGTH: Final = 128 * 1024
"""Unpacked bytes of one chunk."""
MAX_PACKED_CHUNK_LENGTH: Final = 2 * MAX_CHUNK_LENGTH
"""Packed bytes of one chunk: the reference reader accepts a chunk that packing made larger."""
CHUNK_HEADER_LENGTH: Final = 8
MAX_XORB_CHUNKS: Final = 8192
MAX_XORB_CONTENT: Final = 64 * 1024 * 1024
"""Unpacked bytes that writers put into one xorb."""
MAX_XORB_LENGTH: Final = MAX_XORB_CONTENT + MAX_XORB_CHUNKS * CHUNK_HEADER_LENGTH
"""Bytes of the chunks of one xorb as stored.

The specification says 64 MiB, but the reference client counts content only: incompressible content comes out larger by
the chunk headers.
"""
MAX_XORB_UPLOAD: Final = MAX_XORB_LENGTH + MAX_XORB_CHUNKS * 40 + 256
"""Bytes of one uploaded xorb: a footer may follow, of 40 bytes a chunk and some fixed fields."""
MAX_SHARD_LENGTH: Final = 64 * 1024 * 1024
"""Bytes of one serialized shard."""
