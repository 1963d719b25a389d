"""What a check of a database tells of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not what it says: the table that it is in, its id (empty: the whole) and what is wrong.

    Of a row that belongs to a run it is the run's id.
    """

    table: str
    id: str
    text: str
