"""What people write beside runs: tags and a note.

Append-only: once released, this file never changes and imports nothing of the package, which does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column and a table."""
    op.add_column("runs", sa.Column("note", sa.Text))
    op.create_table(
        "run_tags",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("tag", sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_tags_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "tag", name="pk_run_tags"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("run_tags")
    op.drop_column("runs", "note")
