"""Suppliers and consignment: orders, notices, a supplier's stock, and goods kept by somebody other than their owner.

Who sends it: purchasing (orders and changes), the supplier or its EDI partner (notices, stock), and whoever keeps the
accounts of consigned goods.

    {"event_kind": "po_created", "document_kind": "po", "document_id": "PO-7", "document_line": 1, "supplier_code": "S-CUP",
     "location_code": "DC1", "occurred_at": "2026-03-02T09:00:00+01:00", "item_code": "MUG", "quantity": 4, "uom_code": "CS"}

Known quirks: a changed line is sent again in full, a second change needs a `source_revision`; a notice names its own
document and the order in `ref_document_*`. `document_kind` follows from the kind when it is left out.

Consignment lines name the location of the goods (`location_code`) and their owner (`owner_code`; `self` is us), and need no
supplier. A line sent again with a higher `source_revision` replaces the earlier one. The format is
the same for both directions: a supplier's goods at our location (`consignment_in`, or any other kind) and our goods at a
client's (`consignment_out`) differ by the owner and the kind of the location, in `posting.csv`. Our own goods must come back
to a location: their `consignment_return` needs `to_location_code`. `liable_party` of a loss says in the sender's words who
bears it; it is kept in `extra`.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.events import OUR_OWNER_CODE
from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, FIRST_DAY, Extra, Feed, Kind, Need, QuantityRule

_PO = (("document_kind", "po"),)
_REVISED = ("document_kind", "document_id", "document_line", "event_kind", "any_revision")
"""The key of documents of which a higher revision replaces the lower; of an order each revision is a change of its own."""


def _consignment(
    name: str,
    *,
    required: tuple[str, ...] = (),
    needs: tuple[Need, ...] = (),
    quantity: QuantityRule = "positive",
    extra: tuple[Extra, ...] = (),
) -> Kind:
    return Kind(
        name,
        required=("owner_code", "location_code", *required),
        optional=("supplier_code",),
        needs=needs,
        quantity=quantity,
        natural_key=("document_kind", "document_id", "document_line", "event_kind"),
        defaults=(("document_kind", "consignment"),),
        extra=extra,
    )


SUPPLY = Feed(
    name="supply",
    title="suppliers: purchase orders, notices, supplier stock, consignment",
    kinds=(
        Kind("po_created", defaults=_PO, not_before_event=("due_at", "promised_at")),
        *(Kind(name, defaults=_PO, not_long_before_event=("due_at", "promised_at")) for name in ("po_confirmed", "po_changed")),
        Kind("po_cancelled", defaults=_PO),
        Kind("asn", natural_key=_REVISED, defaults=(("document_kind", "asn"),), not_long_before_event=("due_at", "promised_at")),
        Kind("recadv", natural_key=_REVISED, defaults=(("document_kind", "recadv"),)),
        Kind("supplier_invoice_qty", natural_key=_REVISED, defaults=(("document_kind", "inv"),)),
        Kind(
            "supplier_stock",
            optional=("document_id", "document_line"),
            quantity="stated",
            natural_key=("supplier_code", "item_code", "occurred_at", "event_kind"),
        ),
        _consignment("consignment_deliver"),
        _consignment("consignment_consume"),
        _consignment("consignment_return", needs=(Need("to_location_code", "owner_code", (OUR_OWNER_CODE,)),)),
        _consignment("consignment_loss", required=("reason_code",), extra=(Extra("liable_party"),)),
        _consignment("consignment_joint_count", quantity="not_negative"),
    ),
    required=("event_kind", "document_id", "document_line", "supplier_code", "occurred_at", "item_code", "quantity"),
    natural_key=("document_kind", "document_id", "document_line", "event_kind", "source_revision"),
    lateness=timedelta(days=1),
    sells=("po_created", "po_confirmed", "po_changed"),
    expectations=(
        expect.not_null("item_code"),
        expect.between("quantity", 0, 100_000),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.between("unit_price_amount", 0, ABSURD_PRICE, on_fail="stop", at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
