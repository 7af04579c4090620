import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from commonground.accounts import queries
from commonground.accounts.model import ANONYMOUS, Account, Credentials, Scope
from commonground.accounts.passwords import Passwords
from commonground.accounts.service import Accounts
from commonground.accounts.throttle import PAIR_LIMIT
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.database.schema import metadata
from commonground.errors import (
    AccountExists,
    AccountNotFound,
    BadRequest,
    InvalidCredentials,
    InvalidName,
    LinkExpired,
    RegistrationClosed,
    TokenNotFound,
    TooManyRequests,
    WeakPassword,
)
from commonground.settings import Settings

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


def bearer(token: str) -> Credentials:
    return Credentials("bearer", secret=token)


async def user(accounts: Accounts, name: str = "alice", **options: Any) -> Account:
    return await accounts.create_user(name, **options)


async def token(accounts: Accounts, account: Account, **options: Any) -> str:
    return await accounts.create_token(account.id, **{"name": "test", "role": "write", **options})


async def refused(call: Awaitable[Any]) -> bool:
    try:
        await call
    except InvalidCredentials:
        return True
    return False


class TestAccounts:
    async def test_a_user_is_found_in_any_case(self, accounts: Accounts) -> None:
        made = await user(accounts, "Alice", full_name="Alice Liddell", email="a@example.org")
        assert (made.kind, made.name, made.full_name, made.is_admin) == ("user", "Alice", "Alice Liddell", False)
        assert await accounts.find("aLICE") == made == await accounts.by_id(made.id)
        assert await accounts.by_ids([made.id, 999]) == {made.id: made}

    @pytest.mark.parametrize("name", ["nobody", "", "no/body", "nul\0", "x" * 1000, "名"])
    async def test_an_unknown_name_is_not_found(self, accounts: Accounts, name: str) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.find(name)

    async def test_an_unknown_id_is_not_found(self, accounts: Accounts) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.by_id(7)

    async def test_a_name_is_taken_in_every_case_for_users_and_organizations(self, accounts: Accounts) -> None:
        await user(accounts, "Alice")
        with pytest.raises(AccountExists):
            await user(accounts, "alicE")
        with pytest.raises(AccountExists):
            await accounts.create_organization("ALICE")

    async def test_of_two_at_the_same_time_one_gets_the_name(self, accounts: Accounts) -> None:
        outcomes = await asyncio.gather(*(user(accounts, name) for name in ("twin", "Twin")), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "AccountExists"]

    @pytest.mark.parametrize("field", [{"full_name": "a\nb"}, {"email": "x" * 300}, {"full_name": "\0"}])
    async def test_texts_are_bounded_and_printable(self, accounts: Accounts, field: dict[str, str]) -> None:
        with pytest.raises(BadRequest):
            await user(accounts, **field)
        with pytest.raises(AccountNotFound):
            await accounts.find("alice")

    async def test_names_have_rules(self, accounts: Accounts) -> None:
        with pytest.raises(InvalidName):
            await user(accounts, "_alice_")
        assert (await user(accounts, "_alice_", by_admin=True)).name == "_alice_"

    async def test_an_organization_has_members_with_roles(self, accounts: Accounts) -> None:
        alice, bob = await user(accounts, "alice"), await user(accounts, "Bob")
        lab = await accounts.create_organization(
            "lab", members={"ALICE": "admin", "bob": "read"}, default_visibility="private"
        )
        assert (lab.kind, lab.default_visibility) == ("organization", "private")
        assert await accounts.members_of(lab.id) == [(alice, "admin"), (bob, "read")]
        assert await accounts.organizations_of(bob.id) == [(lab, "read")]

    async def test_an_organization_with_an_unknown_member_is_not_made(self, accounts: Accounts) -> None:
        await accounts.create_organization("other")
        for nobody in ("nobody", "other", "not a name"):
            with pytest.raises(AccountNotFound):
                await accounts.create_organization("lab", members={nobody: "read"})
        with pytest.raises(AccountNotFound):
            await accounts.find("lab")

    async def test_a_membership_changes_and_ends(self, accounts: Accounts) -> None:
        alice, lab = await user(accounts), await accounts.create_organization("lab")
        await accounts.set_member(lab.id, alice.id, "read")
        await accounts.set_member(lab.id, alice.id, "write")
        assert await accounts.organizations_of(alice.id) == [(lab, "write")]
        await accounts.set_member(lab.id, alice.id, None)
        assert await accounts.organizations_of(alice.id) == []

    async def test_a_profile_changes_where_it_is_told_to(self, accounts: Accounts) -> None:
        made = await user(accounts, full_name="A", email="a@example.org")
        changed = await accounts.update(made.id, full_name="", locale="zh", default_visibility="private")
        assert (changed.full_name, changed.email, changed.locale, changed.default_visibility) == (
            "", "a@example.org", "zh", "private",
        )  # fmt: skip
        assert await accounts.update(made.id) == changed


class TestTokens:
    async def test_a_token_says_who_calls_and_what_it_may_do(self, accounts: Accounts) -> None:
        alice = await user(accounts)
        lab = await accounts.create_organization("lab", members={"alice": "write"})
        other = await accounts.create_organization("other", members={"alice": "read"})
        scopes = (Scope("repo.write", "lab"),)
        secret = await token(accounts, alice, role="fine-grained", scopes=scopes)
        caller = await accounts.authenticate(bearer(secret))
        assert (caller.account_id, caller.name, caller.via) == (alice.id, "alice", "token")
        assert (caller.token_role, caller.scopes) == ("fine-grained", scopes)
        assert caller.memberships == {lab.id: "write", other.id: "read"}

    async def test_a_token_has_the_form_clients_and_scanners_know(self, accounts: Accounts) -> None:
        secret = await token(accounts, await user(accounts))
        assert secret.startswith("hf_")
        assert len(secret) == 46
        assert secret[3:].isalnum()

    async def test_nobody_is_anonymous(self, accounts: Accounts) -> None:
        assert await accounts.authenticate(Credentials()) is ANONYMOUS

    @pytest.mark.parametrize("secret", ["", "hf_wrong", "\0", "\ud800", "x" * 100_000])
    async def test_a_wrong_token_is_refused(self, accounts: Accounts, secret: str) -> None:
        await token(accounts, await user(accounts))
        assert await refused(accounts.authenticate(bearer(secret)))

    async def test_a_revoked_token_is_refused_at_once(self, accounts: Accounts) -> None:
        alice, bob = await user(accounts), await user(accounts, "bob")
        secret = await token(accounts, alice)
        (listed,) = await accounts.list_tokens(alice.id)
        with pytest.raises(TokenNotFound):
            await accounts.revoke_token(bob.id, listed.id)
        assert not await refused(accounts.authenticate(bearer(secret)))
        await accounts.revoke_token(alice.id, listed.id)
        assert await refused(accounts.authenticate(bearer(secret)))
        with pytest.raises(TokenNotFound):
            await accounts.revoke_token(alice.id, listed.id)

    async def test_an_expired_token_is_refused(self, accounts: Accounts) -> None:
        alice = await user(accounts)
        assert await refused(accounts.authenticate(bearer(await token(accounts, alice, expires_at=now_ms() - 1))))
        assert not await refused(
            accounts.authenticate(bearer(await token(accounts, alice, expires_at=now_ms() + 60_000)))
        )

    async def test_a_disabled_account_is_shut_out(self, accounts: Accounts) -> None:
        alice = await user(accounts, password=PASSWORD)
        secret, cookie = await token(accounts, alice), await accounts.sign_in("alice", PASSWORD)
        await accounts.set_disabled(alice.id, True)
        for given in (bearer(secret), Credentials("session", secret=cookie), Credentials("basic", "alice", PASSWORD)):
            assert await refused(accounts.authenticate(given))
        await accounts.set_disabled(alice.id, False)
        assert not await refused(accounts.authenticate(bearer(secret)))

    async def test_basic_credentials_hold_a_token_or_a_password(self, accounts: Accounts) -> None:
        alice = await user(accounts, password=PASSWORD)
        secret = await token(accounts, alice, role="read")
        for name in ("alice", "anything", ""):
            assert (await accounts.authenticate(Credentials("basic", name, secret))).token_role == "read"
        assert (await accounts.authenticate(Credentials("basic", secret, ""))).token_role == "read"
        by_password = await accounts.authenticate(Credentials("basic", "ALICE", PASSWORD))
        assert (by_password.account_id, by_password.via, by_password.token_role) == (alice.id, "password", None)

    @pytest.mark.parametrize(
        ("name", "secret"),
        [("alice", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("alice", ""), ("", ""), ("lab", PASSWORD),
         ("tokens", "wrong"), ("no name", "x")],
    )  # fmt: skip
    async def test_wrong_basic_credentials_are_refused(self, accounts: Accounts, name: str, secret: str) -> None:
        await user(accounts, password=PASSWORD)
        await user(accounts, "tokens-only")
        await accounts.create_organization("lab")
        assert await refused(accounts.authenticate(Credentials("basic", name, secret)))

    async def test_only_the_hash_of_a_token_is_stored(self, accounts: Accounts, database: Database) -> None:
        alice = await user(accounts)
        secret = await token(accounts, alice, name="laptop", scopes=[Scope("repo.read")], role="fine-grained")
        rows = await database.read(lambda c: c.execute(text("SELECT * FROM token")).all())
        assert secret not in str(rows)
        (listed,) = await accounts.list_tokens(alice.id)
        assert (listed.name, listed.role, listed.scopes) == ("laptop", "fine-grained", (Scope("repo.read"),))
        assert listed.preview == f"{secret[:5]}...{secret[-4:]}"
        assert await accounts.token(listed.id) == listed
        with pytest.raises(TokenNotFound):
            await accounts.token(listed.id + 1)

    async def test_a_given_text_is_the_token_and_may_be_given_again(self, accounts: Accounts) -> None:
        alice, bob = await user(accounts), await user(accounts, "bob")
        assert await token(accounts, alice, value="hf_fixed_text", role="read") == "hf_fixed_text"
        await token(accounts, alice, value="hf_fixed_text")
        (listed,) = await accounts.list_tokens(alice.id)
        assert (listed.role, listed.preview) == ("write", "hf_...")
        with pytest.raises(BadRequest, match="another account"):
            await token(accounts, bob, value="hf_fixed_text")
        assert (await accounts.authenticate(bearer("hf_fixed_text"))).name == "alice"

    @pytest.mark.parametrize("value", ["short", "has space", "ünïcödé", "x" * 257, "new\nline"])
    async def test_a_given_text_has_bounds(self, accounts: Accounts, value: str) -> None:
        with pytest.raises(BadRequest):
            await token(accounts, await user(accounts), value=value)

    async def test_a_token_belongs_to_somebody(self, accounts: Accounts) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.create_token(99, name="x", role="read")


class TestLastUse:
    async def test_a_use_is_recorded_once_a_minute_behind_the_request(
        self, accounts: Accounts, database: Database
    ) -> None:
        alice = await user(accounts)
        secret = await token(accounts, alice)
        await accounts.authenticate(bearer(secret))
        assert (await accounts.list_tokens(alice.id))[0].last_used_at is None
        await accounts.close()
        first = (await accounts.list_tokens(alice.id))[0].last_used_at
        assert first is not None
        await accounts.authenticate(bearer(secret))
        await accounts.close()
        assert (await accounts.list_tokens(alice.id))[0].last_used_at == first
        await database.write(queries.touch_tokens, {1: first - 1})
        assert (await accounts.list_tokens(alice.id))[0].last_used_at == first

    async def test_a_use_is_written_by_itself_after_a_moment(self, sqlite: Database) -> None:
        from commonground.accounts.last_used import LastUsed

        accounts = Accounts(sqlite)
        alice = await user(accounts)
        await token(accounts, alice)
        uses = LastUsed(sqlite, delay=0.01)
        uses.note(1, None, 1000)
        uses.note(1, None, 2000)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if (await accounts.list_tokens(alice.id))[0].last_used_at is not None:
                break
        assert (await accounts.list_tokens(alice.id))[0].last_used_at == 2000

    async def test_a_use_that_cannot_be_written_harms_nobody(self, sqlite: Database) -> None:
        accounts = Accounts(sqlite)
        secret = await token(accounts, await user(accounts))
        await accounts.authenticate(bearer(secret))
        sqlite.close()
        await accounts.close()


class TestSessions:
    async def test_signing_in_and_out(self, accounts: Accounts) -> None:
        alice = await user(accounts, password=PASSWORD)
        cookie = await accounts.sign_in("Alice", PASSWORD, "Browser/1" * 100)
        session = Credentials("session", secret=cookie)
        caller = await accounts.authenticate(session)
        assert (caller.account_id, caller.via, caller.token_role) == (alice.id, "session", None)
        await accounts.sign_out(cookie)
        assert await refused(accounts.authenticate(session))
        await accounts.sign_out(cookie)

    async def test_a_session_is_no_token_and_a_token_no_session(self, accounts: Accounts) -> None:
        alice = await user(accounts, password=PASSWORD)
        cookie, secret = await accounts.sign_in("alice", PASSWORD), await token(accounts, alice)
        assert await refused(accounts.authenticate(bearer(cookie)))
        assert await refused(accounts.authenticate(Credentials("session", secret=secret)))

    @pytest.mark.parametrize(("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("bot", ""), ("", "")])
    async def test_wrong_passwords_do_not_sign_in(self, accounts: Accounts, name: str, password: str) -> None:
        await user(accounts, password=PASSWORD)
        await user(accounts, "bot")
        assert await refused(accounts.sign_in(name, password))

    async def test_a_session_ends_by_itself(self, database: Database, quick: Passwords) -> None:
        accounts = Accounts(database, Settings(session_days=0), quick)
        await user(accounts, password=PASSWORD)
        cookie = await accounts.sign_in("alice", PASSWORD)
        assert await refused(accounts.authenticate(Credentials("session", secret=cookie)))
        await accounts.sign_in("alice", PASSWORD)
        rows = await database.read(lambda c: c.execute(text("SELECT count(*) FROM session")).scalar_one())
        assert rows == 1

    async def test_a_new_password_ends_every_session(self, accounts: Accounts) -> None:
        alice = await user(accounts, password=PASSWORD)
        cookie = await accounts.sign_in("alice", PASSWORD)
        assert await refused(accounts.change_password(alice.id, "wrong", "another long one"))
        with pytest.raises(WeakPassword):
            await accounts.change_password(alice.id, PASSWORD, "short")
        await accounts.change_password(alice.id, PASSWORD, "another long one")
        assert await refused(accounts.authenticate(Credentials("session", secret=cookie)))
        assert await refused(accounts.sign_in("alice", PASSWORD))
        assert await accounts.sign_in("alice", "another long one")
        await accounts.set_password(alice.id, "by admin")
        assert await accounts.sign_in("alice", "by admin")

    async def test_a_hash_of_lower_cost_is_renewed_at_sign_in(self, database: Database, quick: Passwords) -> None:
        weak = Accounts(database, passwords=quick)
        await user(weak, password=PASSWORD)
        await Accounts(database).sign_in("alice", PASSWORD)
        found = await database.read(queries.password_of, "alice")
        assert found is not None
        assert not Passwords().outdated(str(found[1]))


class TestJoining:
    @pytest.fixture
    def make(self, database: Database, quick: Passwords) -> Callable[[Any], Accounts]:
        return lambda registration: Accounts(database, Settings(registration=registration), quick)

    async def test_registration_follows_the_setting(self, make: Callable[[Any], Accounts]) -> None:
        for closed in ("invite", "closed"):
            with pytest.raises(RegistrationClosed):
                await make(closed).register("alice", PASSWORD)
        made = await make("open").register("alice", PASSWORD, full_name="A")
        assert (made.is_admin, made.full_name) == (False, "A")
        with pytest.raises(InvalidName):
            await make("open").register("_bot_", PASSWORD)

    async def test_an_invitation_lets_one_person_in(self, make: Callable[[Any], Accounts]) -> None:
        accounts = make("invite")
        code = await accounts.invite()
        assert await accounts.check_link(code) == "invitation"
        with pytest.raises(WeakPassword):
            await accounts.redeem(code, "alice", "short")
        assert (await accounts.redeem(code, "alice", PASSWORD)).is_admin is False
        with pytest.raises(LinkExpired):
            await accounts.redeem(code, "bob", PASSWORD)
        with pytest.raises(AccountNotFound):
            await accounts.find("bob")

    async def test_a_taken_name_does_not_use_an_invitation_up(self, make: Callable[[Any], Accounts]) -> None:
        accounts = make("invite")
        await user(accounts)
        code = await accounts.invite()
        with pytest.raises(AccountExists):
            await accounts.redeem(code, "alice", PASSWORD)
        assert (await accounts.redeem(code, "bob", PASSWORD)).name == "bob"

    async def test_of_two_with_one_invitation_one_gets_in(self, make: Callable[[Any], Accounts]) -> None:
        accounts = make("invite")
        code = await accounts.invite()
        outcomes = await asyncio.gather(
            *(accounts.redeem(code, name, PASSWORD) for name in ("alice", "bob")), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "LinkExpired"]

    async def test_invitations_end(self, make: Callable[[Any], Accounts]) -> None:
        with pytest.raises(LinkExpired):
            await make("invite").redeem(await make("invite").invite(days=0), "alice", PASSWORD)
        with pytest.raises(LinkExpired):
            await make("closed").redeem(await make("invite").invite(), "alice", PASSWORD)
        with pytest.raises(LinkExpired):
            await make("invite").redeem("made up", "alice", PASSWORD)

    async def test_the_first_administrator_comes_through_a_link(self, make: Callable[[Any], Accounts]) -> None:
        accounts = make("closed")
        code = await accounts.first_admin_link()
        assert code is not None
        assert (await accounts.redeem(code, "root", PASSWORD)).is_admin is True
        assert await accounts.first_admin_link() is None
        with pytest.raises(LinkExpired):
            await accounts.redeem(code, "evil", PASSWORD)

    async def test_the_link_of_the_first_administrator_can_be_shown_again(
        self, make: Callable[[Any], Accounts], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        codes = {await accounts.first_admin_link() for accounts in (make("closed"), make("open")) for _ in range(2)}
        assert len(codes) == 1
        today = now_ms()
        monkeypatch.setattr("commonground.accounts.service.now_ms", lambda: today + 2 * 86_400_000)
        fresh = await make("open").first_admin_link()
        assert fresh not in codes
        assert (await make("open").redeem(fresh or "", "root", PASSWORD)).is_admin is True


class TestThrottling:
    async def test_guessing_is_stopped_for_the_account_at_that_address(self, accounts: Accounts) -> None:
        await user(accounts, password=PASSWORD)
        for _ in range(PAIR_LIMIT):
            assert await refused(accounts.sign_in("Alice", "wrong", address="203.0.113.9"))
        for call in (
            accounts.sign_in("alice", PASSWORD, address="203.0.113.9"),
            accounts.authenticate(Credentials("basic", "alice", PASSWORD), "203.0.113.9"),
        ):
            with pytest.raises(TooManyRequests):
                await call
        assert await accounts.sign_in("alice", PASSWORD, address="203.0.113.10")

    async def test_signing_in_forgives(self, accounts: Accounts) -> None:
        await user(accounts, password=PASSWORD)
        for _ in range(3):
            for _ in range(PAIR_LIMIT - 1):
                assert await refused(accounts.sign_in("alice", "wrong", address="203.0.113.9"))
            await accounts.sign_in("alice", PASSWORD, address="203.0.113.9")

    async def test_a_token_is_never_throttled(self, accounts: Accounts) -> None:
        secret = await token(accounts, await user(accounts, password=PASSWORD))
        for _ in range(PAIR_LIMIT):
            assert await refused(accounts.authenticate(Credentials("basic", "alice", "wrong"), "203.0.113.9"))
        assert (await accounts.authenticate(Credentials("basic", "alice", secret), "203.0.113.9")).name == "alice"


async def test_closing_writes_the_last_uses_and_leaves_no_task(accounts: Accounts) -> None:
    before = asyncio.all_tasks()
    alice = await user(accounts)
    await accounts.authenticate(bearer(await token(accounts, alice)))
    await accounts.close()
    [info] = await accounts.list_tokens(alice.id)
    assert info.last_used_at is not None
    assert asyncio.all_tasks() == before


async def test_an_account_id_is_never_given_out_again(accounts: Accounts, database: Database) -> None:
    first = await user(accounts)
    await database.write(lambda connection: connection.execute(text("DELETE FROM account")))
    assert (await user(accounts)).id > first.id


class TokenLife(RuleBasedStateMachine):
    """Whatever is made, revoked, disabled: exactly the living tokens of living accounts get in."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{self._folder.name}/x.sqlite3")
        self.database.write_now(metadata.create_all)
        self.accounts = Accounts(self.database)
        self.disabled: set[int] = set()
        self.living: dict[str, int] = {}
        self.dead: list[str] = []
        self.users: list[Account] = []

    def do(self, call: Any) -> Any:
        return asyncio.run(call)

    @initialize()
    def two_users(self) -> None:
        self.users = [self.do(user(self.accounts, name)) for name in ("alice", "bob")]

    @rule(who=st.integers(0, 1))
    def make(self, who: int) -> None:
        self.living[self.do(token(self.accounts, self.users[who]))] = self.users[who].id

    @rule(which=st.integers(0, 10))
    def revoke(self, which: int) -> None:
        if not self.living:
            return
        secret = list(self.living)[which % len(self.living)]
        account_id = self.living.pop(secret)
        listed = self.do(self.accounts.list_tokens(account_id))
        (found,) = [info for info in listed if info.preview == f"{secret[:5]}...{secret[-4:]}"]
        self.do(self.accounts.revoke_token(account_id, found.id))
        self.dead.append(secret)

    @rule(who=st.integers(0, 1), disabled=st.booleans())
    def shut_out(self, who: int, disabled: bool) -> None:
        account_id = self.users[who].id
        self.do(self.accounts.set_disabled(account_id, disabled))
        (self.disabled.add if disabled else self.disabled.discard)(account_id)

    @invariant()
    def only_the_living_get_in(self) -> None:
        for secret, account_id in self.living.items():
            assert self.do(refused(self.accounts.authenticate(bearer(secret)))) is (account_id in self.disabled)
        for secret in self.dead:
            assert self.do(refused(self.accounts.authenticate(bearer(secret))))

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()


TokenLife.TestCase.settings = hypothesis_settings(max_examples=12, stateful_step_count=8, deadline=None)
TestTokenLife = TokenLife.TestCase
