"""Writes the next revision: what the tables in code have and the newest revision does not."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from commonground.database import engine as engines
from commonground.database.migrations import HEAD, alembic_config, migrate


def write_revision(message: str, folder: Path) -> Path:
    """A new file in ``folder`` with the next number and the operations that were found; it is a draft to be read."""
    with TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/scratch.sqlite3"
        migrate(url)
        engine = engines.migrator(url)
        with engine.connect() as connection, connection.begin():
            config = alembic_config(connection)
            versions = [str(Path(__file__).parent / "versions"), str(folder)]
            config.set_main_option("version_locations", ":".join(dict.fromkeys(versions)))
            number = f"{int(HEAD) + 1:04d}"
            command.revision(config, message, autogenerate=True, rev_id=number, version_path=str(folder))
        engine.dispose()
    return next(folder.glob(f"{number}_*.py"))


if __name__ == "__main__":
    sys.stdout.write(f"{write_revision(sys.argv[1], Path(__file__).parent / 'versions')}\n")
