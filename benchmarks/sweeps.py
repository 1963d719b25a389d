"""Whether sweeps survive: killed again and again, and run by many processes at once. Prints figures, exits 1 if not.

    python benchmarks/sweeps.py kills --kills 100
    python benchmarks/sweeps.py join --processes 8 --runs 60 [--db postgresql+psycopg://…]

What is left is compared, bit by bit, with the same sweep left alone.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from icl_cli.store import Database, RunStatus, find_checkpoint, get_metrics, iterate_snapshots, list_runs

SWEEP = """
name = "short"
title = "Short runs"
seeds = {seeds}

[[runs]]
label = "short"
grid = {{ task.context_length = [5, 8] }}

[runs.settings]
training = {{ steps = {steps}, batch_size = 64 }}
evaluation = {{ tasks = 200, points = 20, snapshots = 5 }}
"""
ICL = [sys.executable, "-m", "icl_cli"]


def main() -> int:
    """Run the scenario that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=["kills", "join"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pause", type=float, default=12.0, help="the longest, in seconds, from one kill to the next")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which processes are killed")
    parser.add_argument("--db", default=None, help="where `join` runs; a file of its own by default")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "short.toml"
        file.write_text(SWEEP.format(seeds=chosen.runs // 2, steps=chosen.steps))
        database = chosen.db or f"{folder}/disturbed.db"
        began = time.monotonic()
        if chosen.scenario == "kills":
            kills, starts = killed(file, database, chosen.kills, chosen.pause, random.Random(chosen.seed))
            print(f"{kills} kills, {starts} starts, {time.monotonic() - began:.0f} s")
        else:
            output = joined(file, database, chosen.processes)
            print(f"{chosen.processes} processes, {time.monotonic() - began:.0f} s, 'locked': {output.count('locked')}")
        alone = f"{folder}/alone.db"
        subprocess.run([*ICL, "sweep", "run", file, "--jobs", "2", "--db", alone], check=True, capture_output=True)
        return report(database, alone)


def killed(file: Path, database: str, kills: int, pause: float, chance: random.Random) -> tuple[int, int]:
    """Kill, at random moments, the process that runs the sweep or one of its workers; how often, and all starts."""
    command = [*ICL, "sweep", "run", file, "--jobs", "2", "--attempts", str(10 * kills), "--db", database]
    parent, starts, done = subprocess.Popen(command, stderr=subprocess.DEVNULL), 1, 0
    while done < kills:
        time.sleep(chance.uniform(0.5, pause))
        victims = [parent.pid, *children(parent.pid)]
        os.kill(chance.choice(victims), signal.SIGKILL)
        done += 1
        if parent.poll() is None and is_over(database):
            parent.wait()
        if parent.poll() is not None:
            if is_over(database):
                print(f"over after {done} kills: give it more runs or steps")
                return done, starts
            parent, starts = subprocess.Popen(command, stderr=subprocess.DEVNULL), starts + 1
    parent.wait()
    while subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 75:
        time.sleep(1)
    return done, starts


def children(process: int) -> list[int]:
    """The processes that `process` has started."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def is_over(database: str) -> bool:
    """Whether every run has finished."""
    if not Path(database).exists():
        return False
    with Database.open(database, mode="read") as opened:
        runs = list_runs(opened)
        return bool(runs) and all(run.status is RunStatus.FINISHED for run in runs)


def joined(file: Path, database: str, processes: int) -> str:
    """Run the sweep by so many processes at once; what they said."""
    command = [*ICL, "sweep", "run", file, "--join", "--db", database]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(processes)]
    outputs = [process.communicate()[1] for process in started]
    failed = [output for process, output in zip(started, outputs, strict=True) if process.returncode]
    for output in failed:
        print(output, file=sys.stderr)
    return "\n".join(outputs)


def report(disturbed: str, alone: str) -> int:
    """Compare both databases; 0 if every run finished once and is the same in both."""
    with Database.open(disturbed, mode="read") as first, Database.open(alone, mode="read") as second:
        runs = list_runs(second)
        statuses = Counter(run.status.value for run in list_runs(first))
        same = {
            "weights": sum(weights(first, run.id) == weights(second, run.id) for run in runs),
            "metrics": sum(get_metrics(first, run.id) == get_metrics(second, run.id) for run in runs),
            "checkpoints": sum(find_checkpoint(first, run.id) == find_checkpoint(second, run.id) for run in runs),
        }
        attempts = Counter(run.attempt for run in list_runs(first))
    print(f"runs: {dict(statuses)}; attempts: {dict(sorted(attempts.items()))}")
    print(f"the same as alone, of {len(runs)}: {same}")
    return 0 if all(number == len(runs) for number in [*same.values(), statuses["finished"]]) else 1


def weights(database: Database, run_id: str) -> list[tuple[int, str]]:
    """Steps and hashes of all stored weights of a run."""
    return [(snapshot.step, snapshot.sha256) for snapshot in iterate_snapshots(database, run_id)]


if __name__ == "__main__":
    sys.exit(main())
