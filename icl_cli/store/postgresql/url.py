"""The URL of a PostgreSQL database, which holds no secret: what a command is given, everybody on the host can read."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from icl_cli.errors import UsageError
from icl_cli.store.target import FORM

DRIVER = "postgresql+psycopg"
# What may be shown of the parameters after the question mark; those that are not known to be harmless are not.
SHOWN = frozenset({"host", "port", "hostaddr", "service", "sslmode", "options", "target_session_attrs"})
_SECRET = re.compile("password|passwd|secret|scram|token", re.IGNORECASE)
# What may stand before a password where somebody slipped; no usual name has any of them.
_SEPARATORS = re.compile(r"[:;,=/@\s]")


def parse_url(text: str) -> URL:
    """The URL in `text`, for psycopg. Raises `UsageError` if it is none, or holds a password; never repeats one."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Neither message may be repeated: what cannot be taken apart may be a password with an unescaped sign.
        raise UsageError(f"The URL of the database cannot be read; allowed is {FORM}.") from None
    if _holds_password(url):
        raise UsageError(
            "The URL of the database holds a password, which others on this host could read and logs would keep. "
            "Leave it out, and set PGPASSWORD or write it to ~/.pgpass."
        )
    # Made anew, because after "USER:@" SQLAlchemy sees an empty password, which `set` cannot take away.
    return URL.create(DRIVER, url.username, None, url.host, url.port, url.database, url.query)


def _holds_password(url: URL) -> bool:
    """Whether it does, or seems to: in a parameter, or where a password stands after a slip."""
    values = [value for each in url.query.values() for value in ([each] if isinstance(each, str) else each)]
    # A user may be called USER@SERVER, as some providers ask.
    user, host, name = (url.username or "").replace("@", "", 1), url.host or "", url.database or ""
    return bool(
        url.password
        or any(_SECRET.search(text) for text in (*url.query, *values))
        or any(_SEPARATORS.search(text) for text in (user, name))
        or "@" in host
    )


def shown_name(url: URL) -> str:
    """The URL for messages, without anything that could be secret; it opens the same database where it is whole."""
    query = {name: value for name, value in url.query.items() if name in SHOWN}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=True)
