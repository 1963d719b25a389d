"""What Alembic runs: the migrations, inside the transaction of the connection that `icl` hands over."""

from alembic import context

from icl_cli.store.schema import METADATA

# Batch mode, because SQLite changes a table by copying it. The caller commits, so that all revisions come or none.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
