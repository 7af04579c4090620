"""On SQLite, which keeps no statistics, a page must not be read through an index that the plan did not mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from commonground.accounts.model import ANONYMOUS, Principal
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.hub.search import queries
from commonground.hub.search.model import SearchQuery
from commonground.hub.search.service import Search
from tests.hub.search.seed import seed

pytestmark = pytest.mark.anyio


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/x.sqlite3")
    found.write_now(metadata.create_all)
    seed(found, 100, owners=5)
    yield found
    found.close()


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """How SQLite reads table ``repository`` in each statement that sorts."""
    seen: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "ORDER BY" in statement:
            driver = connection.connection.dbapi_connection
            rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            seen.extend(
                row[3] for row in rows if row[3].startswith(("SEARCH repository USING", "SCAN repository USING"))
            )

    event.listen(database.engine, "before_cursor_execute", explain)
    yield seen
    event.remove(database.engine, "before_cursor_execute", explain)


RARE = [
    SearchQuery(kind="model", text="whisper chat", sort="likes"),
    SearchQuery(kind="model", filters=("license:mit",), sort="downloads"),
    SearchQuery(kind="model", text="bert", license="mit", gated=False, sort="createdAt"),
    SearchQuery(kind="model", text="bert", min_parameters=1, sort="trendingScore"),
    SearchQuery(kind="model", text="bert", sort="relevance"),
]


@pytest.mark.parametrize("caller", [ANONYMOUS, Principal(account_id=2)], ids=["anonymous", "signed in"])
@pytest.mark.parametrize("query", RARE)
async def test_rare_matches_are_looked_up_by_their_ids(
    database: Database, query: SearchQuery, caller: Principal
) -> None:
    with plans(database) as seen:
        await Search(database).list(caller, query)
    assert seen == ["SEARCH repository USING INTEGER PRIMARY KEY (rowid=?)"]


async def test_frequent_matches_are_read_in_order(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in ("COUNTED", "GATHERED", "FEW"):
        monkeypatch.setattr(queries, bound, 1)
    query = SearchQuery(kind="model", text="model", gated=False, license="mit", sort="likes")
    with plans(database) as seen:
        await Search(database).list(ANONYMOUS, query)
    assert seen == ["SEARCH repository USING INDEX ix_repository_kind_likes (kind=?)"]


@pytest.mark.parametrize("together", [0, 20])
async def test_conditions_frequent_alone_and_rare_together_are_gathered(
    database: Database, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(queries, "GATHERED", 2)
    monkeypatch.setattr(queries, "FEW", together)
    query = SearchQuery(kind="model", filters=("license:mit", "license:other"), sort="likes")
    with plans(database) as seen:
        await Search(database).list(ANONYMOUS, query)
    index = "INTEGER PRIMARY KEY (rowid=?)" if together else "INDEX ix_repository_kind_likes (kind=?)"
    assert seen == [f"SEARCH repository USING {index}"]
