"""The paper's symbols and the code's words for them.

Letters stand in the code only beside the formula that they come from; everywhere else the words of this table do.
"""

from typing import NamedTuple


class Symbol(NamedTuple):
    """One symbol: as the paper writes it, its name in the code, its shape, its meaning."""

    symbol: str
    name: str
    shape: str
    meaning: str


NOTATION = (
    Symbol("N", "context_length", "", "examples in one context"),
    Symbol("d, N_x", "input_size", "", "numbers in one input"),
    Symbol("N_y", "output_size", "", "numbers in one target"),
    Symbol("K", "layers, depth, steps", "", "layers of a model; steps of an algorithm"),
    Symbol("x_j", "inputs", "context inputs", "inputs of the context"),
    Symbol("y_j", "targets", "context outputs", "targets of the context"),
    Symbol("x_test", "query", "inputs", "the input whose target is asked for"),
    Symbol("y_test", "target", "outputs", "the query's target"),
    Symbol("ŷ", "prediction", "outputs", "a learner's answer to the query"),
    Symbol("W", "teacher", "outputs inputs", "the task's true weights"),
    Symbol("W₀", "initial_weights", "outputs inputs", "weights from which gradient descent starts"),
    Symbol("e_j", "tokens", "tokens channels", "(x_j, y_j), or (x_j, 0) and (0, y_j); the query (x, -W₀ x) last"),
    Symbol("p_j", "positional_encoding", "positions size", "appended to token j"),
    Symbol("s", "logit_scale", "", "of the softmax that copies: the logit at the token looked at"),
    Symbol("W_K, W_Q, W_V", "key, query, value", "heads key_size channels", "attention weights of every head"),
    Symbol("P", "projection", "heads channels key_size", "back from a head to the tokens"),
    Symbol("W_KQ", "key_query", "heads channels channels", "W_KᵀW_Q"),
    Symbol("W_PV", "projection_value", "heads channels channels", "P W_V"),
    Symbol("η", "learning_rate", "", "of a gradient step on 1/(2N) Σ |W x - y|²; the step is η/N"),
    Symbol("γ", "curvature_rate", "", "of GD++: x ← (I - γ X Xᵀ) x"),
    Symbol("β", "beta", "", "mean of the first d diagonal entries of W_KQ"),
    Symbol("t", "weight", "", "place between trained (0) and constructed (1) weights"),
    Symbol("α", "scale of a shift", "", "factor on inputs or teacher out of distribution"),
    Symbol("α", "penalty", "", "of ridge regression"),
    Symbol("λ", "damping", "", "factor on the steps of a roll-out"),
    Symbol("λ*", "critical_damping", "", "the damping from which a roll-out diverges"),
    Symbol("η_h W_h,KQ", "scaled_key_queries", "heads channels channels", "W_KQ of a head times its gain on y"),
    Symbol("λ_i", "eigenvalues", "nodes", "of X Xᵀ"),
    Symbol("p(λ)", "residual", "nodes", "what a spectral method leaves of an eigen-direction"),
    Symbol("a", "amplitude", "", "of a sine task y = a sin(x + ρ); outside of it, a = η/N"),
    Symbol("ρ", "phase", "", "of a sine task"),
    Symbol("W_emb", "embedding", "channels entries", "tokens (x, y) to embedded ones, without bias"),
    Symbol("m", "mlp, features", "", "the perceptron of an embedding, e ← e + m(e); a representation m(x)"),
    Symbol("k(x, x')", "kernel_regression", "", "m(x)ᵀ m(x'), the kernel of Proposition 2"),
    Symbol("B", "dataset_size", "", "tasks in a fixed training set"),
)
