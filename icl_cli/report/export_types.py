"""The types of the columns of exported tables, the same in every file whatever is in it.

Types that are read from the rows would differ: a column without a value would have none, and whole numbers beside a
missing one would become floats. Two files with such columns cannot be read together.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args, get_origin

import pandas
import pyarrow
from pydantic import BaseModel

from icl_cli.config import RunConfig

MOMENT = pyarrow.timestamp("us", tz="UTC")
WHOLE, NUMBER, TEXT, TEXTS = pyarrow.int64(), pyarrow.float64(), pyarrow.string(), pyarrow.list_(pyarrow.string())
# Numbers that are measured, where NaN says that there is none: it stays NaN, as in the database.
MEASURED = ("value", "standard_error", "x")
# Columns of all tables that no configuration has; those that are not named here hold text.
TYPES: Mapping[str, pyarrow.DataType] = {
    **dict.fromkeys(("step", "diverged_step", "attempt", "fruitless_attempts", "tasks"), WHOLE),
    **dict.fromkeys((*MEASURED, "training_seconds"), NUMBER),
    **dict.fromkeys(("lease_expires_at", "created_at", "started_at", "finished_at", "measured_at"), MOMENT),
    "tags": TEXTS,
}
OF_PYTHON: Mapping[type, pyarrow.DataType] = {bool: pyarrow.bool_(), int: WHOLE, float: NUMBER, str: TEXT}


def arrow_table(frame: pandas.DataFrame) -> pyarrow.Table:
    """`frame` with the type of every column fixed. NaN of a measured number stays NaN; what is missing becomes null."""
    types = column_types()
    return pyarrow.table({str(name): _array(frame[name], types.get(str(name), TEXT)) for name in frame})


def whole_numbers(frame: pandas.DataFrame) -> pandas.DataFrame:
    """`frame` with whole numbers in all columns that hold them, also beside missing ones."""
    types = column_types()
    whole = [str(name) for name in frame if types.get(str(name)) == WHOLE]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def column_types() -> Mapping[str, pyarrow.DataType]:
    """The type of every column that does not hold text, by its name."""
    return {**TYPES, **configuration_types()}


def configuration_types(model: type[BaseModel] = RunConfig, prefix: str = "") -> dict[str, pyarrow.DataType]:
    """The type of every value of a configuration by its path, as its fields declare it."""
    types: dict[str, pyarrow.DataType] = {}
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            types |= configuration_types(annotation, f"{prefix}{name}.")
        else:
            types[f"{prefix}{name}"] = _type_of(annotation)
    return types


def _type_of(annotation: Any) -> pyarrow.DataType:
    """That of a field: of a choice, those of its words; of `int | None`, that of int; a tuple is a list of text."""
    if annotation in OF_PYTHON:
        return OF_PYTHON[annotation]
    if get_origin(annotation) is tuple:
        return TEXTS
    inner = [part for part in get_args(annotation) if part is not NoneType]
    return _type_of(inner[0]) if inner and not isinstance(inner[0], str) else TEXT


def _array(column: Any, kind: pyarrow.DataType) -> pyarrow.Array:
    if column.name in MEASURED:
        return pyarrow.array(column.to_numpy(float), NUMBER, from_pandas=False)
    missing = column.isna()
    return pyarrow.array([None if absent else value for value, absent in zip(column, missing, strict=True)], kind)
