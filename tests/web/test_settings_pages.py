"""The settings of a person."""

import re

import pytest

from commonground.accounts.model import Credentials
from commonground.errors import InvalidCredentials
from tests.web.hub import PASSWORD, Hub

pytestmark = pytest.mark.anyio

READ_TOKEN = {"name": "notebook-7", "role": "read", "days": "30", "target": "", "permission": "repo.read"}


async def test_settings_need_a_session_not_a_token(hub: Hub) -> None:
    for path in ("/settings/profile", "/settings/tokens", "/settings/password"):
        assert (await hub.visitor.get(path)).headers["location"].startswith("/login?next=%2Fsettings")
        assert (await hub.ada.get(path)).status_code == 403
        assert (await hub.ada.post(path, data=READ_TOKEN)).status_code == 403


async def test_the_profile(hub: Hub) -> None:
    browser = await hub.signed_in()
    assert (await browser.get("/settings")).headers["location"] == "/settings/profile"
    answer = await browser.post("/settings/profile", data={"full_name": "Ada <L>", "email": "ada@example.org"})
    page = (await browser.get(answer.headers["location"])).text
    assert "Saved." in page
    assert 'value="Ada &lt;L&gt;"' in page
    assert "ada@example.org" not in (await hub.visitor.get("/ada")).text
    refused = await browser.post("/settings/profile", data={"full_name": "x" * 300, "email": ""})
    assert (refused.status_code, 'role="alert"' in refused.text) == (400, True)


async def test_a_new_token_is_shown_once_and_works(hub: Hub) -> None:
    browser = await hub.signed_in()
    answer = await browser.post("/settings/tokens", data=READ_TOKEN)
    assert answer.headers["cache-control"] == "no-store"
    [text] = re.findall(r'id="new-token"[^>]*>([^<]+)<', answer.text)
    principal = await hub.services.accounts.authenticate(Credentials("bearer", secret=text))
    assert (principal.name, principal.token_role) == ("ada", "read")
    later = (await browser.get("/settings/tokens")).text
    assert text not in later
    assert "notebook-7" in later
    [token] = [
        token
        for token in await hub.services.accounts.list_tokens(principal.account_id or 0)
        if token.name == "notebook-7"
    ]
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at) // 86_400_000 in {29, 30}

    assert (await browser.post(f"/settings/tokens/{token.id}/revoke")).status_code == 303
    with pytest.raises(InvalidCredentials):
        await hub.services.accounts.authenticate(Credentials("bearer", secret=text))
    assert (await browser.post(f"/settings/tokens/{token.id}/revoke")).status_code == 404
    assert (await browser.post("/settings/tokens/x/revoke")).status_code == 404


async def test_a_fine_grained_token(hub: Hub) -> None:
    browser = await hub.signed_in()
    form = {"name": "ci", "role": "fine-grained", "permission": "repo.write", "target": "model:ada/bert", "days": ""}
    page = (await browser.post("/settings/tokens", data=form)).text
    assert "repo.write model:ada/bert" in page


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"role": "admin"},
        {"days": "3"},
        {"role": "fine-grained"},
        {"role": "fine-grained", "target": "x", "permission": "all"},
    ],
)
async def test_a_token_form_that_makes_no_sense(hub: Hub, change: dict[str, str]) -> None:
    browser = await hub.signed_in()
    answer = await browser.post("/settings/tokens", data={**READ_TOKEN, **change})
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert "notebook-7" not in (await browser.get("/settings/tokens")).text


async def test_changing_the_password_ends_every_session(hub: Hub) -> None:
    browser, new = await hub.signed_in(), "another long password"
    form = {"current": PASSWORD, "password": new, "password_again": new}
    assert (await browser.post("/settings/password", data={**form, "current": "wrong"})).status_code == 422
    assert (await browser.post("/settings/password", data={**form, "password_again": "x"})).status_code == 422
    assert (
        await browser.post("/settings/password", data={**form, "password": "x", "password_again": "x"})
    ).status_code == 400
    assert (await browser.post("/settings/password", data=form)).headers["location"] == "/login"
    assert (await browser.get("/settings/profile")).status_code == 303
    assert (await browser.post("/login", data={"name": "ada", "password": new})).status_code == 303
