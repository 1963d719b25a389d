"""Pages from templates: all text is escaped, and a value that a template lacks is an error."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from icl_cli import __version__


def render(template: str, **values: Any) -> str:
    """The template of this name with `values` and the program's `version`."""
    environment = Environment(
        loader=PackageLoader("icl_cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(version=__version__, **values)
