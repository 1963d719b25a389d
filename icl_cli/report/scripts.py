"""The scripts of a page, and the policy that lets a browser run these and nothing else."""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup

TABLES, CHARTS = "tables.js", "charts.js"


def page_scripts(with_charts: bool) -> list[Markup]:
    """What makes tables sort and filter and, `with_charts`, plotly.js (once) and what draws curves with it."""
    return [_own(TABLES), *([_chart_library(), _own(CHARTS)] if with_charts else [])]


def content_security_policy(scripts: Sequence[str]) -> str:
    """No network, no frames, no forms, and no script but these, each by its SHA-256."""
    # Library and page style elements as they draw, which without a network can do no harm.
    rules = [
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return "; ".join([*rules, f"script-src {hashes}"])


def json_text(content: Any) -> Markup:
    """JSON that no HTML parser takes for anything but text; numbers that are not finite become null."""
    text = json.dumps(_finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _own(name: str) -> Markup:
    return Markup((files("icl_cli.report") / "templates" / name).read_text(encoding="utf-8"))


def _chart_library() -> Markup:
    # It takes a while to import, for pages that have curves.
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
