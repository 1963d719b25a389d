"""Sweeps and the runs that they plan; how many attempts at a run came to nothing; series without a second key.

Append-only: once released, this file never changes and imports nothing of the package, which does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIES = ("metrics", "comparisons", "curves")


def upgrade() -> None:
    """Add two tables and a column, and keep the rows of SQLite's large tables in the order of their keys."""
    if op.get_bind().dialect.name == "sqlite":
        for table in SERIES:
            with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": False}):
                pass
    op.add_column("runs", sa.Column("fruitless_attempts", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", _name(), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_name", "sweeps", ["name"])
    op.create_table(
        "sweep_runs",
        sa.Column("sweep_id", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_sweep_runs_sweep_id_sweeps", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_sweep_runs_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "run_id", name="pk_sweep_runs"),
    )
    op.create_index("ix_sweep_runs_run_id", "sweep_runs", ["run_id"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("sweep_runs")
    op.drop_table("sweeps")
    op.drop_column("runs", "fruitless_attempts")


def _name() -> sa.String:
    """Sorted by code points on PostgreSQL too, whatever the language of the server."""
    return sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")
