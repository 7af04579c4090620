"""Engine, schema, migrations, unit of work, task queue and event outbox on SQLite or PostgreSQL."""

from commonground.database.unit_of_work import Database

__all__ = ["Database"]
