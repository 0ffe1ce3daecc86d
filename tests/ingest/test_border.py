"""What cannot be right is refused where it comes in, with the reason that says what; its neighbours and all other files go on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.worlds.small_home import SmallHome, pos, wms

AT = "2026-03-02T10:00:00"
SALE = pos("T1", 1, "sale", AT, "TEE", 1)
RECEIPT = wms("R1", "receipt", AT, "DC", "TEE", 5)
PO = {
    "event_kind": "po_created", "document_id": "P1", "document_line": 1, "supplier_code": "SUP", "occurred_at": "2026-03-02T10:00:00+01:00",
    "item_code": "TEE", "quantity": 5,
}  # fmt: skip
ORDER = {
    "event_kind": "order_placed", "channel_code": "web", "document_id": "A1", "document_line": 1, "occurred_at": "2026-03-02T10:00:00+01:00",
    "item_code": "TEE", "quantity": 1,
}  # fmt: skip
RESERVE = {
    "event_kind": "reserve", "location_code": "PAR", "document_id": "V1", "document_line": 1, "occurred_at": "2026-03-02T10:00:00+01:00",
    "item_code": "TEE", "quantity": 1,
}  # fmt: skip
PARCEL = {"event_kind": "in_transit", "document_id": "D1", "occurred_at": "2026-03-02T10:00:00+01:00"}
SCAN = {
    "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-03-02T10:00:00+01:00", "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"], "eventID": "ni:///sha-256;00",
}  # fmt: skip
SESSION = {
    "event_kind": "count_session", "source_event_id": "S1", "location_code": "PAR", "document_id": "C1",
    "occurred_at": "2026-03-02T10:00:00+01:00", "ended_at": "2026-03-02T11:00:00+01:00",
}  # fmt: skip

# feed, a line that is well, what is other in the one beside it, its reason
LINES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # times that no calendar has once they are in UTC, and those of other centuries
    ("pos", SALE, {"occurred_at": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("pos", SALE, {"occurred_at": "0001-01-01T00:00:00+14:00"}, "time_out_of_range"),
    ("pos", SALE, {"occurred_at": "0000-01-01T00:00:00Z"}, "time_out_of_range"),
    ("pos", SALE, {"occurred_at": "2200-12-31T23:59:59-01:00"}, "time_out_of_range"),
    ("pos", SALE, {"occurred_at": "9999-12-31T23:59:59"}, "time_out_of_range"),
    ("pos", SALE, {"business_on": "9999-12-31"}, "time_out_of_range"),
    ("wms", RECEIPT, {"occurred_at": "9999-12-31T23:59:59.999999-00:01"}, "time_out_of_range"),
    ("wms", RECEIPT, {"recorded_at": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("wms", RECEIPT, {"expires_on": "9999-12-31"}, "time_out_of_range"),
    ("wms", RECEIPT, {"expires_on": "0001-01-01"}, "time_out_of_range"),
    ("marketplace", ORDER, {"promised_at": "9999-12-31"}, "time_out_of_range"),
    ("supply", PO, {"due_at": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("supply", PO, {"promised_at": "2201-01-01"}, "time_out_of_range"),
    ("reservation", RESERVE, {"due_at": "9999-12-31T23:00:00-14:00"}, "time_out_of_range"),
    ("transport", PARCEL, {"occurred_at": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("rfid", SCAN, {"eventTime": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("rfid", SCAN, {"recordTime": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    ("rfid", SESSION, {"ended_at": "9999-12-31T23:59:59-14:00"}, "time_out_of_range"),
    # numbers
    ("pos", SALE, {"quantity": "99999999999999999999999999"}, "number_too_large"),
    ("pos", SALE, {"unit_price_amount": "10000000000.01", "currency_code": "EUR"}, "absurd_amount"),
    ("supply", PO, {"unit_price_amount": "-99999999999999", "currency_code": "EUR"}, "absurd_amount"),
    ("pos", SALE, {"source_revision": "99999999999999999999"}, "number_too_large"),
    # what is wanted or promised before it was asked for
    ("supply", PO, {"due_at": "2007-02-16T12:00:00Z"}, "before_event"),
    ("supply", PO, {"promised_at": "2026-02-28"}, "before_event"),
    ("marketplace", ORDER, {"promised_at": "2026-02-02T10:00:00+01:00"}, "before_event"),
    ("marketplace", ORDER, {"event_kind": "preorder_accepted", "promised_at": "2025-03-02"}, "before_event"),
    ("reservation", RESERVE, {"due_at": "2026-02-02T10:00:00+01:00"}, "before_event"),
    ("rfid", SESSION, {"ended_at": "2026-03-02T09:00:00+01:00"}, "below_other_field"),
]

# entity, header, a row that is well, one that is not, its reason
ROWS: list[tuple[str, str, str, str, str]] = [
    ("terms", "supplier_code,item_code,location_code,lead_time_days", "SUP,TEE,*,5", "SUP,MUG,*,999999999", "out_of_range"),
    ("terms", "supplier_code,item_code,location_code,lead_time_days", "SUP,TEE,*,5", "SUP,MUG,*,99999999999", "out_of_range"),
    ("terms", "supplier_code,item_code,location_code,lead_time_days", "SUP,TEE,*,5", "SUP,MUG,*,-1", "quantity_negative"),
    ("terms", "supplier_code,item_code,location_code,moq_units", "SUP,TEE,*,5", "SUP,MUG,*,9223372036854775807", "out_of_range"),
    ("terms", "supplier_code,item_code,location_code,multiple_units", "SUP,TEE,*,5", "SUP,MUG,*,5000000000", "out_of_range"),
    ("terms", "supplier_code,item_code,location_code,priority", "SUP,TEE,*,5", "SUP,MUG,*,3000000000", "out_of_range"),
    (
        "terms",
        "supplier_code,item_code,location_code,unit_cost_amount,currency_code",
        "SUP,TEE,*,5,EUR",
        "SUP,MUG,*,99999999999,EUR",
        "absurd_amount",
    ),
    ("networks", "channel_code,location_code,priority", "web,DC,1", "web,PAR,99999999999", "out_of_range"),
    ("items", "item_code,shelf_life_days", "TEE,30", "MUG,99999999999", "out_of_range"),
    ("items", "item_code,weight_grams", "TEE,30", "MUG,9223372036854775807", "out_of_range"),
    ("uoms", "item_code,uom_code,numerator,denominator", "TEE,CS,6,1", "TEE,PAL,9223372036854775807,1", "out_of_range"),
    ("uoms", "item_code,uom_code,numerator,denominator", "TEE,CS,6,1", "TEE,PAL,1,9223372036854775807", "out_of_range"),
    ("bom", "kit_item_code,component_item_code,component_units", "DUO,TEE,1", "DUO,MUG,9223372036854775807", "out_of_range"),
    ("locations", "location_code,capacity_units", "DC,1000", "PAR,9223372036854775808", "number_too_large"),
    ("items", "item_code,valid_from,valid_to", "TEE,2026-01-01,2026-12-31", "MUG,2026-12-31,2026-01-01", "period_reversed"),
    ("items", "item_code,valid_from", "TEE,2026-01-01", "MUG,2026-13-01", "bad_time"),
    ("calendars", "calendar_code,day_kind,zone,starts_on,ends_on", "c,closed,*,2026-01-01,", "c,closed,*,2026-01-02,9999-12-31", "time_out_of_range"),
    ("calendars", "calendar_code,day_kind,zone,starts_on", "c,closed,*,2026-01-01", "c,closed,*,0001-01-01", "time_out_of_range"),
]  # fmt: skip


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """A home to which every pair of lines came, each pair in a file of its own, all in one delivery."""
    home = SmallHome(tmp_path_factory.mktemp("border"))
    files: dict[str, str] = {}
    for number, (feed, good, other, _) in enumerate(LINES):
        well = {**good, **_numbered(good, f"{number}-a")}
        files[f"{feed}/{number}.jsonl"] = json.dumps({**good, **other, **_numbered(good, f"{number}-b")}) + "\n" + json.dumps(well) + "\n"
    for number, (entity, header, good, bad, _) in enumerate(ROWS):
        files[f"reference/{entity}-{number}.csv"] = f"{header}\n{bad}\n{good}\n"
    home.deliver(**files)
    return home


def _numbered(line: dict[str, Any], number: str) -> dict[str, Any]:
    """What makes a copy of a line another event."""
    name = next(name for name in ("source_event_id", "document_id", "eventID") if name in line)
    return {name: f"ni:///sha-256;{number}" if name == "eventID" else number}


def _told(home: SmallHome, uri: str) -> list[tuple[Any, ...]]:
    return home.rows(
        "select q.line_no::INT, q.reason_code from quarantine q join (select distinct delivery_id, source_uri from deliveries) using (delivery_id)"
        " where source_uri = ? and not is_waiting",
        uri,
    )


@pytest.mark.parametrize(
    ("number", "line"),
    list(enumerate(LINES)),
    ids=[f"{feed}-{next(iter(other))}-{code}-{n}" for n, (feed, _, other, code) in enumerate(LINES)],
)
def test_a_line_that_cannot_be_right_is_refused_alone(number: int, line: Any, crossed: SmallHome) -> None:
    uri = f"{line[0]}/{number}.jsonl"
    assert _told(crossed, uri) == [(1, line[3])]
    assert crossed.counted(uri)[0] == 2


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[f"{row[0]}-{row[4]}-{n}" for n, row in enumerate(ROWS)])
def test_a_reference_row_that_cannot_be_right_is_refused_alone(number: int, row: Any, crossed: SmallHome) -> None:
    uri = f"reference/{row[0]}-{number}.csv"
    assert _told(crossed, uri) == [(2, row[4])]
    assert crossed.counted(uri)[4] == 1


def test_the_last_times_that_are_taken_are_those_of_2200(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = SmallHome(tmp_path_factory.mktemp("last"))
    home.deliver(**{"supply/a.jsonl": [
        {**PO, "due_at": "2200-12-31T23:59:59Z"}, {**PO, "document_line": 2, "due_at": "2200-12-31T23:59:59-00:01"},
        {**PO, "document_line": 3, "due_at": "2026-03-02"}, {**PO, "document_line": 4, "due_at": "2026-03-01T12:00:00+01:00"},
    ]})  # fmt: skip
    assert _told(home, "supply/a.jsonl") == [(2, "time_out_of_range")]


def test_zero_and_empty_say_that_there_is_no_such_number_and_far_off_dates_that_there_is_none(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = SmallHome(tmp_path_factory.mktemp("zero"))
    home.deliver(**{
        "reference/terms.csv": "supplier_code,item_code,location_code,lead_time_days,moq_units,multiple_units,max_units,order_cost_amount,unit_cost_amount,"
        "currency_code\nSUP,TEE,*,0,0,0,0,0,,\nSUP,MUG,*,0,,,,,0,EUR\n",
        "reference/items-2.csv": "item_code,base_uom_code,shelf_life_days,weight_grams,launched_on,ended_on,valid_to\nTEE,EA,0,0,1753-01-01,9999-12-31,9999-12-31\n",
        "reference/locations-2.csv": "location_code,location_kind,time_zone,capacity_units,valid_from\nDC,dc,Europe/Paris,0,0001-01-01\n",
    })  # fmt: skip
    assert home.set_aside() == []
    terms = home.rows("select lead_time_days, moq_units, multiple_units, max_units, order_cost_amount from terms order by item_id")
    # a lead time of 0 days is one, and an order that costs nothing, in whatever currency, is no order of an unknown cost
    assert sorted(terms, key=str) == [(0, None, None, None, 0), (0, None, None, None, None)]
    assert home.rows("select unit_cost_amount::INT from terms where unit_cost_amount is not null") == [(0,)]  # and so is a cost of 0
    item = (
        "select shelf_life_days, weight_grams, launched_on, ended_on, valid_to from items where item_code = 'TEE' order by version_no desc"
    )
    assert home.rows(item)[0] == (None,) * 5
    assert home.rows("select capacity_units, valid_from from locations where location_code = 'DC' order by version_no desc")[0][0] is None


def test_a_refused_row_leaves_the_rows_of_its_key_as_they_were(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = SmallHome(tmp_path_factory.mktemp("key"))
    header = "supplier_code,item_code,location_code,lead_time_days\n"
    home.deliver(**{"reference/terms.csv": f"{header}SUP,TEE,*,5\nSUP,TEE,DC,3\n"})
    home.deliver(**{"reference/terms.csv": f"{header}SUP,TEE,*,999999999\nSUP,TEE,DC,4\n"})
    assert home.rows("select lead_time_days::INT from terms order by 1") == [(3,), (4,), (5,)]
    assert home.set_aside() == [("out_of_range", 2, 1)]
