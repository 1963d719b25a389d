"""Conditions are read as they are written, and hold of the values that they say."""

import math
from datetime import UTC, datetime

import pytest

from icl_cli.errors import StoreError, UsageError
from icl_cli.store.conditions import checked_value, parse_condition
from icl_cli.store.fields import find_field, named_fields, settings

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def parsed(text: str):
    return parse_condition(text, lambda name: find_field(name, ["gd", "gd++", "a run, named"]))


HOLDS = [
    ("layers=5", 5, True),
    ("layers == 5", 5, True),
    ("layers=5", 50, False),
    ("layers!=5", 4, True),
    ("layers<5", 5, False),
    ("layers<=5", 5, True),
    ("layers>-1", 0, True),
    ("layers>=6", 5, False),
    ("loss<0.12", 0.1199, True),
    ("loss<1e-3", 0.002, False),
    ("loss<inf", 3.0, True),
    ("loss<0.12", None, False),
    ("loss>0.12", None, False),
    ("loss!=0.12", None, True),
    ("loss=none", None, True),
    ("loss!=none", None, False),
    ("loss=none", 0.1, False),
    ("loss<1", math.nan, False),
    ("loss>1", math.nan, False),
    ("gd++.ratio<1", 0.9, True),
    ("a run, named.ratio>=1", 0.9, False),
    ("recurrent=true", True, True),
    ("recurrent=No", True, False),
    ("status=finished", "finished", True),
    ("status!=finished", "failed", True),
    ("name=loop", "looped", False),
    ("name~LOOP", "the looped one", True),
    ("name~*", "looped", False),
    ("note=none", None, True),
    ("note~plateau", None, False),
    ("name=none", "none", True),
    ("id=ABC", "abcdef", True),
    ("id!=abc", "abcdef", False),
    ("started<2025-06-02", NOON, True),
    ("started>=2025-06-01T12:00", NOON, True),
    ("started>2025-06-01T14:00+02:00", NOON, False),
    ("tag=paper", ("draft", "paper"), True),
    ("tag!=paper", ("draft", "paper"), False),
    ("tag!=paper", (), True),
    ("tag~pap", ("draft", "paper"), True),
    ("tag=none", (), True),
    ("tag=none", ("draft",), False),
    ("attention=softmax", ("linear", "softmax"), True),
    ("attention!=softmax", ("linear", "linear"), True),
    ("dataset_size=none", None, True),
    ("dataset_size<10", None, False),
    ("name=a=b<c", "a=b<c", True),
    ("name=two\nlines", "two\nlines", True),
]


@pytest.mark.parametrize(("text", "value", "holds"), HOLDS)
def test_a_condition_holds_of_what_it_says(text, value, holds):
    assert parsed(text).holds(value) is holds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["no condition", "loss<0.12"]),
        ("layers", ["no condition"]),
        ("=5", ["no condition"]),
        ("layers=", ["''", "a whole number"]),
        ("layers=five", ["'five'", "a whole number"]),
        ("layers=2.5", ["'2.5'", "a whole number"]),
        ("layers=" + "9" * 5000, ["a whole number"]),
        ("layers~5", ["'~'", "= != < <= > >="]),
        ("loss<nan", ["a number, or none"]),
        ("loss<none", ["'<'", "= !="]),
        ("loss=__import__('os')", ["a number"]),
        ("recurrent=1", ["true or false"]),
        ("recurrent<true", ["'<'"]),
        ("status=done", ["planned, running, interrupted, finished, diverged, failed"]),
        ("kind=cosine", ["linear, sine"]),
        ("attention=hard", ["linear, softmax, gradient-descent"]),
        ("name<b", ["= != ~"]),
        ("id=xyz", ["hexadecimal"]),
        ("started=2025-06-01", ["< <= > >="]),
        ("started<yesterday", ["2025-06-01"]),
        ("layer=5", ["'layer'", "layers"]),
        ("Loss<1", ["'Loss'", "loss"]),
        ("model.tasks=5", ["evaluation.tasks"]),
        ("gd+.ratio<1", ["'gd+.ratio'", "Did you mean 'gd++.ratio'?", "gd, gd++, a run, named"]),
        ("ridge.ratio<1", ["no run was compared with 'ridge'", "icl compare"]),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(text, named):
    with pytest.raises(UsageError) as raised:
        parsed(text)
    message = str(raised.value)
    assert len(message) < 600
    for words in named:
        assert words in message


def test_every_value_of_a_configuration_is_a_field_by_its_path_and_its_end(config_of):
    from icl_cli.conventions import flat

    paths = flat(config_of().model_dump(mode="json"))
    assert set(settings()) == set(paths)
    assert find_field("layers", []) is find_field("model.layers", [])
    assert find_field("batch_size", []) is find_field("training.batch_size", [])


def test_names_that_the_outcome_has_are_not_those_of_settings():
    assert find_field("loss", []).name == "held_out_loss"
    assert find_field("training.loss", []).name == "training.loss"
    assert find_field("seed", []).name == "seed"
    assert find_field("evaluation.seed", []).name == "evaluation.seed"
    assert all(field.kind.relations for field in named_fields().values())


@pytest.mark.parametrize(
    ("name", "value"), [("layers", "5"), ("layers", True), ("loss", "small"), ("name", 5), ("attention", ("linear", 3))]
)
def test_a_stored_value_of_another_kind_is_told_as_damage(name, value):
    with pytest.raises(StoreError, match=r"Run abcdefab cannot be read: .*restore a copy"):
        checked_value(find_field(name, []), value, "abcdefabcdef")
