"""The notification of a changed order gives what the pages of the Orders API give."""

from __future__ import annotations

from feeds.adapters.amazon_documents import POOL, changed, sample, told

NOTES = sample("marketplace", "notifications.jsonl")
PLACED, SHIPPED, _, CANCELLED = NOTES[:4]
SUMMARY = ("Payload", "OrderChangeNotification", "Summary")


def test_an_order_is_placed_at_its_purchase() -> None:
    names = ("event_kind", "document_line", "item_code", "quantity", "occurred_at", "location_code", "source_revision")
    assert told("marketplace", PLACED, *names) == [("order_placed", "60000000000021", "TEA", "2", "2026-03-02T20:40:10Z", POOL, "2")]


def test_units_are_shipped_at_the_change_that_shows_them() -> None:
    shipped = told("marketplace", SHIPPED, "event_kind", "source_event_id", "occurred_at")[1:]
    line = "403-1000002-0000002/60000000000021/shipped"
    assert shipped == [("order_shipped", f"{line}/{unit}", "2026-03-03T04:55:12Z") for unit in (1, 2)]


def test_a_cancelled_order_takes_back_every_unit() -> None:
    assert (
        told("marketplace", CANCELLED, "event_kind", "quantity", "occurred_at")[1:]
        == [("order_cancelled", "1", "2026-03-04T12:00:00Z")] * 2
    )


def test_a_wish_to_cancel_cancels_nothing() -> None:
    wish = changed(PLACED, *SUMMARY, "OrderItems", 0, "IsBuyerRequestedCancel", to=True)
    assert told("marketplace", wish, "event_kind") == [("order_placed",)]


def test_without_a_time_of_the_change_the_notification_s_own_stands() -> None:
    note = changed(SHIPPED, "Payload", "OrderChangeNotification", "OrderChangeTrigger", to={"TimeOfOrderChange": None})
    note = changed(note, "EventTime", to="2026-03-03T06:00:00.9Z")
    assert {line[0] for line in told("marketplace", note, "occurred_at")[1:]} == {"2026-03-03T06:00:00Z"}


def test_an_order_whose_purchase_is_not_told_is_refused_and_its_shipment_stands() -> None:
    note = changed(SHIPPED, *SUMMARY, "PurchaseDate", to=None)
    assert told("marketplace", note, "event_kind") == [
        ("missing_field", "Payload.OrderChangeNotification.Summary.PurchaseDate"), ("order_shipped",), ("order_shipped",),
    ]  # fmt: skip


def test_a_notification_without_an_order_is_refused_as_a_whole() -> None:
    for path, missing in (((*SUMMARY, "MarketplaceId"), ".MarketplaceId"), ((*SUMMARY, "OrderItems"), ".OrderItems")):
        (code, where), *rest = told("marketplace", changed(PLACED, *path, to=None), "event_kind")
        assert (code, rest) == ("missing_field", [])
        assert where.endswith(missing)
