"""Amazon's notification of a changed order: `ORDER_CHANGE`, payload version 1.0.

Follows `schemas/notifications/OrderChangeNotification.json` of amzn/selling-partner-api-models (August 2026). It gives the
same events as the pages of the Orders API (`order_lines`), so both may be taken.

| theirs | ours |
|---|---|
| Summary.MarketplaceId | channel_code (see `amazon`) |
| AmazonOrderId, Summary.OrderItems[].OrderItemId | document_id, document_line |
| Summary.PurchaseDate | occurred_at of `order_placed`; may be null: then no order is made of it |
| OrderChangeTrigger.TimeOfOrderChange, else EventTime | recorded_at; the time of what was shipped and cancelled |
| SellerSKU | item_code |
| Quantity | quantity of `order_placed`; 0 is a line of which nothing is wanted any more |
| Summary.FulfillmentType | AFN: location_code is Amazon's pool |
| QuantityShipped | `order_shipped` |
| Summary.OrderStatus Canceled | `order_cancelled` of what was not shipped |

Quirks: it has no price; a wish to cancel (`BuyerRequestedChange`) is none yet; at item level it names one item of several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.order_lines import Order, OrderItem, order_lines
from pipelines.feeds.reading.rows import Refused

_NAME: Final = "OrderChangeNotification"
_SUMMARY: Final = f"Payload.{_NAME}.Summary"


def recognises(document: Any) -> bool:
    """Whether it is a notification of this type."""
    return bool(amazon.at(amazon.content(document), "NotificationType") == "ORDER_CHANGE")


def lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every item that the notification names. Raises Refused where it has no order."""
    body = amazon.body(document)
    change = amazon.at(body, "Payload", _NAME)
    summary = amazon.at(change, "Summary")
    channel_code = amazon.channel(place, amazon.at(summary, "MarketplaceId"), f"{_SUMMARY}.MarketplaceId")
    by = amazon.at(summary, "FulfillmentType")
    told_at = amazon.at(change, "OrderChangeTrigger", "TimeOfOrderChange") or body.get("EventTime")
    head = Order(
        channel_code=channel_code,
        order_id=amazon.text(amazon.at(change, "AmazonOrderId"), f"Payload.{_NAME}.AmazonOrderId"),
        placed_at=amazon.at(summary, "PurchaseDate"),
        told_at=amazon.text(told_at, "EventTime"),
        is_amazons=None if by is None else by == "AFN",
        location_code=amazon.pool(channel_code) if by == "AFN" else None,
    )
    is_cancelled = amazon.at(summary, "OrderStatus") == "Canceled"

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line | Refused]:
        return order_lines(head, _item(item, where, is_cancelled), where, f"{_SUMMARY}.PurchaseDate")

    yield from amazon.each(amazon.at(summary, "OrderItems"), f"{_SUMMARY}.OrderItems", item_lines)


def _item(item: dict[str, Any], path: str, is_cancelled: bool) -> OrderItem:
    ordered = amazon.whole(item.get("Quantity"), f"{path}.Quantity")
    shipped = amazon.optional_whole(item.get("QuantityShipped"), f"{path}.QuantityShipped")
    return OrderItem(
        line=amazon.text(item.get("OrderItemId"), f"{path}.OrderItemId"),
        what=amazon.item(item.get("SellerSKU"), None, f"{path}.SellerSKU"),
        money={},
        ordered=ordered,
        shipped=shipped,
        cancelled=max(ordered - shipped, 0) if is_cancelled else 0,
    )


AMAZON_ORDER_CHANGE: Final = Adapter(
    "amazon-order-change", "Amazon order change notification", "marketplace", frozenset({"NotificationType"}), recognises, lines
)
