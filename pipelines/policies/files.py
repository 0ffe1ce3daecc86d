"""Reading the policy files as a planner sees them: rows with their line, cells as text, and what is wrong with the form.

Belongs here: CSV, header, types. Columns and types are those of `dbt_project.yml`, which loads the same files.
Does not belong here: what a value means (`check`).
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: the file and its line (null: the file as a whole), what, and what to do about it."""

    file: str
    line: int | None
    what: str
    remedy: str

    def __str__(self) -> str:
        """One line: `file:line: what: remedy`."""
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.what}: {self.remedy}"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: its number (the header is 1), and every column's text, trimmed; empty is ''."""

    file: str
    line: int
    cells: dict[str, str]

    def fault(self, what: str, remedy: str) -> Fault:
        """What is wrong in this line."""
        return Fault(self.file, self.line, what, remedy)

    def names(self, *columns: str) -> tuple[tuple[str, str], ...]:
        """Which of these columns the row fills, `*` being anything, with their values."""
        return tuple((column, text) for column in columns if (text := self.cells.get(column, "")) not in ("", "*"))


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file as far as it could be read: rows whose form is right, and the faults of the others."""

    name: str
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def declared_columns(project: Path) -> dict[str, dict[str, str]]:
    """Files (without ending) that dbt loads, with their columns and types."""
    import yaml  # type: ignore[import-untyped]  # it ships no types

    content = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    seeds = content.get("seeds", {}).get(content["name"], {})
    return {name: dict(seed["+column_types"]) for name, seed in seeds.items() if isinstance(seed, dict) and "+column_types" in seed}


def read_policy_file(path: Path, columns: dict[str, str]) -> PolicyFile:
    """Read one file. A file that is missing, empty or without its columns has no rows and says so."""
    if not path.is_file():
        return _unread(path, "the file is missing", f"put it there, at least its header: {','.join(columns)}")
    try:
        # A byte order mark is what spreadsheets write.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return _unread(path, f"byte {error.start} is not UTF-8", "save it as UTF-8")
    lines = _lines(text)
    _, header = next(lines, (1, []))
    header = [name.strip() for name in header]
    if not any(header):
        return _unread(path, "the header is missing", f"begin the file with: {','.join(columns)}")
    faults = [*_header_faults(path.name, header, columns)]
    if faults:
        return PolicyFile(path.name, (), tuple(faults))
    rows = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            faults.append(
                Fault(
                    path.name,
                    number,
                    f"{len(cells)} cells, the header has {len(header)}",
                    "quote cells that hold a comma, or add what is missing",
                )
            )
            continue
        row = Row(path.name, number, {name: cell.strip() for name, cell in zip(header, cells, strict=True)})
        wrong = [*_type_faults(row, columns)]
        faults += wrong
        if not wrong:
            rows.append(row)
    return PolicyFile(path.name, tuple(rows), tuple(faults))


def _unread(path: Path, what: str, remedy: str) -> PolicyFile:
    return PolicyFile(path.name, (), (Fault(path.name, None, f"{what} ({path.parent})", remedy),))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each begins: a quoted cell may go over several."""
    reader = csv.reader(text.splitlines(keepends=True))
    begins = 1
    for cells in reader:
        yield begins, cells
        begins = reader.line_num + 1


def _header_faults(file: str, header: list[str], columns: dict[str, str]) -> Iterator[Fault]:
    for name in columns:
        if name not in header:
            yield Fault(file, 1, f"the column {name} is missing", f"the header is: {','.join(columns)}")
    for name in dict.fromkeys(header):
        if name not in columns:
            yield Fault(file, 1, f"{name!r} is not a column of this file", f"the header is: {','.join(columns)}")
        elif header.count(name) > 1:
            yield Fault(file, 1, f"the column {name} appears {header.count(name)} times", "keep one of them")


_SHAPES: Final = {
    "a whole number": "write digits only, for example 14",
    "a number": "write for example 0.95, with a point",
    "a day": "write for example 2026-03-31",
    "true or false": "write true or false",
}


def _type_faults(row: Row, columns: dict[str, str]) -> Iterator[Fault]:
    for name, kind in columns.items():
        text = row.cells[name]
        shape = _misshapen(text, kind) if text else None
        if shape:
            yield row.fault(f"{name} is not {shape}: {text!r}", _SHAPES[shape])


def _misshapen(text: str, kind: str) -> str | None:
    """What the text should be and is not; null where it is."""
    if kind in ("integer", "bigint"):
        return None if text.lstrip("+-").isdecimal() and text.isascii() else "a whole number"
    if kind.startswith("decimal"):
        try:
            return None if Decimal(text).is_finite() else "a number"
        except InvalidOperation:
            return "a number"
    if kind == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            return "a day"
        return None if len(text) == 10 else "a day"
    if kind == "boolean":
        return None if text.lower() in ("true", "false") else "true or false"
    return None
