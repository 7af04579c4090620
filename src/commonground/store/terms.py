"""The terms of a file as one column: per term the xorb hash (32 bytes), then start, end and length (u32 LE)."""

from collections.abc import Sequence

import numpy as np

from commonground.store.xet.shard import Term

_RECORD = np.dtype([("xorb", "V32"), ("start", "<u4"), ("end", "<u4"), ("length", "<u4")])


def encode_terms(terms: Sequence[Term]) -> bytes:
    """44 bytes a term, in file order."""
    return np.array([(np.void(t.xorb_hash), t.start, t.end, t.length) for t in terms], _RECORD).tobytes()


def decode_terms(data: bytes) -> list[Term]:
    """Inverse of :func:`encode_terms`."""
    return [Term(bytes(xorb), start, end, length) for xorb, start, end, length in np.frombuffer(data, _RECORD).tolist()]


def total_length(terms: Sequence[Term]) -> int:
    """Bytes of the file."""
    return sum(term.length for term in terms)


def xorb_hashes(terms: Sequence[Term]) -> list[bytes]:
    """The xorbs of the file, each once, in the order of first use."""
    return list(dict.fromkeys(term.xorb_hash for term in terms))


def overlapping(terms: Sequence[Term], start: int, stop: int) -> list[Term]:
    """The terms that hold any of the bytes [start, stop)."""
    found, lower = [], 0
    for term in terms:
        if lower < stop and lower + term.length > start:
            found.append(term)
        lower += term.length
    return found
