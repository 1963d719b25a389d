"""How a family of runs is called: by the names its runs were given, and by what its model is."""

from collections.abc import Sequence
from functools import lru_cache

import matplotlib
from matplotlib.ft2font import FT2Font

from icl_cli.config import RunConfig
from icl_cli.distinguishing import distinguishing_settings, setting_text, setting_words, settings_at
from icl_cli.report.data import Family

LONGEST = 28
LONGEST_TOLD = 60
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


def family_titles(families: Sequence[Family]) -> list[str]:
    """One title a configuration: its name and, where several have that name, the settings in which these differ."""
    names = [", ".join(family.names) for family in families]
    alike = {name: [family for family, own in zip(families, names, strict=True) if own == name] for name in names}
    return [
        name if len(alike[name]) == 1 else f"{name} ({_told(family, alike[name])})"
        for name, family in zip(names, families, strict=True)
    ]


def _told(family: Family, alike: Sequence[Family]) -> str:
    """`learning rate 0.003`, or the beginning of the family's id where there would be too much to say."""
    paths = distinguishing_settings([other.config for other in alike])
    values = zip(paths, settings_at(family.config, paths), strict=True)
    words = ", ".join(f"{setting_words(path)} {setting_text(value)}" for path, value in values)
    return words if 0 < len(words) <= LONGEST_TOLD else family.short_id


def family_label(family: Family, title: str) -> str:
    """Two short lines for a figure, in characters that its font has."""
    return f"{drawable_text(title)}\n{family.short_id}: {architecture(family.config)}"


def drawable_text(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, in characters that the figures' font has; what is too long loses its middle, because names
    that begin alike often differ at their end.
    """
    line = " ".join(text.split())
    short = line if len(line) <= longest else f"{line[: longest // 3]}…{line[longest // 3 + 1 - longest :]}"
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
