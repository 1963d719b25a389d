"""Adam behind a clip of the global gradient norm (Appendix A.12)."""

import optax

from icl_cli.config import TrainingConfig


def make_optimiser(config: TrainingConfig) -> optax.GradientTransformation:
    """The optimiser of a run. With its clip at 0.001 the authors' code leaves Adam, which is scale-free, almost as it is."""
    adam = optax.adam(config.learning_rate, b1=config.adam_b1, b2=config.adam_b2, eps=config.adam_epsilon)
    return optax.chain(optax.clip_by_global_norm(config.gradient_clip), adam)
