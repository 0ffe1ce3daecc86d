"""The contract: the one event schema that every feed becomes.

Belongs here: the columns of a segment, their types and their meaning. Does not belong here: how a feed's
lines become events (`pipelines.feeds`), or what an event posts (`pipelines.owner`).

A column whose values are all null in a segment is left out of its Parquet file.
Lineage that is the same for a whole segment (delivery, source file, known_at) stands in its manifest, once.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# column: (Polars type, what it means). 128-bit keys travel as two 64-bit halves, which every engine reads.
EVENT_SCHEMA: Final[dict[str, tuple[pl.DataType, str]]] = {
    # identity
    "key_hi": (pl.UInt64(), "high half of event_key: hash of source_system, feed, and source_event_id or the natural key"),
    "key_lo": (pl.UInt64(), "low half of event_key"),
    "source_event_id": (pl.String(), "the sender's own number of the event"),
    "source_revision": (pl.Int32(), "a higher revision of a key replaces the lower; 0 when the sender has none"),
    "payload_hash": (pl.UInt64(), "hash of the normalised columns, without lineage: tells a copy from a contradiction"),
    "target_hi": (pl.UInt64(), "of a void: high half of the key it looks for; of a sale with a source_event_id: of the line it is"),
    "target_lo": (pl.UInt64(), "low half of the same"),
    # when
    "occurred_at": (pl.Datetime("us"), "the instant in UTC where occurred_offset_minutes is known, else local time as written"),
    "occurred_offset_minutes": (pl.Int16(), "offset from UTC as written; null where the line names no zone"),
    "business_on": (pl.Date(), "the trading day as the sender states it"),
    "recorded_at": (pl.Datetime("us"), "when the source recorded it, UTC"),
    # what
    "event_kind": (pl.String(), "what happened: the kinds of the feed's page"),
    "item_code": (pl.String(), "the item as the sender calls it; GTINs padded to 14"),
    "item_code_kind": (pl.String(), "sku, gtin, epc or vendor"),
    "quantity": (pl.Decimal(18, 4), "in uom_code, as sent; the direction follows from the kind"),
    "uom_code": (pl.String(), "unit of quantity; null means the item's base unit"),
    "lot_code": (pl.String(), "lot or batch"),
    "expires_on": (pl.Date(), "expiry of the lot"),
    "epcs": (pl.List(pl.String()), "EPC URIs of an RFID event, its sub-rows"),
    # where
    "location_code": (pl.String(), "where it happened"),
    "location_code_kind": (pl.String(), "own, gln or sgln"),
    "to_location_code": (pl.String(), "where it goes"),
    "stock_state": (pl.String(), "state it leaves (CBV disposition)"),
    "to_stock_state": (pl.String(), "state it enters"),
    "biz_step": (pl.String(), "CBV business step"),
    # who
    "owner_code": (pl.String(), "owner of the goods; null or `self` means ourselves"),
    "channel_code": (pl.String(), "sales channel"),
    "supplier_code": (pl.String(), "supplier"),
    "customer_key": (pl.String(), "keyed HMAC of the customer, never a name"),
    # document
    "document_kind": (pl.String(), "ticket, so, po, asn, to, rma, publication …"),
    "document_id": (pl.String(), "number of the document"),
    "document_line": (pl.String(), "line of the document"),
    "document_status": (pl.String(), "status as the sender words it"),
    "register_no": (pl.String(), "till of a ticket"),
    "due_at": (pl.Datetime("us"), "wanted at, UTC"),
    "promised_at": (pl.Datetime("us"), "promised at, UTC"),
    "ref_document_kind": (pl.String(), "kind of the document that this one answers"),
    "ref_document_id": (pl.String(), "its number"),
    "ref_document_line": (pl.String(), "its line"),
    # money
    "unit_price_amount": (pl.Decimal(18, 4), "price of one uom_code"),
    "currency_code": (pl.String(), "ISO 4217"),
    # correction
    "corrects_event_id": (pl.String(), "event that this one corrects (EPCIS error declaration)"),
    "is_correction": (pl.Boolean(), "true for an error declaration"),
    "error_reason": (pl.String(), "CBV error reason"),
    # rest
    "reason_code": (pl.String(), "why, in the sender's words"),
    "campaign_code": (pl.String(), "promotion or campaign"),
    "is_promo": (pl.Boolean(), "sold on promotion"),
    "extra": (pl.String(), "JSON object of the fields that the feed does not list, less personal ones"),
    # lineage
    "source_line": (pl.UInt32(), "line of the file, from 1; of a document, the number of the event in it"),
}

POLARS_SCHEMA: Final[dict[str, pl.DataType]] = {name: kind for name, (kind, _) in EVENT_SCHEMA.items()}

OUR_OWNER_CODE: Final = "self"
"""`owner_code` of goods that are ours, for lines that must name an owner."""

# CBV dispositions used as stock states, and which of them can be sold.
STOCK_STATES: Final[dict[str, bool]] = {
    "sellable_accessible": True,
    "sellable_not_accessible": True,
    "in_progress": False,
    "in_transit": False,
    "returned": False,
    "damaged": False,
    "expired": False,
    "recalled": False,
    "non_sellable_other": False,
    "allocated_picked": False,
    "held_back": False,
    "unknown": False,
}
