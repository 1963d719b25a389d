"""Sweeps on a Ray cluster: the database decides who trains what, so that killed tasks cost and double nothing."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from small_runs import SMALL_SWEEP

from icl_cli.cli.executors import Executor, ExecutorKind
from icl_cli.cli.sweep_work import work_on_node
from icl_cli.errors import IclError, UsageError
from icl_cli.store import Database, Run, RunStatus, find_checkpoint, get_metrics, list_runs
from icl_cli.sweeps import ray_cluster
from icl_cli.sweeps.ray_cluster import Node, Report, check_nodes, check_room
from icl_cli.sweeps.ray_workers import RayWorkers, environment, shared_cores
from icl_cli.sweeps.sweep_reading import read_sweep
from icl_cli.sweeps.sweep_run import Patience, enrol_sweep, run_sweep

SWEEP = SMALL_SWEEP.replace("seeds = 2", "seeds = 4")
# Long enough to be killed in the middle.
LONG = (
    SWEEP.replace("steps = 60", "steps = 10000").replace("points = 6", "points = 40").replace("seeds = 4", "seeds = 2")
)
PATIENCE = Patience()
# Ray starts its processes by fork, in a test process whose JAX is at work; `icl sweep run` starts them before that.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A cluster of one node with two CPUs, whatever this machine has."""
    pytest.importorskip("ray", reason="Ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray_cluster, "available_cores", lambda: 2)
        with ray_cluster.ray_cluster(None) as module:
            yield module


def enrolled(database: Database, text: str, folder: Path) -> str:
    (folder / "sweep.toml").write_text(text)
    return enrol_sweep(database, read_sweep(folder / "sweep.toml"), quick=False)


def trained(
    ray: Any, database: Database, sweep_id: str, watch=lambda state: None, jobs: int = 2, target: str | None = None
) -> dict[str, Run]:
    with RayWorkers(ray, target or database.path, sweep_id, jobs, PATIENCE.most_attempts, work_on_node) as workers:
        run_sweep(database, sweep_id, workers, PATIENCE, watch, stays=True)
        assert workers.busy == 0
    return {run.id: run for run in list_runs(database)}


@pytest.mark.slow
def test_tasks_train_every_run_once_and_again_do_nothing(ray, database, tmp_path, monkeypatch):
    sweep_id = enrolled(database, SWEEP, tmp_path)
    monkeypatch.setattr(ray_cluster, "ray_cluster", lambda address: nullcontext(ray))
    place = Executor(ExecutorKind.RAY, None, None)
    with place.workers(database, database.path, sweep_id, 2, PATIENCE.most_attempts) as workers:
        run_sweep(database, sweep_id, workers, PATIENCE, lambda state: None, stays=True)
    first = {run.id: run for run in list_runs(database)}
    assert [(run.status, run.attempt) for run in first.values()] == [(RunStatus.FINISHED, 1)] * 4
    assert trained(ray, database, sweep_id) == first


@pytest.mark.slow
def test_the_run_of_a_killed_task_is_finished_by_another_and_no_other_is_repeated(ray, database, tmp_path):
    sweep_id = enrolled(database, LONG, tmp_path)
    killed: list[Run] = []

    def kill_one(state) -> None:
        # The second run, so that the first has finished.
        for run in state.running if state.counts.get(RunStatus.FINISHED) and not killed else ():
            if run.step > 0:
                killed.append(run)
                os.kill(int(run.owner.split(":")[1]), signal.SIGKILL)

    runs = trained(ray, database, sweep_id, kill_one, jobs=1)
    (victim,) = killed
    assert {run.status for run in runs.values()} == {RunStatus.FINISHED}
    assert {run.id: run.attempt for run in runs.values()} == {each: 1 + (each == victim.id) for each in runs}
    # One that was not killed gives the same numbers.
    with Database.open(tmp_path / "whole.db", mode="create") as whole:
        trained(ray, whole, enrolled(whole, LONG, tmp_path))
        for each in runs:
            assert get_metrics(database, each) == get_metrics(whole, each)
            assert find_checkpoint(database, each) == find_checkpoint(whole, each)


@pytest.mark.slow
def test_whoever_stops_gives_the_runs_back_at_once(ray, database, tmp_path):
    sweep_id = enrolled(database, LONG, tmp_path)

    def stop(state) -> None:
        if any(run.step > 0 for run in state.running):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(ray, database, sweep_id, stop)
    assert {run.status for run in list_runs(database)} <= {RunStatus.INTERRUPTED, RunStatus.PLANNED}
    assert RunStatus.INTERRUPTED in {run.status for run in list_runs(database)}


def test_a_task_that_cannot_work_is_told_in_its_words(ray, tmp_path):
    with (
        RayWorkers(ray, str(tmp_path / "none.db"), "0" * 64, 1, 3, work_on_node) as workers,
        pytest.raises(IclError, match=r"A worker gave up: .*none\.db"),
    ):
        start_for_a_minute(workers)


def start_for_a_minute(workers: RayWorkers) -> None:
    for _ in range(600):
        workers.start(1)
        time.sleep(0.1)


def test_what_no_node_offers_is_refused_at_once(ray):
    began = time.monotonic()
    with pytest.raises(IclError, match=r"--gpus-per-run 0\.25: no node .* 2 CPUs and 0 GPUs on "):
        check_room(ray, 0.25)
    assert time.monotonic() - began < 5


def test_what_others_keep_is_waited_for_in_vain_only_so_long(ray, monkeypatch):
    monkeypatch.setattr(ray_cluster, "ROOM_SECONDS", 1.0)
    hold = ray.remote(num_cpus=2)(lambda: time.sleep(60)).remote()
    time.sleep(1.0)
    with pytest.raises(IclError, match="had room for a run"):
        check_room(ray, 0.0)
    ray.cancel(hold, force=True)


def test_a_node_with_other_versions_is_refused_by_name(ray, database, monkeypatch):
    here = ray_cluster.report_here()
    node = ray_cluster.nodes(ray)[0].name
    asked = Report({**here.versions, "jax": "0.0.1"}, here.owner)
    monkeypatch.setattr(ray_cluster, "_reports", lambda *_: [(Node(node, 2, 0, "1"), asked)])
    with pytest.raises(IclError) as raised:
        check_nodes(ray, database)
    message = str(raised.value)
    assert not [word for word in (node, "jax 0.0.1", here.versions["jax"]) if word not in message]


def test_a_file_cannot_be_shared_with_another_machine(ray, database, monkeypatch):
    far = Report(ray_cluster.report_here().versions, "far:1:00000000-1.1")
    monkeypatch.setattr(ray_cluster, "_reports", lambda *_: [(Node("far", 2, 0, "1"), far)])
    with pytest.raises(IclError, match=r"far .*PostgreSQL.*--db postgresql://"):
        check_nodes(ray, database)


@pytest.mark.slow
def test_the_same_on_postgresql(ray, postgresql, tmp_path):
    url = postgresql.new_database()
    with Database.open(url, mode="create") as database:
        sweep_id = enrolled(database, SWEEP, tmp_path)
        check_nodes(ray, database)
        runs = trained(ray, database, sweep_id, target=url)
        assert [(run.status, run.attempt) for run in runs.values()] == [(RunStatus.FINISHED, 1)] * 4


@pytest.mark.parametrize(
    ("kind", "address", "gpus", "named"),
    [
        ("local", "box:6379", None, "--address box:6379: only for Ray. Add --executor ray"),
        ("local", None, 0.5, "--gpus-per-run 0.5: only for Ray"),
        ("ray", "box", None, "HOST:PORT"),
        ("ray", "ray://box:10001", None, "HOST:PORT"),
        ("ray", "box:0", None, "HOST:PORT"),
        ("ray", "box:65536", None, "HOST:PORT"),
        ("ray", None, 0.0, "shares above 0"),
        ("ray", None, 1.5, "whole numbers"),
        ("ray", None, float("inf"), "whole numbers"),
        ("ray", None, float("nan"), "whole numbers"),
    ],
)
def test_options_without_sense_are_refused(kind, address, gpus, named):
    with pytest.raises(UsageError) as raised:
        Executor(ExecutorKind(kind), address, gpus)
    assert named in str(raised.value)


def test_an_address_where_nothing_listens_is_refused_at_once():
    pytest.importorskip("ray", reason="Ray is not installed")
    with pytest.raises(IclError, match=r"127\.0\.0\.1:1: .*ray start --head"), ray_cluster.ray_cluster("127.0.0.1:1"):
        pass


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
def test_what_listens_but_is_no_ray_is_refused(monkeypatch, answer):
    """It closes, it speaks another language, or it says nothing at all."""
    monkeypatch.setattr(ray_cluster, "REACH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            accepted.append(connection)
            if answer is not None:
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(IclError, match="no head node of Ray"):
            ray_cluster._require_listener(f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()
        accepted[0].close()


def test_without_ray_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(IclError, match=r'pip install "icl-cli\[ray\]"'), ray_cluster.ray_cluster(None):
        pass


@pytest.mark.parametrize(
    ("cpus", "jobs", "cores"),
    [([8], 1, 8), ([8], 2, 4), ([8], 3, 2), ([8], 99, 1), ([8, 4], 2, 4), ([8, 4], 3, 4), ([], 1, 1)],
)
def test_tasks_divide_the_cores_of_all_nodes_so_that_all_run_at_once(cpus, jobs, cores):
    assert shared_cores([Node("node", each, 0, "1") for each in cpus], jobs) == cores


@pytest.mark.parametrize(("gpus", "fraction"), [(0.25, "0.225"), (1.0, "0.900"), (2.0, "0.900")])
def test_tasks_on_one_gpu_share_its_memory(gpus, fraction):
    assert environment(gpus) == {"XLA_CLIENT_MEM_FRACTION": fraction}
    assert environment(0.0) == {"JAX_PLATFORMS": "cpu"}
