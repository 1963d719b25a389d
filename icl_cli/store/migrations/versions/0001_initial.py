"""The first schema: runs and what is measured of them, baselines, comparisons and curves.

Append-only: once released, this file never changes and imports nothing of the package, which does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _runs()
    _series()
    _weights()
    _baselines()
    _comparisons()


def downgrade() -> None:
    """Drop every table, those that refer to others first."""
    for table in ("curves", "comparisons", "baselines", "checkpoints", "snapshots", "summaries", "metrics", "runs"):
        op.drop_table(table)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("family", sa.String(64), nullable=False),
        sa.Column("name", _name(), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("diverged_step", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("owner", sa.String(255)),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("training_seconds", sa.Double, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    for column in ("family", "name", "status", "finished_at"):
        op.create_index(f"ix_runs_{column}", "runs", [column])


def _series() -> None:
    op.create_table(
        "metrics",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("name", _name(), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        *_number("value"),
        _of_run("metrics"),
        sa.PrimaryKeyConstraint("run_id", "name", "step", name="pk_metrics"),
    )
    op.create_table(
        "summaries",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("name", _name(), nullable=False),
        *_number("value"),
        *_number("standard_error"),
        _of_run("summaries"),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_summaries"),
    )


def _weights() -> None:
    op.create_table(
        "snapshots",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("weights", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _of_run("snapshots"),
        sa.PrimaryKeyConstraint("run_id", "step", name="pk_snapshots"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _of_run("checkpoints"),
        sa.PrimaryKeyConstraint("run_id", name="pk_checkpoints"),
    )


def _baselines() -> None:
    op.create_table(
        "baselines",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", _name(), nullable=False),
        sa.Column("depends_on", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        *_number("loss"),
        *_number("standard_error"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_baselines"),
    )


def _comparisons() -> None:
    op.create_table(
        "comparisons",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("baseline_id", sa.String(64), nullable=False),
        sa.Column("measure", _name(), nullable=False),
        *_number("value"),
        *_number("standard_error"),
        sa.Column("tasks", sa.Integer, nullable=False),
        _of_run("comparisons"),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baselines.id"], name="fk_comparisons_baseline_id_baselines", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "step", "baseline_id", "measure", name="pk_comparisons"),
    )
    op.create_index("ix_comparisons_baseline_id", "comparisons", ["baseline_id"])
    op.create_table(
        "curves",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("kind", _name(), nullable=False),
        sa.Column("learner", _name(), nullable=False),
        sa.Column("x", sa.Double, nullable=False),
        *_number("value"),
        *_number("standard_error"),
        _of_run("curves"),
        sa.PrimaryKeyConstraint("run_id", "step", "kind", "learner", "x", name="pk_curves"),
    )


def _number(name: str) -> tuple[sa.Column[float], sa.Column[str]]:
    return sa.Column(name, sa.Double), sa.Column(f"{name}_nonfinite", sa.String(4))


def _of_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=f"fk_{table}_run_id_runs", ondelete="CASCADE")


def _name() -> sa.String:
    """Sorted by code points on PostgreSQL too, whatever the language of the server."""
    return sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")
