"""Likes through the stock client, which takes likes back and lists them; liking is a request of its own."""

import secrets

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from tests.gateways.huggingface.hub import TOKENS


@pytest.fixture
def alice(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["alice"])


@pytest.fixture
def bob(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["bob"])


def like(api: HfApi, repository: str, kind: str = "models") -> httpx.Response:
    headers = {"Authorization": f"Bearer {api.token}"} if isinstance(api.token, str) else {}
    return httpx.post(f"{api.endpoint}/api/{kind}/{repository}/like", headers=headers)


def test_likes_are_listed_and_taken_back(alice: HfApi, bob: HfApi) -> None:
    model = alice.create_repo(f"m-{secrets.token_hex(4)}").repo_id
    data = alice.create_repo(f"d-{secrets.token_hex(4)}", repo_type="dataset").repo_id
    assert like(bob, model).json() == {"likes": 1}
    assert like(bob, data, "datasets").status_code == 200
    liked = bob.list_liked_repos()
    assert (liked.user, liked.total, liked.models, liked.datasets) == ("bob", 2, [model], [data])
    assert [user.username for user in alice.list_repo_likers(model)] == ["bob"]
    assert alice.model_info(model).likes == 1
    assert next(iter(alice.list_models(sort="likes"))).id == model
    bob.unlike(model)
    bob.unlike(data, repo_type="dataset")
    assert HfApi(alice.endpoint, token=False).list_liked_repos("bob").total == 0
    assert alice.model_info(model).likes == 0


def test_private_repositories_stay_hidden(alice: HfApi, bob: HfApi) -> None:
    hidden = alice.create_repo(f"m-{secrets.token_hex(4)}", private=True).repo_id
    assert like(alice, hidden).status_code == 200
    assert hidden in alice.list_liked_repos().models
    assert hidden not in bob.list_liked_repos("alice").models
    assert like(bob, hidden).status_code == 404
    with pytest.raises(RepositoryNotFoundError):
        bob.unlike(hidden)
    with pytest.raises(RepositoryNotFoundError):
        list(bob.list_repo_likers(hidden))


def test_nobody_likes_without_an_account(alice: HfApi) -> None:
    model = alice.create_repo(f"m-{secrets.token_hex(4)}").repo_id
    nobody = HfApi(alice.endpoint, token=False)
    assert like(nobody, model).status_code == 401
    with pytest.raises(HfHubHTTPError):
        nobody.unlike(model)
