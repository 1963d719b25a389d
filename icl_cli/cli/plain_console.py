"""The console of every table and progress display: text is shown as it is, whoever wrote it."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.segment import Segment

from icl_cli.cli.console import LAYOUT, WIDTH
from icl_cli.report.formatting import printable


class PlainConsole(Console):
    """A console at most 80 columns wide, on which text is neither markup nor emoji and acts on no terminal.

    Text comes from databases, sweep files and command lines. Markup in it would fail, vanish, or pass as ours.
    """

    def __init__(self, **settings: Any):
        super().__init__(markup=False, emoji=False, highlight=False, **settings)
        self.width = min(self.width, WIDTH)

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError: rich would exit with code 1, but that the reader left is no error of ours."""
        raise BrokenPipeError

    def render(self, *arguments: Any, **options: Any) -> Iterator[Segment]:
        """As rich does, but for control characters in the text."""
        for segment in super().render(*arguments, **options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, keep=LAYOUT))
