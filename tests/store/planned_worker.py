"""Claim runs of a sweep, once standard input ends, until none waits; print the ids of those that this process got."""

import os
import sys

from icl_cli.store import Claimant, Database, claim_waiting


def main() -> None:
    with Database.open(sys.argv[1], mode="write") as database:
        print("ready", flush=True)
        sys.stdin.read()
        # Each worker is a host of its own: a worker that has exited must not count as dead.
        claimant = Claimant(f"host-{os.getpid()}:{os.getpid()}")
        while claims := claim_waiting(database, sys.argv[2], claimant):
            print(claims[0].run.id)


main()
