"""Shopify refunds (webhook refunds/create, `/orders/{id}/refunds.json`): what is paid back, and what will not be sent.

| Shopify | ours |
|---|---|
| (each of `refund_line_items`) | `order_cancelled` where `restock_type` is `cancel`, else `refund` |
| `id`, `refund_line_items[].id` | source_event_id |
| `order_id`, `refund_line_items[].line_item_id` | document_id, document_line |
| `refund_line_items[].line_item` (`sku`, else `variant_id`) | item_code (`sku`, else `vendor`) |
| `refund_line_items[].quantity` | quantity |
| `refund_line_items[].restock_type` (`return`, `no_restock`, `legacy_restock`) | reason_code of a `refund` |
| `created_at` | occurred_at |

`cancel` is said of goods that have not left: the line reserves less. A refund never brings goods back: that is the
warehouse's `return_receive`, wherever Shopify restocks. A refund without lines pays money back (shipping, a goodwill)
and says nothing of goods. Refunds are never changed, so that the same refund says the same alone and within its order.
What an order edit removes comes as such a refund, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place, all_of_it
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
    recogniser,
)
from pipelines.feeds.reading.rows import Refused

_FIELDS: Final = frozenset({"id", "order_id", "refund_line_items"})
NOT_SENT: Final = "cancel"
"""The `restock_type` of goods that have not left and never will."""


def is_refund(value: Any) -> bool:
    """Whether a value is a refund's body (what a refund would be, `calculate.json`, has no id)."""
    return is_body(value, "Refund", _FIELDS)


def refund_lines(path: str, body: Body, channel: str, order: str, of_order: Mapping[str, Body]) -> Iterator[Line | Refused]:
    """Lines of one refund of an order. `of_order` are the order's lines by id, for a refund that does not repeat them."""
    refund = number(body, "id", path)
    for at, line in listed(body, "refund_line_items", path):
        try:
            document_line = number(line, "line_item_id", at)
            sold = line.get("line_item") or of_order.get(document_line)
            if not isinstance(sold, dict):
                raise Refused("missing_field", at + "line_item")
            kind = line.get("restock_type")
            made: Line = {
                "event_kind": "order_cancelled" if kind == NOT_SENT else "refund",
                "source_event_id": f"shopify-refund-{refund}-{number_or_none(line, 'id', at) or document_line}",
                "channel_code": channel,
                "document_id": order,
                "document_line": document_line,
                "occurred_at": body.get("created_at"),
                "quantity": number(line, "quantity", at),
                **item_of(sold, at + "line_item."),
            }
        except Refused as refused:
            yield refused
            continue
        if kind != NOT_SENT:
            made["reason_code"] = kind
        yield made


def _lines(document: Body, place: Place) -> Iterator[Line | Refused]:
    def of_one(path: str, body: Body) -> Iterator[Line | Refused]:
        if body.get("refund_line_items") == []:
            raise Refused("unusable_document", "Shopify refund of money alone")
        return refund_lines(path, body, place.channel(VENDOR), number(body, "order_id", path), {})

    return each_body(document, "refund", "refunds", of_one)


SHOPIFY_REFUNDS: Final = Adapter(
    name="shopify-refunds",
    title="Shopify refund",
    feed="marketplace",
    marks=marks_of("refund", "refunds", "refund_line_items"),
    recognises=recogniser("refund", "refunds", is_refund),
    lines=_lines,
    quick=all_of_it,
)
