"""Who may record and look: an account its own, an administrator everything. To others it looks absent."""

from commonground.accounts.model import Principal
from commonground.errors import Forbidden, Unauthenticated

NARROW = frozenset({"read", "fine-grained"})


def reader(principal: Principal) -> Principal:
    """The caller, if they may look at what they recorded; :class:`Unauthenticated`, :class:`Forbidden`."""
    if principal.is_anonymous:
        raise Unauthenticated
    if principal.via == "link" or principal.token_role == "fine-grained":
        raise Forbidden(action="look at", resource="runs and experiments with this token")
    return principal


def writer(principal: Principal) -> Principal:
    """The caller, if they may record; :class:`Unauthenticated`, :class:`Forbidden`."""
    if principal.token_role in NARROW:
        raise Forbidden(action="record", resource="runs and experiments with this token")
    return reader(principal)


def scope(principal: Principal) -> int | None:
    """The account whose things the caller sees; ``None``: everybody's."""
    return None if principal.is_admin else principal.account_id


def may_see(principal: Principal, owner_id: int | None) -> bool:
    """Whether something of this account is the caller's business."""
    return principal.is_admin or owner_id == principal.account_id
