"""How `icl` ends: every exit code and what it means, for the program, its help and its documents."""

from collections.abc import Mapping

DONE = 0
ERROR = 1
WRONG_USAGE = 2
SOME_FAILED = 3
NOTHING_MATCHED = 4
BUSY = 75
INTERRUPTED = 130
TERMINATED = 143

MEANINGS: Mapping[int, str] = {
    DONE: "done",
    ERROR: "error, or something wrong that doctor or db check found",
    WRONG_USAGE: "wrong usage",
    SOME_FAILED: "finished but some runs failed or diverged, or claims failed",
    NOTHING_MATCHED: "nothing matched",
    BUSY: "another process is at work on the run or sweep",
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
}


def exit_codes_sentence(meanings: Mapping[int, str] | None = None) -> str:
    """All of them in one sentence, as --help ends; `meanings` are those that a command can say more exactly."""
    return (
        f"Exit codes: {', '.join(f'{code} {meaning}' for code, meaning in {**MEANINGS, **(meanings or {})}.items())}."
    )
