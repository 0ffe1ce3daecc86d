"""Shopify's documents by hand: what each becomes, that a fact is the same in all of them, and that nothing personal stays."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import polars as pl
import pytest

from feeds.landed import SAMPLES
from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.adapters.documents import count_rows, is_document
from pipelines.feeds.adapters.registry import ADAPTERS
from pipelines.feeds.parse import How, Task, parse_block
from pipelines.feeds.reading.derive import Context
from pipelines.feeds.reading.rows import Parsed, Refused

SHOP = SAMPLES / "marketplace" / "shopify"
STORY = ("order_created", "order_edited", "order_partially_fulfilled", "fulfillment_created", "order_refunded", "refunds")
PERSONAL = ("Petit", "petit", "Paix", "Lille", "59000", "612345678", "6 12 34", "192.0.2.7", "f0e1d2c3", "7101", "9001", "50.63", "Mme")


def read(content: bytes | Any, feed: str = "marketplace", folder: str = "shopify", adapter: str | None = None) -> Parsed:
    """A file's rows and rejects; the first pass must have counted as many."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    rows = count_rows(content, feed, Place(folder), adapter)
    parsed = parse_block(Task(feed, How("document", adapter=adapter), Context(folder, b"k" * 32)), content, 1, rows)
    assert parsed.events.height + parsed.rejects.height == rows
    return parsed


def sample(name: str) -> Any:
    value = json.loads((SHOP / f"{name}.json").read_text())
    return value.get("order", value)


def facts(*contents: bytes) -> set[tuple[Any, ...]]:
    """Key, revision and payload of everything that the files say."""
    found: set[tuple[Any, ...]] = set()
    for content in contents:
        events = read(content).events
        if events.height:
            revision = pl.col("source_revision") if "source_revision" in events.columns else pl.lit(0).alias("source_revision")
            found |= set(events.select("key_hi", "key_lo", revision, "payload_hash").rows())
    return found


def told(events: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The kind, line and quantity of each event, and more columns."""
    return events.select("event_kind", "document_line", pl.col("quantity").cast(pl.Int64), *columns).rows()


def story() -> list[bytes]:
    return [(SHOP / f"{name}.json").read_bytes() for name in STORY]


def test_an_order_becomes_a_line_each_and_what_names_no_item_is_refused_by_its_path() -> None:
    parsed = read(sample("order_created"))
    assert told(parsed.events, "item_code", "item_code_kind", "source_revision") == [
        ("order_placed", "11001", 2, "MUG", None, 2),
        ("order_placed", "11002", 1, "TEE-M", None, 1),
        ("order_placed", "11003", 3, "TEA", None, 3),
        ("order_placed", "11005", 1, "gid://shopify/ProductVariant/39005", "vendor", 1),
    ]
    assert parsed.rejects.select("line_no", "reason_code", "reason").rows() == [
        (4, "missing_field", "line_items[3].sku: a required field is missing")
    ]
    first = parsed.events.row(0, named=True)
    assert (first["channel_code"], first["document_id"], str(first["unit_price_amount"]), first["currency_code"]) == (
        "shopify", "5001001", "9.9000", "EUR",
    )  # fmt: skip
    assert (str(first["occurred_at"]), first["occurred_offset_minutes"]) == ("2026-03-02 09:05:00", 60)
    assert "location_code" not in parsed.events.columns
    assert "extra" not in parsed.events.columns


def test_a_fact_is_the_same_in_every_document_that_tells_it() -> None:
    documents = story()
    last = facts(documents[STORY.index("order_refunded")])
    by_fulfillment, by_refunds = facts(documents[STORY.index("fulfillment_created")]), facts(documents[STORY.index("refunds")])
    assert by_fulfillment
    assert by_refunds
    assert by_fulfillment | by_refunds <= last
    # all that the others add is the line as it was before it grew
    assert len(facts(*documents) - last) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_story_told_twice_in_any_order_is_the_same_set_of_events(seed: int) -> None:
    twice = story() * 2
    random.Random(seed).shuffle(twice)
    assert facts(*twice) == facts(*story())
    keys = [fact[:3] for fact in facts(*twice)]
    assert len(keys) == len(set(keys)), "a fact contradicts itself"


def test_what_only_says_how_things_stand_is_in_no_fact() -> None:
    order = sample("order_refunded")
    later = json.loads(json.dumps(order))
    later |= {"updated_at": "2026-05-01T00:00:00+02:00", "closed_at": "2026-05-01T00:00:00+02:00", "financial_status": "refunded",
              "fulfillment_status": "fulfilled", "tags": "late", "note": "x", "email": None, "total_price": "1.00", "name": "#1"}  # fmt: skip
    for line in later["line_items"]:
        line |= {"current_quantity": 0, "fulfillment_status": "fulfilled", "name": "Renamed", "total_discount": "1.00"}
    for fulfillment in later["fulfillments"]:
        fulfillment |= {"updated_at": "2026-05-01T00:00:00+02:00", "shipment_status": "delivered", "tracking_number": "other"}
    assert facts(json.dumps(later).encode()) == facts(json.dumps(order).encode())


def test_a_line_that_grew_is_a_higher_revision_of_the_same_order_line() -> None:
    before, after = (read(sample(name)).events.row(0, named=True) for name in ("order_created", "order_edited"))
    assert (before["key_hi"], before["key_lo"]) == (after["key_hi"], after["key_lo"])
    assert (before["source_revision"], after["source_revision"]) == (2, 3)


def test_a_refund_cancels_what_had_not_left_and_pays_back_the_rest() -> None:
    events = read((SHOP / "refunds.json").read_bytes()).events
    assert told(events, "item_code", "reason_code") == [
        ("order_cancelled", "11003", 1, "TEA", None),
        ("refund", "11001", 1, "MUG", "return"),
    ]


def test_a_page_tells_each_order_by_itself() -> None:
    parsed = read((SHOP / "orders_page.json").read_bytes())
    assert parsed.rejects.height == 0
    assert told(parsed.events, "document_id", "source_revision", "reason_code", "location_code") == [
        ("order_placed", "12001", 4, "5001002", 4, None, None),
        ("order_cancelled", "12001", 4, "5001002", 4, "fraud", None),
        ("order_placed", "13001", 1, "5001003", 1, None, "655002"),
        ("order_placed", "14001", 2, "5001004", 2, None, None),
        ("return_requested", "14001", 2, "5001004", 1, "shipment_cancelled", None),
        ("order_shipped", "14001", 1, "5001004", 0, None, "655001"),
        ("order_placed", "15001", 3, "5001005", 3, None, None),
        ("refund", "15001", 2, "5001005", 0, "no_restock", None),
        ("order_cancelled", "15001", 2, "5001005", 2, None, None),
    ]


def test_a_cancelled_fulfillment_takes_the_place_of_its_shipment() -> None:
    shipped = sample("fulfillment_created")
    cancelled = shipped | {"status": "cancelled", "updated_at": "2026-03-03T17:00:00+01:00"}
    first, second = (read(document).events.row(0, named=True) for document in (shipped, cancelled))
    assert (first["key_hi"], first["key_lo"]) == (second["key_hi"], second["key_lo"])
    assert [(each["event_kind"], each.get("source_revision", 0)) for each in (first, second)] == [
        ("order_shipped", 0),
        ("return_requested", 1),
    ]


def cancelled_order(**more: Any) -> dict[str, Any]:
    order: dict[str, Any] = sample("orders_page")["orders"][0]
    return order | more


@pytest.mark.parametrize(("said", "ours"), [("inventory", "stock"), ("customer", "customer"), ("declined", "declined"), (None, "other")])
def test_a_cancelled_order_is_cancelled_for_its_reason(said: str | None, ours: str) -> None:
    events = read(cancelled_order(cancel_reason=said)).events
    assert told(events, "reason_code")[1] == ("order_cancelled", "12001", 4, ours)


def test_what_had_left_is_not_cancelled_and_more_is_when_it_comes_back() -> None:
    line = cancelled_order()["line_items"][0]
    fulfillment = sample("fulfillment_created") | {"order_id": 5001002, "line_items": [line | {"quantity": 1}]}
    before = read(cancelled_order(fulfillments=[fulfillment])).events
    after = read(cancelled_order(fulfillments=[fulfillment | {"status": "cancelled"}])).events
    cancels = [frame.filter(pl.col("event_kind") == "order_cancelled").row(0, named=True) for frame in (before, after)]
    assert [(int(each["quantity"]), each["source_revision"]) for each in cancels] == [(3, 3), (4, 4)]
    assert cancels[0]["key_lo"] == cancels[1]["key_lo"]


@pytest.mark.parametrize(
    ("sent", "left", "kind", "units", "cancelled"),
    [
        (0, 1, "no_restock", 2, [2]),  # never left, never will
        (2, 1, "no_restock", 2, []),  # what left was paid back
        (1, 1, "no_restock", 2, [1]),  # one of each
        (0, 3, "no_restock", 2, []),  # still to be sent: money alone
        (0, 1, "cancel", 2, [2]),  # says so itself, once
        (0, 1, "return", 2, []),
        (0, 0, "no_restock", 2, [2]),  # never more than the refund says
    ],
)
def test_what_is_removed_without_restocking_stops_reserving(sent: int, left: int, kind: str, units: int, cancelled: list[int]) -> None:
    order = sample("orders_page")["orders"][3]
    line = order["line_items"][0]
    line["fulfillable_quantity"] = left
    order["refunds"][0]["refund_line_items"][0] |= {"quantity": units, "restock_type": kind}
    if sent:
        order["fulfillments"] = [sample("fulfillment_created") | {"line_items": [line | {"quantity": sent}]}]
    events = read(order).events
    assert [int(units) for units in events.filter(pl.col("event_kind") == "order_cancelled")["quantity"]] == cancelled


def test_a_level_is_what_the_shop_thinks_a_place_has() -> None:
    events = read((SAMPLES / "wms" / "shopify" / "inventory_levels.json").read_bytes(), "wms").events
    assert events.select("event_kind", "location_code", "item_code", "item_code_kind", pl.col("quantity").cast(pl.Int64)).rows() == [
        ("snapshot", "655001", "gid://shopify/InventoryItem/39101", "vendor", 27),
        ("snapshot", "655001", "gid://shopify/InventoryItem/39102", "vendor", 0),
    ]


def test_the_same_level_by_page_and_by_webhook_is_one_and_a_new_figure_another() -> None:
    page = json.loads((SAMPLES / "wms" / "shopify" / "inventory_levels.json").read_text())
    level = page["inventory_levels"][0]
    keys = [read(document, "wms").events["key_lo"][0] for document in (page, level, {"inventory_level": level}, level | {"available": 26})]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_nothing_personal_comes_out_of_an_order() -> None:
    for path in SHOP.glob("*.json"):
        parsed = read(path.read_bytes())
        said = json.dumps(parsed.events.rows(), default=str) + json.dumps(parsed.rejects.rows(), default=str)
        assert [word for word in PERSONAL if word in said] == [], path.name
        assert "extra" not in parsed.events.columns
    events = read(sample("order_created")).events
    assert {len(key) for key in events["customer_key"]} == {32}


def test_numbers_keep_all_their_digits_and_amounts_are_never_floats() -> None:
    order = sample("order_created")
    order["id"], order["line_items"] = 123456789012345678901234567890, [order["line_items"][0] | {"price": 1.1}]
    content = json.dumps(order).encode().replace(b'"price": 1.1', b'"price": 1234567890.1234')
    row = read(content).events.row(0, named=True)
    assert row["document_id"] == "123456789012345678901234567890"
    assert str(row["unit_price_amount"]) == "1234567890.1234"


@pytest.mark.parametrize("damage", [b"NaN", b"Infinity", b'"\\ud800"'])
def test_what_is_no_value_is_refused_with_its_reason(damage: bytes) -> None:
    content = json.dumps(sample("order_created")).encode().replace(b'"quantity": 2', b'"quantity": ' + damage, 1)
    if damage.startswith(b'"'):
        assert read(content).rejects["reason_code"].to_list() == ["lone_surrogate", "missing_field"]
    else:
        with pytest.raises(Refused, match="not_finite"):
            count_rows(content, "marketplace", Place("shopify"), None)


def test_of_a_field_that_stands_twice_the_last_is_taken() -> None:
    content = json.dumps(sample("order_created")).encode().replace(b'"sku": "MUG"', b'"sku": "TEA", "sku": "MUG"', 1)
    assert facts(content) == facts(json.dumps(sample("order_created")).encode())


def test_webhooks_may_come_one_a_line_and_pages_as_a_list() -> None:
    bodies = [sample(name) for name in STORY]
    lines = b"\n".join(json.dumps(body).encode() for body in bodies)
    assert is_document(lines.split(b"\n")[0])
    assert facts(lines) == facts(json.dumps(bodies).encode()) == facts(*story())


def test_an_empty_page_says_nothing() -> None:
    for feed, name in (("marketplace", "orders"), ("marketplace", "refunds"), ("marketplace", "fulfillments"), ("wms", "inventory_levels")):
        assert read({name: []}, feed).events.height == 0


def broken(value: Any, chance: random.Random) -> Any:
    """The value with one part of it replaced by something that has no business there."""
    value = json.loads(json.dumps(value))
    holder: Any = value
    while True:
        places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not places:
            return value
        place = chance.choice(places)
        inner = holder[place]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.7:
            holder = inner
            continue
        holder[place] = chance.choice([None, True, "", "x", -1, 0, 1.5, 10**30, [], {}, [None], {"id": None}, "\x00", "é" * 600])
        return value


@pytest.mark.parametrize("seed", range(4))
def test_a_broken_document_is_refused_and_never_stops_the_reader(seed: int) -> None:
    chance = random.Random(seed)
    originals = [(json.loads(path.read_text()), "marketplace") for path in sorted(SHOP.glob("*.json"))]
    originals.append((json.loads((SAMPLES / "wms" / "shopify" / "inventory_levels.json").read_text()), "wms"))
    for _ in range(60):
        document, feed = chance.choice(originals)
        with contextlib.suppress(Refused):  # the file as a whole
            read(broken(document, chance), feed)


def undisturbed(content: bytes) -> Parsed | str:
    """What a file becomes, or why it is refused as a whole."""
    try:
        return read(content)
    except Refused as refused:
        return refused.sentence()


@pytest.mark.parametrize("seed", range(4))
def test_an_order_of_which_only_a_part_is_decoded_says_what_the_whole_says(seed: int) -> None:
    chance = random.Random(seed)
    orders = [sample(name) for name in STORY if "order" in name] + sample("orders_page")["orders"]
    for turn in range(60):
        page = {"orders": [chance.choice(orders) for _ in range(3)]}
        document = page if turn % 2 else chance.choice(orders)
        content = json.dumps(broken(document, chance) if turn else document).encode()
        whole = b"{" + b" " * 300 + content[1:]  # looks like neither a page nor a webhook at first sight
        part, all_of_it = undisturbed(content), undisturbed(whole)
        if isinstance(part, str) or isinstance(all_of_it, str):
            assert part == all_of_it
            continue
        assert part.events.equals(all_of_it.events)
        told_of = ("line_no", "reason_code", "reason")  # what is kept of it may write a number beyond 64 bits otherwise
        assert part.rejects.select(told_of).equals(all_of_it.rejects.select(told_of))


def test_each_document_is_taken_by_one_adapter_alone() -> None:
    for path in [*SHOP.glob("*.json"), *(SAMPLES / "wms" / "shopify").glob("*.json")]:
        document = json.loads(path.read_text())
        assert len([adapter.name for adapter in ADAPTERS if adapter.recognises(document)]) == 1, path.name


@pytest.mark.parametrize("adapter", [adapter.name for adapter in ADAPTERS if adapter.name.startswith("shopify")])
@pytest.mark.parametrize("document", [1, "x", None, [[]], {}, {"orders": 1}, {"order": {}}])
def test_a_document_that_is_called_what_it_is_not_is_refused(adapter: str, document: Any) -> None:
    parsed = read(document, "wms" if "level" in adapter else "marketplace", adapter=adapter)
    assert parsed.events.height == 0
    assert parsed.rejects.height == 1


def test_every_sample_is_part_of_the_story_or_the_page() -> None:
    assert {path.name for path in SHOP.glob("*.json")} == {f"{name}.json" for name in (*STORY, "orders_page")}
