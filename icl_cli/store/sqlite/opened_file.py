"""Whether the path of an open database still leads to the file that was opened.

SQLite goes on writing into a file that was deleted, moved or replaced: nothing fails, and nobody ever finds what it
wrote. The log keeps its name, so that a file that was put in the old one's place would be read together with a log that
is not its own (https://sqlite.org/howtocorrupt.html).
"""

from icl_cli.errors import ReplacedFileError
from icl_cli.store.sqlite.location import Location


class OpenedFile:
    """The file at `location`, known by device and inode from `remember` on."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._identity: tuple[int, int] | None = None

    def remember(self) -> None:
        """The file that is there now is the one that was opened."""
        self._identity = self._location.identity()

    @property
    def is_in_place(self) -> bool:
        """Whether the path leads to the file that was opened; so it does as long as none was remembered."""
        return self._identity in (None, self._location.identity())

    def require_in_place(self) -> None:
        """Raises `ReplacedFileError` unless the path leads to the file that was opened."""
        if not self.is_in_place:
            fate = "was deleted or moved" if self._location.identity() is None else "was replaced by another file"
            raise ReplacedFileError(f"{self._location.given} {fate} while it was in use.")
