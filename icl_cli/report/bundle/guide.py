"""README.txt: what a bundle holds, for somebody who has nothing but the archive."""

from icl_cli.report.bundle.layout import (
    DATABASE,
    FOLDER,
    GUIDE,
    MANIFEST,
    REPORT,
    RUNS,
    SUMS,
    TABLES,
    WEIGHTS,
    Manifest,
)

_PARTS = {
    GUIDE: "this text",
    f"{REPORT}/{{page}}": "everything that was found, on one page",
    f"{REPORT}/figures/": "its figures as PDF, SVG and PNG",
    f"{REPORT}/data/": "the numbers of each figure, as CSV",
    f"{RUNS}/ID.json": "configuration and outcome of a run; commit,\nversions, device, host and command",
    f"{WEIGHTS}/ID.safetensors": "the last stored weights of a run",
    f"{TABLES}/": "all runs, metrics, comparisons and curves, as CSV",
    DATABASE: "all of it, and weights over training, in SQLite 3",
    MANIFEST: "versions of the program and of its libraries",
    SUMS: "a checksum of every other file",
}

_TEXT = f"""\
RESULTS OF icl: {{runs}}

These are runs of small transformers that learn in context, and comparisons
with gradient descent and other algorithms, as studied by von Oswald et al.,
Transformers Learn In-Context by Gradient Descent, ICML 2023,
https://proceedings.mlr.press/v202/von-oswald23a.html

Open {REPORT}/{{page}} in a browser; it needs no network.


What is what

{{parts}}

ID is the beginning of a run's id, the SHA-256 of its configuration.


The CSV files hold names and notes exactly as people wrote them. A spreadsheet
takes those that begin with =, +, - or @ for formulas: from people whom you do
not trust, open them with pandas or a text editor, or import them as text.


How to check that nothing was changed

  cd {FOLDER}
  sha256sum -c {SUMS}

With macOS: shasum -a 256 -c {SUMS}


How to read the weights, after `pip install safetensors numpy`

  from safetensors.numpy import load_file
  weights = load_file("{{weights}}")
  print({{{{name: array.shape for name, array in weights.items()}}}})

Weights are numbers and their names: reading them runs no code. Those of every
stored step are in the database:

  import sqlite3, safetensors.numpy
  query = "SELECT step, weights FROM snapshots WHERE run_id LIKE '{{run}}%'"
  stored = sqlite3.connect("{DATABASE}").execute(query)
  weights = {{{{step: safetensors.numpy.load(array) for step, array in stored}}}}


How to go on with icl (`pip install icl-cli`, version {{icl}} or later)

  icl import THE-ARCHIVE.zip --db mine.db
  icl runs list --db mine.db


Made by icl {{icl}} with Python {{python}}, JAX {{jax}} and NumPy {{numpy}};
what each run was trained with is in {RUNS}/.
"""
_WIDTH = 2 + max(len(part) for part in _PARTS)


def guide(manifest: Manifest, page: str, stem: str, weights: str) -> str:
    """The text, whose examples name the run `stem` and the file `weights` of this bundle."""
    return _TEXT.format(
        runs=f"{manifest.runs} run{'' if manifest.runs == 1 else 's'}",
        page=page,
        parts="\n".join(_part(part.format(page=page), what) for part, what in _PARTS.items()),
        run=stem,
        weights=weights,
        icl=manifest.icl,
        python=manifest.python,
        jax=manifest.libraries["jax"],
        numpy=manifest.libraries["numpy"],
    )


def _part(path: str, what: str) -> str:
    """A line of the list, and further ones below it."""
    first, *others = what.splitlines()
    return "\n".join([f"  {path:<{_WIDTH}}{first}", *(f"  {'':<{_WIDTH}}{line}" for line in others)])
