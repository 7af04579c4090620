"""What a failing database means for the caller."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from commonground.errors import BadRequest, DatabaseUnavailable, StorageFull

RETRIED = frozenset({"40001", "40P01"})  # serialisation failure, deadlock
_DISK_FULL = "53100"
_DAMAGED = ("file is not a database", "database disk image is malformed")
_TEXT_REFUSED = ("NUL (0x00)", "surrogates not allowed")


def sqlstate(error: BaseException) -> str:
    """The five characters PostgreSQL names an error with, else the empty text."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def translate(error: BaseException) -> BaseException:
    """The error of this project for a failure of the database; others stay what they are."""
    text = str(getattr(error, "orig", error))
    if any(reason in text for reason in _TEXT_REFUSED):
        return BadRequest(reason="a text holds characters that cannot be stored")
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable(reason="all connections are busy")
    if not isinstance(error, DBAPIError):
        return error
    if "disk is full" in text or "disk I/O error" in text or sqlstate(error) == _DISK_FULL:
        return StorageFull()
    if isinstance(error, OperationalError | InterfaceError) or any(reason in text for reason in _DAMAGED):
        return DatabaseUnavailable(reason=text.splitlines()[0] if text else "no answer")
    return error
