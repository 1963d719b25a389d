"""Claim every configuration that comes on standard input; print the ids of those that this process got."""

import os
import sys

from icl_cli.config import RunConfig
from icl_cli.errors import BusyError
from icl_cli.store import Claimant, ClaimOutcome, Database, claim_run


def main() -> None:
    with Database.open(sys.argv[1], mode="write") as database:
        print("ready", flush=True)
        for line in sys.stdin:
            config = RunConfig.from_json(line)
            try:
                # Each worker is a host of its own: a worker that has exited must not count as dead.
                owner = f"host-{os.getpid()}:{os.getpid()}"
                claim = claim_run(database, config, Claimant(owner, {}, 600.0), name="race")
            except BusyError as error:
                if "is being trained by" not in str(error):
                    raise
                continue
            if claim.outcome is not ClaimOutcome.ENDED:
                print(claim.run.id)


main()
