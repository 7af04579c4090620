"""``commonground manifest``, ``sbom``, ``sign`` and ``verify``: what a revision consists of, and who vouches for it."""

from pathlib import Path
from typing import Literal

import msgspec

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, done
from commonground.errors import InvalidSignature
from commonground.gateways.native.wire import Commit, Verdict
from commonground.sdk.supply_chain import SIGNATURE


def manifest(address: str, *, options: Options = DEFAULTS) -> None:
    """List all files of a revision with their SHA-256, in the form `sha256sum --check` reads.

    Parameters
    ----------
    address
        owner/name[@revision], datasets/owner/name[@revision] or the same with hub:// in front.

    """
    with options.hub() as hub:
        if options.json:
            answer(hub.manifest(address), options, print)
            return
        for file in hub.list_manifest(address):
            print(f"{file.sha256}  {clean(file.path)}")


def sbom(
    address: str,
    *,
    format: Literal["cyclonedx", "spdx"] = "cyclonedx",  # noqa: A002 - the option's name
    output: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Print the bill of materials of a revision: files, licence, base models, data sets.

    Parameters
    ----------
    address
        owner/name[@revision], datasets/owner/name[@revision] or the same with hub:// in front.
    format
        CycloneDX 1.6 or SPDX 3.0.1, both as JSON.
    output
        Write it to this file.

    """
    with options.hub() as hub:
        found = hub.get_sbom(address, format=format)
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    if output is None:
        print(text)
    else:
        output.write_text(f"{text}\n", encoding="utf-8")
        done(f"wrote {output}", options)


def sign(
    address: str,
    *,
    key: Path,
    password_file: Path | None = None,
    output: Path | None = None,
    title: str = "Sign the files",
    options: Options = DEFAULTS,
) -> None:
    """Sign all files of a revision (OpenSSF Model Signing v1.0) and commit the signature as model.sig.

    Parameters
    ----------
    address
        owner/name[@branch], datasets/owner/name[@branch] or the same with hub:// in front.
    key
        The private key, an elliptic curve key in PEM form. It stays on this machine.
    password_file
        A file with the password of the key, if it has one.
    output
        Write the signature to this file, and commit nothing.
    title
        First line of the commit message.

    """
    password = None if password_file is None else password_file.read_bytes().rstrip(b"\r\n")
    with options.hub() as hub:
        if output is None:
            answer(hub.sign(address, key, password=password, title=title), options, _commit)
        else:
            output.write_bytes(hub.make_signature(address, key, password=password))
            done(f"wrote {output}", options)


def verify(
    address: str,
    *,
    key: Path,
    signature: Path | None = None,
    path: str = SIGNATURE,
    on_server: bool = False,
    options: Options = DEFAULTS,
) -> None:
    """Check that a key signed exactly the files of a revision.

    Parameters
    ----------
    address
        owner/name[@revision], datasets/owner/name[@revision] or the same with hub:// in front.
    key
        The public key in PEM form.
    signature
        A local file with the signature; default: the one in the repository.
    path
        Where the signature is in the repository.
    on_server
        Let the hub check the one in the repository, where this machine lacks the packages.

    """
    with options.hub() as hub:
        if on_server:
            found = hub.verify_signature(address, key, path=path)
        else:
            content = None if signature is None else signature.read_bytes()
            found = hub.check_signature(address, key, signature=content, path=path)
    answer(found, options, _verdict)
    if not found.valid:
        raise InvalidSignature(reason=found.problem)


def _commit(made: Commit) -> None:
    print(made.id, clean(made.title))


def _verdict(found: Verdict) -> None:
    for difference in found.differences:
        print(f"{difference.problem}: {clean(difference.path)}")
    if found.valid:
        print(f"the signature holds for {found.commit}")
