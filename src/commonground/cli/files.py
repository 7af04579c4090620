"""``commonground files``: list, upload, download and delete files."""

import sys
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, progress, size_text, table
from commonground.gateways.native.wire import Commit, Entry
from commonground.sdk.address import Address

app = cyclopts.App(name="files", help="List, upload, download and delete files.")


@app.command(name="list")
def list_tree(address: str, *, recursive: bool = False, options: Options = DEFAULTS) -> None:
    """List a folder of a repository.

    Parameters
    ----------
    address
        hub://[models|datasets]/owner/name[@revision][/path]; hub://models/ may be left out.
    recursive
        Also list everything below.

    """
    with options.hub() as hub:
        answer(list(hub.list_tree(address, recursive=recursive)), options, _table)


@app.command(name="upload")
def upload_file(
    address: str,
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    title: str = "",
    description: str = "",
    parent: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Upload a file of any size, or all files of a folder, in one commit.

    Parameters
    ----------
    address
        hub://[models|datasets]/owner/name[@branch]/path; hub://models/ may be left out.
    file
        The local file or folder; - is standard input.
    title
        First line of the commit message.
    description
        The commit message below its title.
    parent
        Refuse unless the branch is at this commit.

    """
    message = {"title": title, "description": description}
    with options.hub() as hub:
        if file.is_dir():
            shown = progress("uploading", str(file), counted=True)
            made = hub.upload_folder(address, file, **message, parent=parent, progress=shown)
        else:
            content = sys.stdin.buffer if str(file) == "-" else file
            made = hub.upload_file(address, content, **message, parent=parent)
        answer(made, options, _commit)


@app.command(name="download")
def download_file(
    address: str, to: Path | None = None, *, recursive: bool = False, options: Options = DEFAULTS
) -> None:
    """Download a file, or a folder with everything below it.

    Parameters
    ----------
    address
        hub://[models|datasets]/owner/name[@revision]/path; hub://models/ may be left out.
    to
        Where to write it: a file, or a folder that exists; default: the working directory.
    recursive
        The address is a folder or a whole repository; its files are written below TO.

    """
    if recursive:
        _download_folder(address, to or Path(), options)
        return
    name = Address.parse(address).path.rpartition("/")[2]
    target = Path(name) if to is None else to / name if to.is_dir() else to
    with options.hub() as hub:
        path = hub.download_file(address, target, progress=progress("downloading", name))
    answer({"path": str(path), "size": path.stat().st_size}, options, lambda _: print(path))


def _download_folder(address: str, to: Path, options: Options) -> None:
    with options.hub() as hub:
        paths = hub.download_folder(address, to, progress=progress("downloading", address, counted=True))
    answer([str(path) for path in paths], options, lambda _: print(f"{len(paths)} files in {to}"))


@app.command(name="delete")
def delete_file(
    address: str, *, title: str = "", description: str = "", parent: str | None = None, options: Options = DEFAULTS
) -> None:
    """Delete a file, in one commit.

    Parameters
    ----------
    address
        hub://[models|datasets]/owner/name[@branch]/path; hub://models/ may be left out.
    title
        First line of the commit message.
    description
        The commit message below its title.
    parent
        Refuse unless the branch is at this commit.

    """
    with options.hub() as hub:
        made = hub.delete_file(address, title=title, description=description, parent=parent)
        answer(made, options, _commit)


def _table(found: list[Entry]) -> None:
    table(("Size", "Path"), [_row(entry) for entry in found])


def _row(entry: Entry) -> tuple[str, str]:
    return ("", f"{entry.path}/") if entry.type == "directory" else (size_text(entry.size), entry.path)


def _commit(made: Commit) -> None:
    print(made.id, clean(made.title))
