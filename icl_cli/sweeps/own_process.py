"""Training in a process of its own, for programs whose JAX shows a single CPU device.

XLA compiles a program for one device with other roundings than the same program for two or more, and JAX cannot get
another device once it has been used. The command line always asks for at least two. A notebook that has used JAX before
has one; it trains in a child process, so that a run has the same bits wherever it is trained.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import icl_cli
from icl_cli import errors
from icl_cli.config import RunConfig
from icl_cli.store import Claim, ClaimOutcome, Database, Run, get_run
from icl_cli.training.devices import training_devices, use_cores

STOP_SECONDS = 30.0


def needs_own_process() -> bool:
    """Whether this process would train with other roundings: its JAX has one CPU device."""
    devices = training_devices()
    return len(devices) == 1 and devices[0].platform == "cpu"


def run_in_own_process(database: Database, config: RunConfig, name: str) -> Claim:
    """What `run_experiment` does, in a child process that has a CPU device for each core, and at least two.

    Raises what the child raised, with its message. An interruption is passed on to the child, which keeps its last
    report.
    """
    order = {"database": str(database.path), "config": config.to_json(), "name": name, "command": sys.argv}
    # -P: a jax.py that lies in the present folder is none of ours.
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": _python_path()},
    )
    try:
        answer, _ = child.communicate(json.dumps(order))
    except BaseException:
        _stop(child)
        raise
    return _claim(database, answer, child.returncode)


def _python_path() -> str:
    """The folder of this package first, so that the child has the same code."""
    own = str(Path(icl_cli.__file__).parents[1])
    return os.pathsep.join([own, *filter(None, [os.environ.get("PYTHONPATH")])])


def _stop(child: "subprocess.Popen[str]") -> None:
    child.send_signal(signal.SIGINT)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _claim(database: Database, answer: str, code: int) -> Claim:
    try:
        told: dict[str, str] = json.loads(answer)
    except ValueError:
        raise errors.IclError(
            f"The process that trains ended with code {code} and without an answer. Run the same training by "
            "`icl train`, which shows what it says."
        ) from None
    if "error" in told:
        raise _error(told["error"], told["message"])
    return Claim(get_run(database, told["run"]), ClaimOutcome(told["outcome"]))


def _error(kind: str, message: str) -> errors.IclError:
    known: Any = getattr(errors, kind, None)
    expected = isinstance(known, type) and issubclass(known, errors.IclError)
    return known(message) if expected else errors.IclError(message)


class _Silent:
    """Hears how a training goes, and says nothing."""

    def started(self, run: Run, resumed: bool) -> None:
        """It begins."""

    def stepped(self, step: int, loss: float) -> None:
        """It has come so far."""

    def waits(self, reason: str) -> None:
        """It waits for another process."""


def _train(order: dict[str, Any]) -> dict[str, str]:
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.sweeps.experiment import run_experiment

    use_cores()
    keep_compiled_programs()
    # A run records the command that trained it: the parent's.
    sys.argv = order["command"]
    with Database.open(order["database"], mode="write") as database:
        claim = run_experiment(database, RunConfig.from_json(order["config"]), order["name"], _Silent())
    return {"run": claim.run.id, "outcome": claim.outcome.value}


def main() -> None:
    """The child: read an order from stdin, train, and write an answer or an error to stdout, as JSON."""
    try:
        answer = _train(json.load(sys.stdin))
    except errors.IclError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    json.dump(answer, sys.stdout)
