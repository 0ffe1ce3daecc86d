"""What Amazon says it keeps becomes snapshots of its pool, one a state."""

from __future__ import annotations

from feeds.adapters.amazon_documents import POOL, changed, facts, parsed, sample, told

PAGE = sample("wms", "fba-inventory.json")
(NOTE,) = sample("wms", "fba-availability.jsonl")
FIRST = ("payload", "inventorySummaries", 0)


def test_every_bucket_is_a_state_and_the_buckets_add_up() -> None:
    tea = [line[1:] for line in told("wms", PAGE, "item_code", "stock_state", "quantity") if line[0] == "TEA"]
    assert tea == [
        ("sellable_not_accessible", "43"), ("in_transit", "4"), ("in_progress", "1"), ("damaged", "2"), ("expired", "1"),
        ("non_sellable_other", "1"), ("unknown", "1"),
    ]  # fmt: skip
    on_its_way = 12 + 6
    assert sum(int(units) for _, units in tea) == PAGE["payload"]["inventorySummaries"][0]["totalQuantity"] - on_its_way


def test_what_is_not_told_is_not_said() -> None:
    mug = [line[1:] for line in told("wms", PAGE, "item_code", "stock_state", "quantity", "location_code") if line[0] == "MUG"]
    assert mug == [("sellable_not_accessible", "5", POOL)]


def test_what_waits_for_orders_and_what_is_on_its_way_is_said_beside() -> None:
    events = parsed("wms", PAGE).events
    beside = events.filter((events["stock_state"] == "sellable_not_accessible") & (events["item_code"] == "TEA"))["extra"].to_list()
    assert beside == [
        '{"fulfillable":"40","inbound_receiving":"6","inbound_shipped":"12","inbound_working":"0","pending_customer_order":"3"}'
    ]
    assert events["extra"].null_count() == events.height - 2


def test_a_page_read_again_says_nothing_new_and_a_later_state_does() -> None:
    again = changed(PAGE, "pagination", to={"nextToken": "other"})
    assert facts(parsed("wms", PAGE).events) == facts(parsed("wms", again).events)
    later = changed(PAGE, *FIRST, "lastUpdatedTime", to="2026-03-03T07:00:00Z")
    assert len(facts(parsed("wms", PAGE).events) & facts(parsed("wms", later).events)) == 1


def test_the_notification_gives_the_states_it_knows() -> None:
    names = ("stock_state", "quantity", "occurred_at", "location_code")
    when = "2026-03-04T19:42:04.284Z"
    assert told("wms", NOTE, *names) == [
        ("sellable_not_accessible", "43", when, POOL), ("in_transit", "4", when, POOL), ("in_progress", "1", when, POOL),
        ("non_sellable_other", "4", when, POOL), ("unknown", "1", when, POOL),
    ]  # fmt: skip


def test_a_summary_without_details_or_time_is_refused_alone() -> None:
    for name in ("inventoryDetails", "lastUpdatedTime"):
        page = changed(PAGE, *FIRST, name, to=None)
        result = told("wms", page, "item_code")
        assert result == [("missing_field", f"inventorySummaries[0].{name}"), ("MUG",)]


def test_a_page_without_its_marketplace_is_refused() -> None:
    page = changed(PAGE, "payload", "granularity", to={"granularityType": "Marketplace"})
    assert told("wms", page, "item_code") == [("missing_field", "granularity.granularityId")]


def test_a_bucket_below_0_is_refused_with_its_path() -> None:
    page = changed(PAGE, *FIRST, "inventoryDetails", "fulfillableQuantity", to=-2)
    assert told("wms", page, "item_code")[0] == ("quantity_negative", "inventorySummaries[0].inventoryDetails.fulfillableQuantity")


def test_parts_that_exceed_their_total_leave_no_rest_below_0() -> None:
    page = changed(PAGE, *FIRST, "inventoryDetails", "reservedQuantity", "totalReservedQuantity", to=2)
    assert dict(told("wms", page, "stock_state", "quantity")[:3])["in_progress"] == "0"


def test_stock_belongs_to_wms_and_is_sent_there() -> None:
    assert told("marketplace", PAGE, "item_code") == [("other_feed", "Amazon FBA inventory summary")]
    assert told("marketplace", NOTE, "item_code") == [("other_feed", "Amazon FBA inventory availability notification")]
