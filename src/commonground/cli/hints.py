"""What to do about a failure, where its text does not say so."""

from commonground import errors
from commonground.errors import CommongroundError

_HINTS: dict[type[CommongroundError], str] = {
    errors.InvalidCredentials: "run `commonground login`, or check CG_TOKEN",
    errors.Unauthenticated: "run `commonground login`, or set CG_TOKEN",
    errors.Forbidden: "ask its owner, or use a token with a wider role",
    errors.RepositoryNotFound: "check its name and kind; if it is private, run `commonground login` first",
    errors.RepositoryMoved: "use the new name",
    errors.RepositoryExists: "choose another name",
    errors.RevisionNotFound: "`commonground branches list` and `commonground tags list` show what there is",
    errors.EntryNotFound: "`commonground files list` shows what there is",
    errors.StaleParent: "look at what changed, then try again",
    errors.ServerUnreachable: "check --endpoint or CG_ENDPOINT, and that the server runs",
    errors.DatabaseUnavailable: "`commonground doctor` looks for the cause",
}


def line_of(error: CommongroundError) -> str:
    """``CG-code: what happened, what to do`` in one line."""
    hint = next((_HINTS[kind] for kind in type(error).__mro__ if kind in _HINTS), "")
    text = " ".join(str(error).split())
    return f"{error.code}: {text.rstrip('.')}; {hint}." if hint else f"{error.code}: {text}"
