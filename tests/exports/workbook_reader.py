"""Reading a workbook as any spreadsheet does: its zip and its XML, nothing of the writer's."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as Xml

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclasses.dataclass
class Cell:
    """A cell: its value as text, its XML type (`s`, `inlineStr`, `n`), the code of its number format."""

    value: str
    kind: str
    number_format: str


@dataclasses.dataclass
class Sheet:
    """A sheet: its cells by reference (`A1`), and its XML."""

    cells: dict[str, Cell]
    xml: str

    def row(self, number: int) -> list[str]:
        """The values of a row's cells, from left to right."""
        found = {ref: cell for ref, cell in self.cells.items() if re.fullmatch(rf"[A-Z]+{number}", ref)}
        return [found[ref].value for ref in sorted(found, key=lambda ref: (len(ref), ref))]

    def column(self, heading: str) -> str:
        """The letters of the column with this heading."""
        [letters] = [
            ref.rstrip("0123456789")
            for ref, cell in self.cells.items()
            if cell.value == heading and ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "1"
        ]
        return letters

    def values(self, heading: str) -> list[str]:
        """What stands under a heading, from above to below."""
        letters = self.column(heading)
        found = {int(ref.removeprefix(letters)): cell.value for ref, cell in self.cells.items() if re.fullmatch(rf"{letters}\d+", ref)}
        return [value for number, value in sorted(found.items()) if number > 1]


def read_workbook(path: Path) -> dict[str, Sheet]:
    """The sheets of a workbook by name, in order."""
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        strings = (
            ["".join(text.itertext()) for text in _xml(file, "xl/sharedStrings.xml").findall(f"{_MAIN}si")]
            if "xl/sharedStrings.xml" in file.namelist()
            else []
        )
        styles = _xml(file, "xl/styles.xml")
        codes = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter(f"{_MAIN}numFmt")}
        formats = [codes.get(one.get("numFmtId"), one.get("numFmtId", "")) for one in styles.find(f"{_MAIN}cellXfs") or []]
        targets = {one.get("Id"): one.get("Target") for one in _xml(file, "xl/_rels/workbook.xml.rels")}
        named = {one.get("name", ""): targets[one.get(_RELATION)] for one in _xml(file, "xl/workbook.xml").iter(f"{_MAIN}sheet")}
        return {name: _sheet(file.read(f"xl/{target}").decode(), strings, formats) for name, target in named.items()}


def all_xml(path: Path) -> str:
    """Every part of a workbook, one after the other."""
    with zipfile.ZipFile(path) as file:
        return "\n".join(file.read(name).decode() for name in file.namelist())


def _xml(file: zipfile.ZipFile, name: str) -> Xml.Element:
    return Xml.fromstring(file.read(name))


def _sheet(xml: str, strings: list[str], formats: list[str]) -> Sheet:
    cells = {}
    for cell in Xml.fromstring(xml).iter(f"{_MAIN}c"):
        kind = cell.get("t", "n")
        text = "".join(cell.itertext())
        if text:
            shown = strings[int(text)] if kind == "s" else format(Decimal(text).normalize(), "f") if kind == "n" else text
            cells[cell.get("r", "")] = Cell(shown, kind, formats[int(cell.get("s", "0"))])
    return Sheet(cells, xml)
