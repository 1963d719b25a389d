"""A new file with the newest schema, made at once: the same bytes each time.

Migrations end at the same tables, but Alembic copies some of them and writes their constraints in any order.
"""

from pathlib import Path

from alembic import command
from sqlalchemy.schema import CreateIndex, CreateTable

from icl_cli.store.migration import alembic_config
from icl_cli.store.schema import METADATA
from icl_cli.store.sqlite.engines import immediate, mark_as_ours, migrating_engine
from icl_cli.store.sqlite.location import Location


def make_fresh_file(path: Path) -> None:
    """Make an empty database at `path`, where nothing is and nobody else looks."""
    engine = migrating_engine(Location.at(path), busy_seconds=0.0)
    with immediate(engine).begin() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(CreateTable(table))
            # A set, which has another order in every process.
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(CreateIndex(index))
        command.stamp(alembic_config(connection), "head")
        mark_as_ours(connection)
    engine.dispose()
