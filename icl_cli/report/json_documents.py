"""The envelope of everything that commands print with --json, and its JSON schemas.

    {"schema": "icl.runs.list", "version": 1, "data": …}

`schema` says what `data` is. Within one `version` fields are added, never removed, and none changes its type or
meaning; programs should pass over fields that they do not know, and refuse a version that they do not know.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from icl_cli.report.json_records import (
    AnalysedRecord,
    BundleRecord,
    CheckRecord,
    ClaimRecord,
    ComparedRecord,
    ConfigurationRecord,
    CopiedRecord,
    DifferenceRecord,
    DoctorRecord,
    FigureRecord,
    FilesRecord,
    ImportedRecord,
    ListedRecord,
    MadeRecord,
    PlanRecord,
    PlotKindRecord,
    PlotRecord,
    PrunedRecord,
    ReportRecord,
    ReproducedRecord,
    RunRecord,
    SweepRecord,
    TrainedRecord,
    UpgradeRecord,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Document(NamedTuple):
    """One kind of document: the command that prints it, the type of its data and the version of that type."""

    command: str
    data: Any
    version: int = 1


DOCUMENTS: Mapping[str, Document] = {
    "train": Document("icl train", list[TrainedRecord]),
    "train.dry-run": Document("icl train --dry-run", ConfigurationRecord),
    "compare": Document("icl compare", list[ComparedRecord]),
    "analyse": Document("icl analyse", list[AnalysedRecord]),
    "report": Document("icl report", ReportRecord),
    "plot": Document("icl plot", PlotRecord),
    "plot.list": Document("icl plot --list", list[PlotKindRecord]),
    "report.bundle": Document("icl report --bundle", BundleRecord),
    "import": Document("icl import", ImportedRecord),
    "doctor": Document("icl doctor", DoctorRecord),
    "reproduce": Document("icl reproduce", list[ReproducedRecord]),
    "reproduce.list": Document("icl reproduce --list", list[FigureRecord]),
    "claims": Document("icl claims", list[ClaimRecord]),
    "runs.list": Document("icl runs list", list[ListedRecord]),
    "runs.show": Document("icl runs show", list[RunRecord]),
    "runs.diff": Document("icl runs diff", DifferenceRecord),
    "runs.export": Document("icl runs export", FilesRecord),
    "runs.delete": Document("icl runs delete", FilesRecord),
    "runs.thin": Document("icl runs thin", FilesRecord),
    "weights.export": Document("icl weights export", FilesRecord),
    "sweep.plan": Document("icl sweep plan", list[PlanRecord]),
    "sweep.run": Document("icl sweep run", SweepRecord),
    "sweep.status": Document("icl sweep status", list[SweepRecord]),
    "db.init": Document("icl db init", MadeRecord),
    "db.upgrade": Document("icl db upgrade", UpgradeRecord),
    "db.check": Document("icl db check", CheckRecord),
    "db.backup": Document("icl db backup", FilesRecord),
    "db.prune": Document("icl db prune", PrunedRecord),
    "db.copy": Document("icl db copy", CopiedRecord),
}


def documents_schema() -> dict[str, Any]:
    """One JSON schema (draft 2020-12) that every document meets: a branch for each kind, chosen by `schema`."""
    mode: JsonSchemaMode = "serialization"
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (kind, mode, TypeAdapter(document.data)) for kind, document in DOCUMENTS.items()
    ]
    data, shared = TypeAdapter.json_schemas(inputs)
    branches = [_envelope(kind, data[kind, mode]) for kind in DOCUMENTS]
    return {"$schema": DIALECT, "title": "What icl prints with --json", "oneOf": branches, "$defs": shared["$defs"]}


def _envelope(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": DOCUMENTS[kind].command,
        "type": "object",
        "properties": {
            "schema": {"const": f"icl.{kind}"},
            "version": {"const": DOCUMENTS[kind].version},
            "data": dict(data),
        },
        "required": ["schema", "version", "data"],
    }
