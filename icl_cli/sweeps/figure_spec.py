"""What a sweep's figure shows, as data; `icl_cli.report.panels` says what each kind of panel draws."""

from typing import Annotated

from pydantic import Field

from icl_cli.config import FrozenConfig
from icl_cli.sweeps.values import Line

Option = str | int | float | bool | list[str] | list[float]


class PanelSpec(FrozenConfig):
    """One panel: its kind, the labels of the runs in it (none: all of the sweep's), a title, and the kind's options."""

    kind: str
    runs: tuple[str, ...] = ()
    title: Line = ""
    options: dict[str, Option] = Field(default_factory=dict)


class FigureSpec(FrozenConfig):
    """Panels, so many a row."""

    columns: Annotated[int, Field(ge=1, le=6)] = 3
    panels: tuple[PanelSpec, ...] = ()
