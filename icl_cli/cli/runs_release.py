"""`icl runs release`: free runs whose processes are dead, whatever their leases say."""

from icl_cli.cli.consent import release_is_wanted
from icl_cli.cli.console import say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, SomeRunsArgument, YesOption, database_flag
from icl_cli.report.formatting import count


def release(references: SomeRunsArgument, yes: YesOption = False, db: DatabaseOption = DEFAULT_DATABASE) -> None:
    """Free runs that a dead process holds, so that their commands go on with them at once.

    That is seldom needed: a process of this machine that has died loses its runs by itself, one elsewhere after a
    minute without a word once its lease has expired. A process that lives after all records nothing more and stops.

    Examples:

    icl runs release 3f9ac2d1

    icl runs release looped --yes
    """
    from icl_cli.store import RunStatus, current_owner, free_runs, readable_owner, resolve_all

    with open_for_writing(db) as database:
        running = [run for run in resolve_all(database, references) if run.status is RunStatus.RUNNING]
        if running and not release_is_wanted(running, [readable_owner(run.owner or "?") for run in running], yes):
            return
        freed = free_runs(database, [run.id for run in running], current_owner())
    say(f"{count(len(freed), 'run')} freed{'' if freed else ': none of them was being trained'}.")
    say(f"Next: icl runs list{database_flag(db)}")
