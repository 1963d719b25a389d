"""How a family of runs is called: by the names its runs were given, and by what its model is."""

from functools import lru_cache

import matplotlib
from matplotlib.ft2font import FT2Font

from icl_cli.config import RunConfig
from icl_cli.report.data import Family

LONGEST = 28
ABSENT = "□"


def architecture(config: RunConfig) -> str:
    """The model in a few words: `K = 2 recurrent, softmax, 2 heads`."""
    model = config.model
    words = [f"K = {model.layers}{' recurrent' if model.recurrent else ''}"]
    kinds = list(dict.fromkeys(model.attention))
    words.append(kinds[0] if len(kinds) == 1 else "-".join(model.attention))
    if model.heads > 1:
        words.append(f"{model.heads} heads")
    if model.tokens != "merged":
        words.append(f"{model.tokens} tokens")
    if model.layer_norm != "none":
        words.append(f"LayerNorm {model.layer_norm}")
    if model.mlp_widening is not None:
        words.append("MLP")
    if model.embedding_size is not None:
        words.append(f"embedding of {model.embedding_size}")
    return ", ".join(words)


def family_label(family: Family) -> str:
    """Two short lines for a figure, in characters that its font has."""
    return f"{drawable_text(', '.join(family.names))}\n{family.short_id}: {architecture(family.config)}"


def drawable_text(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, shortened, in characters that the figures' font has."""
    line = " ".join(text.split())
    short = line if len(line) <= longest else f"{line[: longest - 1]}…"
    known = _characters()
    return "".join(character if ord(character) in known else ABSENT for character in short)


def without_formulas(text: str) -> str:
    """`text` such that a figure shows every character of it, where dollar signs would begin a formula."""
    return text.replace("$", r"\$")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """The characters of the font that figures are set in."""
    path = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    return frozenset(FT2Font(path).get_charmap())
