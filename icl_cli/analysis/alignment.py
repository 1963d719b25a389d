"""How alike two learners are, task by task (section 3): losses, predictions and sensitivities to the query.

Both learners see the same episodes, so differences are paired and their errors small.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.analysis.estimate import Estimate, Sums, over_episodes
from icl_cli.baselines import Learner
from icl_cli.config import Loss
from icl_cli.tasks import Episode
from icl_cli.training.loss import LOSS_FACTORS

MEASURES = {
    "model_loss": "loss of the model",
    "baseline_loss": "loss of the baseline on the same tasks",
    "loss_difference": "model_loss - baseline_loss, paired",
    "prediction_difference": "|ŷ_model - ŷ_baseline|",
    "cosine": "cosine of the sensitivities ∂ŷ/∂x_query",
    "model_difference": "L2 norm of the difference of the sensitivities",
}


def alignment(model: Learner, baseline: Learner, episodes: Episode, loss: Loss) -> dict[str, Estimate]:
    """Every entry of `MEASURES`, averaged over `episodes` (a batch along the leading axis)."""
    return {name: sums.estimate() for name, sums in _alignment(model, baseline, episodes, loss).items()}


@eqx.filter_jit
def _alignment(model: Learner, baseline: Learner, episodes: Episode, loss: Loss) -> dict[str, Sums]:
    factor = LOSS_FACTORS[loss]

    def measure(episode: Episode) -> dict[str, Float[Array, ""]]:
        predictions = [learner(episode.context, episode.query) for learner in (model, baseline)]
        model_loss, baseline_loss = (factor * jnp.sum((p - episode.target) ** 2) for p in predictions)
        sensitivities = [sensitivity(learner, episode) for learner in (model, baseline)]
        return {
            "model_loss": model_loss,
            "baseline_loss": baseline_loss,
            "loss_difference": model_loss - baseline_loss,
            "prediction_difference": jnp.linalg.norm(predictions[0] - predictions[1]),
            "cosine": cosine(*sensitivities),
            "model_difference": jnp.linalg.norm(sensitivities[0] - sensitivities[1]),
        }

    return over_episodes(measure, episodes)


def sensitivity(learner: Learner, episode: Episode) -> Float[Array, "outputs inputs"]:
    """∂ŷ/∂x_query: for learners linear in the query, the model that they learned in context."""
    return jax.jacrev(lambda query: learner(episode.context, query))(episode.query)


def cosine(first: Float[Array, "outputs inputs"], second: Float[Array, "outputs inputs"]) -> Float[Array, ""]:
    """The cosine of two matrices as vectors; 0 if one of them vanishes."""
    norms = jnp.linalg.norm(first) * jnp.linalg.norm(second)
    return jnp.where(norms > 0, jnp.sum(first * second) / jnp.where(norms > 0, norms, 1.0), 0.0)
