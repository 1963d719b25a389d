"""One layer applied again and again (Figures 1 and 10, Appendix A.6): does it go on learning?

Only the y-entries of the tokens are updated, each step scaled by λ. GD is rolled out the same way, through its
construction. Steps diverge for a task if λ · (η/N) times the largest eigenvalue of its X Xᵀ exceeds 2.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.analysis.estimate import Estimate, Sums, over_episodes
from icl_cli.config import Loss
from icl_cli.models import Transformer
from icl_cli.models.embedding import target_entries
from icl_cli.tasks import Episode
from icl_cli.training.loss import LOSS_FACTORS


def roll_out(model: Transformer, episodes: Episode, loss: Loss, damping: float, steps: int) -> list[Estimate]:
    """The loss after 0, 1, …, `steps` applications of the first layer of `model`, with λ = `damping`."""
    sums = _roll_out(model, episodes, loss, jnp.asarray(damping), steps)
    return [Estimate(float(mean), float(error)) for mean, error in zip(sums.mean, sums.error, strict=True)]


@eqx.filter_jit
def _roll_out(model: Transformer, episodes: Episode, loss: Loss, damping: Float[Array, ""], steps: int) -> Sums:
    def measure(episode: Episode) -> dict[str, Float[Array, " steps"]]:
        inputs, outputs = episode.query.shape[0], episode.target.shape[0]
        targets = target_entries(model.embedding, inputs, outputs)

        def step(tokens: Float[Array, "tokens channels"], _: None) -> tuple[Float[Array, "tokens channels"], Array]:
            updated = model.layer(tokens, 0)
            moved = tokens[:, targets] + damping * (updated - tokens)[:, targets]
            tokens = tokens.at[:, targets].set(moved)
            return tokens, model.read(tokens, inputs, outputs)

        start = model.embed(episode.context, episode.query)
        first = model.read(start, inputs, outputs)
        _, later = jax.lax.scan(step, start, length=steps)
        predictions = jnp.concatenate([first[None], later])
        return {"loss": LOSS_FACTORS[loss] * jnp.sum((predictions - episode.target) ** 2, axis=-1)}

    return over_episodes(measure, episodes)["loss"]
