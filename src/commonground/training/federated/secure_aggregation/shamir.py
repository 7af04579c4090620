"""Shamir's secret sharing (CACM 1979): any ``threshold`` shares give the secret, fewer say nothing about it."""

import secrets
from collections.abc import Mapping, Sequence

PRIME = 2**256 + 297
"""The smallest prime above all secrets of 32 bytes; shares are numbers below it."""
SECRET_BYTES = 32
SHARE_BYTES = 33


def split(secret: bytes, points: Sequence[int], threshold: int) -> dict[int, bytes]:
    """A share of 33 bytes for each of ``points`` (different numbers from 1 on)."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    if not 1 <= threshold <= len(points) or len(set(points)) != len(points) or min(points) < 1:
        raise ValueError("points are different numbers from 1 on, at least as many as the threshold")
    polynomial = [int.from_bytes(secret), *(secrets.randbelow(PRIME) for _ in range(threshold - 1))]
    return {point: _value(polynomial, point).to_bytes(SHARE_BYTES) for point in points}


def combine(shares: Mapping[int, bytes]) -> bytes:
    """The secret behind at least ``threshold`` shares, by point; ``ValueError`` where they are visibly not of one secret."""
    weights = _weights(tuple(shares))
    total = sum(int.from_bytes(share) * weight for share, weight in zip(shares.values(), weights, strict=True)) % PRIME
    if total >= 2 ** (8 * SECRET_BYTES):
        raise ValueError("the shares are not of one secret")
    return total.to_bytes(SECRET_BYTES)


def _value(polynomial: Sequence[int], point: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * point + coefficient) % PRIME
    return value


def _weights(points: Sequence[int]) -> list[int]:
    """Lagrange's weights of the points for the value at 0."""
    weights = []
    for point in points:
        above, below = 1, 1
        for other in points:
            if other != point:
                above, below = above * other % PRIME, below * (other - point) % PRIME
        weights.append(above * pow(below, -1, PRIME))
    return weights
