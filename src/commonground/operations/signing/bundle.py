"""The file a signature is kept in: a sigstore bundle v0.3 around a DSSE envelope."""

import base64
import binascii
from typing import Any

import msgspec

from commonground.errors import InvalidSignature
from commonground.operations.signing.keys import PrivateKey, PublicKey
from commonground.operations.signing.statement import Statement, read_statement

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
LIMIT = 64 * 2**20
"""Most bytes of a bundle that are read."""


class EnvelopeSignature(msgspec.Struct, frozen=True):
    """A signature in base64."""

    sig: str
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """DSSE: ``payload`` in base64, and who signed it."""

    payload: str
    payload_type: str
    signatures: list[EnvelopeSignature]


class Bundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The parts of a sigstore bundle that a signature with a key has."""

    media_type: str
    verification_material: dict[str, Any]
    dsse_envelope: Envelope


def sign(statement: Statement, key: PrivateKey) -> bytes:
    """The bundle, as JSON, that says that the holder of ``key`` vouches for ``statement``."""
    payload = msgspec.json.encode(statement)
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(),
        payload_type=PAYLOAD_TYPE,
        signatures=[EnvelopeSignature(base64.b64encode(key.sign(_authenticated(payload))).decode())],
    )
    bundle = Bundle(
        media_type=MEDIA_TYPE,
        verification_material={"publicKey": {"hint": key.public.fingerprint}, "tlogEntries": []},
        dsse_envelope=envelope,
    )
    return msgspec.json.encode(bundle)


def verify(content: bytes, key: PublicKey) -> Statement:
    """The statement of a bundle that ``key`` signed; :class:`InvalidSignature` for anything else."""
    bundle = _decode(content)
    if bundle.media_type != MEDIA_TYPE or bundle.dsse_envelope.payload_type != PAYLOAD_TYPE:
        raise InvalidSignature(reason=f"it is of the kind {bundle.media_type[:100]}, not {MEDIA_TYPE}")
    if len(bundle.dsse_envelope.signatures) != 1:
        raise InvalidSignature(reason="it does not hold exactly one signature")
    if "publicKey" not in bundle.verification_material:
        raise InvalidSignature(reason="it was made with a certificate, not with a key")
    payload = _base64(bundle.dsse_envelope.payload)
    signature = _base64(bundle.dsse_envelope.signatures[0].sig)
    if not key.verifies(signature, _authenticated(payload)):
        raise InvalidSignature(reason="it was made with another key, or changed afterwards")
    return read_statement(payload)


def _decode(content: bytes) -> Bundle:
    try:
        return msgspec.json.decode(content, type=Bundle)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidSignature(reason=f"it is no sigstore bundle: {error}") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSignature(reason="it is not base64") from None


def _authenticated(payload: bytes) -> bytes:
    """What is signed in place of the payload: DSSE's pre-authentication encoding, which binds its type."""
    return b" ".join((f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)}".encode(), payload))
