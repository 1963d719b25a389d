"""The migrations build exactly the tables that the code uses."""

from contextlib import suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from icl_cli.store.database import Database
from icl_cli.store.migration import alembic_config
from icl_cli.store.schema import METADATA, REVISIONS


@pytest.fixture
def connection(database: Database):
    with database.read() as opened:
        yield opened


def test_migrations_build_the_schema(connection: Connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, METADATA) == []


def test_names_of_constraints_are_those_of_the_schema(connection: Connection):
    # Alembic compares neither names of primary keys nor what a deletion does.
    inspector = inspect(connection)
    for table in METADATA.sorted_tables:
        primary_key = inspector.get_pk_constraint(table.name)
        assert primary_key["name"] == f"pk_{table.name}"
        assert primary_key["constrained_columns"] == [column.name for column in table.primary_key]
        foreign = {key["name"]: key["options"]["ondelete"] for key in inspector.get_foreign_keys(table.name)}
        assert foreign == {key.constraint.name: "CASCADE" for key in table.foreign_keys if key.constraint is not None}
        assert {index["name"] for index in inspector.get_indexes(table.name)} == {index.name for index in table.indexes}


def test_known_revisions_are_the_shipped_ones(connection: Connection):
    script = ScriptDirectory.from_config(alembic_config(connection))
    assert tuple(reversed([one.revision for one in script.walk_revisions()])) == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_first_migration_can_be_undone(database: Database):
    from alembic import command

    with suppress(ZeroDivisionError), database.write() as connection:
        command.downgrade(alembic_config(connection), "base")
        left = inspect(connection).get_table_names()
        raise ZeroDivisionError
    assert left == ["alembic_version"]


def test_large_tables_of_a_file_hold_no_key_twice(tmp_path):
    """A table with a rowid has an index for its primary key beside it, which here is most of every row."""
    with Database.open(tmp_path / "results.db", mode="create") as database, database.read() as connection:
        facts = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
    assert {fact["name"] for fact in facts if fact["wr"]} == {"metrics", "comparisons", "curves"}
