"""Bundles under test: a database with everything that one can hold, its bundle, and bundles that were tampered with."""

import hashlib
import json
import math
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
from recorded_runs import HOSTILE, OWNER, STEPS, begin, compare, finish, recorded_config, tuned

from icl_cli.config import RunConfig
from icl_cli.models import to_bytes
from icl_cli.report.bundle.writing import Bundled, write_bundle
from icl_cli.report.write import Written
from icl_cli.store import (
    Comparison,
    CurvePoint,
    Database,
    Metric,
    list_runs,
    note_runs,
    record_progress,
    release_run,
    store_comparisons,
    store_sweep,
    tag_runs,
)
from icl_cli.training import initial_state

Contents = dict[str, bytes]


def fill(database: Database) -> None:
    """Two compared seeds, a diverged run, an interrupted one with its state, and a sweep with a planned one."""
    compared = [finish(database, "compared", recorded_config({"seed": seed})) for seed in (0, 1)]
    for run in compared:
        compare(database, run, ["gd", "ridge"], steps=STEPS[-1:])
    diverged = finish(database, HOSTILE, recorded_config({"training.learning_rate": 0.5}), diverged_step=40)
    gd = tuned(database, diverged, "gd")
    odd = [CurvePoint(diverged.id, 40, "roll-out", "größe", x, math.nan, None) for x in (0.1, -1e300)]
    store_comparisons(database, [Comparison(diverged.id, 40, gd.id, "cosine", -math.inf, math.nan, 7)], odd)
    interrupted = begin(database, "interrupted", recorded_config({"seed": 7}))
    record_progress(
        database,
        interrupted.id,
        owner=OWNER,
        step=40,
        metrics=[Metric(index, "odd", value) for index, value in enumerate((math.nan, math.inf, 1e-310, 1 / 3))],
        snapshot=None,
        checkpoint=state_at(40, interrupted.config),
        training_seconds=1.5,
        lease_seconds=60.0,
    )
    release_run(database, interrupted.id, owner=OWNER, error="stopped\nby hand")
    tag_runs(database, [interrupted.id], add=["größe, <b>"])
    note_runs(database, [diverged.id], "too fast;\nsee <b>the curve</b>")
    configs = [(run.config, run.name) for run in (*compared, diverged)]
    content = {"name": "seeds", "title": "Übung", "quick": False}
    store_sweep(database, "seeds", content, [*configs, (recorded_config({"seed": 9}), "planned")])


def state_at(step: int, config: RunConfig) -> bytes:
    """The first state of a run, said to be that of a later step."""
    return to_bytes(eqx.tree_at(lambda state: state.step, initial_state(config), jnp.int32(step)))


def draw_little(database: Database, folder: Path) -> Written:
    """A page that takes no time to draw."""
    folder.mkdir()
    (folder / "index.html").write_text(f"<p>{len(list_runs(database))} runs in {database.path}", encoding="utf-8")
    return Written(folder / "index.html", ())


def bundle(database: Database, file: Path, **settings) -> Bundled:
    return write_bundle(database, list_runs(database), draw_little, file, **settings)


def rows(path: Path | str) -> dict[str, list[str]]:
    """Every row of every table of a SQLite file, past the store; as text, in which NaN equals itself."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}


def imported_rows(path: Path | str) -> dict[str, list[str]]:
    """Every row of a SQLite file as an import into an empty database leaves it: tunings have ids of their own."""
    found = rows(path)
    with closing(sqlite3.connect(path)) as connection:
        tunings = connection.execute("SELECT id, name, depends_on, parameters FROM baselines").fetchall()
    for identity, name, depends_on, parameters in tunings:
        content = {**json.loads(depends_on), "imported_parameters": json.loads(parameters)}
        text = json.dumps({"depends_on": content, "name": name}, sort_keys=True, separators=(",", ":"))
        changes = {
            identity: hashlib.sha256(text.encode()).hexdigest(),
            depends_on: json.dumps(content, sort_keys=True, separators=(",", ":")),
        }
        for old, new in changes.items():
            found = {table: sorted(row.replace(old, new) for row in those) for table, those in found.items()}
    return found


def contents(file: Path) -> Contents:
    """The files of a bundle by their path within its folder."""
    with zipfile.ZipFile(file) as archive:
        return {name.removeprefix("icl-bundle/"): archive.read(name) for name in archive.namelist()}


def pack(file: Path, files: Contents, *, sums: bool = True) -> Path:
    """An archive of these files, with checksums that fit unless told otherwise."""
    if sums:
        listed = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in files.items())
        text = "".join(f"{digest}  {path}\n" for path, digest in listed if path != "SHA256SUMS")
        files = {**files, "SHA256SUMS": text.encode()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"icl-bundle/{path}", content)
    return file


def altered_database(files: Contents, folder: Path, change: Callable[[sqlite3.Connection], object]) -> Contents:
    """The files with a database that was changed past the store."""
    path = folder / "altered.db"
    path.write_bytes(files["results.db"])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        change(connection)
        connection.commit()
    return {**files, "results.db": path.read_bytes()}
