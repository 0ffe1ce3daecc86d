"""The list of adapters, by vendor. Adding one: a module that declares it, and a line here."""

from __future__ import annotations

from typing import Any, Final

from pipelines.errors import UserError
from pipelines.feeds.adapters.adapter import Adapter, Vendor
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.adapters.amazon.fba_inventory import AMAZON_FBA_CHANGE, AMAZON_FBA_INVENTORY
from pipelines.feeds.adapters.amazon.listing_status import AMAZON_LISTING_STATUS
from pipelines.feeds.adapters.amazon.order_change import AMAZON_ORDER_CHANGE
from pipelines.feeds.adapters.amazon.orders import AMAZON_ORDERS
from pipelines.feeds.adapters.amazon.orders_v0 import AMAZON_ORDERS_V0
from pipelines.feeds.adapters.amazon.unusable import AMAZON_UNUSABLE
from pipelines.feeds.adapters.amazon.vendor_orders import AMAZON_VENDOR_ORDERS, AMAZON_VENDOR_STATUS
from pipelines.feeds.adapters.amazon.vendor_shipments import AMAZON_VENDOR_CONFIRMATIONS, AMAZON_VENDOR_SHIPMENTS
from pipelines.feeds.adapters.shopify import common as shopify
from pipelines.feeds.adapters.shopify.fulfillments import SHOPIFY_FULFILLMENTS
from pipelines.feeds.adapters.shopify.inventory_levels import SHOPIFY_INVENTORY_LEVELS
from pipelines.feeds.adapters.shopify.naming import title_by_id
from pipelines.feeds.adapters.shopify.orders import SHOPIFY_ORDERS
from pipelines.feeds.adapters.shopify.products import SHOPIFY_INVENTORY_ITEMS, SHOPIFY_PRODUCTS, SHOPIFY_VARIANTS
from pipelines.feeds.adapters.shopify.refunds import SHOPIFY_REFUNDS
from pipelines.feeds.adapters.shopify.unusable import SHOPIFY_UNUSABLE
from pipelines.feeds.adapters.woocommerce import common as woocommerce
from pipelines.feeds.adapters.woocommerce.common import WOOCOMMERCE_ORDERS, WOOCOMMERCE_REFUNDS, WOOCOMMERCE_UNUSABLE, title_by_address
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.reading.strangers import stranger_title
from pipelines.feeds.reading.systems import system_title

VENDORS: Final[tuple[Vendor, ...]] = (
    Vendor(
        "amazon",
        amazon.objects_that_tell,
        (
            AMAZON_ORDERS,
            AMAZON_ORDERS_V0,
            AMAZON_ORDER_CHANGE,
            AMAZON_LISTING_STATUS,
            AMAZON_FBA_INVENTORY,
            AMAZON_FBA_CHANGE,
            AMAZON_VENDOR_ORDERS,
            AMAZON_VENDOR_STATUS,
            AMAZON_VENDOR_CONFIRMATIONS,
            AMAZON_VENDOR_SHIPMENTS,
        ),
        AMAZON_UNUSABLE,
    ),
    Vendor(
        "shopify",
        shopify.objects_that_tell,
        (
            SHOPIFY_ORDERS,
            SHOPIFY_FULFILLMENTS,
            SHOPIFY_REFUNDS,
            SHOPIFY_INVENTORY_LEVELS,
            SHOPIFY_PRODUCTS,
            SHOPIFY_VARIANTS,
            SHOPIFY_INVENTORY_ITEMS,
        ),
        SHOPIFY_UNUSABLE,
    ),
    Vendor("woocommerce", woocommerce.objects_that_tell, (WOOCOMMERCE_ORDERS, WOOCOMMERCE_REFUNDS), WOOCOMMERCE_UNUSABLE),
)
"""Vendors in the order in which they are asked, each with its documents that become lines and those refused by name."""

NAMERS: Final = (title_by_id, title_by_address, stranger_title)
"""Ask of a document that nobody took what it is; a title, or null."""

ADAPTERS: Final = tuple(adapter for vendor in VENDORS for adapter in vendor.adapters)
"""Documents that become lines, in the order in which they are tried."""

UNUSABLE: Final = tuple(known for vendor in VENDORS for known in vendor.unusable)
"""Documents that are known by shape and refused by name; tried when no adapter takes one."""

QUICK: Final = tuple(adapter for adapter in ADAPTERS if adapter.quick is not None)
"""Those that can be read a quick way."""

ADAPTER_BY_NAME: Final = {adapter.name: adapter for adapter in ADAPTERS}


def adapter_for(document: Any, feed: str, named: str | None = None) -> Adapter:
    """The adapter that takes a decoded JSON value for a feed; `named` takes it unasked.

    Only the vendors that may have sent it are asked. Raises Refused: `other_feed` when it is a document of another feed,
    `unusable_document` when it is known and of no use, `unknown_document` when no adapter takes it, with its name where one is known.
    """
    if named is not None:
        return ADAPTER_BY_NAME[named]
    asked = [vendor for vendor in VENDORS if vendor.may_have_sent(document)]
    for vendor in asked:
        for adapter in vendor.adapters:
            if adapter.recognises(document):
                if adapter.feed != feed:
                    raise Refused("other_feed", adapter.title, f"landing/{adapter.feed}/")
                return adapter
    for vendor in asked:
        for known in vendor.unusable:
            if known.recognises(document):
                raise Refused("unusable_document", known.title)
    for name_of in NAMERS:
        title = name_of(document)
        if title is not None:
            raise Refused("unusable_document", title)
    raise Refused("unknown_document", system_title(document))


def check_format(name: str) -> str:
    """The name itself when an adapter is called so, else a UserError that lists those there are."""
    if name not in ADAPTER_BY_NAME:
        raise UserError(f"no format is called {name!r}; there are {', '.join(ADAPTER_BY_NAME)}", next_step="parstock feeds")
    return name
