"""What a worker process does: claim runs of a sweep and train them, one after the other, until none waits."""

import faulthandler
import sys
import traceback
from collections.abc import Sequence
from functools import partial

import jax

from icl_cli.errors import LostRunError, StoreError
from icl_cli.store import Claim, Claimant, Database, claim_waiting, current_owner
from icl_cli.store.run_log import STDERR, logged
from icl_cli.sweeps.experiment import Listen, train_claimed
from icl_cli.sweeps.provenance import provenance
from icl_cli.sweeps.recorder import patiently

# Seeds that an accelerator trains as one program: one small model leaves it idle.
MOST_TOGETHER = 32


class Stranded:
    """A listener for the time between runs, when only the database can be waited for."""

    def waits(self, reason: str) -> None:
        """Say why nothing goes on."""
        print(reason, file=sys.stderr, flush=True)  # noqa: T201


def work(database: Database, sweep_id: str, most_attempts: int, listen: Listen) -> None:
    """Train runs of the sweep until none waits. A run that fails is stored as that, and the next one follows.

    Raises `StoreError` if the database can take nothing more, and passes on what signals raise.
    """
    # A crash of native code leaves its stack in the log of the run.
    faulthandler.enable(file=STDERR)
    claimant = Claimant(current_owner(), provenance())
    most = 1 if jax.default_backend() == "cpu" else MOST_TOGETHER
    claim = partial(claim_waiting, database, sweep_id, claimant, most_attempts, most)
    while claims := patiently(claim, Stranded()):
        with logged(database, claims[0].run):
            _train(database, claims, listen)


def _train(database: Database, claims: Sequence[Claim], listen: Listen) -> None:
    try:
        with listen(claims[0].run.config) as listener:
            train_claimed(database, claims, listener)
    except LostRunError as error:
        Stranded().waits(str(error))
    except StoreError:
        raise
    except Exception:
        # The run has been stored as failed, with the error; here is the whole of it.
        traceback.print_exc()
