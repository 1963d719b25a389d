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

_TEXT = f"""\
RESULTS OF icl: {{runs}}

These are runs of small transformers that learn in context, and their
comparisons with gradient descent and other algorithms, as studied by
von Oswald et al., Transformers Learn In-Context by Gradient Descent, ICML 2023,
https://proceedings.mlr.press/v202/von-oswald23a.html

Open {REPORT}/{{page}} in a browser: everything that was found, on one page.


What is what

  {GUIDE}           this text
  {REPORT}/{{page:<19}} the page; it needs no network
  {REPORT}/figures/           its figures as PDF, SVG and PNG
  {REPORT}/data/              the numbers of each figure, as CSV
  {RUNS}/ID.json            configuration, outcome and provenance of each run:
                         commit, versions, device, host and command
  {WEIGHTS}/ID.safetensors  the last stored weights of each run
  {TABLES}/                all runs, metrics, comparisons and curves, as CSV
  {DATABASE}             all of it and the weights over training, in SQLite 3
  {MANIFEST}            versions of the program and of the libraries
  {SUMS}             a checksum of every other file

ID is the beginning of a run's id, which is the SHA-256 of its configuration.


How to check that nothing was changed

  cd {FOLDER}
  sha256sum -c {SUMS}

(with macOS: shasum -a 256 -c {SUMS}). Nothing here has to be run, and neither
the weights nor the tables can hold any code.


How to read the weights, after `pip install safetensors numpy`

  from safetensors.numpy import load_file
  weights = load_file("{{weights}}")
  print({{{{name: array.shape for name, array in weights.items()}}}})

Those of every stored step are in the database:

  import sqlite3, safetensors.numpy
  stored = sqlite3.connect("{DATABASE}").execute("SELECT step, weights FROM snapshots WHERE run_id LIKE '{{run}}%'")
  weights = {{{{step: safetensors.numpy.load(content) for step, content in stored}}}}


How to go on with icl (`pip install icl-cli`, version {{icl}} or later)

  icl import THE-ARCHIVE.zip --db mine.db
  icl runs list --db mine.db

Made by icl {{icl}} with Python {{python}}, JAX {{jax}} and NumPy {{numpy}}; the versions with
which each run was trained are in {RUNS}/.
"""


def guide(manifest: Manifest, page: str, stem: str, weights: str) -> str:
    """The text, whose examples name the run `stem` and the file `weights` of this bundle."""
    return _TEXT.format(
        runs=f"{manifest.runs} run{'' if manifest.runs == 1 else 's'}",
        page=page,
        run=stem,
        weights=weights,
        icl=manifest.icl,
        python=manifest.python,
        jax=manifest.libraries["jax"],
        numpy=manifest.libraries["numpy"],
    )
