"""What a mapping makes of values: numbers, times, kinds, codes; what is ambiguous is refused."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from feeds.landed import land_file
from feeds.mapped import COLUMNS, FILE, HEADER, ROW, VALUES, land_mapped, table
from pipelines.feeds.mapping.dates import offsets, to_iso
from pipelines.feeds.mapping.numbers import to_plain


@pytest.mark.parametrize(
    ("decimal", "thousands", "good", "bad"),
    [
        (",", (), {"1,5": "1.5", "1234": "1234", "-3,0": "-3.0", "+2": "+2"}, ["1.234", "1.5", "1 234", "1,2,3", ",5", "5,", "1e3", "--1"]),
        (",", (".",), {"1.234": "1234", "1.234.567,89": "1234567.89", "-1.000": "-1000"}, ["1.23", "0.123", "1234.567", "1.2345", ".123"]),
        (",", (" ", "\u00a0", "\u202f"), {"1 234,5": "1234.5", "1\u00a0234": "1234", "12\u202f345\u202f678": "12345678"}, ["1 23", "1 234\u00a0567", "1\u2009234"]),
        (".", (",",), {"1,234.50": "1234.50", "12": "12"}, ["1,23", "1.234,5"]),
        (".", ("'",), {"1'234.50": "1234.50"}, ["1'2"]),
        (".", (), {"1.234": "1.234"}, ["1,234"]),
    ],
)  # fmt: skip
def test_a_number_is_read_as_stated_or_not_at_all(decimal: str, thousands: tuple[str, ...], good: dict[str, str], bad: list[str]) -> None:
    read, is_bad = to_plain(pl.Series([*good, *bad]), decimal, thousands)
    assert read.to_list() == [*good.values(), *[None] * len(bad)]
    assert is_bad.to_list() == [False] * len(good) + [True] * len(bad)


@settings(max_examples=200, deadline=None)
@given(
    st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False),
    st.sampled_from([(",", "."), (",", " "), (",", "\u202f"), (".", ","), (".", "'")]),
)
def test_what_is_written_in_a_form_is_read_back_exactly(number: Decimal, form: tuple[str, str]) -> None:
    decimal, mark = form
    written = f"{number:,.4f}".replace(",", "\0").replace(".", decimal).replace("\0", mark)
    read, bad = to_plain(pl.Series([written]), decimal, (mark,))
    assert not bad.any() and Decimal(read[0]) == number


@pytest.mark.parametrize("name", ["*", "^.*$", "~", "$1", "é*"])
@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_column_is_called_as_it_is_written_whatever_that_is(name: str, is_quoted: bool, tmp_path: Path) -> None:
    row = ROW.format('"A"' if is_quoted else "A")
    events = land_mapped(tmp_path, table(f"{row};x", header=f"{HEADER};{name}")).events()
    assert [json.loads(extra) for extra in events["extra"]] == [{name: "x"}]


def test_a_number_never_passes_a_float(tmp_path: Path) -> None:
    row = ROW.format("A").replace(";2;9,90;", ";2;1234567890,1234;")
    assert land_mapped(tmp_path, table(row)).events()["unit_price_amount"].to_list() == [Decimal("1234567890.1234")]


def test_times_are_local_in_the_stated_zone(tmp_path: Path) -> None:
    rows = [ROW.format(day[:2]).replace("02/03/2026;18:02", day) for day in ("28/03/2026;23:00", "29/03/2026;02:30", "25/10/2025;02:30")]
    events = land_mapped(tmp_path, table(*rows)).events()
    assert events["occurred_at"].to_list() == [datetime(2026, 3, 28, 22), datetime(2026, 3, 29, 1, 30), datetime(2025, 10, 25, 0, 30)]
    assert events["occurred_offset_minutes"].to_list() == [60, 60, 120]


def test_of_an_hour_that_comes_twice_the_first_is_taken_as_the_owner_does() -> None:
    local = pl.Series([datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), None])
    assert offsets(local, "Europe/Paris").to_list() == ["+02:00", "+01:00", None]


def test_without_a_zone_a_time_stays_as_written(tmp_path: Path) -> None:
    events = land_mapped(tmp_path, table(ROW.format("A")), values='decimal = ","\ndatetime = "%d/%m/%Y %H:%M"').events()
    assert events["occurred_at"].to_list() == [datetime(2026, 3, 2, 18, 2)]
    assert "occurred_offset_minutes" not in events.columns


def test_iso_times_without_an_offset_get_the_stated_zone() -> None:
    read, bad = to_iso(pl.Series(["2026-07-02T10:00", "2026-07-02 10:00:00Z", "02/07/2026"]), ("iso",), None, "Europe/Paris", is_day=False)
    assert read.to_list() == ["2026-07-02T10:00+02:00", "2026-07-02 10:00:00Z", "02/07/2026"]
    assert not bad.any()  # the feed refuses the last one


def test_a_date_that_two_formats_read_differently_is_refused() -> None:
    texts = pl.Series(["02/03/2026", "25/03/2026", "03/03/2026", "03/25/2026", "31/02/2026", "2026-03-02"])
    read, bad = to_iso(texts, ("%d/%m/%Y", "%m/%d/%Y", "iso"), None, None, is_day=True)
    assert read.to_list() == [None, "2026-03-25", "2026-03-03", "2026-03-25", None, "2026-03-02"]
    assert bad.to_list() == [True, False, False, False, True, False]


def test_twelve_hours_two_digit_years_and_fractions_are_read() -> None:
    for text, form, iso in (
        ("3/2/26 01:05 PM", "%d/%m/%y %I:%M %p", "2026-02-03T13:05:00"),
        ("20260302180511", "%Y%m%d%H%M%S", "2026-03-02T18:05:11"),
        ("02.03.2026 18:05:11.250", "%d.%m.%Y %H:%M:%S.%f", "2026-03-02T18:05:11.250"),
        ("2-Mar-2026 08:00", "%d-%b-%Y %H:%M", "2026-03-02T08:00:00"),
    ):
        assert to_iso(pl.Series([text]), (form,), None, None, is_day=False)[0].to_list() == [iso]


def test_a_day_alone_gets_the_time_that_the_mapping_says(tmp_path: Path) -> None:
    columns = COLUMNS.replace('{ columns = ["Date", "Heure"] }', '{ column = "Date", format = "%d/%m/%Y", time = "12:00" }')
    assert land_mapped(tmp_path, table(ROW.format("A")), columns=columns).events()["occurred_at"].to_list() == [datetime(2026, 3, 2, 11)]


def test_a_negative_quantity_turns_the_kind_and_loses_its_sign(tmp_path: Path) -> None:
    rows = [ROW.format(name).replace("VTE", kind).replace(";2;", f";{quantity};") for name, kind, quantity in
            (("A", "VTE", "-2"), ("B", "VTE", "3"), ("C", "RET", "-1"), ("D", "RET", "4"))]  # fmt: skip
    landed = land_mapped(tmp_path, table(*rows), rest='[negative_quantity]\nsale = "return"')
    assert landed.events().select("document_id", "event_kind", "quantity").rows() == [
        ("A", "return", Decimal(2)), ("B", "sale", Decimal(3)), ("D", "return", Decimal(4)),
    ]  # fmt: skip
    assert landed.rejects()["reason_code"].to_list() == ["quantity_not_positive"]


def test_a_value_that_the_map_does_not_name_is_refused_or_kept_as_said(tmp_path: Path) -> None:
    rows = [ROW.format("A"), ROW.format("B").replace("VTE", "XXX"), ROW.format("C").replace("PAR", "75")]
    columns = COLUMNS.replace('"Magasin"', '{ column = "Magasin", map = { "75" = "PAR" }, others = "keep" }')
    landed = land_mapped(tmp_path, table(*rows), columns=columns)
    assert landed.events()["location_code"].to_list() == ["PAR", "PAR"]
    assert landed.rejects().select("line_no", "reason_code", "reason").rows() == [
        (3, "unknown_kind", "event_kind 'XXX': the mapping gives this value no meaning")
    ]


def test_codes_lose_what_is_said_and_empty_ones_get_the_default(tmp_path: Path) -> None:
    rows = [ROW.format("A"), ROW.format("B").replace("ART-MUG", " MUG.FR "), ROW.format("C").replace(";EUR", ";")]
    columns = COLUMNS.replace('strip_prefix = "ART-"', 'strip_prefix = "ART-", strip_suffix = [".FR", ".DE"]')
    events = land_mapped(tmp_path, table(*rows), columns=columns).events()
    assert events["item_code"].to_list() == ["MUG"] * 3 and events["currency_code"].to_list() == ["EUR"] * 3


def test_a_composite_code_is_null_where_a_part_is(tmp_path: Path) -> None:
    columns = COLUMNS.replace('document_id = "Ticket"', 'document_id = { columns = ["Magasin", "Ticket"], join = "-" }')
    landed = land_mapped(tmp_path, table(ROW.format("A"), ROW.format("")), columns=columns)
    assert landed.events()["document_id"].to_list() == ["PAR-A"]
    assert landed.rejects()["reason"].to_list() == ["document_id: a required field is missing"]


def test_customers_become_pseudonyms_and_never_stand_in_a_reject(tmp_path: Path) -> None:
    header, row = HEADER + ";Code client;Nom client", ROW.format("A") + ";K-77;Jean Petit"
    bad = ROW.format("B").replace(";2;", ";deux;") + ";K-78;Jean Grand"
    landed = land_mapped(tmp_path, table(row, bad, "VTE;K-79", header=header), columns=COLUMNS + 'customer_id = "Code client"\n')
    assert len(landed.events()["customer_key"][0]) > 20 and landed.manifests[0].dropped_columns == ["Nom client"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home" / "spool").rglob("*") if path.is_file())
    assert not [name for name in (b"K-77", b"K-78", b"K-79", b"Jean") if name in kept]
    assert "[masked" in landed.rejects()["payload"].to_list()[1] + landed.rejects()["payload"].to_list()[0]


def test_unmapped_columns_go_where_the_mapping_says(tmp_path: Path) -> None:
    header, row = HEADER + ";Note;Zone;Vendeur", ROW.format("A") + ";calme;B2;Léa"
    both, one = '{"Note":"calme","Zone":"B2"}', '{"Zone":"B2"}'
    said = {"": both, 'unmapped = "extra"': both, 'unmapped = ["Zone", "Absent"]': one, 'unmapped = "drop"': None}
    for number, (top, extra) in enumerate(said.items()):
        landed = land_mapped(tmp_path / str(number), table(row, header=header), top=top)
        assert landed.events().get_column("extra", default=pl.Series([None])).to_list() == [extra]
        assert landed.manifests[0].dropped_columns == ["Vendeur"]


def test_a_mapped_line_says_what_the_canonical_line_says(tmp_path: Path) -> None:
    mapped = land_mapped(tmp_path / "1", table(*(ROW.format(name) for name in "ABC")), uri="pos/till/a.csv").events()
    head = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity,unit_price_amount,currency_code\n"
    lines = "".join(f"sale,PAR,{name},1,2026-03-02T18:02:00+01:00,MUG,2,9.90,EUR\n" for name in "ABC")
    assert_frame_equal(mapped, land_file(tmp_path / "2", "pos/till/a.csv", head + lines).events())


@pytest.mark.parametrize("plain", [True, False])
def test_both_ways_of_reading_refuse_alike(plain: bool, tmp_path: Path) -> None:
    wrong = {
        "quantity": (";2;", ";1.234;"), "unit_price_amount": ("9,90", "9,90 F"), "occurred_at": ("02/03", "32/03"),
        "currency_code": ("EUR", "EUX"), "item_code": ("ART-MUG", ""), "event_kind": ("VTE", "vte"),
    }  # fmt: skip
    rows = [ROW.format(name).replace(*change) for name, change in wrong.items()]
    landed = land_mapped(tmp_path, table(ROW.format("ok"), *rows, *([] if plain else ['VTE;"P"x;'])), file=FILE, values=VALUES)
    found = landed.rejects().select("line_no", "reason_code").rows()
    assert found[: len(wrong)] == [
        (3, "bad_number"), (4, "bad_number"), (5, "bad_time"), (6, "unknown_currency"), (7, "missing_field"), (8, "unknown_kind"),
    ]  # fmt: skip
    assert [reason.split(" ")[0].rstrip(":") for reason in landed.rejects()["reason"].to_list()[: len(wrong)]] == list(wrong)
    assert landed.events()["document_id"].to_list() == ["ok"]
