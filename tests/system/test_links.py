"""Addresses with ``?token=``: they open one repository for reading, on every route that names one, and nothing else."""

import time

import httpx
import pytest

from commonground.http.routing import Route
from tests.system.house import ABSENT, METADATA, READ, SECRET, House, People, anonymised
from tests.system.test_permission_matrix import ROUTES, ask, kind_of, let_in, need_of, refused

GET = [route for route in ROUTES if route.method == "GET"]
OTHERS = [route for route in ROUTES if route.method != "GET"]
KINDS = ("model", "dataset")


def link(house: House, kind: str, name: str, seconds: int = 3600) -> str:
    """A link of the owner's."""
    place = f"/api/cg/v1/repositories/{kind}s/{house.organization}/{name}/links"
    answer = house.callers["owner"].post(place, json={"seconds": seconds}).raise_for_status()
    token: str = answer.json()["token"]
    return token


@pytest.fixture(scope="module")
def house(people: People) -> House:
    return House(people, "linked")


@pytest.fixture(scope="module")
def links(house: House) -> dict[str, str]:
    """Links of the private repositories, by kind."""
    return {kind: link(house, kind, house.name(kind, "private")) for kind in KINDS}


@pytest.fixture(scope="module")
def others(house: House) -> dict[str, str]:
    """More private repositories of the same owner, by kind."""
    return {kind: house.create(kind, "private") for kind in KINDS}


@pytest.fixture(scope="module")
def useless(house: House, links: dict[str, str]) -> dict[str, str]:
    """Links that have expired, were changed, or never were any; all of a model."""
    expired = link(house, "model", house.name("model", "private"), seconds=1)
    time.sleep(1.5)
    payload, _, signature = links["model"].partition(".")
    _, _, foreign = links["dataset"].partition(".")
    forged = "A" if signature[0] != "A" else "B"
    return {
        "expired": expired,
        "unsigned": payload,
        "signed wrongly": f"{payload}.{forged}{signature[1:]}",
        "signed for another": f"{payload}.{foreign}",
        "no link": "x",
    }


@pytest.mark.parametrize("route", GET, ids=lambda route: route.template)
def test_a_link_opens_what_may_be_read(house: House, links: dict[str, str], route: Route) -> None:
    kind = kind_of(route)
    answer = ask(house, route, "anonymous", house.name(kind, "private"), links[kind])
    if need_of(route) in {READ, METADATA}:
        assert let_in(answer), f"{answer.status_code} {answer.text[:200]}"
    else:
        assert refused(answer)


@pytest.mark.parametrize("route", GET, ids=lambda route: route.template)
def test_a_link_opens_no_other_repository(
    house: House, links: dict[str, str], others: dict[str, str], route: Route
) -> None:
    """Not even one of the same owner: with and without the link the answer is the same."""
    kind = kind_of(route)
    other = ask(house, route, "anonymous", others[kind], links[kind])
    absent = ask(house, route, "anonymous", ABSENT, links[kind])
    assert refused(other)
    assert SECRET not in other.content
    assert (other.status_code, anonymised(other.text)) == (absent.status_code, anonymised(absent.text))


@pytest.mark.parametrize("route", OTHERS, ids=lambda route: f"{route.method} {route.template}")
def test_a_link_changes_nothing(house: House, links: dict[str, str], route: Route) -> None:
    """It counts for requests that read, and for no other."""
    kind = kind_of(route)
    answer = ask(house, route, "anonymous", house.name(kind, "private"), links[kind])
    assert refused(answer)
    assert SECRET not in answer.content


def test_what_is_no_link_opens_nothing(house: House, useless: dict[str, str]) -> None:
    wrong = []
    for route in GET:
        if kind_of(route) == "model":
            for what, token in useless.items():
                answer = ask(house, route, "anonymous", house.name("model", "private"), token)
                if not refused(answer) or SECRET in answer.content:
                    wrong.append(f"{what} on {route.template}: {answer.status_code}")
    assert not wrong


def test_a_link_of_one_kind_opens_no_repository_of_another(house: House, links: dict[str, str]) -> None:
    name = house.name("dataset", "private")
    answer = _plain(house).get(f"/datasets/{house.organization}/{name}/raw/main/README.md?token={links['model']}")
    assert answer.status_code in {401, 403, 404}


def test_a_link_reads_no_other_content_of_its_owner(
    house: House, links: dict[str, str], others: dict[str, str]
) -> None:
    """Through the tokens of the Xet protocol, either: hash and link together are not a key."""
    owner, place = house.callers["owner"], f"/api/models/{house.organization}/{house.name('model', 'private')}"
    elsewhere = f"models/{house.organization}/{others['model']}"
    owner.put(f"/api/cg/v1/repositories/{elsewhere}/files/main/w.bin", content=SECRET * 50).raise_for_status()
    [entry] = owner.post(f"/api/{elsewhere}/paths-info/main", json={"paths": ["w.bin"]}).raise_for_status().json()
    given = (
        _plain(house).get(f"{place}/xet-read-token/main", params={"token": links["model"]}).raise_for_status().json()
    )
    headers = {"Authorization": f"Bearer {given['accessToken']}"}
    answer = _plain(house).get(f"/xet/v1/reconstructions/{entry['xetHash']}", headers=headers)
    assert answer.status_code == 404


def _plain(house: House) -> httpx.Client:
    return house.callers["anonymous"]
