"""Workers share a machine: every core is used, none more often than it must be, and every GPU gets its jobs."""

import pytest

from icl_cli.sweeps.machine_share import divided_cores, shares, visible_gpus


@pytest.mark.parametrize(
    ("jobs", "cores", "expected"),
    [
        (1, [0, 1], [[0, 1]]),
        (2, [0, 1], [[0], [1]]),
        (3, [0, 1], [[0], [1], [0]]),
        (2, [0, 1, 2], [[0], [1, 2]]),
        (3, list(range(8)), [[0, 1], [2, 3, 4], [5, 6, 7]]),
        (2, [4, 7], [[4], [7]]),
    ],
)
def test_cores_are_divided(jobs, cores, expected):
    assert divided_cores(jobs, cores) == expected


@pytest.mark.parametrize("jobs", range(1, 20))
def test_groups_are_as_equal_as_can_be(jobs):
    groups = divided_cores(jobs, range(12))
    sizes = [len(group) for group in groups]
    assert len(groups) == jobs
    assert max(sizes) - min(sizes) <= 1
    assert {core for group in groups for core in group} == set(range(12)) or jobs > 12
    assert all(sizes)


@pytest.mark.parametrize(
    ("jobs", "gpus", "expected"),
    [
        (1, ["0"], [("0", "0.900")]),
        (2, ["0", "3"], [("0", "0.900"), ("3", "0.900")]),
        (3, ["0", "3"], [("0", "0.450"), ("3", "0.450"), ("0", "0.450")]),
        (4, ["GPU-8a"], [("GPU-8a", "0.225")] * 4),
    ],
)
def test_every_worker_sees_one_gpu_and_its_part_of_the_memory(jobs, gpus, expected):
    found = [(share["CUDA_VISIBLE_DEVICES"], share["XLA_CLIENT_MEM_FRACTION"]) for share in shares(jobs, gpus)]
    assert found == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CUDA_VISIBLE_DEVICES": "0, 2"}, ["0", "2"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, []),
        ({"CUDA_VISIBLE_DEVICES": "0", "JAX_PLATFORMS": "cpu"}, []),
    ],
)
def test_gpus_are_those_that_the_environment_names(environment, expected):
    assert visible_gpus(environment) == expected


def test_without_that_the_driver_is_asked(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 0\necho 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert visible_gpus({}) == ["0", "1"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert visible_gpus({}) == []
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus({}) == []
