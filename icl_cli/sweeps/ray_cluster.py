"""A Ray cluster as sweeps need it: joined or started, with the same versions on every node, and room for a run.

Ray is an optional extra, imported when it is asked for.
"""

import importlib.metadata
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import icl_cli
from icl_cli.errors import IclError
from icl_cli.store import Database, current_owner, owner_lives
from icl_cli.training.devices import available_cores

LIBRARIES = ("jax", "jaxlib")
REACH_SECONDS = 10.0
# Its number among the frames of HTTP/2 (RFC 9113, 6.5).
SETTINGS_FRAME = 4
# A first worker reads everything from disk.
ANSWER_SECONDS = 180.0
# Others may have taken what a run needs.
ROOM_SECONDS = 600.0
# Of the shared memory of a Ray that is started here; tasks pass next to nothing, and this is the least it takes.
STORE_BYTES = 80 * 2**20
# Ray gives its processes 30 s to start, which two busy cores can exceed.
START_ATTEMPTS = 2


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: its name, what it offers, and Ray's id of it."""

    name: str
    cpus: float
    gpus: float
    identity: str


@dataclass(frozen=True)
class Report:
    """What a process on a node says of itself: versions of what decides numbers, and who it is, as owner of runs."""

    versions: Mapping[str, str]
    owner: str


@contextmanager
def ray_cluster(address: str | None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster at HOST:PORT, or to one that is started here and ends with this.

    Raises `IclError` if Ray is missing, the cluster cannot be reached or none can be started.
    """
    ray = _import_ray()
    with tempfile.TemporaryDirectory(prefix="icl-ray-", ignore_cleanup_errors=True) as folder:
        # Ray puts its own handler there, and does not put it back.
        handler = signal.getsignal(signal.SIGTERM)
        try:
            _connect(ray, address, folder)
            signal.signal(signal.SIGTERM, handler)
            # Ray prints what befalls its processes.
            with redirect_stdout(sys.stderr):
                yield ray
        finally:
            signal.signal(signal.SIGTERM, handler)
            ray.shutdown()


def nodes(ray: Any) -> list[Node]:
    """The nodes that are up."""
    return [
        Node(each["NodeManagerHostname"], resources.get("CPU", 0.0), resources.get("GPU", 0.0), each["NodeID"])
        for each in ray.nodes()
        if each["Alive"]
        for resources in [each["Resources"]]
    ]


def check_nodes(ray: Any, database: Database) -> None:
    """Raises `IclError` if a node has other versions than this process, or cannot open `database`."""
    here = report_here()
    for node, report in _reports(ray, nodes(ray)):
        if report.versions != here.versions:
            raise IclError(
                f"Node {node.name} of the Ray cluster has {_text(report.versions)}; here it is {_text(here.versions)}. "
                "Other versions give other numbers: install the same on all machines."
            )
        if database.is_file and owner_lives(report.owner, here.owner) is None:
            raise IclError(
                f"{database.path} is a SQLite file, which processes of one machine share; node {node.name} of the Ray "
                "cluster is another. Use a PostgreSQL database: --db postgresql://USER@HOST:PORT/NAME."
            )


def check_room(ray: Any, gpus_per_run: float) -> None:
    """Raises `IclError` if no node offers what a run takes, so many GPUs or a CPU, or others keep it for too long."""
    present = nodes(ray)
    if gpus_per_run and not any(node.gpus >= gpus_per_run for node in present):
        raise IclError(
            f"--gpus-per-run {gpus_per_run:g}: no node of the Ray cluster offers so much; there are "
            f"{_offered(present)}. Ask for less, or leave it out to train on CPUs."
        )
    if not gpus_per_run and not any(node.cpus >= 1 for node in present):
        raise IclError(
            f"No node of the Ray cluster offers a CPU; there are {_offered(present)}. Start one with `ray start "
            "--num-cpus`, or give --gpus-per-run."
        )
    _wait_for_room(ray, gpus_per_run)


def report_here() -> Report:
    """The versions and the name of this process."""
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return Report({"icl": icl_cli.__version__, **libraries}, current_owner())


def last_words(error: Exception) -> str:
    """What a task that failed said last, as a sentence."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{lines[-1] if lines else type(cause).__name__}".rstrip(".") + "."


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What Ray will do by default one day, and warns about until then; tasks are told what to see.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise IclError('--executor ray needs Ray, which is not installed: pip install "icl-cli[ray]".') from error
    return ray


def _connect(ray: Any, address: str | None, folder: str) -> None:
    # Before `init`, which warns of what it decides about its own tokens.
    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "configure_logging": False, "include_dashboard": False}
    if address is None:
        _start(ray, quiet, folder)
        return
    _require_listener(address)
    try:
        del quiet["include_dashboard"]
        ray.init(address=address, **quiet)
    except Exception as error:
        raise IclError(
            f"This machine cannot work with the Ray cluster at {address}: {_first_line(error)} It must be one of its "
            f"nodes (`ray start --address={address}`), with its token, if it has one (RAY_AUTH_MODE=token)."
        ) from error


def _start(ray: Any, quiet: Mapping[str, bool], folder: str) -> None:
    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            ray.init(
                address="local",
                num_cpus=available_cores(),
                object_store_memory=STORE_BYTES,
                _temp_dir=folder,
                **quiet,
            )
            return
        except Exception as error:
            ray.shutdown()
            if attempt == START_ATTEMPTS:
                raise IclError(f"Ray could not be started here: {_first_line(error)} Use --executor local.") from error


def _require_listener(address: str) -> None:
    """Ray itself would try for a minute, and for many where something else listens."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS) as connection:
            speaks_grpc = os.environ.get("RAY_USE_TLS", "0") != "0" or _speaks_http2(connection)
    except OSError as error:
        raise IclError(
            f"Nothing listens at {address}: {error.strerror or error}. Start the head node with `ray start --head`; "
            "it prints the address."
        ) from error
    if not speaks_grpc:
        raise IclError(
            f"What listens at {address} is no head node of Ray. `ray start --head` prints the address, with port 6379 "
            "unless told otherwise."
        )


def _speaks_http2(connection: socket.socket) -> bool:
    """Whether a server answers the preface of HTTP/2, which gRPC speaks, with a frame of settings (RFC 9113, 3.4)."""
    empty_settings = bytes((0, 0, 0, SETTINGS_FRAME, 0, 0, 0, 0, 0))
    try:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + empty_settings)
        header = connection.recv(len(empty_settings), socket.MSG_WAITALL)
    except OSError:
        return False
    return len(header) == len(empty_settings) and header[3] == SETTINGS_FRAME


def _reports(ray: Any, present: Sequence[Node]) -> Iterator[tuple[Node, Report]]:
    pinned = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ask = ray.remote(report_here)
    asked = {
        ask.options(num_cpus=0, max_retries=0, scheduling_strategy=pinned(node.identity, soft=False)).remote(): node
        for node in present
    }
    answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS)
    if silent:
        names = ", ".join(sorted({asked[reference].name for reference in silent}))
        raise IclError(f"No answer within {ANSWER_SECONDS:g} s from {names}: see `ray status`, and restart Ray there.")
    for reference in answered:
        try:
            yield asked[reference], ray.get(reference)
        except ray.exceptions.RayError as error:
            raise IclError(
                f"Node {asked[reference].name} of the Ray cluster cannot work: {last_words(error)} "
                f"Install icl {icl_cli.__version__} there, in the environment of `ray start`."
            ) from error


def _wait_for_room(ray: Any, gpus_per_run: float) -> None:
    asked = ray.remote(report_here).options(num_cpus=0 if gpus_per_run else 1, num_gpus=gpus_per_run).remote()
    if not ray.wait([asked], timeout=ROOM_SECONDS)[0]:
        ray.cancel(asked)
        raise IclError(
            f"For {ROOM_SECONDS:g} s no node of the Ray cluster had room for a run; there are {_offered(nodes(ray))}, "
            "which others use: see `ray status`. Run this again later."
        )


def _offered(present: Sequence[Node]) -> str:
    return ", ".join(f"{node.cpus:g} CPUs and {node.gpus:g} GPUs on {node.name}" for node in present)


def _text(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"{line.rstrip('.')}."
