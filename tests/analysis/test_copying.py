"""Copying sensitivities: against central differences in NumPy, a closed form, and the construction that copies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, run_config
from quick_cases import quick_cases

from icl_cli.analysis import copying_sensitivities
from icl_cli.constructions import copying_transformer
from icl_cli.errors import UsageError
from icl_cli.models import Transformer, initial_transformer
from icl_cli.tasks import Episode

N, D = 4, 3
TASKS = 6
SIZES = {"task.context_length": N, "task.input_size": D}
INTERLEAVED = {**SIZES, "model.tokens": "interleaved", "model.layers": 2, "model.initial_scale": 0.6}

pytestmark = pytest.mark.usefixtures("float64")


def episodes(count: int = TASKS, outputs: int = 1) -> Episode:
    drawn = draw_episodes(run_config({**SIZES, "task.output_size": outputs}).task, count)
    return jax.tree.map(lambda leaf: leaf.astype("float64"), drawn)


def random_model(**choices) -> Transformer:
    config = run_config(INTERLEAVED | {f"model.{name}": value for name, value in choices.items()})
    model = initial_transformer(jax.random.key(2), config)
    return jax.tree.map(lambda leaf: leaf.astype("float64") if hasattr(leaf, "astype") else leaf, model)


def derivatives(model: Transformer, drawn: Episode, entries: int) -> np.ndarray:
    """By central differences: task, token after the layer, its channel, token before it, its x- or y-entry."""
    layer, step = jax.jit(lambda tokens: model.layer(tokens, 0)), 1e-6
    found = []
    for tokens in np.asarray(jax.vmap(model.embed)(drawn.context, drawn.query)):
        columns = []
        for token in range(len(tokens)):
            for entry in range(entries):
                change = np.zeros_like(tokens)
                change[token, entry] = step
                columns.append((np.asarray(layer(tokens + change)) - np.asarray(layer(tokens - change))) / (2 * step))
        shape = (len(tokens), entries, *tokens.shape)
        found.append(np.array(columns).reshape(shape).transpose(2, 3, 0, 1))
    return np.array(found)


def averages(by_token_and_source: np.ndarray, sources: int, next_is_other: bool) -> dict[str, float]:
    """Means over tokens j with a next source, of [j, i]."""
    found: dict[str, list[float]] = {"self": [], "next": [], "others": []}
    for j in range(sources - 1):
        left_out = {j} if next_is_other else {j, j + 1}
        found["self"].append(by_token_and_source[j, j])
        found["next"].append(by_token_and_source[j, j + 1])
        found["others"].append(np.mean([by_token_and_source[j, i] for i in range(sources) if i not in left_out]))
    return {name: float(np.mean(values)) for name, values in found.items()}


MODELS = {
    "softmax": {"attention": ("softmax", "linear")},
    "linear": {"attention": ("linear",), "recurrent": True, "heads": 2},
    "query-in-context": {"attention": ("softmax",) * 2, "query_in_context": True, "mlp_widening": 2},
}


@pytest.mark.parametrize("definition", ["mean-of-norms", "norm-of-mean"])
@pytest.mark.parametrize("name", quick_cases(MODELS, 2))
def test_sensitivities_are_those_of_central_differences(name, definition):
    model, drawn = random_model(**MODELS[name]), episodes()
    sources = 2 * N + model.query_in_context
    by_differences = derivatives(model, drawn, D + 1)
    if definition == "mean-of-norms":
        table = np.linalg.norm(by_differences, axis=(2, 4)).mean(axis=0)
    else:
        table = np.linalg.norm(by_differences.sum(axis=2).mean(axis=0), axis=-1)
    expected = averages(table, sources, next_is_other=definition == "norm-of-mean")
    found = copying_sensitivities(model, drawn, definition)
    assert found.keys() == expected.keys()
    for measure, value in expected.items():
        assert found[measure].value == pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("outputs", quick_cases([2, 1], 1))
def test_linear_copying_depends_on_the_next_token_by_its_targets_and_on_no_other(outputs, clear):
    model = copying_transformer(1.0, D, outputs, N, clear=clear)
    found = copying_sensitivities(model, episodes(outputs=outputs), "mean-of-norms")
    assert found["next"].value == pytest.approx(np.sqrt(outputs), rel=1e-12)
    assert found["others"].value == 0
    kept = N * np.sqrt(D + outputs) + (N - 1) * np.sqrt(D if clear else D + outputs)
    assert found["self"].value == pytest.approx(kept / (2 * N - 1), rel=1e-12)


def test_the_papers_code_counts_the_next_among_the_others():
    found = copying_sensitivities(copying_transformer(1.0, D, 1, N), episodes(), "norm-of-mean")
    assert found["next"].value == pytest.approx(1, rel=1e-12)
    assert found["others"].value == pytest.approx(1 / (2 * N - 1), rel=1e-12)


@pytest.mark.parametrize("logit_scale", [1.0, 4.0, 16.0])
def test_softmax_copying_depends_on_every_source_by_its_weight(logit_scale):
    model = copying_transformer(1.0, D, 1, N, logit_scale=logit_scale)
    found = copying_sensitivities(model, episodes(), "mean-of-norms")
    other = 1 / (np.exp(logit_scale) + 2 * N - 1)
    assert found["next"].value == pytest.approx(np.exp(logit_scale) * other, rel=1e-10)
    assert found["others"].value == pytest.approx(other, rel=1e-10)
    assert found["self"].value == pytest.approx(np.sqrt(D + (1 + other) ** 2), rel=1e-10)


def test_errors_of_a_mean_of_norms_shrink_as_tasks_grow():
    model = random_model(attention=("softmax", "linear"))
    few, many = (copying_sensitivities(model, episodes(count), "mean-of-norms") for count in (50, 800))
    assert few["next"].standard_error == pytest.approx(4 * many["next"].standard_error, rel=0.5)
    assert abs(few["next"].value - many["next"].value) < 4 * few["next"].standard_error


def test_the_error_of_a_norm_of_means_is_the_spread_of_repeated_measurements():
    model = random_model(attention=("softmax", "linear"))
    drawn = episodes(1600)
    parts = [jax.tree.map(lambda leaf, i=i: leaf[40 * i : 40 * (i + 1)], drawn) for i in range(40)]
    found = [copying_sensitivities(model, part, "norm-of-mean")["next"] for part in parts]
    spread = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.5)


def test_a_model_that_does_nothing_depends_on_itself_alone():
    model = random_model(attention=("softmax", "linear"))
    silent = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if hasattr(leaf, "astype") else leaf, model)
    for definition in ("mean-of-norms", "norm-of-mean"):
        found = {name: one.value for name, one in copying_sensitivities(silent, episodes(), definition).items()}
        assert found == {"self": pytest.approx(np.sqrt(D + 1)), "next": 0, "others": 0}


def test_an_unknown_definition_is_named_with_the_list():
    with pytest.raises(UsageError, match=r"'mean'.*mean-of-norms, norm-of-mean"):
        copying_sensitivities(random_model(), episodes(2), "mean")
