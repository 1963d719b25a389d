"""Whatever is in a sweep file, it is a sweep, or it is refused in one line."""

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from icl_cli.conventions import flat, resolve
from icl_cli.errors import IclError
from icl_cli.sweeps.expansion import expand
from icl_cli.sweeps.sweep_data import require_judgeable
from icl_cli.sweeps.sweep_file import ShortSweep, Sweep
from icl_cli.sweeps.sweep_reading import parse_sweep, sweep_of

PATHS = sorted(flat(resolve(None, {}).config.model_dump()))
KEYS = sorted({*Sweep.model_fields, *ShortSweep.model_fields, "label", "measure", "run", "operator", "bound", "at"})
LINES = ["name = 'a'", "title = 'a'", "[grid]", "[[runs]]", "label = 'a'", "[[include]]", "[[exclude]]", "[[claims]]"]
SCALARS = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.sampled_from([0, 1, 2, 10**400])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*KEYS, *PATHS]), inner, max_size=4),
    max_leaves=12,
)
# Mostly of the types that configurations have, so that many are expanded.
FITTING = st.one_of(SCALARS, st.integers(1, 3), st.integers(1, 3), st.booleans(), st.sampled_from(["softmax", "sine"]))
TABLES = st.dictionaries(st.sampled_from(PATHS), FITTING | VALUES, max_size=3)
LISTS = st.dictionaries(st.sampled_from(PATHS), st.lists(FITTING, max_size=3), max_size=2)
HEAD = st.fixed_dictionaries({"name": st.just("mine"), "title": st.just("Mine")})
# Closer to what people write, so that more of it is read and expanded.
LIKELY = st.fixed_dictionaries(
    {"name": st.just("mine"), "title": st.just("Mine")},
    optional={
        "settings": TABLES,
        "grid": LISTS,
        "include": st.lists(TABLES, max_size=2),
        "exclude": st.lists(TABLES, max_size=2),
        "seeds": st.integers(0, 4) | st.lists(st.integers(0, 9), max_size=3),
        "claims": st.lists(VALUES, max_size=2),
        "quick": VALUES,
    },
)


def is_read_or_refused(read: Any, *arguments: Any) -> bool:
    """Whether it is a sweep, or refused in one line that somebody would read; raises any exception but that one."""
    refusal = _refusal(read, *arguments)
    return refusal is None or (0 < len(refusal) < 2000 and "\n" not in refusal)


def _refusal(read: Any, *arguments: Any) -> str | None:
    try:
        sweep = read(*arguments)
        for runs in sweep.runs:
            for quick in (False, True):
                expand(sweep, runs, quick)
        require_judgeable(sweep, quick=False)
    except IclError as error:
        return str(error)
    return None


@settings(deadline=None, max_examples=200)
@given(st.text() | st.lists(st.sampled_from([*LINES, *(f"{key} = 1" for key in [*KEYS, *PATHS])])).map("\n".join))
def test_any_text(text):
    with contextlib.suppress(UnicodeEncodeError):
        assert is_read_or_refused(parse_sweep, text.encode(), "any.toml")


@settings(deadline=None, max_examples=100)
@given(st.binary())
def test_any_bytes(content):
    assert is_read_or_refused(parse_sweep, content, "any.toml")


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=10), VALUES, max_size=8), HEAD)
def test_any_tables(tables, head):
    assert is_read_or_refused(sweep_of, {**head, **tables}, "any.toml")


@settings(deadline=None, max_examples=300)
@given(LIKELY)
def test_likely_tables(tables):
    assert is_read_or_refused(sweep_of, tables, "any.toml")
