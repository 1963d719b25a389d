"""The entry point of the script `icl` and of `python -m icl_cli`."""

from icl_cli.cli.stopping import leave_on_signals


def main() -> None:
    """Run the command line. Signals are heeded first: loading the program takes longer than some commands."""
    leave_on_signals()
    from icl_cli.cli.main import main as run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
