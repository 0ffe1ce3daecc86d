"""Shopify fulfillments (webhooks fulfillments/create and update, `/orders/{id}/fulfillments.json`): what left for an order.

| Shopify | ours |
|---|---|
| (each of `line_items`) | `order_shipped`, one a line |
| `id`, `line_items[].id` | source_event_id |
| `order_id`, `line_items[].id` | document_id, document_line |
| `line_items[].sku`, else `variant_id` | item_code (`sku`, else `vendor`) |
| `line_items[].quantity` (of this fulfillment) | quantity |
| `location_id` | location_code |
| `created_at` | occurred_at |
| `updated_at` | recorded_at |
| `status` | `success` ships; `cancelled` takes the shipment back |

Of `pending`, `open`, `error` and `failure` nothing has left: within an order they say nothing, alone they are refused.
A `cancelled` fulfillment is the same event under revision 1, which takes the place of the shipment: a
`return_requested` with the reason `shipment_cancelled`, as no kind says that something did not happen.
`shipment_status` says that goods were delivered, but not when; deliveries are not told. Shopify's places are known by
their ids: reference names them so (`locations.location_code`), else the shipment waits.
"""

from __future__ import annotations

from collections.abc import Iterator
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

_FIELDS: Final = frozenset({"id", "order_id", "status", "line_items", "tracking_company"})
SHIPPED: Final = "success"
CANCELLED: Final = "cancelled"


def is_fulfillment(value: Any) -> bool:
    """Whether a value is a fulfillment's body."""
    return is_body(value, "Fulfillment", _FIELDS)


def fulfillment_lines(path: str, body: Body, channel: str, order: str) -> Iterator[Line | Refused]:
    """Lines of one fulfillment of an order: none while nothing has left. `path` is where it stands in the document."""
    status = body.get("status")
    if status not in (SHIPPED, CANCELLED):
        return
    fulfillment = number(body, "id", path)
    place = number_or_none(body, "location_id", path)
    for at, line in listed(body, "line_items", path):
        try:
            document_line = number(line, "id", at)
            made: Line = {
                "event_kind": "order_shipped",
                "source_event_id": f"shopify-fulfillment-{fulfillment}-{document_line}",
                "channel_code": channel,
                "document_id": order,
                "document_line": document_line,
                "occurred_at": body.get("created_at"),
                "recorded_at": body.get("updated_at"),
                "location_code": place,
                "quantity": number(line, "quantity", at),
                **item_of(line, at),
            }
        except Refused as refused:
            yield refused
            continue
        if status == CANCELLED:
            made |= {"event_kind": "return_requested", "source_revision": "1", "reason_code": "shipment_cancelled"}
        yield made


def _lines(document: Body, place: Place) -> Iterator[Line | Refused]:
    def of_one(path: str, body: Body) -> Iterator[Line | Refused]:
        status = body.get("status")
        if status in ("pending", "open", "error", "failure"):
            raise Refused("unusable_document", f"Shopify fulfillment from which nothing has been sent ({status})")
        if status not in (SHIPPED, CANCELLED):
            raise Refused("unknown_value" if isinstance(status, str) else "missing_field", f"{path}status")
        return fulfillment_lines(path, body, place.channel(VENDOR), number(body, "order_id", path))

    return each_body(document, "fulfillment", "fulfillments", of_one)


SHOPIFY_FULFILLMENTS: Final = Adapter(
    name="shopify-fulfillments",
    title="Shopify fulfillment",
    feed="marketplace",
    marks=marks_of("fulfillment", "fulfillments", "tracking_company"),
    recognises=recogniser("fulfillment", "fulfillments", is_fulfillment),
    lines=_lines,
    quick=all_of_it,
)
