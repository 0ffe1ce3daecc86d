"""Amazon's purchase orders to us: `getPurchaseOrders`, `getPurchaseOrder` and `getPurchaseOrdersStatus`, Vendor Orders v1.

Follows `models/vendor-orders-api-model/vendorOrders.json` of amzn/selling-partner-api-models (August 2026). Channel, line,
item and units: see `amazon_vendor`.

| theirs (order; status) | ours |
|---|---|
| purchaseOrderNumber | document_id |
| orderDetails.purchaseOrderDate; purchaseOrderDate | occurred_at of `order_placed` |
| orderedQuantity; orderedQuantity.orderedQuantity | quantity of `order_placed` |
| netCost | unit_price_amount, currency_code; none where it is by weight |
| orderDetails.purchaseOrderChangedDate; the latest updatedDate of orderedQuantityDetails, if after the order | see below |
| -; acknowledgementStatus.rejectedQuantity | `order_cancelled`, `rejected`, at the latest acknowledgementDate, which is its revision |
| -; receivingStatus.receivedQuantity | `order_delivered`, at lastReceiveDate, which is its revision |

An order states how much is wanted now, and not what was wanted at first. So a changed order is placed anew with what it
now says, the time of the change being its revision, and there is an `order_line_changed` at that time, maybe to 0.

Quirks: an order that was asked for without details is refused; one of Amazon's examples has the items beside the details;
of what was cancelled whole, 0 is wanted; a closed order does not say what of it will never come, so what was neither
shipped nor rejected stays reserved. Acknowledgements are our own answers: what became of them is in the status.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.vendor import channel, doubled, product, quantity, units
from pipelines.feeds.reading.rows import Refused


def _is_orders(document: Any) -> bool:
    body = amazon.content(document)
    if isinstance(amazon.at(body, "orders"), list):
        return bool(body["orders"]) and all(_is_order(order) for order in body["orders"])
    return _is_order(body)


def _is_order(value: Any) -> bool:
    return isinstance(value, dict) and "purchaseOrderNumber" in value and ("purchaseOrderState" in value or "orderDetails" in value)


def _order_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every order's items."""
    body = amazon.body(document)
    if "orders" in body:
        yield from amazon.each(body["orders"], "orders", lambda order, path: _of_order(order, path + ".", place))
    else:
        yield from _of_order(body, "", place)


def _of_order(order: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    details = order.get("orderDetails")
    if not isinstance(details, dict):
        raise Refused("missing_field", f"{path}orderDetails")
    head = _head(order, details.get("purchaseOrderDate"), f"{path}orderDetails.purchaseOrderDate", path, place)
    is_above = "items" not in details and "items" in order
    items, where_items = (order["items"], f"{path}items") if is_above else (details.get("items"), f"{path}orderDetails.items")
    several = doubled(items)
    changed_at = details.get("purchaseOrderChangedDate")

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line]:
        line = head | product(item, several, where)
        return _standing(line, item, item.get("orderedQuantity"), f"{where}.orderedQuantity", changed_at, where)

    yield from amazon.each(items, where_items, item_lines)


def _head(order: dict[str, Any], placed_at: Any, placed_path: str, path: str, place: Place) -> Line:
    amazon.seconds(placed_at, placed_path)
    return {
        "channel_code": channel(place),
        "document_id": amazon.text(order.get("purchaseOrderNumber"), f"{path}purchaseOrderNumber"),
        "occurred_at": placed_at,
    }


def _standing(line: Line, item: dict[str, Any], ordered: Any, ordered_path: str, changed_at: Any, path: str) -> Iterator[Line]:
    """The line as it now stands: placed, and where it was changed, changed."""
    wanted = quantity(ordered, ordered_path)
    money = (
        {}
        if amazon.at(item, "netCost", "unitOfMeasure")
        else amazon.price(item.get("netCost"), "amount", "currencyCode", f"{path}.netCost")
    )
    revision = str(amazon.since_2000(changed_at, f"{path}: time of the change")) if changed_at else "0"
    if wanted["quantity"] != "0" or not changed_at:
        yield line | wanted | money | {"event_kind": "order_placed", "source_revision": revision}
    if changed_at:
        yield line | wanted | {"event_kind": "order_line_changed", "source_revision": revision, "occurred_at": changed_at}


def _is_status(document: Any) -> bool:
    return isinstance(amazon.at(amazon.content(document), "ordersStatus"), list)


def _status_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every order's items: as it stands, what we rejected, what Amazon received."""
    body = amazon.body(document)
    yield from amazon.each(body.get("ordersStatus"), "ordersStatus", lambda order, path: _of_status(order, path, place))


def _of_status(order: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    head = _head(order, order.get("purchaseOrderDate"), f"{path}.purchaseOrderDate", f"{path}.", place)
    told_at = order.get("lastUpdatedDate") or order["purchaseOrderDate"]
    several = doubled(order.get("itemStatus"))

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line]:
        line = head | product(item, several, where)
        ordered = amazon.at(item, "orderedQuantity", "orderedQuantity")
        changed_at = _latest(amazon.at(item, "orderedQuantity", "orderedQuantityDetails"), "updatedDate", f"{where}.orderedQuantity")
        if changed_at and amazon.seconds(changed_at, where) <= amazon.seconds(order["purchaseOrderDate"], where):
            changed_at = None
        yield from _standing(line, item, ordered, f"{where}.orderedQuantity.orderedQuantity", changed_at, where)
        answer = item.get("acknowledgementStatus")
        answered_at = _latest(amazon.at(answer, "acknowledgementStatusDetails"), "acknowledgementDate", f"{where}.acknowledgementStatus")
        rejected = _sofar(amazon.at(answer, "rejectedQuantity"), answered_at or told_at, f"{where}.acknowledgementStatus.rejectedQuantity")
        if rejected:
            yield line | rejected | _running(line, "order_cancelled", "rejected") | {"reason_code": "rejected"}
        receipt = item.get("receivingStatus")
        received_at = amazon.at(receipt, "lastReceiveDate") or told_at
        received = _sofar(amazon.at(receipt, "receivedQuantity"), received_at, f"{where}.receivingStatus.receivedQuantity")
        if received:
            yield line | received | _running(line, "order_delivered", "received")

    yield from amazon.each(order.get("itemStatus"), f"{path}.itemStatus", item_lines)


def _latest(details: Any, name: str, path: str) -> str | None:
    """The latest time of that name among details; null where there is none. Raises Refused."""
    if details is None:
        return None
    times = [str(one[name]) for _, one in amazon.objects(details, path) if one.get(name)]
    return max(times, key=lambda when: amazon.seconds(when, f"{path}.{name}"), default=None)


def _sofar(value: Any, when: str, path: str) -> Line | None:
    """A running total at the time of its last change; null where it is 0 or not told. Raises Refused."""
    if value is None or units(value, path)[0] == 0:
        return None
    return {**quantity(value, path), "occurred_at": when, "source_revision": str(amazon.since_2000(when, path))}


def _running(line: Line, kind: str, word: str) -> Line:
    return {"event_kind": kind, "source_event_id": f"{line['document_id']}/{line['document_line']}/{word}"}


AMAZON_VENDOR_ORDERS: Final = Adapter(
    "amazon-vendor-orders", "Amazon vendor purchase order", "marketplace", frozenset({"purchaseOrderNumber"}), _is_orders, _order_lines
)
AMAZON_VENDOR_STATUS: Final = Adapter(
    "amazon-vendor-status", "Amazon vendor purchase order status", "marketplace", frozenset({"ordersStatus"}), _is_status, _status_lines
)
