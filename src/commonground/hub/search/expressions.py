"""SQL expressions that steer a query planner."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Unindexed(FunctionElement[Any]):
    """The value of a column as an expression, so that no planner uses an index on the column.

    SQLite keeps no statistics here: it would take any index that has an equal sign for better than a list of ids.
    """

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _plain_text(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    """PostgreSQL has no sign for text; its planner counts before it takes an index."""
    value = compiler.process(element.clauses, **options)
    return value if isinstance(element.type, String) else f"+{value}"


@compiles(Unindexed, "sqlite")
def _signed(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
