"""Digests, bills of materials and signatures, as methods of the hub. A private key never leaves this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from commonground.errors import InvalidSignature
from commonground.gateways.native import wire
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.schemas.catalogue import Name
from commonground.operations.schemas.manifest import PATH as SCHEMA
from commonground.operations.schemas.manifest import Manifest
from commonground.sdk.address import Address
from commonground.sdk.files import DEFAULT_BRANCH, FileMethods
from commonground.sdk.transport import repository_path

SIGNATURE = "model.sig"

Pem: TypeAlias = "bytes | str | os.PathLike[str]"


class SupplyChainMethods(FileMethods):
    """What a revision consists of and who vouches for it. Keys are bytes in PEM form, or the path of a local file."""

    def list_manifest(self, repository: str | Address, *, revision: str | None = None) -> Iterator[ManifestFile]:
        """All files of a revision, each with its size and SHA-256."""
        address = Address.of(repository).at(revision)
        path = repository_path(address, "manifest", address.revision or DEFAULT_BRANCH)
        return self._transport.pages(ManifestFile, path, wire.ManifestQuery())

    def manifest(self, repository: str | Address, *, revision: str | None = None) -> Manifest:
        """The same of one commit as a document that names its schema."""
        address = self._pinned(Address.of(repository).at(revision))
        return Manifest(
            schema=f"{self._transport.endpoint.rstrip('/')}{SCHEMA}",
            kind=address.kind,
            repository=address.repository,
            commit=str(address.revision),
            files=list(self.list_manifest(address)),
        )

    def get_schema(self, name: Name, version: str = "v1") -> dict[str, Any]:
        """The JSON Schema of a kind of document."""
        return self._transport.call(wire.JsonSchema, "GET", f"/schemas/{name}/{quote(version, safe='')}.json")

    def get_sbom(
        self,
        repository: str | Address,
        *,
        format: wire.SbomFormat = "cyclonedx",  # noqa: A002 - the word of the API
        revision: str | None = None,
    ) -> dict[str, Any]:
        """The bill of materials of a revision, as JSON values."""
        address = Address.of(repository).at(revision)
        query = wire.SbomQuery(format=format, revision=address.revision)
        return self._transport.call(wire.Sbom, "GET", repository_path(address, "sbom"), query=query)

    def verify_signature(
        self, repository: str | Address, key: Pem, *, revision: str | None = None, path: str = SIGNATURE
    ) -> wire.Verdict:
        """Let the hub check a signature that is a file of the repository; ``key`` is the public one."""
        address = Address.of(repository).at(revision)
        body = wire.VerifySignature(
            public_key=_pem(key).decode("utf-8", "replace"), revision=address.revision, path=path
        )
        return self._transport.call(wire.Verdict, "POST", repository_path(address, "verify"), body=body)

    def check_signature(
        self,
        repository: str | Address,
        key: Pem,
        *,
        signature: bytes | None = None,
        revision: str | None = None,
        path: str = SIGNATURE,
    ) -> wire.Verdict:
        """Check a signature on this machine: ``signature``, or the file at ``path``, against the hub's digests."""
        from commonground.operations.signing import bundle, keys, statement

        public = keys.PublicKey.read(_pem(key))
        address = self._pinned(Address.of(repository).at(revision))
        content = self.read_file(address, path=path) if signature is None else signature
        try:
            signed = bundle.verify(content, public)
        except InvalidSignature as error:
            return wire.Verdict(commit=str(address.revision), valid=False, problem=str(error.details["reason"]))
        found = statement.differences(signed, self.list_manifest(address), path)
        return wire.Verdict(
            commit=str(address.revision),
            valid=not found,
            problem=f"{len(found)} files differ from what was signed" if found else None,
            differences=[wire.FileDifference(path=item.path, problem=item.problem) for item in found],
        )

    def make_signature(
        self, repository: str | Address, key: Pem, *, password: bytes | None = None, revision: str | None = None
    ) -> bytes:
        """A signature over all files of a revision, for use elsewhere: a sigstore bundle. ``key`` is the private one."""
        from commonground.operations.signing import bundle, keys, statement

        private = keys.PrivateKey.read(_pem(key), password)
        address = Address.of(repository).at(revision)
        return bundle.sign(statement.make_statement(address.name, self.list_manifest(address)), private)

    def sign(
        self,
        repository: str | Address,
        key: Pem,
        *,
        password: bytes | None = None,
        branch: str | None = None,
        path: str = SIGNATURE,
        title: str = "Sign the files",
    ) -> wire.Commit:
        """Sign all files of a branch and commit the signature, unless the branch moves meanwhile."""
        address = Address.of(repository).at(branch)
        pinned = self._pinned(address)
        content = self.make_signature(pinned, key, password=password)
        return self.upload_file(address, content, path=path, title=title, parent=pinned.revision)

    def _pinned(self, address: Address) -> Address:
        """The address with the commit its revision names now."""
        return address.at(next(self.list_commits(address)).id)


def _pem(key: Pem) -> bytes:
    return key if isinstance(key, bytes) else Path(key).read_bytes()
