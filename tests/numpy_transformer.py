"""The transformer of a configuration in plain NumPy: loops over heads, tokens and sources, as Eq. 1 reads."""

import numpy as np

from icl_cli.config import RunConfig

Weights = dict[str, np.ndarray]


def attention_weights(kind: str, logits: np.ndarray, key_size: int, scaled: bool) -> np.ndarray:
    """What one token takes from each source."""
    if kind == "linear":
        return logits
    exponentials = np.exp(logits / np.sqrt(key_size) if scaled else logits)
    return exponentials / exponentials.sum()


def attention_update(
    kind: str, heads: list[Weights], tokens: np.ndarray, sources: np.ndarray, scaled: bool
) -> np.ndarray:
    """Σ_h P_h V_h w(K_hᵀ q_{h,j}) for every token e_j."""
    update = np.zeros_like(tokens)
    for head in heads:
        for j, token in enumerate(tokens):
            query = head["query"] @ token
            logits = np.array([query @ (head["key"] @ source) for source in sources])
            weights = attention_weights(kind, logits, len(query), scaled)
            for weight, source in zip(weights, sources, strict=True):
                update[j] += weight * head["projection"] @ (head["value"] @ source)
    return update


def descent_update(rate: float, outputs: int, tokens: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """-rate Σ_i (y_i x_iᵀ) x_j in the last entries of every token (x_j, y_j)."""
    update = np.zeros_like(tokens)
    change = sum(np.outer(source[-outputs:], source[:-outputs]) for source in sources)
    for j, token in enumerate(tokens):
        update[j, -outputs:] = -rate * change @ token[:-outputs]
    return update


def layer_norm(token: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return (token - token.mean()) / np.sqrt(token.var() + 1e-5) * weight + bias


def gelu(values: np.ndarray) -> np.ndarray:
    """The usual tanh approximation (Hendrycks & Gimpel 2016)."""
    return 0.5 * values * (1 + np.tanh(np.sqrt(2 / np.pi) * (values + 0.044715 * values**3)))


def perceptron(weights: Weights, name: str, tokens: np.ndarray) -> np.ndarray:
    """One hidden layer with GELU, for every token."""
    first, second = (f"{name}.layers.{number}" for number in (0, 1))
    hidden = gelu(tokens @ weights[f"{first}.weight"].T + weights[f"{first}.bias"])
    return hidden @ weights[f"{second}.weight"].T + weights[f"{second}.bias"]


def sinusoid(position: int, channel: int, size: int) -> float:
    """Sines in the first half of the channels, cosines in the second."""
    half = (size + 1) // 2
    angle = position / 10_000 ** (2 * (channel % half) / size)
    return np.sin(angle) if channel < half else np.cos(angle)


def encoding(kind: str, position: int, size: int) -> list[float]:
    if kind == "sinusoidal":
        return [sinusoid(position, channel, size) for channel in range(size)]
    return [float(channel == position) for channel in range(size)]


def context_tokens(layout: str, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """(x_j, y_j), or (x_j, 0) and (0, y_j) in turn."""
    tokens = []
    for x_j, y_j in zip(x, y, strict=True):
        parts = [(x_j, y_j)] if layout == "merged" else [(x_j, 0 * y_j), (0 * x_j, y_j)]
        tokens += [np.concatenate(part) for part in parts]
    return tokens


def prediction(config: RunConfig, weights: Weights, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    """The model's answer; `weights` are named as in a stored snapshot."""
    model = config.model
    pairs = np.array([*context_tokens(model.tokens, x, y), np.concatenate([query, np.zeros(y.shape[1])])])
    codes = [encoding(model.positional_encoding, p, model.positional_size) for p in range(len(pairs))]
    tokens = np.hstack([pairs, np.array(codes).reshape(len(pairs), model.positional_size)])
    first = x.shape[1]
    if model.embedding_size is not None:
        tokens = tokens @ weights["embedding.weights"].T
        tokens = tokens + perceptron(weights, "embedding.mlp", tokens)
        first = tokens.shape[1] - y.shape[1]
    for index in range(model.layers):
        block = f"blocks.{0 if model.recurrent else index}"
        normed = model.layer_norm == "before" or (model.layer_norm == "between" and index > 0)
        seen = tokens
        if normed:
            seen = np.array(
                [layer_norm(e, weights[f"{block}.norm.weight"], weights[f"{block}.norm.bias"]) for e in tokens]
            )
        sources = seen if model.query_in_context else seen[:-1]
        kind = model.attention[0 if model.recurrent else index]
        if kind == "gradient-descent":
            rate = weights[f"{block}.attention.learning_rate"] / len(x)
            tokens = tokens + descent_update(rate, y.shape[1], seen, sources)
        else:
            names = ("key", "query", "value", "projection")
            heads = [{name: weights[f"{block}.attention.{name}"][h] for name in names} for h in range(model.heads)]
            tokens = tokens + attention_update(kind, heads, seen, sources, model.softmax_scaled)
        if model.mlp_widening is not None:
            tokens = tokens + perceptron(weights, f"{block}.mlp", tokens)
        if model.token_clip is not None:
            tokens = np.clip(tokens, -model.token_clip, model.token_clip)
    return -tokens[-1, first : first + y.shape[1]]
