"""Shopify inventory levels (webhook inventory_levels/update, `/inventory_levels.json`): what the shop thinks a place can sell.

| Shopify | ours |
|---|---|
| (each level) | `snapshot` |
| `location_id` | location_code |
| `inventory_item_id` | item_code, kind `vendor` (`gid://shopify/InventoryItem/…`) |
| `available` | quantity |
| `updated_at` | occurred_at |
| all four | source_event_id |

A level is of one item at one place and instant, which is the grain of a warehouse's `snapshot`: it belongs to the feed
`wms`. It is no `stock_ack`: that is of item and channel, so that of an item at two places only the last place would
stand; nor has a level a number that grows. A snapshot posts nothing; it is compared.

`available` is what can still be promised, less than what is on hand by what orders hold. Null says that the item is not
tracked there, and is refused: unknown is not 0. Below 0 says that more was sold than there was, and is compared. A level names no SKU: it waits as
`unknown_item` until the products or inventory items (`products.py`) say what the id means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place, all_of_it
from pipelines.feeds.adapters.shopify.common import GID, Body, each_body, is_body, marks_of, number, recogniser
from pipelines.feeds.reading.rows import Refused

_FIELDS: Final = frozenset({"inventory_item_id", "location_id", "available"})


def is_level(value: Any) -> bool:
    """Whether a value is a level's body; one that was disconnected says no more what is available."""
    return is_body(value, "InventoryLevel", _FIELDS) and "available" in value


def _level(path: str, body: Body) -> Iterator[Line | Refused]:
    item, place, available = (number(body, name, path) for name in ("inventory_item_id", "location_id", "available"))
    at = body.get("updated_at")
    if not at:
        raise Refused("missing_field", f"{path}updated_at")
    yield {
        "event_kind": "snapshot",
        "source_event_id": f"shopify-level-{item}-{place}-{at}-{available}",
        "location_code": place,
        "occurred_at": at,
        "item_code": f"{GID}InventoryItem/{item}",
        "item_code_kind": "vendor",
        "quantity": available,
    }


def _lines(document: Body, place: Place) -> Iterator[Line | Refused]:
    return each_body(document, "inventory_level", "inventory_levels", _level)


SHOPIFY_INVENTORY_LEVELS: Final = Adapter(
    name="shopify-inventory-levels",
    title="Shopify inventory level",
    feed="wms",
    marks=marks_of("inventory_level", "inventory_levels", "inventory_item_id"),
    recognises=recogniser("inventory_level", "inventory_levels", is_level),
    lines=_lines,
    quick=all_of_it,
)
