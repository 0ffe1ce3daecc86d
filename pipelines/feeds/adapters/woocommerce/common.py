"""How WooCommerce's documents are told: bodies come bare, one or a list of them; most name their own address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Unusable
from pipelines.feeds.adapters.shipped import shipped

_HERE: Final = Path(__file__).resolve().parent
_ADDRESS: Final = re.compile(r"/wp-json/wc/v[0-9]+/([a-z_/0-9-]+)")


def objects_that_tell(document: Any) -> tuple[dict[str, Any], ...]:
    """The document itself. See `Vendor.objects`."""
    return (document,) if isinstance(document, dict) else ()


def _is_order(document: Any) -> bool:
    return isinstance(document, dict) and document.keys() >= {"order_key", "line_items", "status"}


def _is_refund(document: Any) -> bool:
    return isinstance(document, dict) and document.keys() >= {"refunded_by", "amount", "line_items"} and "order_key" not in document


WOOCOMMERCE_ORDERS: Final = shipped(
    _HERE / "orders.toml",
    name="woocommerce-orders",
    title="WooCommerce order",
    feed="marketplace",
    marks=frozenset({"order_key"}),
    recognises=_is_order,
    says_nothing="WooCommerce order that is a draft, or has no lines",
)
WOOCOMMERCE_REFUNDS: Final = shipped(
    _HERE / "refunds.toml",
    name="woocommerce-refunds",
    title="WooCommerce refund",
    feed="marketplace",
    marks=frozenset({"refunded_by"}),
    recognises=_is_refund,
    says_nothing="WooCommerce refund of money alone",
)

_KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("product (items come through the feed reference)", "catalog_visibility permalink"),
    ("variation of a product (items come through the feed reference)", "stock_quantity downloadable permalink"),
    ("customer", "is_paying_customer billing"),
    ("coupon", "individual_use discount_type"),
    ("note on an order", "customer_note note author"),
    ("product review", "reviewer rating product_id"),
    ("tax rate", "compound rate shipping"),
    ("shipping method", "method_id method_title settings"),
    ("webhook", "delivery_url topic"),
    ("webhook's test", "webhook_id"),
)
"""Titles, and the fields that tell a body, of which the first is no other vendor's."""


def _known(title: str, fields: str) -> Unusable:
    mark, *others = fields.split()
    told_by = frozenset((mark, *others))
    return Unusable(f"WooCommerce {title}", frozenset({mark}), lambda document: isinstance(document, dict) and told_by <= document.keys())


WOOCOMMERCE_UNUSABLE: Final = tuple(_known(*kind) for kind in _KINDS)


def title_by_address(document: Any) -> str | None:
    """What a body is by the address that it names as its own, or as an error answer; null where it is neither.

    >>> title_by_address({"_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/products/attributes/6"}]}})
    'WooCommerce document of products/attributes'
    """
    if isinstance(document, dict) and str(document.get("code")).startswith(("woocommerce_", "rest_")):
        return "WooCommerce error answer"
    links = document.get("_links") if isinstance(document, dict) else None
    own = (links.get("self") or links.get("collection")) if isinstance(links, dict) else None
    first = own[0] if isinstance(own, list) and own else own
    found = _ADDRESS.search(str(first.get("href"))) if isinstance(first, dict) else None
    if found is None:
        return None
    names = [part for part in found.group(1).split("/") if part and not part.isdigit()]
    return f"WooCommerce document of {'/'.join(names[:3])}"
