"""What long work shows: sparklines, the loss to reach, lines where nothing can move."""

import io
import math
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.live import Live
from rich.table import Table
from small_runs import small_config

from icl_cli.cli import sweep_status, training_progress
from icl_cli.cli.animation import moving_console, sparkline
from icl_cli.cli.console import print_table
from icl_cli.cli.training_progress import LineListener, LiveListener
from icl_cli.report.sweep_tables import SweepPace, progress_table
from icl_cli.store import Database, RunStatus
from icl_cli.sweeps import tuned_baseline
from icl_cli.sweeps.targets import Target, tuned_target


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([], 8, ""),
        ([1.0], 8, "▁"),
        ([100.0, 10.0, 1.0], 8, "█▅▁"),
        ([1.0, math.nan, 0.0, -2.0, math.inf, 10.0], 8, "▁█"),
        ([8.0] * 50 + [1.0] * 50, 2, "█▁"),
    ],
)
def test_a_sparkline_is_on_a_scale_of_logarithms(values, width, expected):
    assert sparkline(values, width) == expected


@pytest.mark.parametrize(
    ("terminal", "name", "moves"), [(True, "xterm", True), (True, "dumb", False), (False, "xterm", False)]
)
def test_only_terminals_that_can_move_do(monkeypatch, terminal, name, moves):
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: terminal, write=len, flush=lambda: None))
    monkeypatch.setenv("TERM", name)
    assert (moving_console() is not None) is moves


def test_the_target_is_the_best_tuned_baseline_and_never_tuned_for(tmp_path):
    config = small_config({"model.layers": 1})
    with Database.open(tmp_path / "results.db", mode="create") as database:
        assert tuned_target(database, config) is None
        from icl_cli.baselines import Problem

        tuned = tuned_baseline(database, "gd", Problem.of_run(config), lambda _: None)
        target = tuned_target(database, config)
        assert target is not None
        factor = {"half-squared-error": 0.5, "squared-error": 1.0}[config.training.loss]
        assert target == Target("gd", tuned.record.loss * factor)
        assert tuned_target(database, small_config({"model.layers": 3})) is None


@pytest.mark.parametrize("width", [60, 80])
def test_a_training_shows_pace_time_left_loss_target_and_curve(monkeypatch, width):
    now = iter([10.0, 12.0])
    monkeypatch.setattr(training_progress.time, "monotonic", lambda: next(now, 12.0))
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    listener = LiveListener(
        small_config({"training.steps": 150_000}), Live(console=console), Target("gd++-per-step", 0.05)
    )
    listener.started(SimpleNamespace(seed=0, step=0), resumed=False)
    listener.stepped(100, 0.4)
    listener.stepped(300, 0.2)
    plain = Console(file=io.StringIO(), width=width)
    plain.print(listener)
    bar, loss = plain.file.getvalue().splitlines()
    assert "300/150000 100 steps/s, 24 min 57 s left" in bar
    assert loss == "█▁ loss 0.2000 (gd++-per-step 0.05000)"


@pytest.mark.parametrize(("scale", "words"), [(1.0, "loss 0.5000 (gd 0.2500)"), (1e-5, "loss 5.000e-6 (gd 2.500e-6)")])
def test_a_log_gets_a_line_only_now_and_then(monkeypatch, capsys, scale, words):
    times = iter([0.0, 1.0, 31.0, 32.0, 32.0])
    monkeypatch.setattr(training_progress.time, "monotonic", lambda: next(times))
    listener = LineListener(small_config({"training.steps": 1000}), Target("gd", 0.25 * scale))
    for step in (10, 310):
        monkeypatch.setattr(training_progress.time, "monotonic", lambda at=step: float(at))
        listener.stepped(step, 0.5 * scale)
    assert capsys.readouterr().err == f"  step 310/1000, {words}, 1 steps/s, 11 min 30 s left\n"


@pytest.mark.parametrize(("width", "loss", "shown"), [(60, 0.2345, "0.2345"), (80, 2.6e14, "2.600e+14")])
def test_the_table_of_a_sweep_keeps_its_numbers_where_it_is_narrow(monkeypatch, width, loss, shown):
    from icl_cli.report import sweep_tables

    times = iter([100.0, 110.0])
    monkeypatch.setattr(sweep_tables.time, "monotonic", lambda: next(times))
    training = SimpleNamespace(training=SimpleNamespace(steps=20_000))
    run = SimpleNamespace(id="a" * 64, short_id="a" * 8, step=1000, name="n" * 70, seed=3, config=training)
    state = SimpleNamespace(counts={RunStatus.RUNNING: 1}, total=3, ended=0, running=(run,), waiting=2)
    pace = SweepPace()
    pace.see(state)
    run.step = 3400
    pace.see(state)
    console = Console(file=io.StringIO(), width=width)
    console.print(progress_table(state, pace, {run.id: [0.3, loss]}))
    line = console.file.getvalue().splitlines()[0]
    assert line.split()[-3:] == ["3400/20000", "240/s", shown]
    assert len(line) <= width


@pytest.mark.parametrize("way", ["table", "display", "watch"])
def test_text_of_others_is_shown_as_it_is_and_acts_on_no_terminal(monkeypatch, way):
    """On stdout, where something moves, and where a sweep is watched."""
    out = io.StringIO()
    out.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stderr" if way == "display" else "sys.stdout", out)
    hostile = "[/b] [red]x[/red] :skull:"
    # A name of a column and a cell, neither of which says that it is text.
    table = Table(hostile)
    table.add_row(f"{hostile} \x1b]0;title\a")
    if way == "table":
        print_table(table)
    elif way == "display":
        with Live(table, console=moving_console()):
            pass
    else:
        monkeypatch.setattr(sweep_status, "_table", lambda *_: table)
        monkeypatch.setattr(sweep_status, "_find", lambda *_: [SimpleNamespace(counts={})])
        sweep_status._watch(None, None, "results.db")
    shown = out.getvalue()
    assert shown.count(hostile) >= 2
    assert "\x1b]" not in shown
    assert "\a" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def waiting(counts):
    return SimpleNamespace(counts=counts, name="few", content={}, is_over=False)


def test_a_watched_sweep_is_left_as_it_stands_when_nobody_trains_it_any_more(monkeypatch):
    seen = iter([{RunStatus.RUNNING: 2}, {RunStatus.RUNNING: 1}, {RunStatus.FINISHED: 1, RunStatus.INTERRUPTED: 1}])
    monkeypatch.setattr(sweep_status, "_find", lambda *_: [waiting(counts=next(seen))])
    monkeypatch.setattr(sweep_status, "_table", lambda *_: "")
    monkeypatch.setattr(sweep_status, "SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(Console, "is_terminal", True)
    found = sweep_status._watch(None, None, "results.db")
    assert found[0].counts == {RunStatus.FINISHED: 1, RunStatus.INTERRUPTED: 1}
    assert "what 'few' lacks, give its file: icl sweep run FILE.toml" in sweep_status._next(found, "results.db")
    assert "--watch" in sweep_status._next([waiting({RunStatus.RUNNING: 1})], "results.db")
