"""Where one works: the database of `--db`, opened once for all checks, as a server that is away takes seconds each."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from icl_cli.errors import IclError, UsageError
from icl_cli.store import Database
from icl_cli.store.target import is_url
from icl_cli.store.vital_signs import VitalSigns, vital_signs

# Long enough for a writer that is about to finish.
BUSY_SECONDS = 2.0


class Place:
    """A context manager: within it, `database` is open for reading and `signs` are its own, or `error` says why not.

    `target` is what `--db` says.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.database: Database | None = None
        self.signs: VitalSigns | None = None
        self.error: IclError | None = None

    @property
    def may_be_written(self) -> bool:
        """Whether this user may write the database file and into its folder, as far as the system says."""
        try:
            if is_url(self.target):
                return True
        except UsageError:
            # A URL that is not allowed: its own check says so.
            return True
        file = Path(os.path.realpath(self.target))
        return all(os.access(path, os.W_OK) for path in (file, file.parent) if path.exists())

    def __enter__(self) -> Self:
        try:
            self.database = Database.open(self.target, mode="read", busy_seconds=BUSY_SECONDS)
            self.signs = vital_signs(self.database)
        except IclError as error:
            self.error = error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.database is not None:
            self.database.close()
