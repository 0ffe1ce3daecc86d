"""A mapping reads what people have: spreadsheet numbers and days, tickets without line numbers, several entities in one file."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from feeds.landed import Landed, land, land_file
from feeds.mapped import COLUMNS, FILE, ROW, VALUES, land_mapped, mapping, mapping_text, put, table
from pipelines.feeds.mapping.dates import to_iso
from pipelines.feeds.mapping.spec import mapping_of
from pipelines.settings import Settings

TILL = 'delimiter = ";"'
PARIS = 'time_zone = "Europe/Paris"'
TICKETS = """\
event_kind = { value = "sale" }
location_code = "shop"
document_id = "ticket"
document_line = { number_within = "document_id" }
occurred_at = { column = "date", format = "%Y-%m-%d %H:%M:%S" }
item_code = "sku"
quantity = "qty"
"""
HEAD = "shop;ticket;date;sku;qty"


def tickets(tmp_path: Path, *rows: str, **more: Any) -> Landed:
    """A till without line numbers."""
    return land_mapped(tmp_path, table(*rows, header=HEAD), file=TILL, values=PARIS, columns=TICKETS, **more)


def lines(landed: Landed) -> list[tuple[str, str, str, float]]:
    """Place, ticket, line and units of each event, as they came."""
    events = landed.events().sort("source_line")
    return [(*row[:3], float(row[3])) for row in events.select("location_code", "document_id", "document_line", "quantity").rows()]


# ---- lines without numbers -------------------------------------------------------------------------------------


def test_lines_without_a_number_are_numbered_within_their_ticket_and_two_that_say_the_same_are_two(tmp_path: Path) -> None:
    landed = tickets(
        tmp_path, "PAR;T1;2026-03-02 10:00:00;MUG;1", "PAR;T1;2026-03-02 10:00:00;MUG;1", "PAR;T2;2026-03-02 10:01:00;MUG;1",
        "PAR;T1;2026-03-02 10:00:00;TEA;2",
    )  # fmt: skip
    assert lines(landed) == [("PAR", "T1", "1", 1), ("PAR", "T1", "2", 1), ("PAR", "T2", "1", 1), ("PAR", "T1", "3", 2)]
    assert landed.events().select("key_hi", "key_lo").n_unique() == 4


def test_a_ticket_number_of_another_shop_or_day_is_another_ticket(tmp_path: Path) -> None:
    landed = tickets(
        tmp_path, "PAR;T1;2026-03-02 10:00:00;MUG;1", "LYS;T1;2026-03-02 10:00:00;MUG;1", "PAR;T1;2026-03-03 10:00:00;MUG;1",
        "PAR;T1;2026-03-03 10:00:00;TEA;1",
    )  # fmt: skip
    assert [line for _, _, line, _ in lines(landed)] == ["1", "1", "1", "2"]


@pytest.mark.parametrize("unit_bytes", [64, 200, 8 << 20])
@pytest.mark.parametrize("is_packed", [False, True])
def test_numbers_hold_over_other_files_and_any_cut_into_ranges(unit_bytes: int, is_packed: bool, tmp_path: Path) -> None:
    rows = [f"PAR;T{number // 3};2026-03-02 10:00:00;MUG;1" for number in range(60)]
    rows += [f"PAR;T{number % 20};2026-03-02 10:00:00;TEA;2" for number in range(40)]  # the tickets' other lines, far behind
    content = table(*rows, header=HEAD).encode()
    uri = "pos/till/day.csv.gz" if is_packed else "pos/till/day.csv"
    whole = land_mapped(tmp_path / "1", gzip.compress(content, mtime=0) if is_packed else content, uri=uri, unit_bytes=unit_bytes,
                        file=TILL, values=PARIS, columns=TICKETS)  # fmt: skip
    found = lines(whole)
    assert [line for _, ticket, line, _ in found if ticket == "T7"] == ["1", "2", "3", "4", "5"]
    among_others = ["PAR;X9;2026-03-02 09:00:00;MUG;1", *[row for row in rows if ";T7;" in row or ";T8;" in row]]
    again = tickets(tmp_path / "2", *among_others)
    keys = set(whole.events().select("key_hi", "key_lo", "payload_hash").rows())
    assert sum(row in keys for row in again.events().select("key_hi", "key_lo", "payload_hash").rows()) == len(among_others) - 1


def test_a_line_that_is_refused_keeps_its_number_and_one_that_is_left_out_has_none(tmp_path: Path) -> None:
    landed = tickets(
        tmp_path, "PAR;T1;2026-03-02 10:00:00;MUG;x", "PAR;T1;2026-03-02 10:00:00;PAY;9", "PAR;T1;2026-03-02 10:00:00;TEA;1",
        rest='[leave_out]\nwhere = { sku = ["PAY"] }',
    )  # fmt: skip
    assert lines(landed) == [("PAR", "T1", "2", 1)]
    assert landed.rejects()["reason_code"].to_list() == ["bad_number"]


def test_an_events_own_number_can_be_its_document_and_line(tmp_path: Path) -> None:
    columns = """\
event_kind = { value = "receipt" }
location_code = { value = "DC" }
document_id = "slip"
source_event_id = { number_within = "document_id" }
occurred_at = { column = "date", format = "%Y-%m-%d", time = "12:00" }
item_code = "sku"
quantity = "qty"
"""
    content = table("R1;2026-03-02;MUG;1", "R1;2026-03-02;MUG;1", header="slip;date;sku;qty")
    landed = land_mapped(tmp_path, content, uri="wms/dc/day.csv", feed="wms", file=TILL, values=PARIS, columns=columns)
    assert landed.events()["source_event_id"].to_list() == ["R1/1", "R1/2"]


# ---- numbers ---------------------------------------------------------------------------------------------------


def quantities(tmp_path: Path, said: str, *texts: str) -> tuple[list[float], list[tuple[int, str]]]:
    """Quantities read with `said` as the source of the quantity, and what was refused."""
    rows = [f"PAR;T{number};2026-03-02 10:00:00;MUG;{text}" for number, text in enumerate(texts)]
    landed = tickets(tmp_path, *rows) if not said else land_mapped(
        tmp_path, table(*rows, header=HEAD), file=TILL, values=PARIS, columns=TICKETS.replace('quantity = "qty"', f"quantity = {said}")
    )  # fmt: skip
    refused = landed.rejects().sort("line_no")
    events = landed.events()
    return ([float(one) for one in events["quantity"]] if events.height else []), refused.select("line_no", "reason_code").rows()


DUST = ("49.9999999999999", "6.552705477124141", "2", "1.00005", "1E-05", "1.2E+02")


def test_numbers_are_rounded_where_the_mapping_says_so_and_nowhere_else(tmp_path: Path) -> None:
    assert quantities(tmp_path / "1", "", *DUST) == (
        [2.0],
        [(2, "too_many_decimals"), (3, "too_many_decimals"), (5, "too_many_decimals"), (6, "bad_number"), (7, "bad_number")],
    )
    found, refused = quantities(tmp_path / "2", '{ column = "qty", round = 4 }', *DUST)
    assert (found, refused) == ([50.0, 6.5527, 2.0, 1.0001, 120.0], [(6, "quantity_not_positive")])
    assert quantities(tmp_path / "3", '{ column = "qty", round = 0 }', "2.5", "1.4999")[0] == [3.0, 1.0]


def test_a_reason_for_too_many_decimals_names_the_remedy(tmp_path: Path) -> None:
    landed = tickets(tmp_path, "PAR;T1;2026-03-02 10:00:00;MUG;1.00005")
    assert "round = 4 in a mapping" in landed.rejects()["reason"][0]


def test_a_mapping_rounds_all_its_numbers_or_one(tmp_path: Path) -> None:
    row = "VTE;PAR;A;1;02/03/2026;18:02;ART-MUG;2,00000001;9,90001;EUR"
    landed = land_mapped(tmp_path, table(row), values=VALUES + "\nround = 2")
    assert [float(one) for one in landed.events().select("quantity", "unit_price_amount").row(0)] == [2.0, 9.9]
    both = mapping(values=VALUES + "\nround = 2", columns=COLUMNS.replace('"Prix"', '{ column = "Prix", round = 4 }'))
    assert {field: source.decimals for field, source in both.columns if source.decimals is not None} == {
        "quantity": 2,
        "unit_price_amount": 4,
    }
    assert mapping_of(both.to_text()) == both


@pytest.mark.parametrize(
    ("uri", "content", "amounts"),
    [
        ("items.csv", "item_code,unit_cost_amount,unit_price_amount,currency_code\nA1,28.76326,,EUR\nA2,22.9777,49.99999,EUR\n",
         [(28.7633, None), (22.9777, 50.0)]),
        ("items.jsonl", '{"item_code":"A1","unit_cost_amount":28.76326,"unit_price_amount":"1.00004","currency_code":"EUR","x":"y"}\n', [(28.7633, 1.0)]),
        ("terms.csv", "supplier_code,item_code,location_code,unit_cost_amount,order_cost_amount,currency_code\nS,A1,*,0.123456789,10.00001,EUR\n",
         [(0.1235, 10.0)]),
    ],
)  # fmt: skip
def test_nothing_of_reference_is_lost_for_the_fifth_decimal_of_an_amount(
    uri: str, content: str, amounts: list[tuple[float | None, ...]], tmp_path: Path
) -> None:
    landed = land_file(tmp_path, f"reference/{uri}", content)
    assert landed.rejects().height == 0
    names = [name for name in landed.events().columns if name.endswith("_amount")]
    assert [tuple(one if one is None else float(one) for one in row) for row in landed.events().select(names).rows()] == amounts
    assert "unit_cost_amount" in landed.events()["extra"].drop_nulls()[0]  # as it was written


# ---- days of a spreadsheet -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "formats", "clock", "read"),
    [
        ("43960", ("%Y-%m-%d", "excel"), "12:00:00", "2020-05-09T12:00:00"),
        ("2020-05-10", ("%Y-%m-%d", "excel"), "12:00:00", "2020-05-10T12:00:00"),
        ("43960", ("excel",), None, "2020-05-09T00:00:00"),
        ("43960.75", ("excel",), "12:00:00", "2020-05-09T18:00:00"),
        ("43960,7513888889", ("excel",), None, "2020-05-09T18:02:00"),
        ("36526", ("excel",), None, "2000-01-01T00:00:00"),
        ("60", ("excel",), None, None),
        ("0", ("excel",), None, None),
        ("-1", ("excel",), None, None),
        ("3000000", ("excel",), None, None),
        ("1772445600", ("unix",), None, "2026-03-02T10:00:00Z"),
        ("1772445600500", ("unix", "unix_ms"), None, "2026-03-02T10:00:00.500Z"),
        ("1772445600", ("unix_ms",), None, None),
        ("20260302", ("unix",), None, None),
        ("n/a", ("%Y-%m-%d", "excel"), "12:00:00", None),
    ],
)  # fmt: skip
def test_days_of_a_spreadsheet_are_read_where_the_mapping_says_so(
    written: str, formats: tuple[str, ...], clock: str | None, read: str | None
) -> None:
    import polars as pl

    found, bad = to_iso(pl.Series([written]), formats, clock, None, is_day=False)
    assert (found[0], bad[0]) == (read, read is None)


def test_a_till_that_mixes_written_days_and_numbers_is_read_whole(tmp_path: Path) -> None:
    columns = TICKETS.replace('format = "%Y-%m-%d %H:%M:%S"', 'format = ["%Y-%m-%d", "excel"], time = "12:00"')
    content = table("PAR;T1;43960;MUG;1", "PAR;T2;2020-05-10;MUG;1", header=HEAD)
    landed = land_mapped(tmp_path, content, file=TILL, values=PARIS, columns=columns)
    assert landed.rejects().height == 0
    assert [str(one) for one in landed.events()["occurred_at"]] == ["2020-05-09 10:00:00", "2020-05-10 10:00:00"]


# ---- last lines ------------------------------------------------------------------------------------------------

OPEN = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity\n" + "\n".join(
    f"sale,PAR,T1,{number},2026-03-02T10:00:00+01:00,MUG,{number}" for number in (1, 2)
)


def test_a_last_line_without_an_end_counts_once_somebody_says_that_it_is_whole(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "pos/till.csv", OPEN)
    (reason,) = landed.rejects()["reason"]
    assert "--last-line whole" in reason and 'last_line = "whole"' in reason
    put(tmp_path / "landing", "pos/closed.csv", OPEN.encode() + b"\n")
    said = land(tmp_path / "home", tmp_path / "landing", last_line="whole")
    assert [(one.source_uri, one.reading) for one in said.deliveries if one.reading] == [("pos/till.csv", "last-line:whole")]
    assert sorted(one.rows_parsed for one in said.manifests if one.source_uri == "pos/till.csv") == [1, 2]
    assert len(said.deliveries) == 3
    later = land(tmp_path / "home", tmp_path / "landing")  # a file that was once read so stays so
    assert len(later.deliveries) == 3


def test_the_setting_is_one_of_two_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSTOCK_LAST_LINE", "whole")
    assert Settings().last_line == "whole"


# ---- several entities ------------------------------------------------------------------------------------------

ARTICLES = """\
feed = "reference"
files = { "articles*.csv" = ["items", "suppliers", "terms"] }
[file]
delimiter = ";"
encoding = "cp1252"
[values]
decimal = ","
round = 4
[leave_out.terms]
where = { "Fournisseur" = [""] }
[leave_out.suppliers]
where = { "Fournisseur" = [""] }
[columns.items]
item_code = "Réf"
item_name = "Désignation"
unit_cost_amount = "PA"
currency_code = { value = "EUR" }
[columns.suppliers]
supplier_code = "Fournisseur"
[columns.terms]
supplier_code = "Fournisseur"
item_code = "Réf"
location_code = { value = "*" }
lead_time_days = "Délai"
"""


def test_one_file_can_hold_several_entities_each_a_delivery_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    put(root, "reference/erp/mapping.toml", ARTICLES.encode())
    put(root, "reference/erp/articles 2026.csv", "Réf;Désignation;PA;Fournisseur;Délai\nMUG;Tasse;3,123456;ACME;5\nTEA;Thé;2,5;;\n")
    landed = land(tmp_path / "home", root)
    assert {one.entity: (one.rows_in, one.left_out) for one in landed.deliveries} == {"items": (2, 0), "suppliers": (1, 1), "terms": (1, 1)}
    assert landed.rejects().height == 0
    assert {one.source_uri for one in landed.deliveries} == {"reference/erp/articles 2026.csv"}
    again = land(tmp_path / "home", root)
    assert len(again.deliveries) == 3
    put(root, "reference/erp/articles 2026.csv", "Réf;Désignation;PA;Fournisseur;Délai\nMUG;Tasse;4;ACME;5\n")
    assert len(land(tmp_path / "home", root).deliveries) == 6


def test_an_entity_without_columns_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    from pipelines.errors import UserError
    from pipelines.feeds.mapping.check import load_mapping

    with pytest.raises(UserError, match="columns for this entity"):
        load_mapping(ARTICLES.replace('"terms"]', '"channels"]').encode(), "mapping.toml", "reference", "items")
    with pytest.raises(UserError, match="only files of reference"):
        load_mapping(mapping_text(top='files = { "a*" = ["items"] }').encode(), "mapping.toml", "pos")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (COLUMNS.replace('"Ligne"', '{ number_within = "register_no" }'), r"number_within 'register_no': a field that has a column of its own"),
        (COLUMNS.replace('item_code = { column = "Article", strip_prefix = "ART-" }', 'item_code = { number_within = "document_id" }'), "only document_line"),
        (COLUMNS.replace('"Qté"', '{ column = "Qté", round = 5 }'), r"quantity\.round 5: a number of decimals, 0 to 4"),
        (COLUMNS.replace('"Magasin"', '{ column = "Magasin", round = 2 }'), r"location_code\.round 2: location_code is not a number"),
        (COLUMNS.replace('"Magasin"', '{ first_of = ["Magasin"] }'), "a list of two or more columns"),
    ],
)  # fmt: skip
def test_what_a_new_key_cannot_mean_is_told(columns: str, told: str) -> None:
    from pipelines.errors import UserError

    with pytest.raises(UserError, match=told):
        mapping(columns=columns)


def test_of_several_columns_the_first_that_has_something_counts(tmp_path: Path) -> None:
    columns = COLUMNS.replace(
        'location_code = "Magasin"',
        'location_code = { first_of = [{ column = "Magasin", empty = ["0", "-"] }, { column = "Ticket", map = { B = "LYS" }, add_prefix = "S-" }] }',
    )
    rows = [ROW.format("A"), ROW.format("B").replace("PAR", "0"), ROW.format("C").replace("PAR", "-")]
    landed = land_mapped(tmp_path, table(*rows), columns=columns, file=FILE)
    assert landed.events()["location_code"].to_list() == ["PAR", "S-LYS"]
    assert landed.rejects()["reason_code"].to_list() == ["unknown_value"]  # of the third alone: the first needed no second column


# ---- rows that end in a delimiter ------------------------------------------------------------------------------


def _landed_beside(folder: Path, content: str, mapping: str) -> Landed:
    put(folder / "landing", "pos/till/day.csv", content)
    put(folder / "landing", "pos/till/mapping.toml", mapping.encode())
    return land(folder / "home", folder / "landing")


@pytest.mark.parametrize(
    ("row", "is_read"), [("P;T1;A;1;", True), ("P;T1;A;1; ;", True), ("P;T1;A;1", True), ("P;T1;A;1;x", False), ("P;T1;A", False)]
)
def test_a_row_may_end_in_delimiters_where_the_mapping_says_so(row: str, is_read: bool, tmp_path: Path) -> None:
    said = """feed = "pos"
[file]
delimiter = ";"
row_end = "delimiter"
[columns]
location_code = "shop"
document_id = "ticket"
document_line = { value = "1" }
occurred_at = { value = "2026-03-02T10:00:00Z" }
item_code = "item"
quantity = "qty"
event_kind = { value = "sale" }
"""
    content = f"shop;ticket;item;qty\n{row}\n"
    landed = _landed_beside(tmp_path / "1", content, said)
    assert (landed.events().height, landed.rejects().height) == ((1, 0) if is_read else (0, 1))
    strict = _landed_beside(tmp_path / "2", content, said.replace('row_end = "delimiter"\n', ""))
    assert strict.events().height == (row.count(";") == 3)
