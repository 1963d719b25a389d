"""A database with every kind of family that a report meets: compared or not, one seed or two, diverged, unfinished."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect

import pandas
import pytest
from recorded_runs import CURVES, HOSTILE, OWNER, STEPS, begin, compare, curve_value, finish, recorded_config

from icl_cli.report.data import Data, Family, load_data
from icl_cli.report.write import Written, write_report
from icl_cli.store import Database, list_runs, release_run


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Families named compared (2 seeds and an interrupted one), HOSTILE (last step only), alone, and diverged."""
    with Database.open(tmp_path_factory.mktemp("report") / "results.db", mode="create") as opened:
        for seed in (0, 1):
            compare(opened, finish(opened, "compared", recorded_config({"seed": seed})), ["gd", "ridge"])
        interrupted = begin(opened, "compared", recorded_config({"seed": 2}))
        release_run(opened, interrupted.id, owner=OWNER)
        softmax = recorded_config({"model.attention": ("softmax",), "model.heads": 4})
        compare(opened, finish(opened, HOSTILE, softmax), ["gd"], steps=STEPS[-1:], interpolate=False)
        finish(opened, "alone", recorded_config({"model.layers": 2, "model.recurrent": True}))
        finish(opened, "diverged", recorded_config({"training.learning_rate": 0.5}), diverged_step=40)
        yield opened


@pytest.fixture(scope="session")
def data(database: Database) -> Data:
    """All runs of the database, the interrupted one too."""
    return load_data(database, list_runs(database))


@pytest.fixture(scope="session")
def families(data: Data) -> dict[str, Family]:
    """The families by name."""
    return {family.names[0]: family for family in data.families}


@pytest.fixture(scope="session")
def report(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report on all runs, the interrupted one too."""
    return write_report(database, list_runs(database), tmp_path_factory.mktemp("output") / "icl-report")


@pytest.fixture(scope="session")
def report_folder(report: Written) -> Path:
    """Where the report is."""
    return report.page.parent


@pytest.fixture
def alter_sqlite() -> Callable[[Path, str], None]:
    """Change a database file behind the store's back."""

    def change(path: Path, statement: str) -> None:
        with closing(connect(path)) as connection, connection:
            connection.execute(statement)

    return change


@pytest.fixture(scope="module")
def measured(families):
    """A family with every curve that a panel reads."""
    family = families["compared"]
    points = [
        (run.id, STEPS[-1], kind, learner, float(x), curve_value(kind, learner, run.seed, x), 0.01, run.seed)
        for run in family.finished
        for kind, learners in CURVES.items()
        for learner in learners
        for x in (range(1) if kind in ("curvature-rate", "critical-damping", "plateau") else range(0, 41, 10))
    ]
    columns = ["run_id", "step", "kind", "learner", "x", "value", "standard_error", "seed"]
    curves = pandas.concat([family.curves, pandas.DataFrame(points, columns=columns)], ignore_index=True)
    return replace(family, curves=curves)
