"""Are weights, states and tuned parameters those of their configurations? `icl db check` and imports ask alike."""

import json
from collections.abc import Mapping

import equinox as eqx
import numpy as np
from pydantic import ValidationError

from icl_cli.baselines import BASELINES, Problem
from icl_cli.config import TaskConfig
from icl_cli.errors import SnapshotError, StoreError
from icl_cli.models import fitting_arrays, from_bytes, named_arrays
from icl_cli.numerics import fixed_numerics
from icl_cli.store import OTHER_RUN, Database, Findings, Run, TunedBaseline, check_database
from icl_cli.store.records import SHORT_ID_DIGITS
from icl_cli.sweeps.run_comparison import RESERVED_NAMES
from icl_cli.sweeps.stored_models import model_skeleton, state_skeleton_of

# What building a learner raises for parameters that are none of its own.
_MISFITS = (KeyError, IndexError, TypeError, ValueError, OverflowError)
_ID_DIGITS = 64


@fixed_numerics()
def check_contents(database: Database) -> Findings:
    """As `check_database`, and whether all contents are those of their configurations."""
    return check_database(database, _Configurations())


class _Configurations:
    """The judge of contents who knows models, optimisers and baselines."""

    of_finished = "held_out_loss"

    def weights(self, run: Run, content: bytes, *, blew_up: bool) -> None:
        """Raises `SnapshotError` unless `content` holds the arrays of the model, finite unless training blew up."""
        arrays = fitting_arrays(model_skeleton(run.config), content)
        if not blew_up:
            _require_finite(arrays)

    def state(self, run: Run, step: int, content: bytes, *, blew_up: bool) -> None:
        """Raises `SnapshotError` unless `content` is the state at `step`, with finite weights unless it blew up."""
        state = from_bytes(state_skeleton_of(run.config), content)
        if int(state.step) != step:
            raise SnapshotError(f"It says that it is of step {int(state.step)}.")
        if not blew_up:
            _require_finite(named_arrays(state.model))

    def baseline(self, record: TunedBaseline) -> None:
        """Raises `StoreError` unless the record is one of another run, or its algorithm takes these parameters.

        Of an algorithm that is not registered here nothing is known, and nothing is ever computed with it.
        """
        if not all(name.isprintable() for name in record.parameters):
            raise _unfit(record, "the name of a parameter cannot be printed")
        if OTHER_RUN in record.depends_on:
            _require_other_run(record)
        elif record.name in BASELINES:
            _require_learner(record)


def _require_finite(arrays: Mapping[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise SnapshotError(f"Stored {name!r} is not finite, but the run did not diverge.")


def _require_other_run(record: TunedBaseline) -> None:
    run_id = record.depends_on[OTHER_RUN]
    is_id = isinstance(run_id, str) and len(run_id) == _ID_DIGITS and set(run_id) <= set("0123456789abcdef")
    if not is_id or len(record.depends_on) > 1 or record.parameters:
        raise _unfit(record, "a record of another run has that run's id, and nothing else")
    if record.name in RESERVED_NAMES:
        raise _unfit(record, "no record of another run has this name")


def _require_learner(record: TunedBaseline) -> None:
    baseline = BASELINES[record.name]
    for name in baseline.symbols:
        if not record.parameters.get(name):
            raise _unfit(record, f"it has no {name}")
    problem = _problem(record)
    try:
        eqx.filter_eval_shape(baseline.learner, problem, dict(record.parameters))
    except _MISFITS as error:
        counts = ", ".join(f"{len(values)} {name}" for name, values in record.parameters.items()) or "no parameters"
        raise _unfit(record, f"it has {counts} for {problem.steps} steps") from error


def _problem(record: TunedBaseline) -> Problem:
    """The problem that the parameters were tuned for. Raises `StoreError` if what the record depends on is none."""
    depends_on = record.depends_on
    steps, token_clip = depends_on.get("steps", 1), depends_on.get("token_clip")
    try:
        task = TaskConfig.model_validate_json(json.dumps(depends_on["task"]))
    except (KeyError, ValidationError) as error:
        raise _unfit(record, "what it depends on names no task") from error
    if type(steps) is not int or steps < 1 or not (token_clip is None or isinstance(token_clip, float | int)):
        raise _unfit(record, "what it depends on is no problem")
    return Problem(task, steps, token_clip)


def _unfit(record: TunedBaseline, reason: str) -> StoreError:
    return StoreError(
        f"Baseline {record.id[:SHORT_ID_DIGITS]} ({record.name}) is not what this program tunes: {reason}. Restore a "
        "copy of the database, or copy the runs that were not compared with it: `icl db copy --run`."
    )
