"""How a command shows a failure."""

from commonground.errors import CommongroundError


def line_of(error: CommongroundError) -> str:
    """``CG-code: what happened; what to do`` in one line."""
    text = " ".join(str(error).split())
    return f"{error.code}: {text.rstrip('.')}; {error.remedy}." if error.remedy else f"{error.code}: {text}"
