"""What of Amazon's says nothing to a feed is refused by what it is, and never taken for another's."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.adapters.amazon_documents import sample, told
from pipelines.feeds.adapters.registry import ADAPTERS, UNUSABLE


def note(kind: str) -> dict[str, Any]:
    return {"NotificationVersion": "1.0", "NotificationType": kind, "EventTime": "2026-03-04T10:00:00Z", "Payload": {}}


@pytest.mark.parametrize(
    ("document", "title"),
    [
        ({"errors": [{"code": "Unauthorized", "message": "Access denied"}]}, "error answer"),
        ({}, "call that was answered without content"),
        ({"request": {"parameters": {"body": {"value": {"name": "plan"}}}}}, "call that was answered without content"),
        ({"payload": {"transactionId": "1"}}, "Amazon transaction number"),
        ({"payload": {"AmazonOrderId": "1", "ShippingAddress": {}}}, "Amazon order address"),
        (
            {"payload": {"ItemData": [{"ShipmentId": "F", "SellerSKU": "MUG", "QuantityShipped": 4, "QuantityReceived": 0}]}},
            "Amazon inbound shipment items",
        ),
        ({"payload": {"ShipmentData": [{"ShipmentId": "F", "DestinationFulfillmentCenterId": "MKC6"}]}}, "Amazon inbound shipments"),
        ({"items": [{"msku": "MUG", "quantity": 5}], "pagination": {}}, "Amazon inbound items"),
        ({"inventory": {"isFullUpdate": False, "items": []}}, "Amazon direct fulfilment inventory update"),
        (note("FBA_OUTBOUND_SHIPMENT_STATUS"), "Amazon outbound shipment status notification"),
        (note("FULFILLMENT_ORDER_STATUS"), "Amazon fulfilment order status notification"),
        (note("ANY_OFFER_CHANGED"), "Amazon notification of a type that says nothing of stock or orders"),
        ({"notificationType": "PRICING_HEALTH", "payload": {}, "eventTime": "2026-03-04T10:00:00Z"}, "Amazon notification of a type"),
        ({"payload": [{"destinationId": "d", "resource": {}, "name": "SQS"}]}, "Amazon notification destination"),
        ({"payload": {"subscriptions": [{"subscriptionId": "s"}]}}, "Amazon notification subscription"),
    ],
)
def test_a_known_document_is_refused_by_what_it_is(document: Any, title: str) -> None:
    (code, named), *rest = told("marketplace", document, "event_kind")
    assert (code, rest) == ("unusable_document", [])
    assert named.startswith(title)


@pytest.mark.parametrize(
    "document", [[], 1, "text", None, True, {"orders": []}, {"orders": [{"id": 1, "line_items": []}]}, {"shipments": []}, {"payload": []}]
)
def test_what_is_not_amazon_s_is_left_to_others(document: Any) -> None:
    assert not any(adapter.recognises(document) for adapter in ADAPTERS if adapter.name.startswith("amazon"))
    assert not any(known.recognises(document) for known in UNUSABLE if known.title.startswith("Amazon"))


def test_no_two_adapters_take_the_same_document() -> None:
    documents = [
        *(sample("marketplace", name) for name in ("orders.json", "orders-v0.json", "vendor-orders.json", "vendor-status.json", "vendor-confirmation.json")),
        *sample("marketplace", "notifications.jsonl"), sample("wms", "fba-inventory.json"), *sample("wms", "fba-availability.jsonl"),
    ]  # fmt: skip
    for document in documents:
        assert sum(adapter.recognises(document) for adapter in ADAPTERS) == 1
