"""Search: one contract, on SQLite and on PostgreSQL."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, update

from commonground.accounts.model import ANONYMOUS, Principal, Scope
from commonground.database import Database
from commonground.database.schema.accounts import access_grant, account
from commonground.database.schema.hub import repository, repository_tag
from commonground.errors import BadRequest
from commonground.hub.search import queries
from commonground.hub.search.model import Document, SearchQuery
from commonground.hub.search.service import Search
from tests.hub.search.seed import seed

pytestmark = pytest.mark.anyio


class Library:
    """Repositories to search."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.search = Search(database)
        self._count = 0
        database.write_now(self._accounts)

    @staticmethod
    def _accounts(connection: Connection) -> None:
        for identity, name in enumerate(("alice", "bob", "lab"), 1):
            row = {"id": identity, "kind": "user", "name": name, "name_key": name, "created_at": 0}
            connection.execute(insert(account), row)

    def add(self, name: str, *, owner: int = 1, tags: Sequence[str] = (), text: str = "", **columns: object) -> int:
        self._count += 1
        row = {"id": self._count, "kind": "model", "owner_id": owner, "name": name, "name_key": name.lower()}
        row |= {"visibility": "public", "created_at": self._count, "updated_at": self._count, **columns}
        owner_name = ("alice", "bob", "lab")[owner - 1]

        def work(connection: Connection, identity: int) -> None:
            connection.execute(insert(repository), row)
            for tag in tags:
                connection.execute(insert(repository_tag), {"tag": tag, "repository_id": identity})
            document = Document(owner=owner_name, name=name, tags=tuple(tags), body=text)
            self.search.index.put(connection, identity, document)

        self.database.write_now(work, self._count)
        return self._count

    async def names(self, principal: Principal = ANONYMOUS, **query: object) -> list[str]:
        page = await self.search.list(principal, SearchQuery(**{"sort": "createdAt", "descending": False, **query}))  # type: ignore[arg-type]
        return [found.name for found in page.items]


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database)


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bert", ["bert-base", "distilbert"]),
        ("BERT base", ["bert-base"]),
        ("uncas", ["bert-base"]),
        ("alice", ["bert-base", "distilbert", "chinese-llama"]),
        ("sentiment", ["distilbert"]),
        ("中文", ["chinese-llama"]),
        ("大语言模型", ["chinese-llama"]),
        ("型", ["chinese-llama"]),
        ("语模", []),
        ("llama 中文", ["chinese-llama"]),
        ("llama 日本", []),
        ("!!!", []),
        ('" OR *', []),
        ("NEAR(bert", []),
        ("bert'); DROP", []),
    ],
)
async def test_text(library: Library, text: str, expected: list[str]) -> None:
    library.add("bert-base", tags=["uncased"])
    library.add("distilbert", text="Sentiment of reviews")
    library.add("chinese-llama", text="这是一个中文大语言模型。")
    assert await library.names(text=text) == expected


async def test_names_weigh_more_than_text(library: Library) -> None:
    library.add("other", text="whisper " * 3)
    library.add("whisper-tiny", text="speech")
    assert await library.names(text="whisper", sort="relevance") == ["whisper-tiny", "other"]


async def test_a_rewritten_document_is_found_by_its_new_words_only(library: Library, database: Database) -> None:
    made, other = library.add("m", text="apples"), library.add("n", text="cherries")
    index = library.search.index

    def work(connection: Connection) -> None:
        index.put(connection, made, Document(owner="alice", name="m", body="pears"))
        index.retitle(connection, made, Document(owner="bob", name="renamed"))

    database.write_now(work)
    assert await library.names(text="apples") == []
    assert await library.names(text="pears") == await library.names(text="bob renamed") == ["m"]
    database.write_now(index.remove, made)
    database.write_now(index.copy, other, made)
    assert await library.names(text="cherries") == ["m", "n"]


async def test_a_deleted_repository_leaves_the_index(library: Library, database: Database) -> None:
    made = library.add("gone", text="apples")

    def work(connection: Connection) -> None:
        connection.execute(repository.delete().where(repository.c.id == made))

    database.write_now(work)
    matches = database.read_now(lambda c: (m := library.search.index.match(c, "apples")) and c.execute(m.ids).all())
    assert matches == []


# --- conditions -----------------------------------------------------------------------------------------------------


async def test_conditions_hold_together(library: Library) -> None:
    library.add("a", tags=["license:mit", "library:timm", "language:en", "en"], parameters=10)
    library.add("b", tags=["license:mit", "library:timm"], parameters=20, gated="auto")
    library.add("c", owner=2, tags=["license:mit", "pipeline_tag:fill-mask"], kind="dataset")
    assert await library.names(license="mit") == ["a", "b", "c"]
    assert await library.names(license="mit", library="timm", kind="model") == ["a", "b"]
    assert await library.names(filters=("en",), languages=("en",)) == ["a"]
    assert await library.names(pipeline_tag="fill-mask") == ["c"]
    assert await library.names(author="BOB") == ["c"]
    assert await library.names(author="nobody") == []
    assert await library.names(gated=True) == ["b"]
    assert await library.names(gated=False, kind="model") == ["a"]
    assert await library.names(min_parameters=15) == ["b"]
    assert await library.names(min_parameters=5, max_parameters=15) == ["a"]
    assert await library.names(filters=("mi%",)) == []


async def test_only_what_the_caller_may_know_of_is_found(library: Library, database: Database) -> None:
    library.add("public")
    library.add("mine", visibility="private")
    shared = library.add("shared", visibility="private")
    library.add("labs", owner=3, visibility="private")
    library.add("space", visibility="protected")

    def grant(connection: Connection) -> None:
        row = {"repository_id": shared, "account_id": 2, "role": "read", "created_at": 0}
        connection.execute(insert(access_grant), row)

    database.write_now(grant)

    async def seen(**principal: object) -> list[str]:
        return await library.names(Principal(**principal))  # type: ignore[arg-type]

    everything = ["public", "mine", "shared", "labs", "space"]
    assert await seen() == ["public", "space"]
    assert await seen(account_id=1) == ["public", "mine", "shared", "space"]
    assert await seen(account_id=2) == ["public", "shared", "space"]
    assert await seen(account_id=2, memberships={3: "read"}) == ["public", "shared", "labs", "space"]
    assert await seen(account_id=2, is_admin=True) == everything

    async def with_scopes(*targets: str) -> list[str]:
        scopes = tuple(Scope("repo.read", target) for target in targets)
        return await seen(account_id=1, token_role="fine-grained", scopes=scopes)

    assert await with_scopes() == ["public", "space"]
    assert await with_scopes("*") == await with_scopes("alice") == ["public", "mine", "shared", "space"]
    assert await with_scopes("model:alice/mine") == ["public", "mine", "space"]


# --- order and pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["downloads", "likes", "trendingScore", "createdAt", "lastModified", "relevance"])
@pytest.mark.parametrize("descending", [True, False])
async def test_pages_join_to_the_whole_list(library: Library, sort: str, descending: bool) -> None:
    for i in range(25):
        library.add(f"model-{i}", kind=("model", "dataset")[i % 2], downloads=i % 4, likes=i % 3, trending=i / 7)
    base = SearchQuery(text="model", sort=sort, descending=descending, limit=100)  # type: ignore[arg-type]
    whole = [found.id for found in (await library.search.list(ANONYMOUS, base)).items]
    joined: list[int] = []
    cursor: str | None = None
    while True:
        query = SearchQuery(text="model", sort=sort, descending=descending, limit=7, cursor=cursor)  # type: ignore[arg-type]
        page = await library.search.list(ANONYMOUS, query)
        joined += [found.id for found in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert joined == whole
    assert len(set(joined)) == 25


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24", "eyJ2YWx1ZSI6IngifQ", "é", "eyJvZmZzZXQiOi0xfQ"])
async def test_a_foreign_cursor_is_refused(library: Library, cursor: str) -> None:
    with pytest.raises(BadRequest):
        await library.search.list(ANONYMOUS, SearchQuery(cursor=cursor))


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_limits_are_bounded(library: Library, limit: int) -> None:
    with pytest.raises(BadRequest):
        await library.search.list(ANONYMOUS, SearchQuery(limit=limit))


async def test_every_plan_finds_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(database, 400, owners=5)
    search = Search(database)
    asked = [
        SearchQuery(kind="model", text="bert", sort="downloads"),
        SearchQuery(text="training data", sort="likes"),
        SearchQuery(kind="model", filters=("license:mit", "transformers"), sort="downloads"),
        SearchQuery(filters=("license:mit", "license:other")),
        SearchQuery(kind="dataset", text="分类", license="mit", sort="lastModified"),
        SearchQuery(author="owner2", text="llama", min_parameters=10**6, gated=False),
    ]
    seen = []
    for bounds in ((20_000, 2_000, 500, 100), (3, 2, 1, 100), (3, 2, 1, 0), (3, 2, 500, 100)):
        for name, value in zip(("COUNTED", "GATHERED", "FEW", "PROBED"), bounds, strict=True):
            monkeypatch.setattr(queries, name, value)
        seen.append([[r.id for r in (await search.list(ANONYMOUS, query)).items] for query in asked])
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert [bool(ids) for ids in seen[0]] == [True, True, True, False, True, True]


# --- facets ---------------------------------------------------------------------------------------------------------


async def test_facets_count_the_results(library: Library) -> None:
    library.add("a", tags=["license:mit", "library:timm", "en", "language:en"])
    library.add("b", tags=["license:mit", "library:gguf"])
    library.add("c", tags=["license:mit"], visibility="private")
    library.add("d", tags=["license:mit"], kind="dataset")
    facets = await library.search.facets(ANONYMOUS, SearchQuery(kind="model", license="mit"))
    assert facets.exact
    assert facets.counts == {
        "pipeline_tag": [],
        "library": [("gguf", 1), ("timm", 1)],
        "language": [("en", 1)],
        "license": [("mit", 2)],
    }


async def test_facets_of_everything_are_counted_once(library: Library, database: Database) -> None:
    made = library.add("a", tags=["license:mit"])
    query = SearchQuery(kind="model")
    first = await library.search.facets(ANONYMOUS, query)
    await library.search.counted()

    def hide(connection: Connection) -> None:
        connection.execute(update(repository).where(repository.c.id == made).values(visibility="private"))

    database.write_now(hide)
    assert await library.search.facets(ANONYMOUS, query) == first
    assert (await library.search.facets(ANONYMOUS, SearchQuery(kind="model", license="mit"))).counts["license"] == []
