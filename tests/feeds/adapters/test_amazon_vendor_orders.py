"""Amazon's purchase orders are sales orders of ours, and both of its documents say the same of a line."""

from __future__ import annotations

from feeds.adapters.amazon_documents import changed, facts, parsed, sample, told

PAGE = sample("marketplace", "vendor-orders.json")
STATUS = sample("marketplace", "vendor-status.json")
ITEMS = ("payload", "orders", 0, "orderDetails", "items")
STATUS_ITEM = ("payload", "ordersStatus", 0, "itemStatus", 0)


def test_a_purchase_order_is_placed_by_product_in_eaches() -> None:
    names = ("event_kind", "channel_code", "document_id", "document_line", "item_code", "item_code_kind", "quantity", "unit_price_amount")
    assert told("marketplace", PAGE, *names)[:2] == [
        ("order_placed", "amazon-vendor", "4Z32PABC", "3600529000023", "3600529000023", "gtin", "24", "4.20"),
        ("order_placed", "amazon-vendor", "4Z32PABC", "TEA", "TEA", None, "20", "2.60"),
    ]


def test_a_changed_order_is_placed_anew_and_changed_and_may_want_nothing() -> None:
    names = ("event_kind", "document_line", "quantity", "occurred_at", "source_revision")
    changed_at, revision = "2026-03-04T10:00:00Z", "825933600"
    assert told("marketplace", PAGE, *names)[2:] == [
        ("order_line_changed", "3600529000023", "0", changed_at, revision),
        ("order_placed", "TEA", "12", "2026-03-03T09:00:00Z", revision),
        ("order_line_changed", "TEA", "12", changed_at, revision),
    ]


def test_the_order_and_its_status_say_the_same_of_a_line() -> None:
    placed = [
        parsed("marketplace", document).events.filter(document_id="4Z32PABC", event_kind="order_placed") for document in (PAGE, STATUS)
    ]
    assert placed[0].height == 2
    assert facts(placed[0]) == facts(placed[1])


def test_the_status_tells_what_we_rejected_and_what_amazon_received() -> None:
    names = ("event_kind", "source_event_id", "quantity", "occurred_at", "reason_code")
    assert [line for line in told("marketplace", STATUS, *names) if line[0] != "order_placed"] == [
        ("order_delivered", "4Z32PABC/3600529000023/received", "12", "2026-03-06T07:30:00Z", None),
        ("order_cancelled", "4Z32PABC/TEA/rejected", "5", "2026-03-02T12:00:00Z", "rejected"),
    ]


def test_a_later_receipt_is_a_higher_revision_of_the_same() -> None:
    def received(document: object) -> tuple[object, ...]:
        (line,) = [
            line
            for line in told("marketplace", document, "event_kind", "source_event_id", "quantity", "source_revision")
            if line[0] == "order_delivered"
        ]
        return line

    later = changed(STATUS, *STATUS_ITEM, "receivingStatus", "receivedQuantity", "amount", to=24)
    later = changed(later, *STATUS_ITEM, "receivingStatus", "lastReceiveDate", to="2026-03-07T07:30:00Z")
    before, after = received(STATUS), received(later)
    assert before[1] == after[1]
    assert (before[2], after[2]) == ("12", "24")
    assert int(str(after[3])) - int(str(before[3])) == 24 * 3600


def test_a_line_whose_quantity_the_status_saw_changed_is_changed() -> None:
    details = [{"updatedDate": "2026-03-02T09:00:00Z"}, {"updatedDate": "2026-03-05T09:00:00+00:00"}]
    document = changed(STATUS, *STATUS_ITEM, "orderedQuantity", "orderedQuantityDetails", to=details)
    assert [line for line in told("marketplace", document, "event_kind", "occurred_at") if line[0] == "order_line_changed"] == [
        ("order_line_changed", "2026-03-05T09:00:00+00:00")
    ]


def test_cases_without_a_size_are_the_item_s_cases() -> None:
    page = changed(PAGE, *ITEMS, 1, "orderedQuantity", to={"amount": 2, "unitOfMeasure": "Cases"})
    assert told("marketplace", page, "quantity", "uom_code")[1] == ("2", "CS")


def test_a_price_by_weight_is_no_price_of_a_unit() -> None:
    page = changed(PAGE, *ITEMS, 1, "netCost", "unitOfMeasure", to="KILOGRAMS")
    assert told("marketplace", page, "unit_price_amount", "currency_code")[1] == (None, None)


def test_one_code_for_two_products_is_told_apart_by_their_asins() -> None:
    page = changed(PAGE, *ITEMS, 0, "vendorProductIdentifier", to="TEA")
    assert [line[0] for line in told("marketplace", page, "document_line")[:2]] == ["B0MUGMUG01", "B0TEATEA01"]


def test_what_names_no_product_or_has_no_details_is_refused_alone() -> None:
    page = changed(changed(PAGE, *ITEMS, 0, "vendorProductIdentifier", to=None), *ITEMS, 0, "amazonProductIdentifier", to=None)
    page = changed(page, "payload", "orders", 1, "orderDetails", to=None)
    assert told("marketplace", page, "document_line") == [
        ("missing_field", "orders[0].orderDetails.items[0].vendorProductIdentifier"), ("TEA",), ("missing_field", "orders[1].orderDetails"),
    ]  # fmt: skip
