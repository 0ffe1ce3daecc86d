"""Amazon's documents that are known and say nothing that a feed could take, each with the reason in its title.

Mostly because a fact needs a time and a place, and these name quantities without them; or because they are about how
things are done (labels, appointments, prices, subscriptions), not about goods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Unusable
from pipelines.feeds.adapters.amazon import common as amazon

Shape = tuple[frozenset[str], Callable[[Any], bool]]
"""What an `Unusable` is told by: its marks and its recogniser."""


def _holds(document: Any, *names: str) -> bool:
    """Whether a document's content is an object with all these fields."""
    body = amazon.content(document)
    return isinstance(body, dict) and all(name in body for name in names)


def _has(*names: str) -> Shape:
    """A document whose content is an object with all these fields."""
    return frozenset(names[:1]), lambda document: _holds(document, *names)


def _list_of(name: str, *fields: str) -> Shape:
    """A document whose content has a list of objects under this name, whose first one has all these fields."""

    def recognises(document: Any) -> bool:
        values = amazon.at(amazon.content(document), name)
        return isinstance(values, list) and bool(values) and _holds(values[0], *fields)

    return frozenset({name}), recognises


def _told_by(recognises: Callable[[Any], bool], *marks: str) -> Shape:
    """A document that a function recognises, which has one of these names."""
    return frozenset(marks), recognises


def _is_error(document: Any) -> bool:
    content = amazon.content(document)
    errors = amazon.at(content, "errors")
    if (
        not isinstance(errors, list)
        or not errors
        or any(isinstance(one, dict | list) and one and one is not errors for one in content.values())
    ):
        return False  # an answer that says something besides is no mere error
    return all(isinstance(error, dict) and "code" in error for error in errors)


def _is_empty(document: Any) -> bool:
    return document == {} or (amazon.is_call(document) and document.get("response", {}) == {})


def _is_number_of_something(document: Any) -> bool:
    body = amazon.content(document)
    return isinstance(body, dict) and (set(body) == {"operationId"} or {"operationId", "operationStatus"} <= set(body))


def _is_direct_inventory(document: Any) -> bool:
    return isinstance(amazon.at(amazon.content(document), "inventory", "items"), list)


def _is_transaction(document: Any) -> bool:
    body = amazon.content(document)
    return amazon.transaction(document) or (isinstance(body, dict) and set(body) == {"transactionId"})


def _is_destinations(document: Any) -> bool:
    body = amazon.content(document)
    first = body[0] if isinstance(body, list) and body else body
    return isinstance(first, dict) and "destinationId" in first and "resource" in first


_, _SUBSCRIPTIONS = _list_of("subscriptions", "subscriptionId")


def _is_subscription(document: Any) -> bool:
    return _holds(document, "subscriptionId", "payloadVersion") or _SUBSCRIPTIONS(document)


def _notification(*kinds: str) -> Shape:
    def recognises(document: Any) -> bool:
        body = amazon.content(document)
        return (amazon.at(body, "NotificationType") or amazon.at(body, "notificationType")) in kinds

    return frozenset(_TYPE_OF_NOTE), recognises


def _is_notification(document: Any) -> bool:
    return _holds(document, "NotificationType", "Payload") or _holds(document, "notificationType", "payload")


def _is_order_without_items(document: Any) -> bool:
    body = amazon.content(document)
    orders = body["Orders"] if isinstance(body, dict) and isinstance(body.get("Orders"), list) else [body]
    return bool(orders) and all(isinstance(one, dict) and "AmazonOrderId" in one and "PurchaseDate" in one for one in orders)


def _is_items_without_order(document: Any) -> bool:
    body = amazon.content(document)
    items = amazon.at(body, "OrderItems")
    return isinstance(items, list) and _holds(body, "AmazonOrderId") and (not items or _holds(items[0], "OrderItemId", "QuantityOrdered"))


_TYPE_OF_NOTE: Final = ("NotificationType", "notificationType")
_NOTIFICATIONS: Final[tuple[tuple[str, str], ...]] = (
    ("FBA_OUTBOUND_SHIPMENT_STATUS", "Amazon outbound shipment status notification, which names an order and no item of it"),
    ("FULFILLMENT_ORDER_STATUS", "Amazon fulfilment order status notification, which names no marketplace and no item that was sent"),
    ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "Amazon listing quantity notification, which names no marketplace"),
    ("ITEM_INVENTORY_EVENT_CHANGE", "Amazon vendor inventory notification, which tells only what of an ASIN is highly available"),
    ("SHIPMENT_TRACKING_MILESTONE_CHANGED", "Amazon shipment tracking notification, which names no order"),
)  # fmt: skip

AMAZON_UNUSABLE: Final[tuple[Unusable, ...]] = (
    Unusable("error answer", *_told_by(_is_error, "errors")),
    Unusable(
        "Amazon order without its items (they are in getOrderItems; lay them into the order as OrderItems)",
        *_told_by(_is_order_without_items, "Orders", "AmazonOrderId"),
    ),
    Unusable(
        "Amazon order items without their order (its time and marketplace are in getOrder; lay them into it as OrderItems)",
        *_told_by(_is_items_without_order, "OrderItems"),
    ),
    Unusable("Amazon order items' buyer information", *_list_of("OrderItems")),
    Unusable("Amazon order address", *_has("AmazonOrderId", "ShippingAddress")),
    Unusable("Amazon order regulated information", *_has("RegulatedInformation")),
    Unusable("Amazon order verification", *_has("regulatedOrderVerificationStatus")),
    Unusable("Amazon order buyer information", *_has("AmazonOrderId")),
    Unusable("Amazon order item's buyer information", *_has("OrderItemId")),
    Unusable("Amazon order shipment confirmation (it names no item by its SKU; the order says what was shipped)", *_has("packageDetail")),
    Unusable("Amazon order shipment status", *_has("marketplaceId", "shipmentStatus")),
    Unusable("Amazon vendor acknowledgement (our own answer; what became of it is in getPurchaseOrdersStatus)", *_list_of("acknowledgements", "purchaseOrderNumber")),
    Unusable("Amazon transaction number", *_told_by(_is_transaction, "transactionId", "payload")),
    Unusable("Amazon vendor transport labels", *_has("transportLabels")),
    Unusable("Amazon direct fulfilment inventory update (what we tell Amazon; it has no time)", *_told_by(_is_direct_inventory, "inventory")),
    Unusable("Amazon inbound shipment items (quantities shipped and received without a time)", *_list_of("ItemData", "QuantityShipped")),
    Unusable("Amazon inbound shipments (they name no item)", *_list_of("ShipmentData", "ShipmentId")),
    Unusable("Amazon inbound plan", *_has("inboundPlanId")),
    Unusable("Amazon inbound plans", *_has("inboundPlans")),
    Unusable("Amazon inbound shipment (it names no item)", *_has("shipmentId", "placementOptionId")),
    Unusable("Amazon inbound items (quantities to be sent without a time)", *_list_of("items", "msku")),
    Unusable("Amazon inbound boxes (quantities to be sent without a time)", *_list_of("boxes", "packageId")),
    Unusable("Amazon inbound pallets", *_list_of("pallets", "packageId")),
    Unusable("Amazon inbound packing options", *_has("packingOptions")),
    Unusable("Amazon inbound placement options", *_has("placementOptions")),
    Unusable("Amazon inbound transportation options", *_has("transportationOptions")),
    Unusable("Amazon inbound delivery window options", *_has("deliveryWindowOptions")),
    Unusable("Amazon inbound content update preview", *_has("contentUpdatePreviewId")),
    Unusable("Amazon inbound content update previews", *_has("contentUpdatePreviews")),
    Unusable("Amazon inbound appointment slots", *_has("selfShipAppointmentSlotsAvailability")),
    Unusable("Amazon inbound appointment", *_has("selfShipAppointmentDetails")),
    Unusable("Amazon inbound compliance details", *_has("complianceDetails")),
    Unusable("Amazon inbound preparation details", *_has("mskuPrepDetails")),
    Unusable("Amazon inbound document to download", *_has("documentDownload")),
    Unusable("Amazon inbound labels to download", *_has("documentDownloads")),
    Unusable("Amazon inbound operation", *_told_by(_is_number_of_something, "operationId")),
    Unusable("Amazon notification destination", *_told_by(_is_destinations, "destinationId")),
    Unusable("Amazon notification subscription", *_told_by(_is_subscription, "subscriptionId", "subscriptions")),
    *(Unusable(title, *_notification(kind)) for kind, title in _NOTIFICATIONS),
    Unusable("Amazon notification of a type that says nothing of stock or orders", *_told_by(_is_notification, *_TYPE_OF_NOTE)),
    Unusable("call that was answered without content", *_told_by(_is_empty, "request", amazon.NOTHING)),
)  # fmt: skip
