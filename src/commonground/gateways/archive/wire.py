"""What the address of an archive says."""

import msgspec

from commonground.errors import BadRequest
from commonground.hub.archives.model import Format
from commonground.hub.repositories.model import Repository

ENDINGS: dict[str, Format] = {".tar.gz": "tar.gz", ".tgz": "tar.gz", ".tar": "tar", ".zip": "zip"}
NAME_LIMIT = 255


class Query(msgspec.Struct, frozen=True):
    """``path``: the folder to pack; ``top``: the one folder everything in the archive is below, empty for none."""

    path: str | None = None
    top: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One archive."""

    revision: str
    folder: str
    form: Format
    top: str
    filename: str


def read_address(repository: Repository, revision: str, path: str, query: Query) -> Asked:
    """The archive that ``archive/{revision}/{path}`` and its query name: the last part of ``path`` is any name with one
    of :data:`ENDINGS`, the parts before it are the folder, unless the query has it.
    """
    folder, _, filename = path.rpartition("/")
    form = next((form for ending, form in ENDINGS.items() if filename.lower().endswith(ending)), None)
    if form is None:
        raise BadRequest(reason=f"the name of an archive ends with {', '.join(ENDINGS)}")
    if query.path and folder:
        raise BadRequest(reason="the folder is named twice, in the path and in ?path=")
    folder = (query.path or folder).strip("/")
    top = default_top(repository.name, revision, folder) if query.top is None else query.top
    return Asked(revision=revision, folder=folder, form=form, top=top, filename=filename)


def default_top(name: str, revision: str, folder: str) -> str:
    """``name-revision`` or ``name-revision-folder``, what archives of other forges begin with."""
    whole = "-".join(part.replace("/", "-") for part in (name, revision, folder) if part)
    return whole.encode()[:NAME_LIMIT].decode(errors="ignore")
