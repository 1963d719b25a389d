"""Names of files: readable, of harmless characters, and never the same for different runs."""

import re
from dataclasses import replace

import pytest
from recorded_runs import HOSTILE

from icl_cli.report.file_names import LONGEST, family_stem, name_slug
from icl_cli.report.plot_files import plot_stem
from icl_cli.report.plot_kinds import plot_kind


def stem(*families, seeds=2, kind="loss", options=None, scale=None, columns=None):
    return plot_stem(plot_kind(kind), families, options or {}, scale, columns, seeds)


def named(family, name):
    return replace(family, runs=tuple(replace(run, name=name) for run in family.runs))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("softmax+linear-2-layers", "softmax+linear-2-layers"),
        ("../../etc/passwd", "etc-passwd"),
        (HOSTILE, "x-script-alert-1-script-id"),
        ("-rf .", "rf"),
        ("深", ""),
        ("A b", "a-b"),
    ],
)
def test_slugs_hold_harmless_characters_alone(name, slug):
    assert name_slug(name) == slug


def test_slugs_are_short():
    assert name_slug("a" * 200) == "a" * LONGEST


def test_files_of_a_family_begin_with_its_name_and_always_have_its_id(families):
    family = families["compared"]
    assert family_stem(family) == f"compared-{family.short_id}"
    assert family_stem(named(family, "深")) == family.short_id


def test_different_sets_of_runs_have_different_names(families):
    compared, alone = families["compared"], families["alone"]
    finished = replace(compared, runs=tuple(compared.finished))
    first, second = (replace(compared, runs=(run,)) for run in compared.finished)
    sets = [(finished,), (first,), (second,), (alone,), (finished, alone), (first, alone), (second, alone)]
    sets += [(named(finished, "alone"),) * 4, (named(first, "alone"),) * 4]
    stems = [stem(*each) for each in sets]
    assert len(set(stems)) == len(stems)
    assert stem(alone, first) == stem(first, alone).replace("compared-and-alone", "alone-and-compared")


def test_names_say_what_is_drawn(families):
    compared = replace(families["compared"], runs=tuple(families["compared"].finished))
    alone = families["alone"]
    assert re.fullmatch(r"loss-compared-2-seeds-[0-9a-f]{8}", stem(compared))
    assert re.fullmatch(r"loss-compared-1-seed-[0-9a-f]{8}", stem(compared, seeds=1))
    assert stem(alone, seeds=1) == f"loss-alone-{alone.finished[0].short_id}"
    assert re.fullmatch(r"loss-compared-and-alone-[0-9a-f]{8}", stem(compared, alone))
    assert re.fullmatch(r"loss-4-configurations-[0-9a-f]{8}", stem(*[compared] * 4))
    words = stem(compared, kind="shift", options={"shift": "teacher"}, scale="log")
    assert words.startswith("shift-teacher-log-compared-2-seeds-")
    assert stem(compared, columns=1) == stem(compared)
    assert stem(compared, columns=2) == stem(compared).replace("loss-", "loss-2-columns-")


def test_hostile_names_stay_in_the_folder(families):
    hostile = named(families["compared"], "../" * 20 + HOSTILE)
    assert re.fullmatch(r"loss-[a-z0-9+-]+", stem(hostile, named(hostile, HOSTILE)))
