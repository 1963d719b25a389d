"""Commands run in this process, in an empty folder."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from icl_cli.cli.main import run


class Result(NamedTuple):
    code: int
    out: str
    err: str


Icl = Callable[..., Result]


@pytest.fixture
def icl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Icl:
    """Run `icl` with these words; the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICL_DB", raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str) -> Result:
        capfd.readouterr()
        code = run([str(word) for word in words])
        return Result(code, *capfd.readouterr())

    return call
