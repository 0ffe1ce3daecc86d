"""Options that several commands share, and how their values are read.

Belongs here: `--home`, `--as-of`, `--last-line`, `--json`, `--csv`. Does not belong here: what a command does with them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pipelines.settings import Home, Settings


def instant(text: str | datetime) -> datetime:
    """The instant that a text names, aware: ISO 8601; without a zone it is UTC, a date alone is its midnight.

    Raises a usage error for anything else.

    >>> instant("2026-03-08T20:00+01:00").isoformat(), instant("2026-03-08").isoformat()
    ('2026-03-08T20:00:00+01:00', '2026-03-08T00:00:00+00:00')
    """
    if isinstance(text, datetime):
        return text
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant; write for example 2026-03-08T20:00+01:00 or 2026-03-08T19:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


HomeDir = Annotated[Path, typer.Option("--home", envvar="PARSTOCK_HOME", metavar="DIR", help="The data folder of one business.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=instant, metavar="TIME", help="Run as if this were the current time (ISO 8601; without a zone, UTC)."),
]
FromDir = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="Read DIR/<feed>/** instead of the home's landing folder; nothing in it is changed."),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="End with exit code 1 when a row was set aside: refused, waiting, or conflicting with an earlier one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print rows as a JSON array of objects.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print rows as CSV with a header.")]
LastLine = Annotated[
    Literal["refuse", "whole"] | None,
    typer.Option("--last-line", help="Whether the last line of a CSV file is whole though it has no line end. Default: refuse."),
]

DEFAULT_HOME = Path("data")


def home_at(root: Path) -> Home:
    """The home at a folder; absolute, for what is written down of it is read by processes that stand elsewhere."""
    from pipelines.settings import Home

    return Home(root.absolute())


def settings_with(last_line: Literal["refuse", "whole"] | None) -> Settings | None:
    """The machine settings with what the command line says; null where it says nothing."""
    from pipelines.settings import Settings

    return Settings(last_line=last_line) if last_line else None


def clock_at(as_of: datetime | None) -> Callable[[], datetime]:
    """A clock that stands at an instant, or the machine's when there is none."""
    if as_of is None:
        return lambda: datetime.now(UTC)
    return lambda: as_of
