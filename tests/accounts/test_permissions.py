"""The table of permissions, written out: who may do what to which repository, through which token.

Letters are actions: R read, M read metadata, W write, D discuss, S settings (manage), X delete, C create, A administer.
"""

from dataclasses import dataclass

import pytest

from commonground.accounts.model import ANONYMOUS, MemberRole, Principal, Scope, TokenRole
from commonground.accounts.permissions import Action, authorize, may, may_administer, may_create, role_on
from commonground.errors import (
    CommongroundError,
    Forbidden,
    RepositoryDisabled,
    RepositoryNotFound,
    Unauthenticated,
)

LETTERS = {
    "R": Action.READ,
    "M": Action.READ_METADATA,
    "W": Action.WRITE,
    "D": Action.DISCUSS,
    "S": Action.MANAGE,
    "X": Action.DELETE,
    "C": Action.CREATE,
    "A": Action.ADMINISTER,
}

# columns: session or write token, read token, fine-grained: repo.read, discussion.write, repo.write, nothing of this
MATRIX = """
public     anonymous    RM        -   -   -    -        -
public     stranger     RMD       RM  RM  RMD  RMD      RM
public     read         RMD       RM  RM  RMD  RMD      RM
public     contributor  RMDC      RM  RM  RMD  RMDC     RM
public     write        RMWDSXC   RM  RM  RMD  RMWDSXC  RM
public     admin        RMWDSXCA  RM  RM  RMD  RMWDSXC  RM
public     owner        RMWDSXCA  RM  RM  RMD  RMWDSXC  RM
public     server       RMWDSXCA  RM  RM  RMD  RMWDSXC  RM
public     grant-read   RMD       RM  RM  RMD  RMD      RM
public     grant-write  RMWDSXC   RM  RM  RMD  RMWDSXC  RM
protected  anonymous    M         -   -   -    -        -
protected  stranger     M         M   M   M    M        M
protected  read         RMD       RM  RM  RMD  RMD      M
protected  contributor  RMDC      RM  RM  RMD  RMDC     M
protected  write        RMWDSXC   RM  RM  RMD  RMWDSXC  M
protected  admin        RMWDSXCA  RM  RM  RMD  RMWDSXC  M
protected  owner        RMWDSXCA  RM  RM  RMD  RMWDSXC  M
protected  server       RMWDSXCA  RM  RM  RMD  RMWDSXC  M
protected  grant-read   RMD       RM  RM  RMD  RMD      M
private    anonymous    .         -   -   -    -        -
private    stranger     .         .   .   .    .        .
private    read         RMD       RM  RM  RMD  RMD      .
private    contributor  RMDC      RM  RM  RMD  RMDC     .
private    write        RMWDSXC   RM  RM  RMD  RMWDSXC  .
private    admin        RMWDSXCA  RM  RM  RMD  RMWDSXC  .
private    owner        RMWDSXCA  RM  RM  RMD  RMWDSXC  .
private    server       RMWDSXCA  RM  RM  RMD  RMWDSXC  .
private    grant-read   RMD       RM  RM  RMD  RMD      .
private    grant-write  RMWDSXC   RM  RM  RMD  RMWDSXC  .
disabled   anonymous    M         -   -   -    -        -
disabled   stranger     M         M   M   M    M        M
disabled   write        M         M   M   M    M        M
disabled   owner        M         M   M   M    M        M
disabled   server       RMWDSXCA  RM  RM  RMD  RMWDSXC  RM
"""

ORGANIZATION, OWNER, CALLER = 10, 11, 12

Token = tuple[TokenRole | None, tuple[Scope, ...]]
TOKENS: list[tuple[Token, ...]] = [
    ((None, ()), ("write", ())),
    (("read", ()),),
    (
        ("fine-grained", (Scope("repo.read"),)),
        ("fine-grained", (Scope("repo.content.read", "lab"),)),
        ("fine-grained", (Scope("repo.read", "model:lab/m"), Scope("repo.write", "model:lab/other"))),
    ),
    (("fine-grained", (Scope("discussion.write"),)),),
    (("fine-grained", (Scope("repo.write"),)), ("fine-grained", (Scope("repo.write", "model:Lab/M"),))),
    (
        ("fine-grained", ()),
        ("fine-grained", (Scope("repo.write", "elsewhere"), Scope("repo.write", "dataset:lab/m"))),
        ("fine-grained", (Scope("unknown.permission"), Scope("repo.write", "model:lab/"))),
    ),
]


@dataclass(frozen=True)
class Repository:
    visibility: str
    owner_id: int = ORGANIZATION
    kind: str = "model"
    full_name: str = "lab/m"
    disabled_reason: str | None = None


def caller(role: str, token: Token) -> tuple[Principal, MemberRole | None]:
    """The principal of a row, and the grant it has."""
    token_role, scopes = token
    if role == "anonymous":
        return ANONYMOUS, None
    grants: dict[str, MemberRole] = {"grant-read": "read", "grant-write": "write"}
    members: dict[str, MemberRole] = {"read": "read", "contributor": "contributor", "write": "write", "admin": "admin"}
    principal = Principal(
        account_id=CALLER,
        name="caller",
        is_admin=role == "server",
        token_role=token_role,
        scopes=scopes,
        memberships={ORGANIZATION: members[role]} if role in members else {},
    )
    return principal, grants.get(role)


def target(visibility: str, role: str) -> Repository:
    owner = CALLER if role == "owner" else ORGANIZATION
    if visibility == "disabled":
        return Repository("public", owner, disabled_reason="takedown")
    return Repository(visibility, owner)


def cases() -> list[tuple[str, str, Token, str]]:
    found = []
    for line in MATRIX.split("\n"):
        visibility, role, *columns = line.split() or ("", "")
        for tokens, letters in zip(TOKENS, columns, strict=False):
            found += [(visibility, role, token, letters) for token in tokens if letters != "-"]
    return found


@pytest.mark.parametrize(("visibility", "role", "token", "letters"), cases())
def test_who_may_do_what(visibility: str, role: str, token: Token, letters: str) -> None:
    principal, granted = caller(role, token)
    repository = target(visibility, role)
    allowed = {letter for letter, action in LETTERS.items() if may(principal, action, repository, granted)}
    assert allowed == set(letters) - {"."}


@pytest.mark.parametrize(("visibility", "role", "token", "letters"), cases())
def test_a_refusal_tells_no_more_than_the_caller_may_know(
    visibility: str, role: str, token: Token, letters: str
) -> None:
    principal, granted = caller(role, token)
    repository = target(visibility, role)
    for letter, action in LETTERS.items():
        expected: type[CommongroundError] | None = Forbidden
        if letter in letters:
            expected = None
        elif "M" not in letters:
            expected = RepositoryNotFound
        elif visibility == "disabled" and role != "server":
            expected = RepositoryDisabled
        elif role == "anonymous":
            expected = Unauthenticated
        assert outcome(principal, action, repository, granted) is expected, letter


def outcome(
    principal: Principal, action: Action, repository: Repository, granted: MemberRole | None
) -> type[CommongroundError] | None:
    try:
        authorize(principal, action, repository, granted)
    except CommongroundError as error:
        return type(error)
    return None


def test_the_stronger_of_membership_and_grant_counts() -> None:
    member = Principal(account_id=CALLER, memberships={ORGANIZATION: "read"})
    assert role_on(member, ORGANIZATION, "admin") == "admin"
    assert role_on(member, ORGANIZATION) == "read"
    assert role_on(member, OWNER) is None
    assert role_on(ANONYMOUS, ORGANIZATION, "admin") is None


@pytest.mark.parametrize(
    ("role", "create", "administer"),
    [("read", False, False), ("contributor", True, False), ("write", True, False), ("admin", True, True)],
)
def test_what_a_member_may_do_under_the_name_of_an_organization(
    role: MemberRole, create: bool, administer: bool
) -> None:
    member = Principal(account_id=CALLER, memberships={ORGANIZATION: role})
    assert may_create(member, ORGANIZATION, "lab") is create
    assert may_administer(member, ORGANIZATION, "lab") is administer


@pytest.mark.parametrize(
    ("scope", "create", "administer"),
    [
        (Scope("repo.write"), True, False),
        (Scope("repo.write", "Lab"), True, False),
        (Scope("repo.write", "other"), False, False),
        (Scope("repo.write", "model:lab/m"), False, False),
        (Scope("org.write", "lab"), False, True),
        (Scope("repo.read"), False, False),
    ],
)
def test_a_narrow_token_narrows_an_administrator(scope: Scope, create: bool, administer: bool) -> None:
    admin = Principal(account_id=CALLER, is_admin=True, token_role="fine-grained", scopes=(scope,))
    assert may_create(admin, ORGANIZATION, "lab") is create
    assert may_administer(admin, ORGANIZATION, "lab") is administer
