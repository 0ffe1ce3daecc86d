"""Orders API v0: an order with its items laid into it, and its halves alone."""

from __future__ import annotations

import json
from pathlib import Path

from feeds.adapters.amazon_documents import POOL, changed, parsed, sample, told
from feeds.landed import land_file

PAGE = sample("marketplace", "orders-v0.json")
ORDERS = PAGE["payload"]["Orders"]


def test_a_page_of_orders_with_items_becomes_lines() -> None:
    names = ("event_kind", "document_id", "item_code", "quantity", "unit_price_amount")
    assert told("marketplace", PAGE, *names) == [
        ("order_placed", "403-1000001-0000001", "MUG", "3", "9.9000"),
        ("order_shipped", "403-1000001-0000001", "MUG", "1", None),
        ("order_shipped", "403-1000001-0000001", "MUG", "1", None),
        ("order_placed", "403-1000001-0000001", "TEA", "1", "5.5000"),
        ("order_placed", "403-1000005-0000005", "MUG", "2", None),
    ]
    assert parsed("marketplace", PAGE).rejects.height == 0


def test_items_may_lie_in_the_order_as_the_answer_that_brought_them() -> None:
    assert told("marketplace", ORDERS[1], "event_kind", "location_code") == [("order_placed", POOL)]


def test_a_price_that_cannot_be_shared_out_exactly_is_left_out() -> None:
    for amount, expected in (("10.00", None), ("29.70", "9.9000")):
        order = changed(ORDERS[0], "OrderItems", 0, "ItemPrice", "Amount", to=amount)
        assert told("marketplace", order, "unit_price_amount")[0] == (expected,)


def test_a_price_that_is_no_number_is_refused() -> None:
    for amount in ("free", "NaN", "1e400"):
        order = changed(ORDERS[0], "OrderItems", 0, "ItemPrice", "Amount", to=amount)
        assert told("marketplace", order, "event_kind")[0] == ("bad_number", "OrderItems[0].ItemPrice.Amount")


def test_a_cancelled_order_takes_back_what_was_not_shipped() -> None:
    order = changed(ORDERS[0], "OrderStatus", to="Canceled")
    kinds = [line[0] for line in told("marketplace", order, "event_kind")]
    assert kinds == ["order_placed", "order_shipped", "order_shipped", "order_cancelled", "order_placed", "order_cancelled"]


def test_of_a_page_the_orders_without_items_are_refused_alone() -> None:
    page = changed(PAGE, "payload", "Orders", 0, "OrderItems", to=None)
    assert told("marketplace", page, "event_kind") == [("missing_field", "Orders[0].OrderItems"), ("order_placed",)]


def test_halves_alone_are_refused_and_told_where_the_other_is() -> None:
    bare = {name: value for name, value in ORDERS[0].items() if name != "OrderItems"}
    (code, title), *_ = told("marketplace", {"payload": {"Orders": [bare]}}, "event_kind")
    assert code == "unusable_document"
    assert "getOrderItems" in title
    (code, title), *_ = told("marketplace", ORDERS[1]["OrderItems"], "event_kind")
    assert code == "unusable_document"
    assert "getOrder;" in title


def test_an_empty_page_says_nothing_and_is_no_fault(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "marketplace/amazon/page.json", json.dumps({"payload": {"Orders": []}}))
    assert [one.rows_in for one in landed.deliveries] == [0]
    assert (landed.events().height, landed.rejects().height) == (0, 0)
