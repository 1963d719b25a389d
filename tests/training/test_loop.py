import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import over_whole_set, run_config
from jax.sharding import Mesh
from numpy_transformer import prediction
from quick_cases import quick_cases

from icl_cli.config import RunConfig
from icl_cli.models import named_arrays, to_bytes
from icl_cli.tasks import training_columns
from icl_cli.training import Report, TrainingState, initial_state, load_state, train
from icl_cli.training.chunks import AXIS
from icl_cli.training.devices import on_all, training_devices
from icl_cli.training.loop import StepMetrics, compiled_loop

TINY = {
    "task.input_size": 2,
    "task.context_length": 2,
    "training.batch_size": 3,
    "evaluation.tasks": 10,
    "model.layers": 2,
    "model.initial_scale": 0.6,
    "training.learning_rate": 0.02,
    "training.adam_b1": 0.8,
    "training.adam_b2": 0.95,
    "training.adam_epsilon": 1e-2,
    "training.gradient_clip": 0.03,
}
SOFTMAX = {"model.attention": ("softmax",)}
WHOLE_SET = {"task.dataset_size": 5, "training.dataset_batches": "whole"}
Weights = dict[str, np.ndarray]


def tiny(choices: dict) -> RunConfig:
    values = TINY | choices
    return run_config(over_whole_set(values) if values.get("training.dataset_batches") == "whole" else values)


def advance(config: RunConfig, state: TrainingState, count: int) -> tuple[TrainingState, StepMetrics]:
    return compiled_loop(config)(state, jnp.int32(config.seed), jnp.int32(count))


def run(config: RunConfig, *counts: int) -> tuple[TrainingState, np.ndarray]:
    """The state after calls of `counts` steps, and the losses of all steps."""
    state, losses = initial_state(config), []
    for count in counts:
        state, metrics = advance(config, state, count)
        losses.append(np.asarray(metrics.losses[:count]))
    return state, np.concatenate(losses)


class Deaf:
    """A recorder that keeps nothing."""

    def record(self, report: Report) -> None:
        pass

    def progress(self, step: int, loss: float) -> None:
        pass


def numpy_loss(config: RunConfig, weights: Weights, step: int) -> float:
    columns = training_columns(config, jnp.int32(config.seed), jnp.int32(step))
    x, y = (np.moveaxis(np.asarray(part, np.float64), -1, 0) for part in (columns.inputs, columns.targets))
    answers = [prediction(config, weights, x_t[:-1], y_t[:-1], x_t[-1]) for x_t, y_t in zip(x, y, strict=True)]
    factor = 0.5 if config.training.loss == "half-squared-error" else 1.0
    return factor * float(np.mean(np.sum((answers - y[:, -1]) ** 2, axis=1)))


def numerical_gradient(config: RunConfig, weights: Weights, step: int, size: float = 1e-5) -> Weights:
    gradient = {name: np.zeros_like(array) for name, array in weights.items()}
    for name, array in weights.items():
        for index in np.ndindex(array.shape):
            both = []
            for sign in (1, -1):
                moved = {**weights, name: array.copy()}
                moved[name][index] += sign * size
                both.append(numpy_loss(config, moved, step))
            gradient[name][index] = (both[0] - both[1]) / (2 * size)
    return gradient


def adam_by_hand(config: RunConfig, weights: Weights, steps: int) -> tuple[Weights, list[float], list[float]]:
    """Kingma & Ba's Algorithm 1 behind a clip of the global norm; also each step's loss and unclipped norm."""
    training, losses, norms = config.training, [], []
    first = second = dict.fromkeys(weights, 0.0)
    for step in range(steps):
        losses.append(numpy_loss(config, weights, step))
        gradient = numerical_gradient(config, weights, step)
        norms.append(np.sqrt(sum(np.sum(part**2) for part in gradient.values())))
        gradient = {name: part * min(1, training.gradient_clip / norms[-1]) for name, part in gradient.items()}
        b1, b2 = training.adam_b1, training.adam_b2
        first = {name: b1 * first[name] + (1 - b1) * part for name, part in gradient.items()}
        second = {name: b2 * second[name] + (1 - b2) * part**2 for name, part in gradient.items()}
        for name in weights:
            mean, square = first[name] / (1 - b1 ** (step + 1)), second[name] / (1 - b2 ** (step + 1))
            weights = {
                **weights,
                name: weights[name] - training.learning_rate * mean / (np.sqrt(square) + training.adam_epsilon),
            }
    return weights, losses, norms


def assert_same_bits(one: TrainingState, other: TrainingState) -> None:
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    "choices",
    quick_cases(
        [
            {},
            {"training.gradient_clip": 1e6, "training.loss": "squared-error"},
            WHOLE_SET | {"seed": 3},
            {"task.dataset_size": 5, "seed": 3},
        ],
        1,
    ),
    ids=["clipped", "unclipped", "whole-set", "batches-of-a-set"],
)
def test_steps_are_those_of_adam_by_hand(choices):
    config = tiny(choices)
    start = {name: array.astype(np.float64) for name, array in named_arrays(initial_state(config).model).items()}
    expected, losses, norms = adam_by_hand(config, start, 3)
    state, metrics = advance(config, initial_state(config), 3)
    assert int(state.step) == 3
    for name, array in named_arrays(state.model).items():
        moved = np.abs(expected[name] - start[name]).max()
        np.testing.assert_allclose(array, expected[name], atol=1e-4 * moved + 1e-7)
    np.testing.assert_allclose(metrics.losses[:3], losses, rtol=1e-5)
    np.testing.assert_allclose(metrics.gradient_norms[:3], norms, rtol=1e-4)
    assert any(norm > config.training.gradient_clip for norm in norms) == (config.training.gradient_clip < 1)


@pytest.mark.parametrize("choices", quick_cases([{}, WHOLE_SET, {"task.dataset_size": 5}, SOFTMAX], 3))
def test_cutting_a_run_into_calls_changes_no_bit(choices):
    config = tiny(choices)
    whole, losses = run(config, 50)
    for counts in ((7, 13, 30), (1,) * 5 + (45,)):
        parts, part_losses = run(config, *counts)
        assert_same_bits(parts, whole)
        np.testing.assert_array_equal(part_losses, losses)


@pytest.mark.parametrize("choices", quick_cases([WHOLE_SET | {"task.dataset_size": 700}, {}, SOFTMAX], 1))
def test_number_of_devices_changes_no_bit(choices):
    config = tiny({"training.batch_size": 600} | choices)
    ends = []
    for devices in (2, 3, 4):
        loop = compiled_loop(config, tuple(jax.local_devices()[:devices]))
        state, metrics = loop(initial_state(config), jnp.int32(0), jnp.int32(10))
        ends.append((jax.tree.map(np.asarray, state), np.asarray(metrics.losses[:10])))
    for state, losses in ends[1:]:
        assert_same_bits(state, ends[0][0])
        np.testing.assert_array_equal(losses, ends[0][1])


def test_a_stored_state_goes_on_as_if_never_stored():
    config = run_config(TINY)
    whole, _ = run(config, 30)
    before, _ = run(config, 11)
    stored = to_bytes(before)
    after, _ = advance(config, load_state(config, stored), 19)
    assert_same_bits(after, whole)


def test_same_seed_same_bits_other_seed_other_weights_and_data():
    first, first_losses = run(run_config(TINY), 5)
    same, same_losses = run(run_config(TINY), 5)
    other, other_losses = run(run_config(TINY | {"seed": 1}), 5)
    assert_same_bits(first, same)
    np.testing.assert_array_equal(first_losses, same_losses)
    assert not np.isclose(first_losses, other_losses).any()
    assert not np.isclose(first.model.blocks[0].attention.key, other.model.blocks[0].attention.key).all()


def test_what_is_on_all_devices_is_not_copied_again():
    mesh = Mesh(training_devices(), (AXIS,))
    first = on_all({"array": jnp.ones(3), "word": "a"}, mesh)
    again = on_all(first, mesh)
    assert first["array"].sharding.device_set == set(training_devices())
    addresses = [
        [shard.data.unsafe_buffer_pointer() for shard in each["array"].addressable_shards] for each in (first, again)
    ]
    assert addresses[0] == addresses[1]
    assert again["word"] == "a"


def test_seeds_lengths_and_later_states_share_one_compilation():
    configs = [run_config(TINY | {"model.heads": 2, "seed": seed}) for seed in (0, 1)]
    states = [initial_state(config) for config in configs]
    counts = [jnp.int32(count) for count in (3, 8)]
    compilations: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: compilations.append(event))
    later, _ = compiled_loop(configs[0])(states[0], jnp.int32(0), counts[0])
    first = sum("backend_compile" in event for event in compilations)
    compiled_loop(configs[1])(states[1], jnp.int32(1), counts[1])
    compiled_loop(configs[0])(later, jnp.int32(0), counts[0])
    assert first > 0
    assert sum("backend_compile" in event for event in compilations) == first


def test_divergence_stops_at_the_first_loss_that_is_not_finite():
    config = run_config(TINY | {"training.learning_rate": 1000.0, "model.layers": 3, "model.token_clip": None})
    state, metrics = advance(config, initial_state(config), 40)
    stopped = int(state.step)
    assert 0 < stopped < 40
    assert np.isfinite(metrics.losses[:stopped]).all()
    assert not np.isfinite(metrics.losses[stopped])
    np.testing.assert_array_equal(metrics.losses[stopped + 1 :], 0)
    before, _ = run(config, stopped)
    assert_same_bits(state, before)
    again, _ = advance(config, state, 5)
    assert int(again.step) == stopped


def test_largest_allowed_seed_can_be_trained():
    config = run_config(TINY | {"seed": 2**32 - 1, "training.steps": 2})
    assert train(config, Deaf()).diverged_step is None
