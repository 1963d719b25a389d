"""Adam behind a clip of the global gradient norm (Appendix A.12)."""

import optax

from icl_cli.config import TrainingConfig


def make_optimiser(config: TrainingConfig) -> optax.GradientTransformation:
    """The optimiser of a run. Adam is free of scale, so even the clip at 0.001 of the authors' code hardly slows it."""
    adam = optax.adam(learning_rate(config), b1=config.adam_b1, b2=config.adam_b2, eps=config.adam_epsilon)
    return optax.chain(optax.clip_by_global_norm(config.gradient_clip), adam)


def learning_rate(config: TrainingConfig) -> float | optax.Schedule:
    """Constant, or a linear rise to the peak, then constant or half a cosine that ends at zero."""
    peak, warm_up = config.learning_rate, config.warm_up_steps
    decays = config.learning_rate_decay == "cosine"
    if not decays and warm_up == 0:
        return peak
    rest = max(1, config.steps - warm_up)
    after = optax.cosine_decay_schedule(peak, rest) if decays else optax.constant_schedule(peak)
    if warm_up == 0:
        return after
    return optax.join_schedules([optax.linear_schedule(peak / warm_up, peak, warm_up), after], [warm_up])
