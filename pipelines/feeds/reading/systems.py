"""JSON documents of systems that no adapter reads, by their names: they are read through a mapping, and whoever sends them is told so.

Belongs here: fields by which a document is told. Does not belong here: documents of no use (`strangers.py`), or adapters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_KINDS: Final = (
    ("Business Central item ledger entry", "entryType documentType postingDate"),
    ("Business Central purchase order", "vendorNumber payToVendorNumber"),
    ("Business Central purchase line", "buyFromVendorNo lineNo"),
    ("Business Central line of a purchase order", "lineObjectNumber lineType directUnitCost"),
    ("Business Central line of a sales document", "lineObjectNumber lineType shipmentDate"),
    ("Business Central item", "baseUnitOfMeasureCode displayName"),
    ("Business Central unit of measure", "internationalStandardCode displayName"),
    ("Business Central vendor or customer", "displayName taxRegistrationNumber"),
    ("Business Central location", "locationCode adjustmentBinCode"),
    ("Dynamics 365 change of stock on hand", "organizationId productId quantities"),
    ("Dynamics 365 warehouse message", "entity body"),
    ("Dolibarr stock movement", "product_id warehouse_id qty"),
    ("Dolibarr product", "stock_reel price_ttc"),
    ("Mirakl order", "order_id order_lines created_date"),
    ("Mirakl order", "order_id order_lines commercial_id"),
    ("Mirakl shipment", "shipment_lines shipping_from"),
    ("Mirakl offer", "offer_id shop_sku"),
    ("Square inventory count", "catalog_object_id calculated_at"),
    ("Square inventory adjustment", "catalog_object_id from_state to_state"),
    ("Square inventory change", "physical_count type"),
    ("Square inventory change", "adjustment type"),
    ("Square order", "line_items location_id total_money"),
    ("Square location", "merchant_id business_name"),
    ("Square object of the catalogue", "present_at_all_locations type version"),
    ("Square answer", "vendors errors"),
    ("Odoo answer", "jsonrpc result"),
    ("Odoo stock move line", "location_dest_id picking_id"),
    ("PrestaShop document", "associations date_upd"),
    ("Shippingbo message", "object_class object"),
    ("Shippingbo order", "order_items source_ref"),
    ("Zoho Inventory document", "line_items salesorder_number"),
    ("Zoho Inventory document", "line_items purchaseorder_number"),
    ("SuiteQL answer of NetSuite", "totalResults hasMore items"),
    ("Lightspeed sale (X-Series)", "outlet_id register_id line_items"),
)
"""Titles, and the fields that one object at the top of such a document has, or one a level below."""
_R_SERIES: Final = "@attributes"


def system_title(document: Any) -> str | None:
    """What a decoded JSON value is and whose, without an article; null where that is not known.

    >>> system_title({"orders": [{"order_id": "A", "order_lines": [], "created_date": "2026-03-02"}]})
    'Mirakl order'
    >>> system_title({"@attributes": {"count": "1"}, "Sale": {"saleID": "1"}})
    'Lightspeed sale (R-Series)'
    """
    if not isinstance(document, dict):
        return None
    if _R_SERIES in document:
        named = next((name for name in document if name != _R_SERIES), "answer")
        return f"Lightspeed {named[:40].lower()} (R-Series)"
    objects = list(_objects(document))
    return next((title for title, fields in _KINDS if any(one.keys() >= set(fields.split()) for one in objects)), None)


def _objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    for value in document.values():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict):
            yield first
