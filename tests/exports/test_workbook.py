"""The workbook that planners get: read back from its XML."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from pipelines.exports.proposals import COLUMNS
from pipelines.exports.sheets import sheet_names
from pipelines.exports.write import export_proposals
from pipelines.words.words import Words
from tests.exports.workbook_reader import Sheet, all_xml, read_workbook
from tests.worlds.published_home import PublishedHome

DANGEROUS = [
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\uff1d1+1",
    "'=1",
    "http://evil.example/",
    "00123",
]


def exported(home: PublishedHome, language: str = "en") -> dict[str, Sheet]:
    workbook, _ = export_proposals(home.home, language=language)
    return read_workbook(workbook)


def two_suppliers(folder: Path) -> PublishedHome:
    home = PublishedHome(folder).planned().supplier(1, "S-TEA", "Tea and more").supplier(2, "S-CUP", "Cups")
    home.item(1, "TEE", "T-shirt").item(2, "MUG", "Mug", sellable=3).item(3, "TEA", "Tea", sellable=4)
    return home.order(1, 1, 12).order(2, 2, 24, cover=3).order(3, 1, 6, cover=4)


def test_all_orders_stand_on_the_first_sheet_the_most_urgent_first_and_each_supplier_has_one(tmp_path: Path) -> None:
    sheets = exported(two_suppliers(tmp_path))
    assert list(sheets) == ["Orders", "Suppliers", "How to read", "S-CUP", "S-TEA"]
    assert sheets["Orders"].values("Item") == ["TEE", "MUG", "TEA"]
    assert sheets["Orders"].values("Urgency") == ["Nothing free", "Runs out before delivery", "To order"]
    assert sheets["S-TEA"].values("Item") == ["TEE", "TEA", "Total"]
    assert sheets["S-TEA"].values("To order") == ["12", "6", "18"]
    assert sheets["S-TEA"].values("Order value") == ["30", "15", "45"]
    assert sheets["Suppliers"].row(2) == ["S-CUP", "Cups", "1", "24", "60", "EUR", "46090", "46094"]


def test_numbers_are_numbers_days_are_days_and_codes_are_texts(tmp_path: Path) -> None:
    sheet = exported(two_suppliers(tmp_path))["Orders"]

    def cell(heading: str) -> tuple[str, str, str]:
        found = sheet.cells[f"{sheet.column(heading)}2"]
        return found.value, found.kind, found.number_format

    assert cell("To order") == ("12", "n", "#,##0")
    assert cell("Unit cost") == ("2.5", "n", "#,##0.00##")
    assert cell("Order value") == ("30", "n", "#,##0.00")
    assert cell("Days of free stock left") == ("0", "n", "#,##0.0")
    day, kind, number_format = cell("Expected on")
    assert (dt.date(1899, 12, 30) + dt.timedelta(days=int(day)), kind, number_format) == (dt.date(2026, 3, 13), "n", "yyyy-mm-dd")
    assert cell("GTIN") == ("00012345600012", "s", "0")
    assert cell("Item")[1] == "s"


def test_the_header_and_the_first_columns_stay_and_every_column_can_be_filtered(tmp_path: Path) -> None:
    xml = exported(two_suppliers(tmp_path))["Orders"].xml
    assert re.search(r'<pane xSplit="3" ySplit="1" topLeftCell="D2"[^>]*state="frozen"', xml)
    assert f'<autoFilter ref="A1:{_letters(len(COLUMNS))}4"' in xml
    assert xml.count("<cfRule ") == 3  # one colour an urgency
    assert '<dataValidation type="whole" operator="greaterThanOrEqual"' in xml


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula_or_a_link(text: str, tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned().supplier(1, text, text).item(1, text, text).order(1, 1, why=text)
    workbook, _ = export_proposals(home.home)
    sheets = read_workbook(workbook)
    assert sheets["Orders"].values("Name") == [text.replace("\t", "_x0009_").replace("\r", "_x000D_")] or sheets["Orders"].values(
        "Name"
    ) == [text]
    xml = all_xml(workbook)
    assert not re.search(r"<f[ >]", xml)
    assert "hyperlink r:id" not in xml  # only ways within the workbook
    assert "TargetMode" not in xml


def test_suppliers_with_awkward_codes_get_sheets_that_a_spreadsheet_takes() -> None:
    codes = ["A/B:C*D?[E]\\F", "a b c d  e f", "'quoted'", "History", "Orders", "x" * 40, "X" * 31, "", "\x07bell", "Épicerie & Cie"]
    names = list(sheet_names(codes, ["Orders", "Suppliers", "How to read"]))
    assert len({name.casefold() for name in names}) == len(codes)
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\\x00-\x1f]", name) and name.strip("'") == name for name in names)
    assert not {"history", "orders"} & {name.casefold() for name in names}


def test_a_workbook_with_awkward_suppliers_has_their_lines(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned().item(1, "TEE", "T-shirt").item(2, "MUG", "Mug")
    home.supplier(1, "A/B", "One").supplier(2, "a b", "Two").order(1, 1).order(2, 2)
    sheets = exported(home)
    assert list(sheets)[3:] == ["A B", "a b (2)"]
    assert sheets["A B"].values("Item") == ["TEE", "Total"]


def test_the_reading_sheet_explains_every_column_in_the_words_of_the_published_file(tmp_path: Path) -> None:
    home = two_suppliers(tmp_path).describe("plan.reorder_proposals.order_units", "Proposed quantity, as published.")
    reading = exported(home)["How to read"]
    texts = {cell.value for cell in reading.cells.values()}
    words = Words("en")
    assert {words(f"column.{column.name}") for column in COLUMNS} <= texts
    assert "Proposed quantity, as published." in texts
    assert {"7", "R1", "2026-03-09 07:00 Europe/Paris", "commit 5; the marts rest on commit 4"} <= texts


def test_several_currencies_are_never_added_up(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned().supplier(1, "S", "S").item(1, "TEE", "T-shirt").item(2, "MUG", "Mug")
    home.order(1, 1, 10).order(2, 1, 10, currency_code="USD", unit_cost_amount="1")
    sheet = exported(home)["S"]
    assert sheet.values("Order value") == ["25", "10", "25", "10"]
    assert sheet.values("Currency") == ["EUR", "USD", "EUR", "USD"]


def test_an_unknown_cost_is_an_empty_cell_and_leaves_the_total_unknown(tmp_path: Path) -> None:
    home = (
        PublishedHome(tmp_path)
        .planned()
        .supplier(1, "S", "S")
        .item(1, "TEE", "T-shirt")
        .order(1, 1, unit_cost_amount=None, currency_code=None)
    )
    sheet = exported(home)["S"]
    assert sheet.values("Order value") == []
    assert sheet.values("To order") == ["12", "12"]


def test_french_headings_and_file_name(tmp_path: Path) -> None:
    home = two_suppliers(tmp_path)
    workbook, _ = export_proposals(home.home, language="fr")
    assert workbook.name == "reorder_proposals.fr.xlsx"
    sheets = read_workbook(workbook)
    assert list(sheets)[:3] == ["Commandes", "Fournisseurs", "Mode d’emploi"]
    assert sheets["Commandes"].values("Urgence") == ["Plus rien de disponible", "Rupture avant livraison", "À commander"]
    assert sheets["Commandes"].values("Origine de la quantité")[0] == "quantité économique + multiple"


@pytest.mark.parametrize(("is_planned", "said"), [(True, "Nothing to order"), (False, "There is no plan yet")])
def test_a_workbook_without_a_line_says_why(is_planned: bool, said: str, tmp_path: Path) -> None:
    home = PublishedHome(tmp_path)
    sheets = exported(home.planned() if is_planned else home)
    assert list(sheets) == ["Orders", "Suppliers", "How to read"]
    assert all(any(cell.value.startswith(said) for cell in sheet.cells.values()) for sheet in sheets.values())


def test_many_lines_go_to_the_disk_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.exports.sheets.LARGE", 1)
    sheets = exported(two_suppliers(tmp_path))
    assert sheets["Orders"].values("Item") == ["TEE", "MUG", "TEA"]
    assert sheets["S-TEA"].values("Item") == ["TEE", "TEA", "Total"]


def test_more_suppliers_than_sheets_are_said_not_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.exports.sheets.MOST_SUPPLIER_SHEETS", 1)
    sheets = exported(two_suppliers(tmp_path))
    assert list(sheets) == ["Orders", "Suppliers", "How to read", "S-CUP"]
    assert len(sheets["Orders"].values("Item")) == 3
    assert any(cell.value.startswith("1 more supplier has") for cell in sheets["How to read"].cells.values())


def _letters(number: int) -> str:
    """The letters of a column by its number from 1."""
    return ("" if number <= 26 else _letters((number - 1) // 26)) + chr(ord("A") + (number - 1) % 26)
