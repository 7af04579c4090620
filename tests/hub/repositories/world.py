"""A small world to test in: a real database with accounts and a repository service."""

from collections.abc import Mapping

from sqlalchemy import Connection, Executable, insert, update

from commonground.accounts.model import MemberRole, Principal
from commonground.database import Database
from commonground.database.schema.accounts import access_grant, account, membership
from commonground.database.schema.hub import ref, repository
from commonground.database.schema.store import file_link
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import write_initial_commit


class World:
    """Accounts by name, and the service under test."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 1_700_000_000_000
        self.repositories = Repositories(database, write_initial_commit, clock=lambda: self.now)
        self._ids: dict[str, int] = {}

    def account(self, name: str, kind: str = "user", **values: object) -> int:
        """A new account; its row id."""
        row = {"kind": kind, "name": name, "name_key": name.lower(), "created_at": 0, **values}
        self._ids[name] = self.database.write_now(
            lambda c: int(c.execute(insert(account).returning(account.c.id), row).scalar_one())
        )
        return self._ids[name]

    def join(self, organization: str, user: str, role: MemberRole) -> None:
        """Make a user a member."""
        row = {"organization_id": self._ids[organization], "account_id": self._ids[user], "role": role}
        self._do(insert(membership).values(row))

    def caller(self, name: str, memberships: Mapping[str, MemberRole] | None = None, **values: object) -> Principal:
        """A signed-in principal."""
        roles = {self._ids[org]: role for org, role in (memberships or {}).items()}
        return Principal(account_id=self._ids[name], name=name, via="token", memberships=roles, **values)  # type: ignore[arg-type]

    def grant(self, repository_id: int, user: str, role: MemberRole) -> None:
        """Give a user a role on one repository."""
        row = {"repository_id": repository_id, "account_id": self._ids[user], "role": role, "created_at": 0}
        self._do(insert(access_grant).values(row))

    def add_ref(self, repository_id: int, name: str) -> None:
        """A ref that points nowhere in particular."""
        sha = b"\xab" * 20
        row = {"repository_id": repository_id, "name": name, "sha": sha, "target": sha, "updated_at": 0}
        self._do(insert(ref).values(row))

    def link(self, repository_id: int, file_hash: bytes, size: int) -> None:
        """Content of the store in a repository."""
        row = {"repository_id": repository_id, "file_hash": file_hash, "size": size, "created_at": 0}
        self._do(insert(file_link).values(row))

    def set(self, repository_id: int, **values: object) -> None:
        """Set columns of a repository."""
        statement = update(repository).where(repository.c.id == repository_id).values(**values)
        self._do(statement)

    def disable(self, repository_id: int) -> None:
        """Block access, as a moderator would."""
        self.set(repository_id, disabled_reason="abuse")

    def _do(self, statement: Executable) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement)

        self.database.write_now(work)


def populated(database: Database) -> World:
    """Two users and an organisation."""
    world = World(database)
    world.account("Alice")
    world.account("bob")
    world.account("lab", kind="organization", default_visibility="private")
    return world
