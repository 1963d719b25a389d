"""Rare contexts, those with a large eigenvalue of X Xᵀ, by multilevel splitting.

A method of many steps multiplies large eigenvalues by high powers. GD++ with three steps of its own rates has a loss of
degree 26 in them, so contexts of probability 10⁻¹⁰ decide which rates are best: no plain sample holds them. Splitting
(Kahn & Harris 1951; Au & Beck 2001, "subset simulation") reaches them level by level. Level k holds contexts with
λ_max > L_k. Those of the largest tenth begin level k + 1: copies of them are made independent by steps of a Markov
chain that keeps the uniform law on {λ_max > L_{k+1}}. It draws some entries anew, or
moves all a little, and accepts what stays above.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

# Level 1 begins at this quantile of ordinary contexts, each following one at this quantile of the last.
FIRST_SHARE, SHARE = 0.02, 0.1
# Down to contexts of probability 10⁻¹³.
LEVELS = 12
# Contexts of a level and numbers of all levels, of which the stricter counts; steps of a chain.
MOST_PARTICLES, MOST_NUMBERS, FEWEST_PARTICLES, SWEEPS = 1536, 2**25, 64, 10
# The chance that a proposal draws an entry anew, and contexts handled by one thread.
REDRAWN, CHUNK = 0.1, 256
# Powers of ten between which a proposal draws the distance by which it moves all entries.
DISTANCES = (-3, 0)


@dataclass(frozen=True)
class Contexts:
    """A sample of contexts, entries U(-1, 1), where rare ones stand for less.

    `eigenvalues` are those of X Xᵀ, as many as the smaller of N and d: the others are zero. `weights` are the
    probabilities that contexts stand for and sum to one. `levels` are 0 for ordinary contexts, which come first;
    `rare_inputs` are the X of all others. Level k begins above the k-th of `thresholds`.
    """

    eigenvalues: Float[np.ndarray, "contexts rank"]
    weights: Float[np.ndarray, " contexts"]
    levels: Int[np.ndarray, " contexts"]
    rare_inputs: Float[np.ndarray, "rare examples inputs"]
    thresholds: tuple[float, ...]

    @property
    def rare_weights(self) -> Float[np.ndarray, " rare"]:
        """The weights of `rare_inputs`."""
        return self.weights[self.levels > 0]


def with_rare_contexts(
    random: np.random.Generator,
    parts: Sequence[Float[np.ndarray, "contexts examples inputs"]],
    levels: int = LEVELS,
    particles: int | None = None,
    thresholds: Sequence[float] | None = None,
) -> Contexts:
    """The ordinary contexts `parts`, continued into their tail by `levels` of rare ones.

    **Arguments**: `particles` is the size of a level, None for one that fits memory. `thresholds` of an earlier sample
    make weighted sums unbiased, because this sample does not choose them; None: it does.
    """
    values = [context_eigenvalues(inputs) for inputs in parts]
    ordinary = np.concatenate(values)
    count = levels if thresholds is None else min(levels, len(thresholds))
    if particles is None:
        numbers = max(1, count) * parts[0][0].size
        particles = int(np.clip(MOST_NUMBERS // numbers, FEWEST_PARTICLES, MOST_PARTICLES))
    # One part decides where the tail begins, so that not all inputs need be kept.
    bounds = [_quantile(values[0], FIRST_SHARE) if thresholds is None else thresholds[0]] if count else []
    above = [part[own[:, -1] > bounds[0]] for part, own in zip(parts, values, strict=True)] if count else []
    inputs = np.concatenate(above).astype(np.float64) if above else np.empty((0, *parts[0].shape[1:]))
    if len(inputs) == 0:
        return _joined([(ordinary, 1 / len(ordinary), inputs)], [])
    probability = len(inputs) / len(ordinary)
    found: list[tuple[np.ndarray, float, np.ndarray]] = [
        (ordinary[ordinary[:, -1] <= bounds[0]], 1 / len(ordinary), inputs[:0])
    ]
    while True:
        inputs, eigenvalues = _spread(random, inputs, bounds[-1], particles)
        bound = np.inf
        if len(bounds) < count:
            bound = _quantile(eigenvalues, SHARE) if thresholds is None else thresholds[len(bounds)]
        inside = eigenvalues[:, -1] <= bound
        found.append((eigenvalues[inside], float(probability) / particles, inputs[inside].astype(np.float32)))
        if inside.all():
            return _joined(found, bounds)
        bounds.append(bound)
        probability *= 1 - inside.mean()
        inputs = inputs[~inside]


def context_eigenvalues(inputs: Float[np.ndarray, "contexts examples inputs"]) -> Float[np.ndarray, "contexts rank"]:
    """The eigenvalues of X Xᵀ of all contexts that can differ from zero, ascending."""
    with ThreadPoolExecutor() as threads:
        return np.concatenate(list(threads.map(_eigenvalues, _chunks(inputs))))


def _quantile(eigenvalues: np.ndarray, share: float) -> float:
    return float(np.quantile(eigenvalues[:, -1], 1 - share))


def _joined(found: Sequence[tuple[np.ndarray, float, np.ndarray]], thresholds: Sequence[float]) -> Contexts:
    sizes = [len(eigenvalues) for eigenvalues, _, _ in found]
    return Contexts(
        np.concatenate([eigenvalues for eigenvalues, _, _ in found]),
        np.repeat([weight for _, weight, _ in found], sizes),
        np.repeat(np.arange(len(found)), sizes),
        np.concatenate([inputs for _, _, inputs in found]),
        tuple(thresholds),
    )


def _spread(
    random: np.random.Generator, inputs: np.ndarray, bound: float, particles: int
) -> tuple[np.ndarray, np.ndarray]:
    """So many contexts with the law of those above `bound`, and their eigenvalues, from some of them."""
    chunks = _chunks(inputs[np.resize(random.permutation(len(inputs)), particles)])
    # Every chunk has random numbers of its own, so that the order of threads decides nothing.
    generators = random.spawn(len(chunks))
    with ThreadPoolExecutor() as threads:
        moved = list(threads.map(lambda own, chunk: _chain(own, chunk, bound), generators, chunks))
    return np.concatenate([part for part, _ in moved]), np.concatenate([values for _, values in moved])


def _chain(random: np.random.Generator, inputs: np.ndarray, bound: float) -> tuple[np.ndarray, np.ndarray]:
    eigenvalues = _eigenvalues(inputs)
    for sweep in range(SWEEPS):
        proposed = _redrawn(random, inputs) if sweep % 2 == 0 else _displaced(random, inputs)
        values = _eigenvalues(proposed)
        accepted = values[:, -1] > bound
        inputs, eigenvalues = inputs.copy(), eigenvalues.copy()
        inputs[accepted], eigenvalues[accepted] = proposed[accepted], values[accepted]
    return inputs, eigenvalues


def _redrawn(random: np.random.Generator, inputs: np.ndarray) -> np.ndarray:
    """Some entries drawn anew, one of each context on average at least."""
    chosen = random.random(inputs.shape, np.float32) < max(REDRAWN, 1 / inputs[0].size)
    proposed = inputs.copy()
    proposed[chosen] = random.uniform(-1, 1, np.count_nonzero(chosen))
    return proposed


def _displaced(random: np.random.Generator, inputs: np.ndarray) -> np.ndarray:
    """All entries moved by up to a random distance and reflected at ±1: near the corners little else is accepted."""
    distance = 10 ** random.uniform(*DISTANCES, (len(inputs), 1, 1))
    moved = inputs + distance * random.uniform(-1, 1, inputs.shape)
    return 1 - np.abs(np.mod(moved + 1, 4) - 2)


def _eigenvalues(inputs: np.ndarray) -> np.ndarray:
    inputs = inputs.astype(np.float64)
    transposed = inputs.transpose(0, 2, 1)
    examples, entries = inputs.shape[1:]
    gram = transposed @ inputs if entries <= examples else inputs @ transposed
    return np.maximum(np.linalg.eigvalsh(gram), 0.0)


def _chunks(array: np.ndarray) -> list[np.ndarray]:
    return np.array_split(array, max(1, len(array) // CHUNK))
