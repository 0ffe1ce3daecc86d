"""What was shipped for Amazon's purchase orders answers their lines."""

from __future__ import annotations

from feeds.adapters.amazon_documents import changed, parsed, sample, told

CONFIRMATION = sample("marketplace", "vendor-confirmation.json")
ITEMS = ("shipmentConfirmations", 0, "shippedItems")
SHIPMENT = {
    "vendorShipmentIdentifier": "SHP-70002", "currentShipmentStatus": "Shipped", "shipmentConfirmDate": "2026-03-05T08:00:00",
    "transportationDetails": {"shippedDate": "2026-03-05T09:00:00"},
    "purchaseOrders": [{"purchaseOrderNumber": "4Z32PABC", "items": [
        {"itemSequenceNumber": "001", "vendorProductIdentifier": "3600529000023", "shippedQuantity": {"amount": 12, "unitOfMeasure": "Eaches"}},
        {"itemSequenceNumber": "002", "shippedQuantity": {"amount": 1, "unitOfMeasure": "Eaches"}},
    ]}],
}  # fmt: skip


def test_a_confirmation_ships_lines_of_its_purchase_orders() -> None:
    names = ("event_kind", "document_id", "document_line", "quantity", "occurred_at", "source_event_id", "lot_code", "expires_on")
    when = "2026-03-04T14:30:00Z"
    assert told("marketplace", CONFIRMATION, *names) == [
        ("order_shipped", "4Z32PABC", "3600529000023", "12", when, "SHP-70001/4Z32PABC/1", None, None),
        ("order_shipped", "4Z32PABC", "TEA", "15", when, "SHP-70001/4Z32PABC/2", "L-26-02", "2027-08-31"),
    ]
    assert parsed("marketplace", CONFIRMATION).rejects.height == 0


def test_a_shipment_names_its_lines_as_the_purchase_order_does() -> None:
    orders = told("marketplace", sample("marketplace", "vendor-orders.json"), "channel_code", "document_id", "document_line")
    assert set(told("marketplace", CONFIRMATION, "channel_code", "document_id", "document_line")) <= set(orders)


def test_a_replacement_is_a_higher_revision_of_the_same_line() -> None:
    replaced = changed(CONFIRMATION, "shipmentConfirmations", 0, "shipmentConfirmationType", to="Replace")
    replaced = changed(replaced, "shipmentConfirmations", 0, "shipmentConfirmationDate", to="2026-03-04T16:00:00Z")
    before, after = (told("marketplace", one, "source_event_id", "source_revision") for one in (CONFIRMATION, replaced))
    assert [line[0] for line in before] == [line[0] for line in after]
    assert int(after[0][1]) - int(before[0][1]) == 3600


def test_one_product_in_two_lots_is_one_line_twice() -> None:
    twice = changed(CONFIRMATION, *ITEMS, 0, "vendorProductIdentifier", to="TEA")
    twice = changed(twice, *ITEMS, 0, "amazonProductIdentifier", to=None)
    assert told("marketplace", twice, "document_line", "source_event_id") == [
        ("TEA", "SHP-70001/4Z32PABC/1"),
        ("TEA", "SHP-70001/4Z32PABC/2"),
    ]


def test_an_item_without_its_order_is_refused_alone() -> None:
    page = changed(CONFIRMATION, *ITEMS, 0, "itemDetails", to=None)
    assert told("marketplace", page, "document_line") == [
        ("missing_field", "shipmentConfirmations[0].shippedItems[0].itemDetails.purchaseOrderNumber"), ("TEA",),
    ]  # fmt: skip


def test_a_confirmation_that_amazon_refused_says_nothing() -> None:
    call = {"request": {"parameters": {"body": {"value": CONFIRMATION}}}, "response": {"payload": {"transactionId": "t"}}}
    assert told("marketplace", call, "event_kind") == [("order_shipped",)] * 2
    refused = {**call, "response": {"errors": [{"code": "InvalidInput", "message": "no"}]}}
    assert told("marketplace", refused, "event_kind") == [("unusable_document", "error answer")]


def test_a_transport_ships_once_it_is_on_its_way() -> None:
    names = ("event_kind", "document_line", "quantity", "occurred_at")
    assert told("marketplace", {"payload": {"shipments": [SHIPMENT]}}, *names) == [
        ("order_shipped", "3600529000023", "12", "2026-03-05T09:00:00"),
        ("missing_field", "shipments[0].purchaseOrders[0].items[1].vendorProductIdentifier"),
    ]
    waiting = {"payload": {"shipments": [{**SHIPMENT, "currentShipmentStatus": "CarrierAssigned"}]}}
    assert told("marketplace", waiting, *names) == []
