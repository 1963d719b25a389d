"""Writes what the documents say of the code from the code itself: `make documents`.

A part of a document between `<!-- begin NAME -->` and `<!-- end NAME -->` is what the block of that name returns.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import reproduced_claims

from icl_cli import errors
from icl_cli.cli.exit_codes import MEANINGS
from icl_cli.conventions import flat, resolve
from icl_cli.notation import NOTATION
from icl_cli.report.json_documents import DOCUMENTS, documents_schema
from icl_cli.store.column_meanings import COLUMNS, TABLES
from icl_cli.store.schema import METADATA, NEWEST_REVISION

FOLDER = Path(__file__).parent
SCHEMA = FOLDER / "json.schema.json"
# Runs on which the two conventions are compared: how they are asked for, and what is chosen.
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "`--layers 1`": {},
    "`--layers 3`": {"model.layers": 3},
    "`--layers 5`": {"model.layers": 5},
    "`--tokens interleaved`": {"model.tokens": "interleaved"},
    "`--task sine`": {"task.kind": "sine"},
}


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def notation() -> str:
    """The paper's symbols beside the code's words."""
    rows = [(one.symbol, f"`{one.name}`", one.shape.replace(" ", " × "), one.meaning) for one in NOTATION]
    return table(("paper", "here", "shape", "meaning"), rows)


def conventions() -> str:
    """Every value on which the two readings of the paper differ, for some shapes of runs."""
    rows = []
    for asked, choices in SHAPES.items():
        text, code = (flat(resolve(one, choices).config.model_dump()) for one in ("paper-text", "paper-code"))
        for path in (path for path in text if text[path] != code[path] and path != "convention"):
            rows.append((asked, f"`{path}`", _value(text[path]), _value(code[path])))
    return table(("run", "setting", "`paper-text`", "`paper-code`"), rows)


def _value(value: object) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def exit_codes() -> str:
    """Every code, its meaning, and the errors that end with it."""
    kinds: dict[int, list[str]] = {}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.IclError):
            kinds.setdefault(kind.exit_code, []).append(f"`{name}`")
    rows = [(f"{code}", meaning, ", ".join(kinds.get(code, []))) for code, meaning in MEANINGS.items()]
    return table(("code", "meaning", "errors in Python"), rows)


def database() -> str:
    """Every table with its columns, in the order of the schema."""
    parts = [f"Schema {NEWEST_REVISION}."]
    for one in METADATA.tables.values():
        rows = [(f"`{column.name}`", _type(column), COLUMNS[one.name][column.name]) for column in one.columns]
        parts += [f"### {one.name}", TABLES[one.name], table(("column", "type", "meaning"), rows)]
    return "\n\n".join(parts)


def _type(column: Any) -> str:
    marks = ["key"] if column.primary_key else []
    marks += [f"→ {key.column.table.name}" for key in column.foreign_keys]
    if column.nullable:
        marks.append("or null")
    kind = getattr(column.type, "impl", column.type)
    return ", ".join([kind.__class__.__visit_name__.lower().replace("_", " "), *marks])


def documents() -> str:
    """Every kind of document, and the command that prints it."""
    rows = [
        (f"`icl.{kind}`", str(one.version), f"`{one.command}`", _shape(one.data)) for kind, one in DOCUMENTS.items()
    ]
    return table(("`schema`", "`version`", "command", "`data`"), rows)


def _shape(data: Any) -> str:
    inner = getattr(data, "__args__", None)
    return (
        f"list of [{inner[0].__name__}](#{inner[0].__name__.lower()})"
        if inner
        else f"[{data.__name__}](#{data.__name__.lower()})"
    )


def records() -> str:
    """Every record with its fields."""
    parts = []
    for name, record in documents_schema()["$defs"].items():
        rows = [(f"`{field}`", _kind(one), one.get("description", "")) for field, one in record["properties"].items()]
        parts += [f"### {name}", record["description"], table(("field", "type", "meaning"), rows)]
    return "\n\n".join(parts)


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].split("/")[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(f'"{one}"' for one in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}" if field.get("items") else "list"
    if isinstance(field.get("additionalProperties"), dict):
        return f"object of {_kind(field['additionalProperties'])}"
    return field.get("type", "any")


BLOCKS: Mapping[str, Callable[[], str]] = {
    "notation": notation,
    "conventions": conventions,
    "exit-codes": exit_codes,
    "database": database,
    "documents": documents,
    "records": records,
    "verdicts": lambda: reproduced_claims.verdicts(table),
    "claims": lambda: reproduced_claims.claims(table),
}


def renewed(text: str) -> str:
    """A document with its blocks as the code has them now."""

    def block(found: re.Match[str]) -> str:
        return f"<!-- begin {found[1]} -->\n\n{BLOCKS[found[1]]()}\n\n<!-- end {found[1]} -->"

    return re.sub(r"<!-- begin ([\w-]+) -->.*?<!-- end \1 -->", block, text, flags=re.DOTALL)


def renewed_files() -> dict[Path, str]:
    """Every file that this program writes, and what belongs into it."""
    paths = [FOLDER.parent / "README.md", *sorted(FOLDER.glob("*.md"))]
    pages = {path: renewed(path.read_text(encoding="utf-8")) for path in paths}
    schema = json.dumps(documents_schema(), indent=2, ensure_ascii=False) + "\n"
    return {path: text for path, text in pages.items() if "<!-- begin" in text} | {SCHEMA: schema}


if __name__ == "__main__":
    for path, text in renewed_files().items():
        path.write_text(text, encoding="utf-8")
