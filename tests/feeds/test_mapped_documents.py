"""JSON documents of any system through a mapping: a path to the rows, paths to the fields, and every document accounted for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feeds.landed import Landed, land
from feeds.mapped import put
from pipelines.errors import UserError
from pipelines.feeds.mapping.check import load_mapping
from pipelines.feeds.mapping.spec import mapping_of

MAPPING = """\
feed = "marketplace"
documents = "orders"
rows = "lines[]"
[values]
time_zone = "Europe/Paris"
[leave_out]
where = { state = ["draft"], "lines[].kind" = ["shipping"] }
[columns]
event_kind = { value = "order_placed" }
channel_code = { folder = "web" }
document_id = "ref"
document_line = { number_within = "document_id" }
occurred_at = { column = "placed", format = "%d/%m/%Y %H:%M" }
item_code = "lines[].product.sku"
quantity = "lines[].qty"
unit_price_amount = { column = "lines[].price", round = 2 }
currency_code = { column = "money", default = "EUR" }
reason_code = { column = "tags[name=why].value", optional = true }
"""


def order(ref: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An order as some shop writes it."""
    return {"ref": ref, "state": "paid", "placed": "02/03/2026 10:05", "buyer": {"email": "a@example.org"}, "lines": list(lines), **more}


def line(sku: Any = "MUG", qty: Any = 1, **more: Any) -> dict[str, Any]:
    """A line of it."""
    return {"product": {"sku": sku}, "qty": qty, **more}


ORDERS = [
    order("A", line(), line(), line("TEA", "3", price=2.999), line("POST", 1, kind="shipping")),
    order("B", line("TEE", 2, price="9.9"), tags=[{"name": "x"}, {"name": "why", "value": "gift"}], money="USD"),
    order("C", line(), state="draft"),
    order("D"),
]
PLACED = [("A", "1", "MUG", 1.0), ("A", "2", "MUG", 1.0), ("A", "3", "TEA", 3.0), ("B", "1", "TEE", 2.0)]


def take(tmp_path: Path, content: Any, *, mapping: str = MAPPING, uri: str = "marketplace/shop/day.json") -> Landed:
    """Take one file beside a mapping."""
    raw = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
    put(tmp_path / "landing", uri, raw)
    put(tmp_path / "landing", f"{uri.rpartition('/')[0]}/mapping.toml", mapping.encode())
    return land(tmp_path / "home", tmp_path / "landing")


def placed(landed: Landed) -> list[tuple[str, str, str, float]]:
    """Order, line, item and units of each event."""
    events = landed.events()
    rows = events.sort("source_line").select("document_id", "document_line", "item_code", "quantity").rows() if events.height else []
    return [(*row[:3], float(row[3])) for row in rows]


def test_each_line_of_each_document_is_a_row_and_a_document_without_any_is_left_out(tmp_path: Path) -> None:
    landed = take(tmp_path, {"page": 1, "orders": ORDERS})
    assert placed(landed) == PLACED
    (delivery,) = landed.deliveries
    assert (delivery.rows_in, delivery.left_out, landed.rejects().height) == (4, 2, 0)
    events = landed.events().sort("source_line")
    assert set(events["channel_code"]) == {"shop"}
    assert events["currency_code"].to_list() == ["EUR", "EUR", "EUR", "USD"]
    assert [one if one is None else float(one) for one in events["unit_price_amount"]] == [None, None, 3.0, 9.9]
    assert events["reason_code"].to_list() == [None, None, None, "gift"]
    assert str(events["occurred_at"][0]) == "2026-03-02 09:05:00"
    assert "example.org" not in str(events.rows())


PLAIN = MAPPING.replace('documents = "orders"\n', "")


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("day.json", json.dumps(ORDERS)),
        ("day.json", json.dumps(ORDERS, indent=1)),
        ("day.jsonl", "".join(json.dumps(one) + "\n" for one in ORDERS)),
        ("day.json", "\ufeff" + "\r\n".join(json.dumps(one) for one in ORDERS)),
        ("day.json.gz", gzip.compress(json.dumps(ORDERS).encode())),
        ("day.jsonl.gz", gzip.compress("\n".join(json.dumps(one) for one in ORDERS).encode())),
    ],
    ids=["list", "indented", "lines", "lines in json", "packed", "packed lines"],
)
def test_documents_are_the_same_in_a_list_on_lines_and_packed(uri: str, content: str | bytes, tmp_path: Path) -> None:
    landed = take(tmp_path, content, mapping=PLAIN, uri=f"marketplace/shop/{uri}")
    assert placed(landed) == PLACED
    assert landed.rejects().height == 0


def test_a_document_that_stands_twice_says_the_same_twice(tmp_path: Path) -> None:
    landed = take(tmp_path, [ORDERS[0], ORDERS[0]], mapping=PLAIN)
    assert landed.events().select("key_hi", "key_lo", "payload_hash").n_unique() == 3


@pytest.mark.parametrize(
    ("bad", "code", "reason"),
    [
        (order("X", line(qty="two")), "bad_number", "quantity 'two'"),
        (order("X", line(sku=1.5)), "number_as_code", "lines[].product.sku '1.5'"),
        (order("X", line(sku={"a": 1})), "nested_value", "lines[].product.sku"),
        (order("X", line(sku=None)), "missing_field", "item_code"),
        (order("X", line(), placed="2026-03-02"), "bad_time", "occurred_at '2026-03-02'"),
        ({"ref": "X", "state": "paid"}, "missing_field", "lines"),
        (order("X", line(), lines=[1]), "not_an_object", "lines[]"),
        ("text", "not_json", "the line is not one JSON object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_read_says_why_and_stops_no_other(bad: Any, code: str, reason: str, tmp_path: Path) -> None:
    landed = take(tmp_path, [ORDERS[1], bad, ORDERS[0]], mapping=PLAIN)
    (found,) = landed.rejects().select("reason_code", "reason", "line_no").rows()
    assert (found[0], found[2]) == (code, 2) and found[1].startswith(reason), found
    assert [row for row in placed(landed) if row[0] != "X"] == [PLACED[3], *PLACED[:3]]
    assert all(one.rows_in == one.rows_parsed + one.rows_rejected for one in landed.manifests)


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [('{"orders": [\n{"ref": 1,}\n]}', "not_json", "not one JSON object"), ("{\n \"a\":\n}", "not_json", "line 3"), ('{"page": 1}', "missing_field", "orders")],
)  # fmt: skip
def test_a_file_that_is_no_such_document_is_refused_as_one_row(content: str, code: str, detail: str, tmp_path: Path) -> None:
    landed = take(tmp_path, content)
    assert landed.events().height == 0
    assert code in landed.rejects()["reason_code"].to_list()
    assert detail in " ".join(landed.rejects()["reason"])


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    content = '[{"ref": 90071992547409931234, "state": "paid", "placed": "02/03/2026 10:05", "lines": [{"product": {"sku": 12345678901234567890}, "qty": 1.5e1}]}]'
    assert placed(take(tmp_path, content, mapping=PLAIN)) == [("90071992547409931234", "1", "12345678901234567890", 15.0)]


def test_a_single_object_where_a_list_is_meant_is_a_list_of_one(tmp_path: Path) -> None:
    assert placed(take(tmp_path, order("A") | {"lines": line("TEA", 2)}, mapping=PLAIN)) == [("A", "1", "TEA", 2.0)]


def test_lists_within_lists_are_taken_apart_together(tmp_path: Path) -> None:
    mapping = PLAIN.replace('rows = "lines[]"', 'rows = "parcels[].lines[]"').replace("lines[].", "parcels[].lines[].")
    mapping = mapping.replace('"ref"', '{ columns = ["ref", "parcels[].no"], join = "-" }').replace(
        ', "parcels[].lines[].kind" = ["shipping"]', ""
    )
    content = {
        "ref": "A",
        "state": "paid",
        "placed": "02/03/2026 10:05",
        "parcels": [{"no": 1, "lines": [line(), line("TEA", 2)]}, {"no": 2, "lines": [line("TEE")]}],
    }
    assert placed(take(tmp_path, content, mapping=mapping)) == [
        ("A-1", "1", "MUG", 1.0),
        ("A-1", "2", "TEA", 2.0),
        ("A-2", "1", "TEE", 1.0),
    ]


PARTS = """\
feed = "wms"
[values]
datetime = "iso"
[columns]
location_code = { value = "DC" }
occurred_at = "at"
item_code = "sku"
quantity = "qty"
[[rows]]
where = { kind = "in" }
columns = { event_kind = { value = "receipt" }, source_event_id = { column = "id", add_prefix = "in-" } }
[[rows]]
where = { kind = ["out", "lost"] }
unless = { qty = "0" }
columns = { event_kind = { column = "kind", map = { out = "ship", lost = "scrap" } }, source_event_id = { column = "id", add_prefix = "out-" } }
"""


def test_one_document_can_be_several_kinds_of_rows(tmp_path: Path) -> None:
    moves = [{"id": number, "kind": kind, "at": "2026-03-02T10:00:00Z", "sku": "MUG", "qty": qty} for number, (kind, qty) in enumerate(
        [("in", 5), ("out", 2), ("lost", 1), ("out", 0), ("told", 1)])]  # fmt: skip
    landed = take(tmp_path, moves, mapping=PARTS, uri="wms/dc/moves.json")
    events = landed.events().sort("source_line").select("event_kind", "source_event_id", "source_line").rows()
    assert events == [("receipt", "in-0", 1), ("ship", "out-1", 2), ("scrap", "out-2", 3)]
    assert landed.deliveries[0].left_out == 2


def test_reference_comes_as_json_too(tmp_path: Path) -> None:
    mapping = """\
feed = "reference"
files = { "products*.json" = ["items", "terms"] }
rows = { items = "variants[]", terms = "variants[]" }
[columns.items]
item_code = "variants[].sku"
item_name = "title"
unit_cost_amount = "variants[].cost"
currency_code = { value = "EUR" }
[columns.terms]
supplier_code = "vendor"
item_code = "variants[].sku"
location_code = { value = "*" }
"""
    content = [{"title": "Mug", "vendor": "ACME", "variants": [{"sku": "MUG-B", "cost": 3.123456}, {"sku": "MUG-R", "cost": "3"}]}]
    landed = take(tmp_path, content, mapping=mapping, uri="reference/shop/products 2.json")
    assert {one.entity: one.rows_in for one in landed.deliveries} == {"items": 2, "terms": 2}
    assert landed.rejects().height == 0
    assert set(landed.events()["item_code"]) == {"MUG-B", "MUG-R"}


def test_a_mapping_of_documents_leaves_tables_alone_and_one_of_tables_documents(tmp_path: Path) -> None:
    canonical = '{"event_kind":"listing_on","channel_code":"shop","item_code":"MUG","occurred_at":"2026-03-02T10:00:00Z"}\n'
    put(
        tmp_path / "landing",
        "marketplace/shop/a.csv",
        b"event_kind,channel_code,item_code,occurred_at\nlisting_on,shop,MUG,2026-03-02T10:00:00Z\n",
    )
    landed = take(tmp_path, ORDERS, mapping=PLAIN)
    assert sorted(landed.events()["event_kind"].unique()) == ["listing_on", "order_placed"]
    put(tmp_path / "2/landing", "pos/till/x.jsonl", canonical.encode())
    put(tmp_path / "2/landing", "pos/till/mapping.toml", b'feed = "pos"\n[columns]\nquantity = 1\n')
    assert len(land(tmp_path / "2/home", tmp_path / "2/landing").deliveries) == 1


def test_a_mapping_of_documents_travels_as_it_is_meant() -> None:
    made = load_mapping(MAPPING.encode(), "mapping.toml", "marketplace")
    assert made is not None and made.is_json and mapping_of(made.to_text()) == made
    other = load_mapping(MAPPING.replace('"lines[].qty"', '"lines[].count"').encode(), "mapping.toml", "marketplace")
    assert other is not None and other.reading != made.reading


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('rows = "lines[]"', 'rows = "lines"', r"rows\.path 'lines': the path to the lines of a document, which ends in \[\]"),
        ('rows = "lines[]"', "rows = 3", "rows 3: the path to the rows"),
        ('"lines[].qty"', '"lines[].parts[].qty"', r"it goes through lines\[\]\.parts\[\], but the rows are lines\[\]"),
        ('"lines[].qty"', '"lines[]"', "a value in a document is named by its path"),
        ('"lines[].qty"', "3", "a value in a document is named by its path"),
        ('"ref"', '"buyer.email"', "its name suggests personal data"),
        ('"ref"', '{ column = "url", extract = "orders/[0-9]+" }', "a regular expression with one group"),
        ('"ref"', '{ column = "url", extract = "orders/(" }', "no regular expression"),
        ("[values]", '[file]\ndelimiter = ";"\n[values]', r"file\.delimiter ';': there is no such key here"),
        ('documents = "orders"', 'documents = "orders[]"', r"documents 'orders\[\]': the path to the documents"),
    ],
)
def test_what_is_wrong_with_a_mapping_of_documents_is_told_by_key(old: str, new: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        load_mapping(MAPPING.replace(old, new, 1).encode(), "mapping.toml", "marketplace")


def test_paths_to_keep_are_kept_and_nothing_else(tmp_path: Path) -> None:
    landed = take(tmp_path, [order("A", line(), colour="red")], mapping=PLAIN.replace("rows =", 'unmapped = ["colour"]\nrows ='))
    assert landed.events()["extra"].to_list() == ['{"colour":"red"}']
    assert take(tmp_path / "2", [order("A", line(), colour="red")], mapping=PLAIN).events().get_column(
        "extra", default=pl.Series([None])
    ).to_list() == [None]
