"""Pages from templates: all text is escaped, and a value that a template lacks is an error."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from icl_cli import __version__
from icl_cli.report.scripts import content_security_policy, page_scripts


def render(template: str, with_charts: bool, **values: Any) -> str:
    """The template of this name with `values` and the program's `version`; the chart library only `with_charts`."""
    environment = Environment(
        loader=PackageLoader("icl_cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = page_scripts(with_charts)
    policy = content_security_policy(scripts)
    return environment.get_template(template).render(version=__version__, scripts=scripts, policy=policy, **values)


def utf8(page: str) -> bytes:
    """A page as bytes; what is no Unicode, as the name of a file may be, becomes question marks."""
    return page.encode("utf-8", "replace")
