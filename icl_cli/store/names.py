"""Names that people give to runs, and tags; neither changes a number and several runs may share one."""

import re

from icl_cli.errors import UsageError

LATEST = "latest"
LONGEST_NAME = 80


def check_name(name: str, what: str = "A run's name") -> str:
    """The name itself. Raises `UsageError`, about `what`, unless it can be written, read and told from an id."""
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"{what} has 1 to {LONGEST_NAME} printable characters and no spaces at its ends, given "
            f"{name[:LONGEST_NAME]!r} ({len(name)} characters). Use another."
        )
    if name == LATEST:
        raise UsageError(f"{LATEST!r} always means the runs that finished last and cannot be a name. Use another.")
    if re.fullmatch("[0-9a-fA-F]{64}", name):
        raise UsageError(f"A name of 64 hexadecimal digits would be taken for an id, given {name!r}. Use another.")
    return name
