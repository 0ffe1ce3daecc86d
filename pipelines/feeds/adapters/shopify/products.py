"""Shopify products, variants and inventory items (`/products.json`, `/variants.json`, `/inventory_items.json`, their webhooks): which item an id means.

| Shopify | ours (reference, `item_codes`) |
|---|---|
| (each variant with an SKU) | its own id, and that of its inventory item |
| (each inventory item with an SKU) | its id |
| `sku` | item_code |
| `id` of a variant | vendor_code `gid://shopify/ProductVariant/…` |
| `inventory_item_id`, `id` of an inventory item | vendor_code `gid://shopify/InventoryItem/…`, and the bare number |

The other documents name items by these ids: inventory levels always, orders where a line has no SKU. They wait until the item
and the code are known, whichever comes first. Nothing else of a product is read: names, prices and weights of items come
with `items`. A variant without an SKU is refused: nothing says which item it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place, all_of_it
from pipelines.feeds.adapters.shopify.common import (
    GID,
    Body,
    each_body,
    is_body,
    listed,
    marks_of,
    number,
    number_or_none,
    or_refused,
    recogniser,
)
from pipelines.feeds.reading.rows import Refused

_PRODUCT: Final = frozenset({"id", "variants", "handle"})
_VARIANT: Final = frozenset({"id", "sku", "inventory_quantity", "price"})
_NAMED: Final = frozenset({"id", "sku", "inventory_item_id"})
"""What is left of a variant where somebody asked for some fields alone (`fields=`)."""
_INVENTORY_ITEM: Final = frozenset({"id", "sku", "tracked"})


def _is_product(value: Any) -> bool:
    if not isinstance(value, dict) or "variants" not in value:
        return False
    variants = value["variants"]
    is_asked_for = isinstance(variants, list) and any(_is_variant(variant) for variant in variants)
    return is_body(value, "Product", frozenset({"id"}) if is_asked_for else _PRODUCT)


def _is_variant(value: Any) -> bool:
    return (is_body(value, "ProductVariant", _VARIANT) or is_body(value, "ProductVariant", _NAMED)) and "sku" in value


def _is_inventory_item(value: Any) -> bool:
    return is_body(value, "InventoryItem", _INVENTORY_ITEM) and "sku" in value


def _sku(body: Body, path: str) -> str:
    sku = body.get("sku")
    if sku is None or (isinstance(sku, str) and not sku.strip()):
        raise Refused("missing_field", path + "sku")
    if not isinstance(sku, str):
        raise Refused("wrong_type" if isinstance(sku, bool) else "number_as_code", path + "sku")
    return str(sku)


def _inventory_item(path: str, body: Body, name: str = "id") -> Iterator[Line]:
    sku, inventory_item = _sku(body, path), number(body, name, path)
    yield {"vendor_code": f"{GID}InventoryItem/{inventory_item}", "item_code": sku}
    yield {"vendor_code": inventory_item, "item_code": sku}


def _variant(path: str, body: Body) -> Iterator[Line]:
    yield {"vendor_code": f"{GID}ProductVariant/{number(body, 'id', path)}", "item_code": _sku(body, path)}
    if number_or_none(body, "inventory_item_id", path) is not None:
        yield from _inventory_item(path, body, "inventory_item_id")


def _product(path: str, body: Body) -> Iterator[Line | Refused]:
    for at, variant in listed(body, "variants", path):
        yield from or_refused(_variant(at, variant))


def _adapter(
    name: str,
    title: str,
    one: str,
    many: str,
    field: str,
    is_one: Callable[[Any], bool],
    lines: Callable[[str, Body], Iterator[Line | Refused]],
) -> Adapter:
    def of_document(document: Body, place: Place) -> Iterator[Line | Refused]:
        return each_body(document, one, many, lines)

    return Adapter(
        name=name,
        title=title,
        feed="reference",
        marks=marks_of(one, many, field),
        recognises=recogniser(one, many, is_one),
        lines=of_document,
        quick=all_of_it,
    )


SHOPIFY_PRODUCTS: Final = _adapter("shopify-products", "Shopify product", "product", "products", "handle", _is_product, _product)
SHOPIFY_VARIANTS: Final = _adapter(
    "shopify-variants", "Shopify variant of a product", "variant", "variants", "inventory_quantity", _is_variant, _variant
)
SHOPIFY_INVENTORY_ITEMS: Final = _adapter(
    "shopify-inventory-items", "Shopify inventory item", "inventory_item", "inventory_items", "tracked", _is_inventory_item, _inventory_item
)
