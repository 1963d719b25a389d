"""Gradient descent on the context, carried out on the data as a transformer layer does (Eq. 4, Appendix A.10).

Instead of weights, the targets change: with a = η/N and the residuals r_j (y_j at first, since W₀ = 0),

    r_j ← r_j - a Σ_i r_i x_iᵀ x_j,     x_j ← x_j - γ Σ_i x_i x_iᵀ x_j   (GD++ only),

the query included, whose residual starts at 0 and ends at minus the prediction. With γ = 0 this is plain GD on
1/(2N) Σ |W x_i - y_i|². The data form is used because the token clip of deep models is defined on it.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.layers_in_turn import steps_in_turn
from icl_cli.models.products import products_per_episode, transposed
from icl_cli.tasks import Context, EpisodeColumns

# Of one step: η and γ; the residuals and the inputs.
Rates = tuple[Float[Array, ""], Float[Array, ""]]
Tokens = tuple[Float[Array, "..."], Float[Array, "..."]]


class Descent(eqx.Module):
    """GD or GD++ from W₀ = 0, one learning rate η and curvature rate γ per step.

    `token_clip` bounds every entry of inputs and residuals after each step, as in models with K > 3 layers.
    """

    learning_rates: Float[Array, " steps"]
    curvature_rates: Float[Array, " steps"]
    token_clip: float | None = eqx.field(static=True, default=None)

    def __call__(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The prediction after all steps."""
        inputs = jnp.concatenate([context.inputs, query[None]])
        residuals = jnp.concatenate([context.targets, jnp.zeros_like(context.targets[:1])])

        def step(rates: Rates, tokens: Tokens) -> Tokens:
            (learning_rate, curvature_rate), (residuals, inputs) = rates, tokens
            overlaps = inputs @ inputs[:-1].T
            rate = learning_rate / context.inputs.shape[0]
            return (
                self._clip(residuals - rate * overlaps @ residuals[:-1]),
                self._clip(inputs - curvature_rate * overlaps @ inputs[:-1]),
            )

        residuals, _ = steps_in_turn(step, (self.learning_rates, self.curvature_rates), (residuals, inputs))
        return -residuals[-1]

    def predictions(self, batch: EpisodeColumns) -> Float[Array, "outputs batch"]:
        """The predictions for many episodes: the same steps with the batch as last axis, several times faster."""
        inputs = batch.inputs.transpose(1, 0, 2)
        residuals = batch.targets.at[-1].set(0.0).transpose(1, 0, 2)
        examples = inputs.shape[1] - 1

        def step(rates: Rates, tokens: Tokens) -> Tokens:
            (learning_rate, curvature_rate), (residuals, inputs) = rates, tokens
            rate = learning_rate / examples
            transposed_inputs = transposed(inputs[:, :-1])
            cross = products_per_episode(residuals[:, :-1], transposed_inputs)
            gram = products_per_episode(inputs[:, :-1], transposed_inputs)
            return (
                self._clip(residuals - rate * products_per_episode(cross, inputs)),
                self._clip(inputs - curvature_rate * products_per_episode(gram, inputs)),
            )

        residuals, _ = steps_in_turn(step, (self.learning_rates, self.curvature_rates), (residuals, inputs))
        return -residuals[:, -1]

    def _clip(self, tokens: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return tokens if self.token_clip is None else jnp.clip(tokens, -self.token_clip, self.token_clip)
