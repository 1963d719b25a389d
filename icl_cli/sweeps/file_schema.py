"""The JSON schema of sweep files, for editors: both forms, with every configuration value by its path."""

from typing import Any

from pydantic import TypeAdapter

from icl_cli.config import RunConfig
from icl_cli.sweeps.sweep_file import ShortSweep, Sweep
from icl_cli.sweeps.values import LARGEST_SEED, MOST_SEEDS

Schema = dict[str, Any]

SETTINGS, GRID = "#/$defs/Settings", "#/$defs/Grid"
_SEED = {"type": "integer", "minimum": 0, "maximum": LARGEST_SEED}
_SEED_LIST = {"type": "array", "items": _SEED, "minItems": 1, "maxItems": MOST_SEEDS, "uniqueItems": True}
# What pydantic cannot know of keys whose values a function checks, wherever they stand.
_KEYS: dict[str, Schema] = {
    "settings": {"$ref": SETTINGS},
    "at": {"$ref": SETTINGS},
    "grid": {"$ref": GRID},
    "include": {"type": "array", "items": {"$ref": SETTINGS}},
    "exclude": {"type": "array", "items": {"$ref": SETTINGS, "minProperties": 1}},
    "seeds": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_SEEDS}, _SEED_LIST]},
}


def file_schema() -> Schema:
    """A schema (JSON Schema 2020-12) that every sweep file fits; not everything that fits it can be run."""
    schema = TypeAdapter(Sweep | ShortSweep).json_schema()
    definitions = schema["$defs"]
    for definition in definitions.values():
        for key in definition["properties"].keys() & _KEYS.keys():
            description = definition["properties"][key].get("description")
            definition["properties"][key] = _KEYS[key] | ({"description": description} if description else {})
    definitions["Sweep"]["required"].append("runs")
    definitions["Settings"], definitions["Grid"] = _table(lists=False), _table(lists=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A sweep file of icl", **schema}


def _table(lists: bool) -> Schema:
    """A table of configuration values, or of lists of them: within tables of their groups, or by dotted paths."""
    configuration = RunConfig.model_json_schema()
    properties: Schema = {}
    dotted: Schema = {}
    for group, reference in configuration["properties"].items():
        if "$ref" not in reference:
            # The convention and the seed, which have keys of their own.
            continue
        values = configuration["$defs"][reference["$ref"].split("/")[-1]]["properties"]
        referring = {name: _list_of(_at(group, name)) if lists else _at(group, name) for name in values}
        inside = referring if lists else values
        properties[group] = {"type": "object", "additionalProperties": False, "properties": inside}
        dotted |= {f"{group}.{name}": value for name, value in referring.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties | dotted}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _at(group: str, name: str) -> Schema:
    """What stands at this path in the schema of settings."""
    return {"$ref": f"{SETTINGS}/properties/{group}/properties/{name}"}
