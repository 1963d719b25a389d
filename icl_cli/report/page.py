"""The page of a report: one HTML file that holds its figures and needs no network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from icl_cli.report.claim_rows import SweepClaims, claims_summary
from icl_cli.report.curve_data import charts
from icl_cli.report.data import Data, Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.drawn_seeds import seeds_named
from icl_cli.report.files import FigureFiles
from icl_cli.report.formatting import count, enumeration, shell_command
from icl_cli.report.labels import architecture
from icl_cli.report.loss_sentences import noise_sentence
from icl_cli.report.page_tables import MEASURES, ComparisonRow, comparison_rows
from icl_cli.report.rendering import render
from icl_cli.report.run_rows import RunsTable, run_anchor
from icl_cli.report.scripts import json_text
from icl_cli.report.seeds import seeds_behind
from icl_cli.report.settings import changed_settings, key_settings

PIXELS_PER_INCH = 96
FORMATS = ("pdf", "svg", "png", "csv")


@dataclass(frozen=True)
class Picture:
    """A figure as the page shows it, at the anchor `id`.

    `links` are (format, path beside the page); `charts` is JSON of the curves in it, None if it has none.
    """

    id: str
    title: str
    source: str
    width: int
    height: int
    caption: str
    alternative: str
    links: Sequence[tuple[str, str]]
    charts: Markup | None


@dataclass(frozen=True)
class Missing:
    """A figure that the database has no numbers for, and the command that may measure them, None if none does."""

    title: str
    command: str | None


@dataclass(frozen=True)
class Section:
    """One family of runs; `runs` are (seed, anchor in the table of all runs), `noise` says what label noise costs."""

    id: str
    heading: str
    architecture: str
    seeds: str
    settings: Sequence[tuple[str, str]]
    changes: Sequence[tuple[str, str, str]]
    pictures: Sequence[Picture]
    missing: Sequence[Missing]
    comparisons: Sequence[ComparisonRow]
    runs: Sequence[tuple[int, str]]
    noise: str = ""


def picture(identity: str, title: str, drawing: Drawing, files: FigureFiles, directory: Path) -> Picture:
    """A drawn figure, embedded as an image of its own: ids never collide, and no text in it can become markup."""
    width, height = (round(float(inches) * PIXELS_PER_INCH) for inches in drawing.figure.get_size_inches())
    encoded = base64.b64encode(files.svg).decode()
    links = [(kind.upper(), files.paths[kind].relative_to(directory).as_posix()) for kind in FORMATS]
    source = f"data:image/svg+xml;base64,{encoded}"
    curves = charts(drawing)
    embedded = json_text(curves) if curves else None
    return Picture(identity, title, source, width, height, drawing.caption, drawing.alternative, links, embedded)


def section(
    family: Family, title: str, pictures: Sequence[Picture], missing: Sequence[FamilyFigure], source: str
) -> Section:
    """Everything that the page says of one family under its `title`; `missing` figures have no numbers in the database
    `source`.
    """
    return Section(
        id=family.short_id,
        heading=title,
        architecture=architecture(family.config),
        seeds=_seeds(family),
        settings=key_settings(family.config),
        changes=changed_settings(family.config),
        pictures=pictures,
        missing=[Missing(figure.title, _command(figure, family, source)) for figure in missing if family.finished],
        comparisons=comparison_rows(family),
        runs=[(run.seed, run_anchor(run)) for run in family.runs],
        noise=noise_sentence(family.config, [one for summaries in family.summaries.values() for one in summaries]),
    )


def render_page(
    data: Data,
    runs: RunsTable,
    sections: Sequence[Section],
    overviews: Sequence[Picture],
    claims: Sequence[SweepClaims],
) -> str:
    """The whole page as HTML; `data` holds the families of `sections`, `runs` those of all."""
    pictures = [*overviews, *(picture for section in sections for picture in section.pictures)]
    return render(
        "page.html.j2",
        any(picture.charts for picture in pictures),
        source=data.source,
        summary=_summary(data, runs, claims),
        families=_families(runs),
        drawn=len(data.families),
        runs=runs,
        sections=sections,
        overviews=overviews,
        claims=claims,
        measures=list(MEASURES.values()),
    )


def _summary(data: Data, runs: RunsTable, claims: Sequence[SweepClaims]) -> str:
    """`20 runs of 4 configurations, compared with 2 tuned baselines. Of 3 claims 3 hold.`"""
    stored = f"{count(len(runs.rows), 'run')} of {count(_families(runs), 'configuration')}"
    models = {name for family in data.families for name in family.others}
    tuned = {name for family in data.families for name in family.baselines} - models
    named = [count(len(those), what) for those, what in ((tuned, "tuned baseline"), (models, "trained model")) if those]
    against = f"compared with {enumeration(named)}" if named else "not compared with baselines"
    shown = f" ({len(data.families)} shown in full)" if len(data.families) < _families(runs) else ""
    rows = [row for sweep in claims for row in sweep.claims]
    sentences = [f"{stored}{shown}{', ' + against if data.families else ''}."] + (
        [claims_summary(rows)] if rows else []
    )
    return " ".join(sentences)


def _families(runs: RunsTable) -> int:
    return len({row.run.family for row in runs.rows})


def _seeds(family: Family) -> str:
    """Which runs the means are over, and which are left out."""
    finished = [str(run.seed) for run in family.finished]
    others = [
        f"seed {run.seed} ({family.unfit.get(run.id, run.status.value).rstrip('.')})"
        for run in family.runs
        if run not in family.finished
    ]
    if not finished:
        lacking = "has weights that fit its configuration" if family.unfit else "has finished"
        return f"No figure: no run {lacking}; there is {enumeration(others)}."
    words = [f"Figures and means are over {'seed' if len(finished) == 1 else 'seeds'} {enumeration(finished)}."]
    words += [f"Left out, and in the table of runs only: {enumeration(others)}."] if others else []
    return " ".join(words + _not_compared(family))


def _not_compared(family: Family) -> list[str]:
    """Which finished seeds some or all comparisons lack, where there are comparisons."""
    if family.final_comparisons.empty:
        return []
    compared = seeds_behind(family.final_comparisons.loc[:, ["baseline", "measure", "seed"]])
    lacking = [run.seed for run in family.finished if run.seed not in compared.whole]
    named = enumeration(seeds_named({"": lacking}))
    return [f"Not compared with every baseline, and left out where it is not: {named}."] if named else []


def _command(figure: FamilyFigure, family: Family, source: str) -> str | None:
    """The command that may fill the figure. Runs are named by id, because several families may share a name."""
    # Every comparison also measures all curves that the model allows, shifts always: once is enough.
    compared = family.curves["kind"].str.startswith("shift-").any()
    if figure.measured_by is None or (figure.measured_by == () and compared):
        return None
    baselines = [
        word for name in family.baselines for word in ("--with" if name in family.others else "--baseline", name)
    ]
    runs = [run.short_id for run in family.finished]
    return shell_command("icl", "compare", *runs, *baselines, *figure.measured_by, "--db", source)
