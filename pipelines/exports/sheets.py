"""The proposals as a workbook that a planner works in: all orders, one sheet a supplier, and a sheet that explains it.

Belongs here: sheets, formats, colours. Every text is written as a text, whatever it begins with, and no cell holds a
formula. Does not belong here: which columns there are and their rows (`proposals`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.exports.files import whole
from pipelines.exports.proposals import COLUMNS, Column, Proposals

if TYPE_CHECKING:
    from pipelines.words.words import Words

FROZEN_COLUMNS: Final = 3
LARGE: Final = 5000
"""From so many lines on, rows go to the disk as they are written."""
MOST_SUPPLIER_SHEETS: Final = 200
"""Each sheet costs an open file; the lines of further suppliers stand on the first sheet only, and the workbook says so."""

_LONGEST_TEXT: Final = 32_767  # of a cell, by the format
_NAME_LENGTH: Final = 31  # of a sheet, by the format
_INVALID_IN_NAME: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_INPUT = "order_units"
_NUMBER_FORMATS: Final = {
    "units": "#,##0", "decimal": "#,##0.00", "days": "#,##0.0", "price": "#,##0.00##", "money": "#,##0.00", "day": "yyyy-mm-dd",
}  # fmt: skip
_COLOURS: Final = {"nothing_free": ("#F8CBC6", "#8A1C12"), "before_arrival": ("#FCE4BF", "#7A4A00"), "due": ("#E3F0E3", "#1F5A26")}


def sheet_names(wanted: Iterable[str], taken: Iterable[str] = ()) -> Iterator[str]:
    """For each text a name that a sheet can have: at most 31 characters, none forbidden, unique whatever the case.

    >>> list(sheet_names(["A/B", "a?b", "History", "'quoted'", ""]))
    ['A B', 'a b (2)', 'History (2)', 'quoted', '-']
    """
    # Spreadsheets keep the name History for themselves.
    used = {"history", *(name.casefold() for name in taken)}
    for text in wanted:
        plain = " ".join(_INVALID_IN_NAME.sub(" ", text).split())[:_NAME_LENGTH].strip("' ") or "-"
        name, number = plain, 1
        while name.casefold() in used:
            number += 1
            ending = f" ({number})"
            name = plain[: _NAME_LENGTH - len(ending)].rstrip("' ") + ending
        used.add(name.casefold())
        yield name


def write_workbook(found: Proposals, target: Path, words: Words) -> Path:
    """Write the workbook whole; returns its path."""
    import xlsxwriter

    with whole(target) as temporary:
        options = {
            "constant_memory": found.lines > LARGE,
            "strings_to_urls": False,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
        }
        workbook = xlsxwriter.Workbook(str(temporary), {**options})
        try:
            # The same publication gives the same bytes, whenever it is exported.
            workbook.set_properties({"title": words("sheet.orders"), "created": found.source.published_at.replace(tzinfo=None)})
            _Book(workbook, found, words).write()
        finally:
            workbook.close()
    return target


class _Book:
    """One workbook while it is written."""

    def __init__(self, workbook: Any, found: Proposals, words: Words) -> None:
        self.workbook, self.found, self.words = workbook, found, words
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        make = workbook.add_format
        self.header = make({**base, "bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"})
        self.text, self.bold = make(base), make({**base, "bold": True})
        self.wrapped, self.title = make({**base, "text_wrap": True}), make({**base, "bold": True, "font_size": 15})
        self.formats = {kind: make({**base, "num_format": shape}) for kind, shape in _NUMBER_FORMATS.items()}
        self.input = make({**base, "num_format": "#,##0", "bg_color": "#FFF6CC", "border": 1, "border_color": "#D9C56A", "locked": False})
        self.link = make({**base, "font_color": "#1B5E86", "underline": 1})
        total = {**base, "bold": True, "top": 1, "bg_color": "#EEF2F5"}
        self.total, self.totals = make(total), {kind: make({**total, "num_format": shape}) for kind, shape in _NUMBER_FORMATS.items()}
        self.colours = {name: make({"bg_color": paper, "font_color": ink}) for name, (paper, ink) in _COLOURS.items()}

    def write(self) -> None:
        """All sheets: the orders, the suppliers, how to read it, and one a supplier."""
        fixed = [self.words(f"sheet.{name}") for name in ("orders", "suppliers", "reading")]
        suppliers = self.found.suppliers()
        codes = list(dict.fromkeys(row["supplier_code"] for row in suppliers))
        own = codes[:MOST_SUPPLIER_SHEETS]
        sheets = dict(zip(own, sheet_names([code or self.words("label.no_supplier") for code in own], fixed), strict=True))
        self._orders(fixed[0], self.found.rows(), self.found.lines, [])
        self._suppliers(fixed[1], suppliers, sheets)
        self._reading(fixed[2], left_out=len(codes) - len(own))
        for code, rows in itertools.groupby(self.found.rows_by_supplier(), key=lambda pair: pair[0]):
            if code in sheets:
                totals = [row for row in suppliers if row["supplier_code"] == code]
                self._orders(sheets[code], (row for _, row in rows), sum(row["lines"] for row in totals), totals)

    def _orders(self, name: str, rows: Iterable[tuple[Any, ...]], lines: int, totals: list[dict[str, Any]]) -> None:
        """A sheet of order lines, with a line of totals for each currency of a supplier."""
        sheet = self._sheet(name, [self.words(f"column.{column.name}") for column in COLUMNS], [column.width for column in COLUMNS])
        sheet.freeze_panes(1, FROZEN_COLUMNS)
        sheet.autofilter(0, 0, max(lines, 1), len(COLUMNS) - 1)
        writers = [self._writer(sheet, column) for column in COLUMNS]
        number = 0
        for number, row in enumerate(rows, start=1):
            for position, (write, value) in enumerate(zip(writers, row, strict=True)):
                write(number, position, value)
        if not lines:
            sheet.write_string(1, 0, self._nothing(), self.text)
            return
        self._marks(sheet, lines)
        for offset, total in enumerate(totals, start=1):
            self._total(sheet, number + offset, total)

    def _writer(self, sheet: Any, column: Column) -> Callable[[int, int, Any], object]:
        """What writes a cell of a column: by its kind, never by what the value looks like."""
        if column.kind in ("text", "code"):
            return lambda row, position, value: (
                value is not None and sheet.write_string(row, position, str(value)[:_LONGEST_TEXT], self.text)
            )
        if column.kind == "word":
            return lambda row, position, value: value and sheet.write_string(row, position, word(self.words, column.name, value), self.text)
        shape = self.input if column.name == _INPUT else self.formats[column.kind]
        if column.kind == "day":
            return lambda row, position, value: value is not None and sheet.write_datetime(row, position, value, shape)
        return lambda row, position, value: value is not None and sheet.write_number(row, position, value, shape)

    def _marks(self, sheet: Any, lines: int) -> None:
        """The colours of urgency, and what may be entered as a quantity."""
        names = [column.name for column in COLUMNS]
        urgency, quantity = names.index("urgency"), names.index(_INPUT)
        for code, colour in self.colours.items():
            said = self.words(f"urgency.{code}").replace('"', '""')
            sheet.conditional_format(1, urgency, lines, urgency, {"type": "cell", "criteria": "==", "value": f'"{said}"', "format": colour})
        sheet.data_validation(1, quantity, lines, quantity, {
            "validate": "integer", "criteria": ">=", "value": 0, "ignore_blank": True,
            "error_title": self.words("column.order_units")[:32], "error_message": self.words("sheet.whole_units"),
        })  # fmt: skip

    def _total(self, sheet: Any, row: int, total: dict[str, Any]) -> None:
        """A line of totals under a supplier's orders."""
        for position, column in enumerate(COLUMNS):
            value = total.get(column.name)
            if position == 0:
                sheet.write_string(row, 0, self.words("label.total"), self.total)
            elif column.name in ("order_units", "line_amount") and value is not None:
                sheet.write_number(row, position, value, self.totals[column.kind])
            elif column.name == "currency_code" and value:
                sheet.write_string(row, position, value, self.total)
            else:
                sheet.write_blank(row, position, None, self.total)

    def _suppliers(self, name: str, suppliers: list[dict[str, Any]], sheets: dict[str | None, str]) -> None:
        """The totals of every supplier, each with the way to its sheet."""
        shown = ("supplier_code", "supplier_name", "lines", "order_units", "line_amount", "currency_code", "order_by_on", "eta_on")
        kinds = ("code", "text", "units", "units", "money", "code", "day", "day")
        sheet = self._sheet(name, [self.words(f"column.{column}") for column in shown], [16, 44, 9, 11, 14, 9, 14, 14])
        sheet.freeze_panes(1, 1)
        for number, supplier in enumerate(suppliers, start=1):
            for position, (column, kind) in enumerate(zip(shown, kinds, strict=True)):
                value = supplier[column]
                if position == 0:
                    self._link(sheet, number, value or self.words("label.no_supplier"), sheets.get(value))
                elif kind in ("text", "code"):
                    sheet.write_string(number, position, str(value or ""), self.text)
                elif kind == "day":
                    sheet.write_datetime(number, position, value, self.formats["day"])
                elif value is not None:
                    sheet.write_number(number, position, value, self.formats[kind])
        if not suppliers:
            sheet.write_string(1, 0, self._nothing(), self.text)

    def _link(self, sheet: Any, row: int, text: str, target: str | None) -> None:
        """A supplier's code, as a link to its sheet where it has one."""
        if target is None:
            sheet.write_string(row, 0, text, self.text)
            return
        place = "'" + target.replace("'", "''") + "'"
        sheet.write_url(row, 0, f"internal:{place}!A1", self.link, string=text)

    def _reading(self, name: str, *, left_out: int) -> None:
        """How to read it: where it comes from, the colours, and every column."""
        sheet = self.workbook.add_worksheet(name)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 90)
        sheet.set_column(2, 2, 42)
        rows = itertools.count()
        sheet.write_string(next(rows), 0, self.words("sheet.title"), self.title)
        for label, text in self._origin():
            row = next(rows)
            sheet.write_string(row, 0, label, self.bold)
            sheet.write_string(row, 1, text, self.wrapped)
        next(rows)
        notes = [self.words(f"sheet.note_{note}") for note in ("input", "amounts", "colours", "units", "texts")]
        if not self.found.lines:
            notes.insert(0, self._nothing())
        if left_out:
            notes.append(self.words("sheet.note_left_out", count=left_out))
        for note in notes:
            sheet.write_string(next(rows), 1, note, self.wrapped)
        next(rows)
        row = next(rows)
        for position, heading in enumerate(("label.column", "label.meaning", "label.from")):
            sheet.write_string(row, position, self.words(heading), self.header)
        described = self.found.described()
        for column in COLUMNS:
            row = next(rows)
            sheet.write_string(row, 0, self.words(f"column.{column.name}"), self.bold)
            sheet.write_string(row, 1, meaning(self.words, column, described), self.wrapped)
            sheet.write_string(row, 2, column.about or self.words("label.computed"), self.text)

    def _origin(self) -> list[tuple[str, str]]:
        """What the workbook was made from."""
        source, words = self.found.source, self.words
        return [
            (words("label.publication"), f"{source.version}"),
            (words("label.published_at"), source.clock(source.published_at)),
            (words("label.run"), source.run_id or "–"),
            (words("label.as_of"), source.clock(source.as_of_at)),
            (words("label.commit"), words("label.commits", ledger=source.commit_id, marts=source.marts_commit_id)),
            (words("label.newest"), source.clock(source.newest_occurred_at)),
            (words("label.lines"), words.number(self.found.lines)),
        ]

    def _nothing(self) -> str:
        """Why there is no line."""
        return self.words("order.none" if self.found.source.run_id else "order.no_plan")

    def _sheet(self, name: str, headings: list[str], widths: list[int]) -> Any:
        """A new sheet with its header."""
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        for position, width in enumerate(widths):
            sheet.set_column(position, position, width)
        sheet.set_row(0, 42)
        for position, heading in enumerate(headings):
            sheet.write_string(0, position, heading, self.header)
        return sheet


def word(words: Words, column: str, code: str) -> str:
    """A code in words: `economic+multiple` part by part; the code itself where the catalogue has none."""
    return " + ".join(words.known(f"{column}.{part}") or part for part in code.split("+"))


def meaning(words: Words, column: Column, described: dict[str, str]) -> str:
    """What a column says: in English what the published file says of it, where it does."""
    said = described.get(column.about) if words.language == "en" else None
    return said or words(f"about.{column.name}")
