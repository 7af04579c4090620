"""The one table of permissions: what a role may do to a repository or an account."""

from enum import StrEnum
from typing import Protocol

from commonground.accounts.model import MemberRole, Principal
from commonground.errors import CommongroundError, Forbidden, RepositoryDisabled, RepositoryNotFound, Unauthenticated


class Action(StrEnum):
    """What can be done to a repository or under an account's name."""

    READ = "read"  # metadata and files
    READ_METADATA = "read metadata of"  # of a protected repository: its card, not its files
    WRITE = "write to"  # commits, branches, tags, uploads
    DISCUSS = "discuss"  # threads and pull requests
    MANAGE = "manage"  # settings, access requests
    DELETE = "delete"
    CREATE = "create a repository for"  # under an account
    ADMINISTER = "administer"  # an organisation or the server


ROLE_ACTIONS: dict[MemberRole, frozenset[Action]] = {
    "read": frozenset({Action.READ, Action.READ_METADATA, Action.DISCUSS}),
    "contributor": frozenset({Action.READ, Action.READ_METADATA, Action.DISCUSS, Action.CREATE}),
    "write": frozenset(
        {Action.READ, Action.READ_METADATA, Action.DISCUSS, Action.CREATE, Action.WRITE, Action.MANAGE, Action.DELETE}
    ),
    "admin": frozenset(Action),
}
"""A contributor additionally has ``admin`` on the repositories they created (a grant row)."""

READING = frozenset({Action.READ, Action.READ_METADATA})

SCOPE_ACTIONS: dict[str, frozenset[Action]] = {
    "repo.content.read": READING,
    "repo.read": READING,
    "discussion.write": READING | {Action.DISCUSS},
    "repo.write": frozenset(Action) - {Action.ADMINISTER},
    "org.write": frozenset({Action.ADMINISTER}),
}
"""What a fine-grained token may do with each permission, as far as its account may."""


class Guarded(Protocol):
    """What a decision needs to know of a repository."""

    @property
    def kind(self) -> str:
        """model, dataset, space or kernel."""
        ...

    @property
    def owner_id(self) -> int:
        """The account that owns it."""
        ...

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        ...

    @property
    def visibility(self) -> str:
        """public, private or protected."""
        ...

    @property
    def disabled_reason(self) -> str | None:
        """Why access is blocked, if it is."""
        ...


def role_on(principal: Principal, owner_id: int, granted: MemberRole | None = None) -> MemberRole | None:
    """The strongest role a principal has on what ``owner_id`` owns, from ownership, membership and a grant."""
    if principal.account_id is None:
        return None
    if principal.is_admin or principal.account_id == owner_id:
        return "admin"
    roles = [role for role in (principal.memberships.get(owner_id), granted) if role]
    return max(roles, key=_STRENGTH.index, default=None)


_STRENGTH: list[MemberRole] = ["read", "contributor", "write", "admin"]


def token_allows(principal: Principal, action: Action, target: str) -> bool:
    """Whether the token behind the call is wide enough. ``target`` is ``"kind:owner/name"`` or an owner name."""
    if principal.token_role is None or principal.token_role == "write":
        return True
    if principal.token_role == "read":
        return action in READING
    full = target.lower()
    owner = full.partition(":")[2].partition("/")[0] or full
    return any(
        action in SCOPE_ACTIONS.get(scope.permission, ()) and scope.target.lower() in {"*", owner, full}
        for scope in principal.scopes
    )


def may(principal: Principal, action: Action, repository: Guarded, granted: MemberRole | None = None) -> bool:
    """Whether ``principal`` may do ``action`` to ``repository``. ``granted`` is the role of an access grant, if any."""
    target = f"{repository.kind}:{repository.full_name}"
    open_to_all = {"public": READING, "protected": {Action.READ_METADATA}}.get(repository.visibility, frozenset())
    if repository.disabled_reason and action != Action.READ_METADATA and not principal.is_admin:
        return False
    if action in open_to_all:
        return True
    if action is Action.DISCUSS and repository.visibility == "public" and not principal.is_anonymous:
        return token_allows(principal, action, target)
    role = role_on(principal, repository.owner_id, granted)
    return role is not None and action in ROLE_ACTIONS[role] and token_allows(principal, action, target)


def authorize(principal: Principal, action: Action, repository: Guarded, granted: MemberRole | None = None) -> None:
    """Return, or raise: what the caller may not even read is :class:`RepositoryNotFound` (private looks absent); a
    readable repository asks an anonymous caller for credentials and refuses a known one with :class:`Forbidden`.
    """
    if may(principal, action, repository, granted):
        return
    raise refusal(principal, action, repository, granted)


def refusal(
    principal: Principal, action: Action, repository: Guarded, granted: MemberRole | None = None
) -> CommongroundError:
    """The error that tells the caller no more than they may know."""
    if not may(principal, Action.READ_METADATA, repository, granted):
        return RepositoryNotFound()
    if repository.disabled_reason and not principal.is_admin:
        return RepositoryDisabled()
    if principal.is_anonymous:
        return Unauthenticated()
    return Forbidden(action=action.value, resource=repository.full_name)


def may_create(principal: Principal, owner_id: int, owner_name: str) -> bool:
    """Whether ``principal`` may create a repository under an account."""
    return _may_under(principal, Action.CREATE, owner_id, owner_name)


def may_administer(principal: Principal, owner_id: int, owner_name: str) -> bool:
    """Whether ``principal`` may change an account: its profile, its members."""
    return _may_under(principal, Action.ADMINISTER, owner_id, owner_name)


def _may_under(principal: Principal, action: Action, owner_id: int, owner_name: str) -> bool:
    role = role_on(principal, owner_id)
    return role is not None and action in ROLE_ACTIONS[role] and token_allows(principal, action, owner_name)
