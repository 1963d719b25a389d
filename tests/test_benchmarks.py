"""The benchmarks: plain and product are the same computation, and every measurement runs, at tiny sizes."""

import sys
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from configs import run_config
from quick_cases import quick_cases

from icl_cli.config import RunConfig
from icl_cli.conventions import flat
from icl_cli.models import Embedding, MatrixAttention, Transformer, batched_predictions, initial_transformer
from icl_cli.tasks import EpisodeColumns
from icl_cli.training.loss import LOSS_FACTORS

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import growth
import machine
import measure
import plain
import plain_search
import product
import run
import startup
import training
import tuning
from rich.console import Console
from rows import Row, Target

EFFORT = measure.Effort(rounds=2, seconds=0.0, quick=True)


def tiny(case: training.Case) -> RunConfig:
    """Weights far from 0, so that every layer matters."""
    return run_config({**training.TINY, **case.choices, "model.initial_scale": 0.3})


def plain_weights(model: Transformer) -> plain.Weights:
    layers = [block.attention for block in model.blocks if isinstance(block.attention, MatrixAttention)]
    return plain.Weights(
        [
            {"key": a.key, "query": a.query, "value": a.value, "projection": a.projection.transpose(0, 2, 1)}
            for a in layers
        ],
        model.embedding and plain_embedding(model.embedding),
    )


def plain_embedding(embedding: Embedding) -> dict[str, jax.Array]:
    hidden, out = embedding.mlp.layers
    names = {"hidden": hidden.weight, "hidden_bias": hidden.bias, "out": out.weight, "out_bias": out.bias}
    return {"tokens": embedding.weights, **names}


def with_biases(model: Transformer) -> Transformer:
    """Biases start at 0, where nobody would notice that they are left out."""
    if model.embedding is None:
        return model
    biases = [layer.bias for layer in model.embedding.mlp.layers]
    drawn = [0.3 * jnp.cos(jnp.arange(bias.size)) for bias in biases]
    return eqx.tree_at(lambda m: [layer.bias for layer in m.embedding.mlp.layers], model, drawn)


def columns(tokens: jax.Array, answers: jax.Array, config: RunConfig) -> EpisodeColumns:
    inputs, outputs = config.task.input_size, config.task.output_size
    of_inputs, of_targets = tokens[:, :, :inputs], tokens[:, :, inputs : inputs + outputs]
    if config.model.tokens == "interleaved":
        of_inputs, of_targets = of_inputs[:, ::2], jnp.concatenate([of_targets[:, 1::2], of_targets[:, -1:]], axis=1)
    targets = of_targets.at[:, -1].set(answers)
    return EpisodeColumns(of_inputs.transpose(1, 2, 0), targets.transpose(1, 2, 0))


@pytest.mark.parametrize("case", quick_cases([(case,) for case in training.CASES], 2), ids=lambda case: case.name)
def test_plain_and_product_have_the_same_loss_on_the_same_weights_and_tokens(case):
    config = tiny(case)
    model = with_biases(eqx.filter_jit(initial_transformer)(jax.random.key(0), config))
    tokens, answers = plain_search.draw(jax.random.key(1), config)
    errors = eqx.filter_jit(batched_predictions)(model, columns(tokens, answers, config)) - answers.T
    expected = LOSS_FACTORS[config.training.loss] * jnp.mean(jnp.sum(errors**2, axis=0))
    found = plain_search.attention_loss(plain_weights(model), tokens, answers, config)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert abs(found / (jnp.mean(answers**2) / 2) - 1) > 1e-3


def test_both_notebook_searches_find_the_best_rate():
    rates = np.arange(5.0, 7.0, 0.2)
    one, two = (tuning.tuned_config(depth, 2000) for depth in (1, 2))
    # In closed form 12 N / (N + d - 0.2) for one step.
    assert plain_search.careful_search(jax.random.key(0), one, rates) == pytest.approx(6.06, abs=0.3)
    searches = (plain_search.careful_search, plain_search.authors_search)
    assert len({search(jax.random.key(0), two, rates) for search in searches}) == 1


def test_implementations_take_turns_and_rounds_are_long_enough():
    calls: list[tuple[str, int]] = []

    def action(name: str) -> measure.Action:
        return lambda count: calls.append((name, sum(1 for _ in range(count))))

    actions = {name: action(name) for name in "AB"}
    taken = measure.side_by_side(actions, measure.Effort(rounds=3, seconds=1e-4))
    assert [name for name, _ in calls[-6:]] == list("ABABAB")
    assert all(len(sample.rounds) == 3 for sample in taken.values())
    assert all(0 < sample.minimum <= sample.median for sample in taken.values())
    assert calls[-1][1] > 1


def test_the_speed_of_training_is_that_over_plain(monkeypatch):
    monkeypatch.setattr(plain, "make_steps", lambda _: lambda count: time.sleep(count / 100))
    monkeypatch.setattr(product, "make_steps", lambda *_: lambda count: time.sleep(count / 1000))
    rows = training.measure_case(training.CASES[0], EFFORT)
    assert [row.implementation for row in rows] == ["plain", "product", "one device"]
    assert rows[1].ratio == rows[0].sample.median / rows[1].sample.median
    assert rows[1].ratio == pytest.approx(10, rel=0.5)
    assert rows[1].target == Target("≥", 10)


def test_both_trainings_take_steps():
    config = run_config(training.TINY)
    assert int(product.make_steps(config)(2).step) == 2
    assert all(jnp.isfinite(layer["key"]).all() for layer in plain.make_steps(config)(2).layers)


@pytest.mark.parametrize(("variable", "trained"), [("N", 2), ("seeds", 4)])
def test_growth_is_told_per_doubling(variable, trained, monkeypatch):
    configs: list[RunConfig] = []
    monkeypatch.setattr(growth.product, "make_steps", lambda config: configs.append(config) or (lambda _count: None))
    series = growth.Series("K=1", variable, (1, 4), {}, Target("≤", 2.2))
    first, last = growth.measure_series(series, EFFORT)
    assert len({config.identity for config in configs}) == trained
    assert first.ratio is None
    assert last.ratio == pytest.approx((last.sample.median / first.sample.median) ** 0.5)
    assert last.title == f"K=1, {variable}=4"


def test_every_growing_size_is_a_choice_of_the_configuration():
    for series in growth.SERIES:
        if series.variable != growth.SEEDS:
            path, largest = growth.PATHS[series.variable], max(series.values)
            assert flat(run_config({**series.choices, path: largest}).model_dump())[path] == largest


def test_a_diverging_training_is_not_timed(monkeypatch):
    monkeypatch.setattr(product, "compiled_loop", lambda *_: lambda state, _seed, _count: (state, None))
    with pytest.raises(RuntimeError, match="diverged at step 0"):
        product.make_steps(run_config(training.TINY))(2)


def test_searches_are_measured_cold_and_warm_and_say_what_they_found():
    searches = {name: lambda name=name: f"by {name}" for name in (tuning.AUTHORS, tuning.PLAIN, tuning.PRODUCT)}
    rows = tuning.measure_searches("gd", searches, rounds=2)
    assert [(row.case, row.implementation) for row in rows] == [
        *(("gd, cold", name) for name in (tuning.PLAIN, tuning.PRODUCT)),
        *(("gd, warm", name) for name in searches),
    ]
    assert all(row.note == f"by {row.implementation}" for row in rows)
    assert [row.target is not None for row in rows] == [False, False, True, True, False]


@pytest.mark.slow
@pytest.mark.parametrize("name", run.BENCHMARKS)
def test_every_benchmark_runs(name, tmp_path):
    run.run([name], EFFORT, tmp_path, Console(width=run.WIDTH))
    assert (pd.read_csv(tmp_path / f"{name}.csv")["median"] > 0).all()


def test_a_run_prints_tables_and_writes_them_and_the_figure(tmp_path, monkeypatch, capsys):
    def made_up(_effort: measure.Effort) -> list[Row]:
        sample = measure.Sample((2.0, 3.0, 2.5))
        return [
            Row("training", "K=5", "plain", sample, "ms/step"),
            Row("training", "K=5", "product", sample.times(0.1), "ms/step", 10.0, Target("≥", 6)),
            Row("growth", "K=1", "product", sample, "ms/step", variable="N", value=16),
            Row("growth", "K=1", "product", sample, "ms/step", 2.5, Target("≤", 2.2), variable="N", value=32),
        ]

    monkeypatch.setitem(run.BENCHMARKS, "training", (made_up, "made up"))
    run.run(["training", "startup"], EFFORT, tmp_path, Console(width=run.WIDTH))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines()[:-4])) <= 80
    assert "≥ 6 met" in printed
    assert "≤ 2.2 MISSED" in printed
    assert {path.name for path in tmp_path.iterdir()} == {
        *("machine.csv", "speed.png", "speed.svg", "startup.csv", "training.csv"),
    }
    kept = pd.read_csv(tmp_path / "training.csv")
    asked = ["benchmark", "case", "implementation", "median", "minimum", "unit", "ratio", "target"]
    assert set(asked) <= set(kept.columns)
    assert kept["minimum"].tolist() == [2.0, 0.2, 2.0, 2.0]
    assert startup.LIMIT.bound == 1.5
    assert machine.facts()["JAX"] == jax.__version__
