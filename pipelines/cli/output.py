"""Results on stdout: rows as a table, JSON or CSV, and sentences beside a table.

Belongs here: how a value looks. Does not belong here: progress and errors, which go to stderr (`progress`, `main`).
"""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

Row = Sequence[Any]
_PLAIN_WIDTH = 1000
"""Of tables that do not go to a terminal: nothing is cut or folded there."""


def shown(path: Path) -> str:
    """A path as people write it where they stand: relative when it lies below, else whole.

    >>> shown(Path.cwd() / "data" / "published"), shown(Path("/srv/shop"))
    ('data/published', '/srv/shop')
    """
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


class Output:
    """Where a command's results go, in the form that was asked for."""

    def __init__(self, *, as_json: bool = False, as_csv: bool = False) -> None:
        if as_json and as_csv:
            raise typer.BadParameter("--json and --csv exclude each other")
        self.as_json, self.as_csv = as_json, as_csv

    @property
    def is_table(self) -> bool:
        """Whether a person reads it."""
        return not (self.as_json or self.as_csv)

    def say(self, *lines: str) -> None:
        """Print sentences; nothing where rows are for a machine."""
        if self.is_table:
            for line in lines:
                print(line)

    def rows(self, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Print rows. Instants are UTC; null is null in JSON, empty in CSV and `∅` in a table."""
        if self.as_json:
            print(json_text(columns, rows))
        elif self.as_csv:
            sys.stdout.write(csv_text(columns, rows))
        else:
            _table(columns, list(rows))


def json_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    r"""A JSON array with one object a row; decimals stay exact numbers.

    >>> json_text(["item", "cost"], [("TEE", Decimal("1.10")), ("MUG", None)])
    '[{"item": "TEE", "cost": 1.10},\n {"item": "MUG", "cost": null}]'
    """
    names = [json.dumps(name, ensure_ascii=False) for name in columns]
    lines = ["{" + ", ".join(f"{name}: {_json_value(value)}" for name, value in zip(names, row, strict=True)) + "}" for row in rows]
    return "[" + ",\n ".join(lines) + "]"


def csv_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    r"""CSV with a header and plain line ends.

    >>> csv_text(["item", "seen_at"], [("TEE, red", datetime(2026, 3, 2, 8, tzinfo=UTC))])
    'item,seen_at\n"TEE, red",2026-03-02T08:00:00Z\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None else _text(value) for value in row])
    return buffer.getvalue()


def _json_value(value: Any) -> str:
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key), ensure_ascii=False)}: {_json_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_json_value(inner) for inner in value) + "]"
    return json.dumps(_text(value), ensure_ascii=False)


def _text(value: Any) -> str:
    """A value as text that a machine reads back."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return _json_value(value)
    return str(value)


def _shown(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return f"{moment:%Y-%m-%d %H:%M:%S}" + ("Z" if value.tzinfo else "")
    if isinstance(value, float):
        return f"{value:g}"
    return _visible(_text(value))


def _visible(text: str) -> str:
    r"""A text whose control and format characters are written as escapes: a payload must not steer the terminal that shows it.

    >>> print(_visible("TEE\x1b[31m\u200b"))
    TEE\x1b[31m\u200b
    """
    return "".join(sign.encode("unicode_escape").decode() if unicodedata.category(sign) in ("Cc", "Cf") else sign for sign in text)


def _table(columns: Sequence[str], rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, soft_wrap=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, name in enumerate(columns):
        is_number = any(isinstance(row[position], int | float | Decimal) and not isinstance(row[position], bool) for row in rows)
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))
