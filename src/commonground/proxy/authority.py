"""The certificate authority of this machine's proxies, kept beside the data of the hub.

Its certificate says by itself which hosts it may vouch for (RFC 5280, 4.2.1.10): whoever steals the key can pretend to
be these, to programs that were told to trust it, and nobody else.
"""

import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from commonground.errors import PackageMissing, UnusableFile
from commonground.proxy import hosts as known

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

YEARS = timedelta(days=3650)
DAYS = timedelta(days=30)
"""How long the certificate of a host lasts; a new one is made at each start."""
_SKEW = timedelta(hours=1)


class Authority:
    """A key and its certificate. ``certificate`` is what clients are told to trust, in PEM."""

    def __init__(self, key: "EllipticCurvePrivateKey", certificate: "x509.Certificate") -> None:
        self._key, self._certificate = key, certificate

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The authority kept in ``folder``, made at the first call: the key once, the certificate anew when it ends or
        when the known hosts have changed. :class:`PackageMissing`, :class:`UnusableFile`.
        """
        _require_cryptography()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _key(folder / "ca-key.pem")
        path = folder / "ca.pem"
        certificate = _read_certificate(path)
        if certificate is None or not _fits(certificate, key):
            certificate = _root(key)
            _replace(path, _pem(certificate))
        return cls(key, certificate)

    @property
    def certificate(self) -> bytes:
        """The certificate, in PEM."""
        return _pem(self._certificate)

    def context(self, hosts: Sequence[str]) -> ssl.SSLContext:
        """What a server needs to be taken for any of ``hosts``."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        chain = _pem(self._leaf(key, hosts)) + self.certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.TemporaryDirectory() as folder:  # readable by this user only; ssl loads keys from files alone
            path = Path(folder, "host.pem")
            path.write_bytes(_private(key) + chain)
            context.load_cert_chain(path)
        return context

    def _leaf(self, key: "EllipticCurvePrivateKey", hosts: Sequence[str]) -> "x509.Certificate":
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        builder = _builder(hosts[0], key, self._certificate.subject, DAYS)
        extensions: list[tuple[Any, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (_usage(digital_signature=True), True),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False),
        ]
        return _sign(builder, extensions, self._key)


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise PackageMissing(package="cryptography", extra="proxy") from None


def _key(path: Path) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not path.exists():
        _create(path, _private(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise UnusableFile(path=path, reason=f"it holds no key: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnusableFile(path=path, reason="it holds a key of another kind")
    return key


def _read_certificate(path: Path) -> "x509.Certificate | None":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _fits(certificate: "x509.Certificate", key: "EllipticCurvePrivateKey") -> bool:
    """Whether a certificate is that of ``key``, lasts, and permits what it would if it were made now."""
    from cryptography import x509

    if certificate.public_key() != key.public_key() or certificate.not_valid_after_utc < datetime.now(UTC) + DAYS:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.NameConstraints).value == _constraints()
    except x509.ExtensionNotFound:
        return False


def _root(key: "EllipticCurvePrivateKey") -> "x509.Certificate":
    from cryptography import x509

    name = "Commonground proxies of this machine"
    extensions: list[tuple[Any, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(key_cert_sign=True), True),
        (_constraints(), True),
    ]
    return _sign(_builder(name, key, _name(name), YEARS), extensions, key)


def _constraints() -> "x509.NameConstraints":
    from cryptography import x509

    nowhere = [x509.IPAddress(ip_network(text)) for text in ("0.0.0.0/0", "::/0")]
    return x509.NameConstraints([x509.DNSName(host) for host in known.EVERY], nowhere)


def _builder(
    subject: str, key: "EllipticCurvePrivateKey", issuer: "x509.Name", lasts: timedelta
) -> "x509.CertificateBuilder":
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _sign(
    builder: "x509.CertificateBuilder", extensions: Sequence[tuple[Any, bool]], key: "EllipticCurvePrivateKey"
) -> "x509.Certificate":
    from cryptography.hazmat.primitives import hashes

    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256())


def _usage(**allowed: bool) -> "x509.KeyUsage":
    from cryptography import x509

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _name(text: str) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _private(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def _create(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all; one that is there stays."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(path)
