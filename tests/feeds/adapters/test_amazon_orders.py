"""Orders API 2026-01-01: lines of orders, what was shipped and cancelled of them, and what is refused."""

from __future__ import annotations

from feeds.adapters.amazon_documents import CHANNEL, POOL, changed, lines, parsed, sample, told

PAGE = sample("marketplace", "orders.json")
MERCHANTS, AMAZONS, CANCELLED, EMPTIED = PAGE["orders"]


def of(order: object, *names: str) -> list[tuple[object, ...]]:
    return told("marketplace", {"order": order}, *names)


def test_a_page_becomes_lines_of_every_order_and_none_is_refused() -> None:
    result = parsed("marketplace", PAGE)
    assert result.rejects.height == 0
    assert result.events.group_by("event_kind").len().sort("event_kind").rows() == [
        ("order_cancelled", 1), ("order_line_changed", 1), ("order_placed", 4), ("order_shipped", 4),
    ]  # fmt: skip
    assert result.events["channel_code"].unique().to_list() == [CHANNEL]
    assert "extra" not in result.events.columns


def test_an_item_is_placed_when_the_order_was_made_at_the_price_of_one_unit() -> None:
    names = ("event_kind", "document_id", "document_line", "item_code", "quantity", "occurred_at", "unit_price_amount", "currency_code")
    first, *_ = of(MERCHANTS, *names)
    assert first == ("order_placed", "403-1000001-0000001", "60000000000011", "MUG", "3", "2026-03-02T08:15:00Z", "9.90", "EUR")


def test_units_in_packages_leave_when_the_package_left_and_waiting_packages_do_not() -> None:
    shipped = [line for line in of(MERCHANTS, "event_kind", "source_event_id", "occurred_at") if line[0] == "order_shipped"]
    line = "403-1000001-0000001/60000000000011/shipped"
    assert shipped == [("order_shipped", f"{line}/{unit}", "2026-03-03T14:00:00Z") for unit in (1, 2)]


def test_units_without_a_package_leave_at_the_order_s_last_update() -> None:
    shipped = [line for line in of(AMAZONS, "event_kind", "occurred_at", "location_code") if line[0] == "order_shipped"]
    assert shipped == [("order_shipped", "2026-03-03T05:12:44Z", POOL)] * 2


def test_only_what_amazon_ships_has_a_place() -> None:
    assert {line[0] for line in of(MERCHANTS, "location_code")} == {None}
    assert {line[0] for line in of(AMAZONS, "location_code")} == {POOL}


def test_a_cancelled_order_takes_back_what_was_not_shipped_and_says_why() -> None:
    assert of(CANCELLED, "event_kind", "quantity", "reason_code")[1:] == [("order_cancelled", "1", "customer")]
    partly = changed(
        changed(CANCELLED, "orderItems", 0, "quantityOrdered", to=3), "orderItems", 0, "fulfillment", "quantityFulfilled", to=1
    )
    assert [line[0] for line in of(partly, "event_kind")] == ["order_placed", "order_shipped", "order_cancelled", "order_cancelled"]


def test_lack_of_stock_is_told_from_other_reasons_of_a_merchant() -> None:
    for reason, expected in (("No inventory", "stock"), ("Address wrong", "merchant")):
        execution = {"cancelledBy": "MERCHANT", "cancelReason": reason}
        order = changed(CANCELLED, "orderItems", 0, "cancellation", "cancellationExecution", to=execution)
        assert of(order, "reason_code")[1] == (expected,)


def test_a_cancelled_item_of_an_order_that_goes_on_takes_back_what_will_not_come() -> None:
    item = changed(MERCHANTS["orderItems"][0], "quantityOrdered", to=5)
    item["cancellation"] = {"cancellationExecution": {"cancelledBy": "AMAZON"}}
    order = changed(MERCHANTS, "orderItems", to=[item])
    kinds = [line[0] for line in of(order, "event_kind")]
    assert kinds.count("order_cancelled") == 5 - 2 - 1


def test_a_wish_to_cancel_cancels_nothing() -> None:
    wish = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "Changed my mind"}}
    order = changed(MERCHANTS, "orderItems", 1, "cancellation", to=wish)
    assert "order_cancelled" not in {line[0] for line in of(order, "event_kind")}


def test_an_item_of_which_nothing_is_wanted_is_changed_to_0() -> None:
    assert of(EMPTIED, "event_kind", "quantity", "occurred_at") == [("order_line_changed", "0", "2026-03-03T12:00:00Z")]


def test_an_order_without_its_fulfilment_is_placed_and_a_fuller_document_replaces_it() -> None:
    bare = changed(AMAZONS, "fulfillment", to=None)
    bare = changed(bare, "orderItems", 0, "fulfillment", to=None)
    assert of(bare, "event_kind", "location_code", "source_revision") == [("order_placed", None, "1")]
    assert of(AMAZONS, "source_revision")[0] == ("3",)


def test_an_item_without_sku_is_known_by_its_asin_and_without_either_is_refused_alone() -> None:
    asin_only = changed(MERCHANTS, "orderItems", 0, "product", "sellerSku", to=None)
    assert of(asin_only, "item_code", "item_code_kind")[0] == ("B0MUGMUG01", "vendor")
    neither = changed(asin_only, "orderItems", 0, "product", "asin", to=None)
    assert of(neither, "item_code") == [("missing_field", "order.orderItems[0].product.sellerSku"), ("TEA",)]


def test_what_cannot_be_read_is_refused_with_its_path_and_the_rest_goes_on() -> None:
    page = changed(PAGE, "orders", 1, "salesChannel", to={"channelName": None})
    page = changed(page, "orders", 2, "orderItems", 0, "quantityOrdered", to="two")
    page = changed(page, "orders", 3, "lastUpdatedTime", to="yesterday")
    refused = [(line.code, line.field) for line in lines("marketplace", page) if not isinstance(line, dict)]
    assert refused == [
        ("missing_field", "orders[1].salesChannel.marketplaceId"),
        ("not_whole", "orders[2].orderItems[0].quantityOrdered"),
        ("bad_time", "orders[3].orderItems[0]"),
    ]
    assert sum(isinstance(line, dict) for line in lines("marketplace", page)) == 4


def test_a_number_that_is_none_is_no_quantity() -> None:
    for wrong, code in (
        (1.5, "not_whole"),
        ("٣", "not_whole"),
        (-1, "quantity_negative"),
        (True, "nested_value"),
        ({}, "nested_value"),
        ("", "missing_field"),
    ):
        order = changed(CANCELLED, "orderItems", 0, "quantityOrdered", to=wrong)
        assert of(order, "event_kind") == [(code, "order.orderItems[0].quantityOrdered")]


def test_more_units_than_can_be_counted_one_by_one_are_refused_and_the_order_stands() -> None:
    order = changed(
        changed(AMAZONS, "orderItems", 0, "quantityOrdered", to=20_000), "orderItems", 0, "fulfillment", "quantityFulfilled", to=20_000
    )
    assert of(order, "event_kind") == [("order_placed",), ("too_many_units", "order.orderItems[0]")]


def test_the_channel_is_the_folder_and_the_marketplace() -> None:
    line = lines("marketplace", {"order": AMAZONS}, folder="second-account")[0]
    assert isinstance(line, dict)
    assert line["channel_code"] == "second-account-A13V1IB3VIYZZH"
    assert line["location_code"] == "second-account-A13V1IB3VIYZZH-AFN"


def test_an_order_of_another_channel_is_of_that_channel_and_one_of_amazon_s_needs_its_marketplace() -> None:
    elsewhere = changed(AMAZONS, "salesChannel", to={"channelName": "NON_AMAZON"})
    assert of(elsewhere, "channel_code")[0] == ("amazon-NON_AMAZON",)
    nowhere = changed(AMAZONS, "salesChannel", to={"channelName": "AMAZON"})
    assert of(nowhere, "channel_code") == [("missing_field", "order.salesChannel.marketplaceId")]


def test_nothing_of_the_buyer_is_in_a_line() -> None:
    text = str(lines("marketplace", PAGE))
    assert [secret for secret in ("Jean", "jeanne", "example.org", "Paix", "12 34", "6A0000") if secret in text] == []


def test_an_order_alone_an_answer_and_a_recorded_call_say_the_same() -> None:
    call = {"request": {"parameters": {"orderId": {"value": "403-1000002-0000002"}}}, "response": {"order": AMAZONS}}
    assert of(AMAZONS, "event_kind", "quantity") == told("marketplace", AMAZONS, "event_kind", "quantity")
    assert of(AMAZONS, "event_kind", "quantity") == told("marketplace", call, "event_kind", "quantity")
