"""Adam behind a clip of the global gradient norm (Appendix A.12)."""

import optax

from icl_cli.config import TrainingConfig


def make_optimiser(config: TrainingConfig) -> optax.GradientTransformation:
    """The optimiser of a run. Adam is free of scale, so even the clip at 0.001 of the authors' code hardly slows it."""
    adam = optax.adam(config.learning_rate, b1=config.adam_b1, b2=config.adam_b2, eps=config.adam_epsilon)
    return optax.chain(optax.clip_by_global_norm(config.gradient_clip), adam)
