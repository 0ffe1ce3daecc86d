"""Warehouses. Who sends it: the warehouse management system, one line per transaction.

    {"event_kind": "receipt", "source_event_id": "W10", "location_code": "DC1", "occurred_at": "2026-03-07T10:00:00+01:00",
     "item_code": "MUG", "quantity": 3, "uom_code": "CS", "document_kind": "asn", "document_id": "ASN-7", "document_line": 1}

Known quirks: transactions are numbered, so the number is the identity; lines come late and out of order; counts are
levels, not changes. Only `adjust` is signed; a `snapshot` may say any number. A `void_ship`
takes back as many units as it says. A `return_disposition` says where the goods go by its reason
(`RETURN_REASONS`), or by `to_stock_state`. Goods that go back to whom they were bought from are a `supplier_return`: neither
a loss nor a sale.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, FIRST_DAY, Feed, Kind, Need

RETURN_REASONS: Final = ("scrap", "recycle", "donate", "recondition", "liquidate")
"""Reasons of a `return_disposition` that say by themselves where the goods go: away, or aside (`non_sellable_other`)."""

WMS = Feed(
    name="wms",
    title="warehouses: receipts, shipments, transfers, counts",
    kinds=(
        Kind("opening", quantity="not_negative"),
        Kind("receipt"),
        Kind("putaway"),
        Kind("qc_release"),
        Kind("qc_hold"),
        Kind("pick"),
        Kind("pack"),
        Kind("ship"),
        Kind("void_ship", required=("ref_document_id",)),
        Kind("adjust", required=("reason_code",), quantity="signed"),
        Kind("count", quantity="not_negative"),
        Kind("transfer_ship", required=("to_location_code",)),
        Kind("transfer_receive"),
        Kind("move", required=("to_location_code",)),
        Kind("status_change", required=("stock_state", "to_stock_state")),
        Kind("return_receive"),
        Kind("return_inspect"),
        Kind("return_disposition", needs=(Need("to_stock_state", "reason_code", RETURN_REASONS, unless=True),)),
        Kind("kit_assemble"),
        Kind("kit_break"),
        Kind("supplier_return", required=("supplier_code",)),
        Kind("scrap"),
        Kind("snapshot", quantity="stated"),
    ),
    required=("event_kind", "source_event_id", "location_code", "occurred_at", "item_code", "quantity"),
    natural_key=None,
    lateness=timedelta(days=1),
    void_by_reference="void_ship",
    expectations=(
        expect.not_null("source_event_id", "location_code", "item_code"),
        expect.between("quantity", -100_000, 100_000),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.between("unit_price_amount", 0, ABSURD_PRICE, on_fail="stop", at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
