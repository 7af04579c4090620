"""How the protocol names things: registered models, and where artifacts are."""

import re
from urllib.parse import unquote, urlsplit

import msgspec

from commonground.accounts.model import Principal
from commonground.compute.tracking.artifacts import Place
from commonground.errors import ExperimentNotFound, RepositoryNotFound, RunNotFound
from commonground.hub.repositories.model import Repository

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:/"
RUNS, MODELS, REPOSITORIES = "runs", "models", "repositories"
_DIGITS = re.compile(r"[0-9]{1,18}\Z")


class Content(msgspec.Struct, frozen=True):
    """A file or folder of a commit of a repository."""

    owner: str
    name: str
    commit: str


def shown_name(repository: Repository) -> str:
    """``owner.name``: a slash would be taken for the beginning of a version."""
    return f"{repository.owner}.{repository.name}"


def split_name(name: str, caller: Principal) -> tuple[str, str]:
    """Owner and name of a repository from ``owner.name``, ``owner/name``, or a name of the caller's own."""
    separator = "/" if "/" in name else "."
    owner, found, rest = name.partition(separator)
    owner, rest = (owner, rest) if found else (caller.name, name)
    if not owner or not rest or "/" in rest:
        raise RepositoryNotFound
    return owner, rest


def run_number(text: str) -> int:
    """The id of a run; :class:`RunNotFound` for what cannot be one."""
    if not _DIGITS.match(text):
        raise RunNotFound(run=text[:100])
    return int(text)


def experiment_number(text: str) -> int:
    """The id of an experiment; :class:`ExperimentNotFound` for what cannot be one."""
    if not _DIGITS.match(text):
        raise ExperimentNotFound(experiment=text[:100])
    return int(text)


def version_number(text: str) -> int:
    """The number of a version; 0, which none has, for what cannot be one."""
    return int(text) if _DIGITS.match(text) else 0


def run_artifacts(run_id: int) -> str:
    """Where the artifacts of a run are."""
    return f"{SCHEME}{RUNS}/{run_id}"


def model_artifacts(uid: str) -> str:
    """Where the files of a logged model are."""
    return f"{SCHEME}{MODELS}/{uid}"


def version_artifacts(repository: Repository, commit: str) -> str:
    """Where the files of a version are."""
    return f"{SCHEME}{REPOSITORIES}/{repository.owner}/{repository.name}/{commit}"


def parse_artifacts(path: str) -> tuple[Place | Content, str] | None:
    """Whose files a path below the artifacts is about, and the path below that."""
    head, *rest = path.strip("/").split("/")
    if head == RUNS and rest:
        return Place("run", rest[0]), "/".join(rest[1:])
    if head == MODELS and rest:
        return Place("model", rest[0]), "/".join(rest[1:])
    if head == REPOSITORIES and len(rest) >= 3:
        return Content(rest[0], rest[1], rest[2]), "/".join(rest[3:])
    return None


def artifact_path(uri: str) -> str | None:
    """The path below the artifacts that an address names, in any of the forms clients give it."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme == "mlflow-artifacts":
        return path.strip("/")
    if parts.scheme == "runs":
        return f"{RUNS}/{path.strip('/')}"
    if parts.scheme in {"http", "https"} and ARTIFACTS in path:
        return path.partition(ARTIFACTS)[2].strip("/")
    return None
