"""What we shipped to Amazon: shipment confirmations and `GetShipmentDetails`, Vendor Shipments v1.

Follows `models/vendor-shipments-api-model/vendorShipments.json` of amzn/selling-partner-api-models (August 2026). A
confirmation is what we send (the body of `SubmitShipmentConfirmations`); `GetShipmentDetails` is what Amazon answers of
transports. Each item becomes one `order_shipped` of its purchase order. Channel, line, item and units: see `amazon_vendor`.

| theirs (confirmation; shipment) | ours |
|---|---|
| shipmentIdentifier; vendorShipmentIdentifier, with order and itemSequenceNumber | source_event_id |
| shippedItems[].itemDetails.purchaseOrderNumber; purchaseOrders[].purchaseOrderNumber | document_id |
| shippedItems[].shippedQuantity; purchaseOrders[].items[].shippedQuantity | quantity |
| shippedDate, else shipmentConfirmationDate; transportationDetails.shippedDate, else shipmentConfirmDate | occurred_at |
| shipmentConfirmationDate; the same | source_revision: a confirmation of type Replace stands for the earlier one |
| shippedItems[].itemDetails.lotNumber, expiry.expiryDate | lot_code, expires_on |

Quirks: a shipment that is not on its way yet (a status other than Shipped) makes no line; an item that only its carton or
pallet gives a purchase order is refused; a replacement that leaves an item out does not take back what was said of it.
Where both kinds of document are taken, they must name a shipment alike, or it counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.vendor import channel, doubled, product, quantity
from pipelines.feeds.reading.rows import Refused


def _is_confirmations(document: Any) -> bool:
    body = amazon.content(document)
    return isinstance(amazon.at(body, "shipmentConfirmations"), list) or (isinstance(body, dict) and "shippedItems" in body)


def _confirmation_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every confirmed item."""
    body = amazon.body(document)
    if "shipmentConfirmations" in body:
        yield from amazon.each(body["shipmentConfirmations"], "shipmentConfirmations", lambda one, path: _confirmed(one, f"{path}.", place))
    else:
        yield from _confirmed(body, "", place)


def _confirmed(shipment: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    number = amazon.text(shipment.get("shipmentIdentifier"), f"{path}shipmentIdentifier")
    confirmed_at = amazon.text(shipment.get("shipmentConfirmationDate"), f"{path}shipmentConfirmationDate")
    revision = amazon.since_2000(confirmed_at, f"{path}shipmentConfirmationDate")
    items = shipment.get("shippedItems")
    several = doubled(items)

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line]:
        order = amazon.text(amazon.at(item, "itemDetails", "purchaseOrderNumber"), f"{where}.itemDetails.purchaseOrderNumber")
        yield {
            **_shipped(number, order, item, several, where, place),
            **_lot(item),
            "occurred_at": shipment.get("shippedDate") or confirmed_at,
            "source_revision": str(revision),
        }

    yield from amazon.each(items, f"{path}shippedItems", item_lines)


def _lot(item: dict[str, Any]) -> Line:
    lot, expires = amazon.at(item, "itemDetails", "lotNumber"), amazon.at(item, "itemDetails", "expiry", "expiryDate")
    return {**({"lot_code": lot} if lot else {}), **({"expires_on": expires[:10]} if isinstance(expires, str) else {})}


def _shipped(number: str, order: str, item: dict[str, Any], several: frozenset[str], path: str, place: Place) -> Line:
    sequence = amazon.text(item.get("itemSequenceNumber"), f"{path}.itemSequenceNumber")
    return {
        "event_kind": "order_shipped",
        "source_event_id": f"{number}/{order}/{sequence.lstrip('0') or '0'}",
        "channel_code": channel(place),
        "document_id": order,
        **product(item, several, path),
        **quantity(item.get("shippedQuantity"), f"{path}.shippedQuantity"),
    }


def _is_shipments(document: Any) -> bool:
    shipments = amazon.at(amazon.content(document), "shipments")
    return isinstance(shipments, list) and any(isinstance(one, dict) and "vendorShipmentIdentifier" in one for one in shipments)


def _shipment_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every item of the shipments that are on their way."""
    body = amazon.body(document)
    yield from amazon.each(body.get("shipments"), "shipments", lambda one, path: _of_shipment(one, path, place))


def _of_shipment(shipment: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    if shipment.get("currentShipmentStatus") != "Shipped" or shipment.get("transactionType") == "Cancel":
        return
    number = amazon.text(shipment.get("vendorShipmentIdentifier"), f"{path}.vendorShipmentIdentifier")
    when = amazon.at(shipment, "transportationDetails", "shippedDate") or shipment.get("shipmentConfirmDate")
    revision = str(amazon.since_2000(when, f"{path}.transportationDetails.shippedDate"))
    for where, order in amazon.objects(shipment.get("purchaseOrders"), f"{path}.purchaseOrders"):
        several = doubled(order.get("items"))
        po = amazon.text(order.get("purchaseOrderNumber"), f"{where}.purchaseOrderNumber")

        def item_lines(item: dict[str, Any], inner: str, po: str = po, several: frozenset[str] = several) -> Iterator[Line]:
            yield _shipped(number, po, item, several, inner, place) | {"occurred_at": when, "source_revision": revision}

        yield from amazon.each(order.get("items"), f"{where}.items", item_lines)


AMAZON_VENDOR_CONFIRMATIONS: Final = Adapter(
    "amazon-vendor-confirmations",
    "Amazon vendor shipment confirmation",
    "marketplace",
    frozenset({"shipmentConfirmations", "shippedItems"}),
    _is_confirmations,
    _confirmation_lines,
)
AMAZON_VENDOR_SHIPMENTS: Final = Adapter(
    "amazon-vendor-shipments", "Amazon vendor shipment", "marketplace", frozenset({"shipments"}), _is_shipments, _shipment_lines
)
