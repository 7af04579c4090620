"""The full-text index: an FTS5 table on SQLite, a weighted tsvector on PostgreSQL. Both are fed with text that is split
already (see ``hub/search/tokens.py``), so neither database's own word splitting matters.

``repository_search`` has one row a repository; the row goes with its repository on both databases.
"""

from sqlalchemy import DDL, event

from commonground.database.schema.base import metadata

SQLITE = (
    # title: id and tags; parts: endings of the words of the id, so that a prefix query finds "bert" in "distilbert".
    """CREATE VIRTUAL TABLE IF NOT EXISTS repository_search USING fts5(title, parts, body, tokenize='ascii', prefix='2 3 4 5')""",
    """CREATE TRIGGER IF NOT EXISTS repository_search_delete AFTER DELETE ON repository
       BEGIN DELETE FROM repository_search WHERE rowid = old.id; END""",
)
POSTGRESQL = (
    """CREATE TABLE IF NOT EXISTS repository_search (
         repository_id BIGINT PRIMARY KEY REFERENCES repository (id) ON DELETE CASCADE,
         document TSVECTOR NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS ix_repository_search_document ON repository_search USING gin (document)""",
)
DROP = ("DROP TABLE IF EXISTS repository_search",)


def _attach(moment: str, statements: tuple[str, ...], dialect: str | None = None) -> None:
    for statement in statements:
        ddl = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(metadata, moment, ddl.execute_if(dialect=dialect) if dialect else ddl)


_attach("after_create", SQLITE, "sqlite")
_attach("after_create", POSTGRESQL, "postgresql")
_attach("before_drop", DROP)
