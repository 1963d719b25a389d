"""How much room runs take in the database, roughly: weights to the byte, rows by their usual size."""

from collections.abc import Sequence

from sqlalchemy import func, select

from icl_cli.store.database import Database
from icl_cli.store.schema import checkpoints, comparisons, curves, metrics, snapshots

# Bytes of one row with its share of the indices, as SQLite stored them in a database of 111 finished runs.
METRIC_BYTES, COMPARISON_BYTES, CURVE_BYTES = 117, 362, 150

_ROWS = ((metrics, METRIC_BYTES), (comparisons, COMPARISON_BYTES), (curves, CURVE_BYTES))
_BLOBS = ((snapshots, snapshots.c.weights), (checkpoints, checkpoints.c.state))


def stored_bytes(database: Database, run_ids: Sequence[str]) -> int:
    """Bytes that the runs with these ids take, with all that was measured of them; 0 for what is not there."""
    total = 0
    with database.read() as connection:
        for table, column in _BLOBS:
            size = select(func.sum(func.length(column))).where(table.c.run_id.in_(run_ids))
            total += connection.execute(size).scalar() or 0
        for table, row_bytes in _ROWS:
            rows = select(func.count()).select_from(table).where(table.c.run_id.in_(run_ids))
            total += row_bytes * (connection.execute(rows).scalar() or 0)
    return int(total)
