"""What a training holds in memory, kept in a file where its database can take nothing more."""

from collections.abc import Sequence

from icl_cli.errors import IclError, StoreError
from icl_cli.store import Claimant, Database, claim_run, current_owner, find_run, release_run, rescue_from
from icl_cli.sweeps.recorder import StoreRecorder


def kept_beside(database: Database, recorders: Sequence[StoreRecorder], error: StoreError) -> StoreError:
    """`error`, which stopped the training of these recorders, with the name of the file in which their runs are.

    In it they go on from their last report. Where not even a file can be made, `error` as it is.
    """
    try:
        with rescue_from(database) as rescue:
            for recorder in recorders:
                _keep(rescue.database, recorder)
    except (IclError, OSError):
        return error
    return type(error)(
        f"{error} What was stored in it and what was in memory is in {rescue.path}: look for the database, then put it "
        f"back (`icl db copy {rescue.path} TARGET`) and run the same command again."
    )


def _keep(database: Database, recorder: StoreRecorder) -> None:
    run = recorder.run
    if find_run(database, run.id) is None:
        claim_run(database, run.config, Claimant(current_owner(), run.provenance), name=run.name)
    recorder.keep_in(database)
    release_run(database, run.id, owner=current_owner())
