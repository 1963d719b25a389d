"""The fast recipe against the paper's: the loss at the end of every seed, and its fall over wall time in one figure.

    python benchmarks/recipes.py [--seeds 10] [--paper-seeds 1] [--case K=5 ...]

Takes about twenty minutes; the paper's 50,000 steps of five layers take most of it. Results of cases that are not
named stay as they are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import jax.numpy as jnp
import pandas as pd
import typer
from matplotlib.figure import Figure

from icl_cli.analysis import held_out_loss
from icl_cli.baselines import Problem, get_baseline
from icl_cli.compilation import keep_compiled_programs
from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.report.files import METADATA
from icl_cli.report.style import INK, TWO_COLUMNS, new_figure, paper_style
from icl_cli.tasks import held_out_episodes
from icl_cli.training import Report, initial_state, train
from icl_cli.training.devices import training_devices, use_cores
from icl_cli.training.evaluation import held_out_evaluation
from icl_cli.training.loop import compiled_loop

RESULTS = Path(__file__).parent / "results"
COLOURS = {"paper": "#D55E00", "fast": "#0072B2"}

# Each case, its choices, and the baseline that it is held against.
CASES = {
    "K=1": ({"model.layers": 1}, "gd"),
    "K=2 recurrent": ({"model.layers": 2, "model.recurrent": True}, "gd++"),
    "K=10 recurrent": ({"model.layers": 10, "model.recurrent": True}, "gd++"),
    "K=5": ({"model.layers": 5}, "gd-per-step"),
    "softmax, 2 heads": ({"model.attention": ("softmax",), "model.heads": 2}, "gd"),
}
# All runs and baselines see the same tasks, so that differences of a tenth of a percent show.
EVALUATION = {"evaluation.tasks": 100_000, "evaluation.points": 20, "evaluation.snapshots": 1}


class Curve:
    """A recorder that keeps losses and the time when they were reached."""

    def __init__(self) -> None:
        self.points: list[dict[str, float]] = []

    def record(self, report: Report) -> None:
        """Keep one point."""
        loss = report.metrics.get("held_out_loss", float("nan"))
        self.points.append({"step": report.step, "seconds": report.seconds, "loss": loss})

    def progress(self, step: int, loss: float) -> None:
        """Nothing: only reports count."""


def measure_case(case: str, recipe: str, seeds: Sequence[int]) -> pd.DataFrame:
    """Every point of every seed; `ratio` is the loss over the baseline's on the same tasks."""
    choices, baseline = CASES[case]
    configs = [resolve("paper-code", {**choices, **EVALUATION, "seed": seed}, recipe).config for seed in seeds]
    # Compiled before, so that the curves show training: the first process of a machine waits a few seconds more.
    compiled_loop(configs[0])(initial_state(configs[0]), jnp.uint32(0), jnp.int32(1))
    held_out_evaluation(configs[0], training_devices())(initial_state(configs[0]).model)
    reference = baseline_loss(configs[0], baseline)
    parts = [pd.DataFrame(_curve(config)).assign(seed=config.seed) for config in configs]
    found = pd.concat(parts).assign(case=case, recipe=recipe, baseline=baseline, reference=reference)
    return found.assign(ratio=found["loss"] / reference)


def baseline_loss(config: RunConfig, name: str) -> float:
    """The loss of a tuned baseline on the tasks that the models are judged by."""
    problem, baseline = Problem.of_run(config), get_baseline(name)
    learner = baseline.learner(problem, baseline.tune(problem))
    return held_out_loss(learner, held_out_episodes(config), config.training.loss).value


def _curve(config: RunConfig) -> list[dict[str, float]]:
    curve = Curve()
    train(config, curve)
    return curve.points


def final(results: pd.DataFrame) -> pd.DataFrame:
    """The end of every run."""
    return results.sort_values("step").groupby(["case", "recipe", "seed"], sort=False).tail(1)


def draw(results: pd.DataFrame) -> Figure:
    """Loss over wall time, a panel a case; every line a seed, dashed the baseline."""
    cases = [case for case in CASES if case in set(results.case)]
    figure = new_figure(TWO_COLUMNS, 2.0)
    panels: Any = figure.subplots(1, len(cases), squeeze=False)[0]
    for panel, case in zip(panels, cases, strict=True):
        own = results.query("case == @case and step > 0")
        for recipe, colour in COLOURS.items():
            for place, (_, line) in enumerate(own.query("recipe == @recipe").groupby("seed")):
                label = f"{recipe} recipe" if place == 0 else None
                panel.plot(line["seconds"], line["loss"], color=colour, linewidth=0.9, label=label)
        panel.axhline(own["reference"].iloc[0], color=INK, linestyle="--", linewidth=0.8, label="tuned baseline")
        panel.set_title(f"{case} ({own['baseline'].iloc[0]})")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel("seconds")
    panels[0].set_ylabel("held-out loss")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def main(
    seeds: Annotated[int, typer.Option(help="Seeds of the fast recipe.")] = 10,
    paper_seeds: Annotated[int, typer.Option(help="Seeds of the paper's recipe.")] = 1,
    case: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(CASES)}. (default: all)")] = None,
    output: Annotated[Path, typer.Option(help="Where results go.")] = RESULTS,
) -> None:
    """Train with both recipes and compare where they end."""
    use_cores()
    keep_compiled_programs()
    output.mkdir(parents=True, exist_ok=True)
    kept = output / "recipes.csv"
    for name in case or CASES:
        asked = (("fast", range(seeds)), ("paper", range(paper_seeds)))
        found = [measure_case(name, recipe, chosen) for recipe, chosen in asked if chosen]
        earlier = [pd.read_csv(kept).query("case != @name")] if kept.exists() else []
        results = pd.concat([*earlier, *found], ignore_index=True)
        results.to_csv(kept, index=False, float_format="%.7g")
        print(
            final(pd.concat(found))[["case", "recipe", "seed", "step", "seconds", "loss", "ratio"]].to_string(
                index=False
            )
        )
        with paper_style():
            figure = draw(results)
            for kind in ("svg", "png"):
                figure.savefig(output / f"recipes.{kind}", metadata=METADATA[kind])


if __name__ == "__main__":
    typer.run(main)
