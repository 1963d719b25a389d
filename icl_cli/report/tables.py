"""Tables for the terminal, at most 80 columns wide."""

from collections.abc import Mapping, Sequence
from typing import Literal

from rich.table import Table
from rich.text import Text

from icl_cli.conventions import Resolved, flat
from icl_cli.report.formatting import measured, printable
from icl_cli.report.loss_sentences import noise_sentence
from icl_cli.store import Run, Summary


def configuration_table(resolved: Resolved) -> Table:
    """Every value of a configuration and where it came from."""
    table = _table("Setting", "Value", "From")
    values = flat(resolved.config.model_dump(mode="json"))
    for path, value in values.items():
        source = resolved.sources[path]
        table.add_row(path, Text(format_value(value)), Text(source, style="bold" if source == "given" else ""))
    table.caption = f"id {resolved.config.identity[:16]}…"
    return table


def trained_table(rows: Sequence[tuple[Run, Sequence[Summary]]]) -> Table:
    """What came out of a training command, a line a seed."""
    # As many columns as leave room for the names that runs get by default.
    table = _table("Run", "Name", "Seed", "Status", "Held-out loss", "Seconds")
    for run, summaries in rows:
        loss = next((s for s in summaries if s.name == "held_out_loss"), None)
        shown = "" if loss is None else measured(loss.value, loss.standard_error)
        seconds = f"{run.training_seconds:.1f}"
        table.add_row(run.short_id, Text(run.name), str(run.seed), run.status.value, shown, seconds)
    # Seeds share task and held-out tasks, so that one sentence is true of all.
    sentence = noise_sentence(rows[0][0].config, [summary for _, summaries in rows for summary in summaries])
    table.caption = Text(f"{sentence}\n") if sentence else None
    return table


def two_column_table(title: str, values: Mapping[str, object]) -> Table:
    """Names and values under a title."""
    table = _table(title, "")
    for name, value in values.items():
        table.add_row(Text(name), _stored_text(value))
    return table


def difference_table(first: str, second: str, values: Mapping[str, tuple[object, object]]) -> Table:
    """Only what differs between two runs."""
    table = _table("Setting", first, second)
    for name, (ours, theirs) in values.items():
        table.add_row(Text(name), _stored_text(ours), _stored_text(theirs))
    return table


def overflow_of(header: str) -> Literal["ellipsis", "fold"]:
    """What becomes of words that are too wide: a name is cut, and not broken; `icl runs show` has all of it."""
    return "ellipsis" if header == "Name" else "fold"


def format_value(value: object) -> str:
    """A value for people: lists of equal entries shortened, floats without digits that say nothing."""
    if isinstance(value, list | tuple):
        distinct = list(dict.fromkeys(map(format_value, value)))
        return (
            f"{distinct[0]} × {len(value)}"
            if len(distinct) == 1 and len(value) > 1
            else ", ".join(map(format_value, value))
        )
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def _stored_text(value: object) -> Text:
    """A value of a database, which anybody may have written, line by line."""
    return Text("\n".join(map(printable, format_value(value).split("\n"))))


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", caption_justify="left")
    for header in headers:
        table.add_column(header, overflow=overflow_of(header))
    return table
