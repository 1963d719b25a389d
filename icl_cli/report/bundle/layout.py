"""What is where in a bundle, and what it says of itself."""

import importlib.metadata
import platform

from pydantic import BaseModel, ConfigDict

import icl_cli
from icl_cli.store.schema import NEWEST_REVISION

# Counts up when an older release could no longer read what a newer one writes.
FORMAT = 1
# Everything lies in one folder, so that unpacking puts one thing beside the archive.
FOLDER = "icl-bundle"
GUIDE = "README.txt"
MANIFEST = "bundle.json"
SUMS = "SHA256SUMS"
DATABASE = "results.db"
REPORT, RUNS, WEIGHTS, TABLES = "report", "runs", "weights", "tables"
# Libraries on whose versions numbers, figures or bytes may depend.
LIBRARIES = ("equinox", "jax", "jaxlib", "matplotlib", "numpy", "optax", "pandas", "safetensors", "scipy", "sqlalchemy")


class Manifest(BaseModel):
    """`bundle.json`: the format, what made the bundle, and how many runs are in it.

    Later releases may add entries, which older ones pass over; `format` counts up for everything else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    format: int
    icl: str
    schema_revision: str
    python: str
    libraries: dict[str, str]
    runs: int


def present_manifest(runs: int) -> Manifest:
    """What a bundle of so many runs, made by this process, says of itself: the same each time."""
    return Manifest(
        format=FORMAT,
        icl=icl_cli.__version__,
        schema_revision=NEWEST_REVISION,
        python=platform.python_version(),
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        runs=runs,
    )
