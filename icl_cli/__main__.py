"""`python -m icl_cli`: the same as `icl`."""

from icl_cli.cli.main import main

main()
