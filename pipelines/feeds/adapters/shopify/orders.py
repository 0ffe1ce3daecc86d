"""Shopify orders (webhooks orders/create, updated, cancelled …, `/orders.json`): what was ordered, and all that followed.

| Shopify | ours |
|---|---|
| (each of `line_items`) | `order_placed` |
| `id`, `line_items[].id` | document_id, document_line |
| `line_items[].sku`, else `variant_id` | item_code (`sku`, else `vendor`) |
| `line_items[].quantity` | quantity, source_revision |
| `line_items[].price`, `currency` | unit_price_amount (before discounts), currency_code |
| `processed_at`, else `created_at` | occurred_at |
| `updated_at` | recorded_at |
| `customer.id` | customer_key (its pseudonym) |
| `location_id` where `source_name` is `pos` | location_code: sold over that counter |
| `fulfillments`, `refunds` | as they say alone (`fulfillments.py`, `refunds.py`) |
| `cancelled_at`, `cancel_reason` | `order_cancelled` of what had not left, per line |

**The same order comes many times**, whole, with whatever changed meanwhile. Every fact has its own identity, and what
changes without being a fact (statuses, `updated_at`, what is left to fulfil) is in none, so that a fact comes out the
same from each of them.

**Edits.** `quantity` counts what was ever ordered of the line: an edit that adds makes it grow, one that removes leaves
it and comes as a refund. So it is its own revision, and a line that grew takes the place of the smaller one. A line that
an edit adds is a line of its own. What the webhook orders/edited says alone (ids and differences) is refused.

**Removed without restocking** (`no_restock`) may be said of goods that left and of goods that never will; only the
order tells, by `fulfillable_quantity`. What can be neither sent any more nor was sent is cancelled, as of the first
such refund; it grows with its revision.

**Cancelled** orders are cancelled for their reason (`inventory` is our `stock`) in what had not left, also what refunds
have cancelled before: fraud is then never demand. The marts count no more than was ordered.

A test order is no demand and is refused. The channel is the shop (the folder's name, else `shopify`), not `source_name`.
Known limit: when a shop changes its time zone, its old orders say their times otherwise and conflict with themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypedDict

import msgspec

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.shopify.common import (
    VENDOR,
    Body,
    each_body,
    is_body,
    item_of,
    listed,
    marks_of,
    number,
    number_or_none,
    or_refused,
    recogniser,
    whole,
)
from pipelines.feeds.adapters.shopify.fulfillments import CANCELLED, SHIPPED, fulfillment_lines
from pipelines.feeds.adapters.shopify.refunds import NOT_SENT, refund_lines
from pipelines.feeds.reading.rows import Refused

_FIELDS: Final = frozenset({"id", "order_number", "financial_status"})
_REASONS: Final = {"inventory": "stock"}
_UNCLEAR: Final = (None, "no_restock", "legacy_restock")
"""What a refund says of goods that may have left, or may have been removed before they could."""

Bodies = list[tuple[str, Body]]
"""Bodies of a list, each with its path."""


class _Line(TypedDict, total=False):
    id: Any
    quantity: Any
    fulfillable_quantity: Any
    price: Any
    sku: Any
    variant_id: Any


class _Customer(TypedDict, total=False):
    id: Any


class _Order(TypedDict, total=False):
    admin_graphql_api_id: Any
    id: Any
    order_number: Any
    financial_status: Any
    test: Any
    source_name: Any
    location_id: Any
    currency: Any
    customer: _Customer | None
    created_at: Any
    processed_at: Any
    updated_at: Any
    cancelled_at: Any
    cancel_reason: Any
    line_items: list[_Line]
    fulfillments: Any
    refunds: Any


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    orders: list[_Order]


_PAGE_DECODER: Final = msgspec.json.Decoder(_Page)
_ORDER_DECODER: Final = msgspec.json.Decoder(_Order)
_BEFORE_ID: Final = 200
"""Bytes of an order in which its global id stands, if it is a webhook's."""


def _part(content: bytes) -> Any:
    """A page of orders, or a webhook's order, without what is not read of them."""
    try:
        if content.startswith(b'{"orders":'):
            return {"orders": _PAGE_DECODER.decode(content).orders}
        if b'"gid://shopify/Order/' in content[:_BEFORE_ID]:
            return _ORDER_DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None


def is_order(value: Any) -> bool:
    """Whether a value is an order's body."""
    return is_body(value, "Order", _FIELDS)


def _order(path: str, order: Body, channel: str) -> Iterator[Line | Refused]:
    if order.get("test") is True:
        raise Refused("unusable_document", "Shopify test order")
    order_id = number(order, "id", path)
    items = listed(order, "line_items", path)
    customer = order.get("customer")
    common: Line = {
        "event_kind": "order_placed",
        "channel_code": channel,
        "document_id": order_id,
        "occurred_at": order.get("processed_at") or order.get("created_at"),
        "recorded_at": order.get("updated_at"),
        "currency_code": order.get("currency"),
        "customer_id": number_or_none(customer, "id", f"{path}customer.") if isinstance(customer, dict) else None,
        "location_code": number_or_none(order, "location_id", path) if order.get("source_name") == "pos" else None,
    }
    placed: dict[str, Line] = {}
    for at, line in items:
        try:
            document_line, quantity = number(line, "id", at), number(line, "quantity", at)
            made = common | {
                "document_line": document_line,
                "quantity": quantity,
                "source_revision": quantity,
                "unit_price_amount": number_or_none(line, "price", at),
                **item_of(line, at),
            }
        except Refused as refused:
            yield refused
            continue
        placed[document_line] = made
        yield made
    fulfillments = listed(order, "fulfillments", path, is_needed=False)
    for at, fulfillment in fulfillments:
        yield from or_refused(fulfillment_lines(at, fulfillment, channel, order_id))
    refunds = listed(order, "refunds", path, is_needed=False)
    if refunds:
        by_id = {str(line["id"]): line for _, line in items if "id" in line}
        for at, refund in refunds:
            yield from or_refused(refund_lines(at, refund, channel, order_id, by_id))
        yield from or_refused(_removed(path, by_id, placed, fulfillments, refunds))
    if order.get("cancelled_at"):
        yield from or_refused(_cancelled(path, order, placed, fulfillments))


def _sent(fulfillments: Bodies) -> dict[str, int]:
    """Units that left, by line."""
    sent: dict[str, int] = {}
    for path, fulfillment in fulfillments:
        if fulfillment.get("status") == SHIPPED:
            for at, line in listed(fulfillment, "line_items", path):
                line_id = number(line, "id", at)
                sent[line_id] = sent.get(line_id, 0) + whole(number(line, "quantity", at), f"{at}quantity")
    return sent


def _removed(
    path: str, by_id: Mapping[str, Body], placed: Mapping[str, Line], fulfillments: Bodies, refunds: Bodies
) -> Iterator[Line | Refused]:
    """Cancellations of what refunds took off an order without saying that it had not left."""
    if any(fulfillment.get("status") not in (SHIPPED, CANCELLED) for _, fulfillment in fulfillments):
        return  # goods on their way out are neither sent nor to be sent: the next document tells
    cancelled: dict[str, int] = {}
    unclear: dict[str, tuple[int, str]] = {}
    for refund_path, refund in refunds:
        refunded_at = str(refund.get("created_at") or "")
        for at, line in listed(refund, "refund_line_items", refund_path):
            line_id, units = number(line, "line_item_id", at), whole(number(line, "quantity", at), f"{at}quantity")
            if line.get("restock_type") == NOT_SENT:
                cancelled[line_id] = cancelled.get(line_id, 0) + units
            elif line.get("restock_type") in _UNCLEAR:
                before, first = unclear.get(line_id, (0, refunded_at))
                unclear[line_id] = before + units, min(first, refunded_at)
    sent = _sent(fulfillments) if unclear else {}
    for line_id, (units, first) in unclear.items():
        left = number_or_none(by_id.get(line_id, {}), "fulfillable_quantity", f"{path}line_items.")
        placed_line = placed.get(line_id)
        if placed_line is None or left is None:
            continue
        ordered = whole(placed_line["quantity"], f"{path}line_items.quantity")
        gone = ordered - whole(left, f"{path}line_items.fulfillable_quantity") - sent.get(line_id, 0) - cancelled.get(line_id, 0)
        if min(gone, units) > 0:
            yield _cancellation(placed_line, f"shopify-removal-{line_id}", min(gone, units), first, None)


def _cancelled(path: str, order: Body, placed: Mapping[str, Line], fulfillments: Bodies) -> Iterator[Line | Refused]:
    """The order's own cancellation: per line what had not left, for the order's reason."""
    reason = order.get("cancel_reason") or "other"
    sent = _sent(fulfillments)
    for line_id, line in placed.items():
        units = whole(line["quantity"], f"{path}line_items.quantity") - sent.get(line_id, 0)
        if units > 0:
            identity = f"shopify-cancellation-{line['document_id']}-{line_id}"
            yield _cancellation(line, identity, units, order["cancelled_at"], _REASONS.get(str(reason), reason))


def _cancellation(line: Line, identity: str, units: int, at: str, reason: str | None) -> Line:
    """A cancellation of a line. It only grows: a shipment that is taken back leaves more to cancel."""
    made = {name: line.get(name) for name in ("channel_code", "document_id", "document_line", "item_code", "item_code_kind")}
    return made | {
        "event_kind": "order_cancelled",
        "source_event_id": identity,
        "source_revision": str(units),
        "occurred_at": at,
        "quantity": str(units),
        "reason_code": reason,
    }


def _lines(document: Body, place: Place) -> Iterator[Line | Refused]:
    channel = place.channel(VENDOR)
    return each_body(document, "order", "orders", lambda path, order: _order(path, order, channel))


SHOPIFY_ORDERS: Final = Adapter(
    name="shopify-orders",
    title="Shopify order",
    feed="marketplace",
    marks=marks_of("order", "orders", "financial_status"),
    recognises=recogniser("order", "orders", is_order),
    lines=_lines,
    quick=_part,
)
