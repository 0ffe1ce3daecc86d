r"""The proposals as CSV for other systems: stable names of columns, typed values, and no text that a spreadsheet would run.

Belongs here: the form of the CSV, and reading it back. Does not belong here: which columns there are (`proposals`).

The form: UTF-8, comma, a header of column names, LF line ends. Every text is in double quotes, with `"` doubled; numbers
(`.` as the point, never separated by thousands), days (ISO 8601) and nulls (empty) are not. A text that begins with
`=`, `+`, `-`, `@`, a tab, a line end, one of their full-width forms or `'` gets one `'` put before it (OWASP, "CSV
Injection"), and so does one in which such a sign follows a separator or a quote. Whoever reads it takes one `'` off every
text that begins with it: `plain_text`. Numbers stay numbers, so -5 is untouched.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.exports.files import whole

if TYPE_CHECKING:
    from pipelines.exports.proposals import Proposals

# The last four are the full-width forms of = + - @.
_SIGNS: Final = r"=+\-@\uFF1D\uFF0B\uFF0D\uFF20"
_RUNS: Final = re.compile(rf"^['\t\r\n{_SIGNS}]|[,;\t\r\n\"']\s*[{_SIGNS}]")


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> safe_text("=HYPERLINK(1)"), safe_text("Tea, green"), safe_text("'tis")
    ("'=HYPERLINK(1)", 'Tea, green', "''tis")
    """
    return f"'{text}" if _RUNS.search(text) else text


def plain_text(text: str) -> str:
    """The text that `safe_text` was given.

    >>> plain_text(safe_text("=1+1")), plain_text(safe_text("'tis")), plain_text("Tea")
    ('=1+1', "'tis", 'Tea')
    """
    return text.removeprefix("'")


def write_csv(found: Proposals, target: Path) -> Path:
    """Write the proposals, the most urgent first; returns the path. Only a header where there are none."""
    columns = found.csv_columns
    with whole(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        for row in found.csv_rows():
            file.write(",".join(map(_cell, row)) + "\n")
    return target


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """The rows as they were before they were made safe: every value a text, a null an empty one."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: plain_text(value) for name, value in row.items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return '"' + safe_text(str(value)).replace('"', '""') + '"'
