"""One order told by many documents, twice and in any order, is the same order."""

from __future__ import annotations

import random
from typing import Any

import polars as pl

from feeds.adapters.amazon_documents import changed, facts, parsed, sample, standing

NEW = sample("marketplace", "orders.json")["orders"][0]
OLD = sample("marketplace", "orders-v0.json")["payload"]["Orders"][0]
PLACED, SHIPPED = sample("marketplace", "notifications.jsonl")[:2]
SUMMARY = ("Payload", "OrderChangeNotification", "Summary")


def v0(updated: str, shipped: int, status: str = "Unshipped", **others: Any) -> Any:
    """The merchant's order in version v0, at a time of its life."""
    made = changed(changed(OLD, "LastUpdateDate", to=updated), "OrderItems", 0, "QuantityShipped", to=shipped)
    return {**changed(made, "OrderStatus", to=status), **others}


def note(when: str, shipped: int, status: str) -> Any:
    """The same order in a notification."""
    items = [
        {"OrderItemId": "60000000000011", "SellerSKU": "MUG", "Quantity": 3, "QuantityShipped": shipped},
        {"OrderItemId": "60000000000012", "SellerSKU": "TEA", "Quantity": 1, "QuantityShipped": 0},
    ]
    made = changed(changed(PLACED, "EventTime", to=when), "Payload", "OrderChangeNotification", "OrderChangeTrigger", to=None)
    made = changed(made, "Payload", "OrderChangeNotification", "AmazonOrderId", to="403-1000001-0000001")
    for name, value in (
        ("OrderStatus", status),
        ("PurchaseDate", "2026-03-02T08:15:00Z"),
        ("FulfillmentType", "MFN"),
        ("OrderItems", items),
    ):
        made = changed(made, *SUMMARY, name, to=value)
    return made


UNPRICED = [{key: value for key, value in item.items() if key != "ItemPrice"} | {"QuantityShipped": 0} for item in OLD["OrderItems"]]
LIFE = [
    v0("2026-03-02T08:16:00Z", 0, "Pending", OrderItems=UNPRICED),
    note("2026-03-02T08:17:00Z", 0, "Unshipped"),
    v0("2026-03-03T14:05:00Z", 1, "PartiallyShipped"),
    {"order": NEW},
    note("2026-03-03T17:00:00Z", 2, "PartiallyShipped"),
    v0("2026-03-04T10:00:00Z", 2, "Canceled"),
    v0("2026-03-05T10:00:00Z", 2, "Canceled"),
]  # fmt: skip


def events(document: Any) -> pl.DataFrame:
    result = parsed("marketplace", document)
    assert result.rejects.height == 0
    return result.events


def test_an_order_told_twice_and_shuffled_gives_the_same_events() -> None:
    frames = [events(document) for document in LIFE]
    whole = set().union(*(facts(frame) for frame in frames))
    mixed = LIFE * 2
    random.Random(7).shuffle(mixed)
    again = events(mixed)
    assert facts(again) == whole
    assert again.height == 2 * sum(frame.height for frame in frames)


def test_what_stands_of_an_order_s_life_is_each_fact_once_at_its_first_time() -> None:
    frames = [events(document) for document in LIFE]
    stands = standing(*frames)
    mixed = LIFE * 2
    random.Random(8).shuffle(mixed)
    assert standing(events(mixed)) == stands
    every = pl.concat(frames, how="diagonal").with_columns(pl.col("source_revision").fill_null(0))
    best = every.sort("source_revision").group_by("key_hi", "key_lo").last().sort("document_line", "event_kind", "occurred_at")
    names = ["document_line", "event_kind", "quantity", "unit_price_amount", pl.col("occurred_at").dt.strftime("%d %H:%M")]
    assert [tuple(None if value is None else str(value) for value in row) for row in best.select(names).rows()] == [
        ("60000000000011", "order_cancelled", "1.0000", None, "04 10:00"),
        ("60000000000011", "order_placed", "3.0000", "9.9000", "02 08:15"),
        ("60000000000011", "order_shipped", "1.0000", None, "03 14:00"),
        ("60000000000011", "order_shipped", "1.0000", None, "03 14:00"),
        ("60000000000012", "order_cancelled", "1.0000", None, "04 10:00"),
        ("60000000000012", "order_placed", "1.0000", "5.5000", "02 08:15"),
    ]


def test_an_update_that_changes_nothing_of_the_lines_says_nothing_new_of_the_order() -> None:
    before, after = (events(v0(when, 0)) for when in ("2026-03-02T09:00:00Z", "2026-03-02T11:00:00Z"))
    assert facts(before) == facts(after)


def test_both_versions_of_the_api_place_an_order_alike() -> None:
    old, new = (events(document).filter(event_kind="order_placed") for document in (OLD, {"order": NEW}))
    assert facts(old) == facts(new)
    assert old.height == 2
