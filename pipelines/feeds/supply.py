"""Suppliers. Who sends it: purchasing (orders and changes), the supplier or its EDI partner (notices, stock).

    {"event_kind": "po_created", "document_kind": "po", "document_id": "PO-7", "document_line": 1, "supplier_code": "S-CUP",
     "location_code": "DC1", "occurred_at": "2026-03-02T09:00:00+01:00", "item_code": "MUG", "quantity": 4, "uom_code": "CS"}

Known quirks: a line is sent again as it now stands, a second change needs a `source_revision`; a notice names its own
document and the order in `ref_document_*`. `document_kind` follows from the kind when it is left out.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, ABSURD_QUANTITY, FIRST_DAY, Feed, Kind

_PO = (("document_kind", "po"),)

SUPPLY = Feed(
    name="supply",
    title="suppliers: purchase orders, notices, supplier stock",
    kinds=(
        *(Kind(name, defaults=_PO) for name in ("po_created", "po_confirmed", "po_changed", "po_cancelled")),
        Kind("asn", defaults=(("document_kind", "asn"),)),
        Kind("recadv", defaults=(("document_kind", "recadv"),)),
        Kind("supplier_invoice_qty", defaults=(("document_kind", "inv"),)),
        Kind(
            "supplier_stock",
            optional=("document_id", "document_line"),
            quantity="not_negative",
            natural_key=("supplier_code", "item_code", "occurred_at", "event_kind"),
        ),
    ),
    required=("event_kind", "document_id", "document_line", "supplier_code", "occurred_at", "item_code", "quantity"),
    natural_key=("document_kind", "document_id", "document_line", "event_kind", "source_revision"),
    lateness=timedelta(days=1),
    expectations=(
        expect.not_null("supplier_code", "item_code"),
        expect.between("quantity", -ABSURD_QUANTITY, ABSURD_QUANTITY),
        expect.between("quantity", 0, 100_000, on_fail="warn"),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.between("unit_price_amount", 0, ABSURD_PRICE, at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
