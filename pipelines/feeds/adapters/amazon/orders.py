"""Amazon customers' orders: answers of `searchOrders` and `getOrder`, Orders API, version 2026-01-01.

Follows `models/orders-api-model/orders_2026-01-01.json` of amzn/selling-partner-api-models (August 2026). Recognised by
`order` or `orders` with `orderItems` in them, or by one such order alone.

| theirs | ours |
|---|---|
| salesChannel.marketplaceId; of a channel other than AMAZON without one, channelName | channel_code (see `amazon`) |
| orderId, orderItems[].orderItemId | document_id, document_line |
| createdTime | occurred_at of `order_placed` |
| lastUpdatedTime | recorded_at; the time of what has none of its own |
| product.sellerSku, else product.asin | item_code |
| quantityOrdered | quantity of `order_placed`; 0 is a line of which nothing is wanted any more |
| product.price.unitPrice | unit_price_amount, currency_code |
| fulfillment.fulfilledBy | AMAZON: location_code is Amazon's pool |
| packages[].packageItems[] with shipTime, once on its way | `order_shipped` at shipTime |
| orderItems[].fulfillment.quantityFulfilled | `order_shipped` of what no package accounts for |
| fulfillment.fulfillmentStatus CANCELLED | `order_cancelled` of what was not shipped |
| orderItems[].cancellation.cancellationExecution | `order_cancelled` of what is neither shipped nor to be shipped; reason_code |

Quirks: what the request did not ask for (`includedData`) is missing, so an order without `fulfillment` says neither who
fulfils it nor what was shipped, and a cancelled item without `fulfillment` not how much of it is. A request to cancel is
none yet. Buyer, recipient, payment and tax are not read at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.order_lines import MAX_UNITS, Order, OrderItem, order_lines
from pipelines.feeds.reading.rows import Refused

_LEFT: Final = ("SHIPPED", "IN_TRANSIT", "DELIVERED", "UNDELIVERABLE")
_PAGE: Final = frozenset({"pagination", "createdBefore", "lastUpdatedBefore"})
_STOCK_WORDS: Final = ("stock", "inventory")


def recognises(document: Any) -> bool:
    """Whether it is an order, an answer with one, or a page of them."""
    body = amazon.content(document)
    if not isinstance(body, dict):
        return False
    orders = body.get("orders")
    if isinstance(orders, list):
        return all(_is_order(order) for order in orders) if orders else bool(_PAGE.intersection(body))
    return _is_order(body.get("order")) or _is_order(body)


def _is_order(value: Any) -> bool:
    return isinstance(value, dict) and "orderItems" in value and "orderId" in value and "salesChannel" in value


def lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every order, item by item."""
    body = amazon.body(document)
    if "orders" in body:
        yield from amazon.each(body["orders"], "orders", lambda order, path: _order(order, path + ".", place))
    elif isinstance(body.get("order"), dict):
        yield from _order(body["order"], "order.", place)
    else:
        yield from _order(body, "", place)


def _order(order: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    channel_code = amazon.channel(place, _marketplace(order.get("salesChannel")), f"{path}salesChannel.marketplaceId")
    by = amazon.at(order, "fulfillment", "fulfilledBy")
    head = Order(
        channel_code=channel_code,
        order_id=amazon.text(order.get("orderId"), f"{path}orderId"),
        placed_at=amazon.text(order.get("createdTime"), f"{path}createdTime"),
        told_at=amazon.text(order.get("lastUpdatedTime"), f"{path}lastUpdatedTime"),
        is_amazons=None if by is None else by == "AMAZON",
        location_code=amazon.pool(channel_code) if by == "AMAZON" else None,
    )
    is_cancelled = amazon.at(order, "fulfillment", "fulfillmentStatus") == "CANCELLED"
    left = _left(order, path)

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line | Refused]:
        return order_lines(head, _item(item, where, is_cancelled, left), where, f"{path}createdTime")

    yield from amazon.each(order.get("orderItems"), f"{path}orderItems", item_lines)


def _marketplace(sold_by: Any) -> Any:
    """What names the channel: its marketplace, or the channel itself where Amazon only fulfils for another."""
    name = amazon.at(sold_by, "channelName")
    return amazon.at(sold_by, "marketplaceId") or (None if name == "AMAZON" else name)


def _left(order: dict[str, Any], path: str) -> dict[str, list[str]]:
    """Times at which units of each item left in packages, one a unit."""
    times: dict[str, list[str]] = {}
    if order.get("packages") is None:
        return times
    for where, package in amazon.objects(order["packages"], f"{path}packages"):
        when = package.get("shipTime")
        if when is None or amazon.at(package, "packageStatus", "status") not in _LEFT:
            continue
        amazon.seconds(when, f"{where}.shipTime")
        for inner, packed in amazon.objects(package.get("packageItems") or [], f"{where}.packageItems"):
            line = amazon.text(packed.get("orderItemId"), f"{inner}.orderItemId")
            units = amazon.whole(packed.get("quantity"), f"{inner}.quantity")
            if units > MAX_UNITS:
                raise Refused("too_many_units", f"{inner}.quantity", str(units))
            times.setdefault(line, []).extend([when] * units)
    return times


def _item(item: dict[str, Any], path: str, is_cancelled: bool, left: dict[str, list[str]]) -> OrderItem:
    line = amazon.text(item.get("orderItemId"), f"{path}.orderItemId")
    ordered = amazon.whole(item.get("quantityOrdered"), f"{path}.quantityOrdered")
    fulfilled = amazon.optional_whole(amazon.at(item, "fulfillment", "quantityFulfilled"), f"{path}.fulfillment.quantityFulfilled")
    waiting = amazon.optional_whole(amazon.at(item, "fulfillment", "quantityUnfulfilled"), f"{path}.fulfillment.quantityUnfulfilled")
    executed = amazon.at(item, "cancellation", "cancellationExecution")
    shipped_at = tuple(left.get(line, ()))
    shipped = max(fulfilled, len(shipped_at))
    cancelled = 0
    if is_cancelled:
        cancelled = ordered - shipped
    elif executed is not None and item.get("fulfillment") is not None:
        cancelled = ordered - shipped - waiting
    return OrderItem(
        line=line,
        what=amazon.item(amazon.at(item, "product", "sellerSku"), amazon.at(item, "product", "asin"), f"{path}.product.sellerSku"),
        money=amazon.price(amazon.at(item, "product", "price", "unitPrice"), "amount", "currencyCode", f"{path}.product.price.unitPrice"),
        ordered=ordered,
        shipped=shipped,
        cancelled=max(cancelled, 0),
        shipped_at=shipped_at,
        reason=_reason(executed),
    )


def _reason(executed: Any) -> str | None:
    """Why a line was cancelled, as far as it tells: by the customer, for lack of stock, else by whom."""
    by = amazon.at(executed, "cancelledBy")
    if by == "BUYER":
        return "customer"
    why = amazon.at(executed, "cancelReason")
    if isinstance(why, str) and any(word in why.lower() for word in _STOCK_WORDS):
        return "stock"
    return by.lower() if isinstance(by, str) and by else None


AMAZON_ORDERS: Final = Adapter(
    "amazon-orders", "Amazon order (Orders API 2026-01-01)", "marketplace", frozenset({"orderItems"}) | _PAGE, recognises, lines
)
