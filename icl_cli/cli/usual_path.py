"""What `icl` alone prints: the way that most people go."""

USUAL_PATH = """\
icl: a laboratory for in-context learning.

The usual path:

  icl train --layers 1 --recipe fast   train a transformer, into results.db
  icl compare                          with gradient descent, on the same tasks
  icl report                           figures, data and a page, into icl-report

What is there, and more of it:

  icl runs list                        every stored run
  icl train --help                     what a command does, with examples
  icl reproduce --list                 the paper's figures
  icl --help                           all commands
"""
