"""Amazon customers' orders, Orders API, version v0: an order of `getOrders` or `getOrder` with its items laid into it.

Follows `models/orders-api-model/ordersV0.json` of amzn/selling-partner-api-models (August 2026). Version v0 answers in two
halves, neither of which is of use alone: `getOrders` has the time and the marketplace, `getOrderItems` the items. Whoever
fetches both lays the second into the first as `OrderItems`: the list, or the answer of `getOrderItems` as it came. An order
without items and items without their order are refused, saying where the other half is.

| theirs | ours |
|---|---|
| MarketplaceId | channel_code (see `amazon`) |
| AmazonOrderId, OrderItems[].OrderItemId | document_id, document_line |
| PurchaseDate | occurred_at of `order_placed` |
| LastUpdateDate | recorded_at; the time of what was shipped and cancelled |
| SellerSKU, else ASIN | item_code |
| QuantityOrdered | quantity of `order_placed`; 0 is a line of which nothing is wanted any more |
| ItemPrice / QuantityOrdered, where that is exact to 4 decimals | unit_price_amount, currency_code |
| FulfillmentChannel | AFN: location_code is Amazon's pool |
| QuantityShipped | `order_shipped` |
| OrderStatus Canceled | `order_cancelled` of what was not shipped |

Quirks: a pending order has no price yet; a wish to cancel (`BuyerRequestedCancel`) is none yet; `ItemPrice` is of the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.order_lines import Order, OrderItem, order_lines
from pipelines.feeds.reading.rows import Refused


def recognises(document: Any) -> bool:
    """Whether it is an order with its items, or a page of orders of which at least one has them (or which is empty)."""
    body = amazon.content(document)
    if not isinstance(body, dict):
        return False
    orders = body.get("Orders")
    if isinstance(orders, list):
        return not orders or any(_has_items(order) for order in orders)
    return _has_items(body)


def _has_items(order: Any) -> bool:
    return isinstance(order, dict) and "AmazonOrderId" in order and "PurchaseDate" in order and "OrderItems" in order


def lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """The events of every order, item by item; an order without its items is refused by itself."""
    body = amazon.body(document)
    if "Orders" in body:
        yield from amazon.each(body["Orders"], "Orders", lambda order, path: _order(order, path + ".", place))
    else:
        yield from _order(body, "", place)


def _order(order: dict[str, Any], path: str, place: Place) -> Iterator[Line | Refused]:
    channel_code = amazon.channel(place, order.get("MarketplaceId"), f"{path}MarketplaceId")
    by = order.get("FulfillmentChannel")
    head = Order(
        channel_code=channel_code,
        order_id=amazon.text(order.get("AmazonOrderId"), f"{path}AmazonOrderId"),
        placed_at=amazon.text(order.get("PurchaseDate"), f"{path}PurchaseDate"),
        told_at=amazon.text(order.get("LastUpdateDate"), f"{path}LastUpdateDate"),
        is_amazons=None if by is None else by == "AFN",
        location_code=amazon.pool(channel_code) if by == "AFN" else None,
    )
    is_cancelled = order.get("OrderStatus") == "Canceled"
    items = amazon.content(order.get("OrderItems"))
    items = items.get("OrderItems") if isinstance(items, dict) else items

    def item_lines(item: dict[str, Any], where: str) -> Iterator[Line | Refused]:
        return order_lines(head, _item(item, where, is_cancelled), where, f"{path}PurchaseDate")

    yield from amazon.each(items, f"{path}OrderItems", item_lines)


def _item(item: dict[str, Any], path: str, is_cancelled: bool) -> OrderItem:
    ordered = amazon.whole(item.get("QuantityOrdered"), f"{path}.QuantityOrdered")
    shipped = amazon.optional_whole(item.get("QuantityShipped"), f"{path}.QuantityShipped")
    return OrderItem(
        line=amazon.text(item.get("OrderItemId"), f"{path}.OrderItemId"),
        what=amazon.item(item.get("SellerSKU"), item.get("ASIN"), f"{path}.SellerSKU"),
        money=_unit_price(amazon.price(item.get("ItemPrice"), "Amount", "CurrencyCode", f"{path}.ItemPrice"), ordered, path),
        ordered=ordered,
        shipped=shipped,
        cancelled=max(ordered - shipped, 0) if is_cancelled else 0,
    )


def _unit_price(money: Line, ordered: int, path: str) -> Line:
    """The price of one unit from that of the line; none where it cannot be written exactly. Raises Refused for no number."""
    if not money or not ordered:
        return {}
    try:
        of_line = Decimal(str(money["unit_price_amount"]))
    except InvalidOperation as error:
        raise Refused("bad_number", f"{path}.ItemPrice.Amount") from error
    if not of_line.is_finite() or abs(of_line.adjusted()) > 12:
        raise Refused("bad_number", f"{path}.ItemPrice.Amount")
    of_one = (of_line / ordered).quantize(Decimal("0.0001"))
    return money | {"unit_price_amount": format(of_one, "f")} if of_one * ordered == of_line else {}


AMAZON_ORDERS_V0: Final = Adapter(
    "amazon-orders-v0", "Amazon order with its items (Orders API v0)", "marketplace", frozenset({"Orders", "OrderItems"}), recognises, lines
)
