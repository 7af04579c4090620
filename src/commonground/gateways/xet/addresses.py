"""Addresses of xorb bytes: they work without a token, for the ranges they name, until they expire."""

from collections.abc import Callable, Sequence

from commonground.accounts.signing import Signer
from commonground.errors import Forbidden, InvalidCredentials
from commonground.gateways.xet.wire import Ranges
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.reconstruction import FetchRange

PURPOSE = "xet-xorb"


def addresses(signer: Signer, base: str, seconds: int) -> Callable[[bytes, Sequence[FetchRange]], str]:
    """A function that gives the address at which these ranges of a xorb may be read."""

    def address(xorb_hash: bytes, ranges: Sequence[FetchRange]) -> str:
        name = to_hex(xorb_hash)
        flat = [at for r in ranges for at in (r.byte_start, r.byte_end)]
        return f"{base}/v1/xorbs/default/{name}?grant={signer.sign(PURPOSE, {'xorb': name, 'ranges': flat}, seconds)}"

    return address


def granted(signer: Signer, name: str, grant: str) -> Ranges:
    """The ranges an address opens; :class:`Forbidden` (clients then ask for a fresh one) when it is not valid."""
    try:
        payload = signer.verify(PURPOSE, grant)
    except InvalidCredentials:
        payload = {}
    if payload.get("xorb") != name:
        raise Forbidden(action="read", resource="this xorb: the address has expired or is not ours")
    flat = payload["ranges"]
    return list(zip(flat[::2], flat[1::2], strict=True))


def check_granted(asked: Ranges, allowed: Ranges) -> None:
    """:class:`Forbidden` unless every range asked for lies in one that is allowed."""
    for start, end in asked:
        if not any(low <= start and end <= high for low, high in allowed):
            raise Forbidden(action="read", resource="these bytes of the xorb")
