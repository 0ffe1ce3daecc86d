"""The contract: the columns of an event, on all its way from a feed's line to the ledger.

Belongs here: each column once, with its type, its meaning and where it travels. Does not belong here: the states of stock
(`states`), how a feed's lines become events (`pipelines.feeds`), or what an event posts (`pipelines.owner`).

The way: a sender writes fields; ingest makes a *segment* of them (Parquet; a column whose values are all null is left out of
its file, and lineage that is the same for a whole segment stands in its manifest, once); the owner resolves codes to ids, keeps
the events that a later one can still change, writes documents to `ledger.events` and what goods did to `ledger.movements`.
Every list of columns on this way is taken from the table below. A new column is a row at the end of its section, with the next
number of each table that it travels to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import polars as pl


@dataclasses.dataclass(frozen=True, slots=True)
class EventColumn:
    """A column: its name, the engine's type, what it means, and where it travels.

    `sent`: senders may write a field of this name; `free_text`: people write it, so that it may hold what is personal and is
    masked; `passed`: the owner takes it from the segment into the resolved event as it is. `kept`, `event` and `move` are its
    place (from 1) in `kept_events`, `ledger.events` and `ledger.movements`, null where it does not travel there: files are
    written by the order of their columns. `content`: of a movement's columns those that make two movements the same.
    """

    name: str
    type: str
    meaning: str
    sent: bool = False
    free_text: bool = False
    passed: bool = False
    kept: int | None = None
    event: int | None = None
    move: int | None = None
    content: bool = True


# 128-bit keys travel as two 64-bit halves, which every engine reads.
_OF_A_SEGMENT: Final = (
    # identity
    EventColumn("key_hi", "UBIGINT", "high half of event_key: hash of source_system, feed, and source_event_id or the natural key"),
    EventColumn("key_lo", "UBIGINT", "low half of event_key"),
    EventColumn("source_event_id", "VARCHAR", "the sender's own number of the event", sent=True, passed=True, kept=7),
    EventColumn("source_revision", "INTEGER", "of a key the highest counts; 0 when the sender has none", sent=True, event=6),
    EventColumn("payload_hash", "UBIGINT", "hash of the normalised columns, without lineage: tells a copy from a contradiction"),
    EventColumn("target_hi", "UBIGINT", "high half of the key a void looks for; of a sale with a source_event_id: of the line it is"),
    EventColumn("target_lo", "UBIGINT", "low half of the same"),
    # when
    EventColumn("occurred_at", "TIMESTAMP", "in UTC where the offset is known, else local time as written", sent=True, event=17, move=13),
    EventColumn("occurred_offset_minutes", "SMALLINT", "offset from UTC as written; null where the line names no zone"),
    EventColumn(
        "business_on", "DATE", "trading day as the sender states it; in the ledger the local day", sent=True, kept=21, event=18, move=14
    ),
    EventColumn("recorded_at", "TIMESTAMP", "when the source recorded it, UTC", sent=True),
    # what
    EventColumn("event_kind", "VARCHAR", "what happened: the kinds of the feed's page", sent=True, kept=6, event=5),
    EventColumn("item_code", "VARCHAR", "the item as the sender calls it; GTINs padded to 14", sent=True, passed=True),
    EventColumn("item_code_kind", "VARCHAR", "sku, gtin, epc or vendor", sent=True),
    EventColumn("quantity", "DECIMAL(18,4)", "in uom_code, as sent; the direction follows from the kind", sent=True),
    EventColumn("uom_code", "VARCHAR", "unit of quantity; null means the item's base unit", sent=True, passed=True),
    EventColumn(
        "lot_code", "VARCHAR", "lot or batch; in the ledger '' where there is none", sent=True, passed=True, kept=17, event=15, move=10
    ),
    EventColumn("expires_on", "DATE", "expiry of the lot", sent=True, passed=True, kept=18, event=37, move=11),
    EventColumn("epcs", "VARCHAR[]", "EPCs of an RFID event, its sub-rows: GS1 Digital Links, what is no GS1 key as sent", passed=True),
    # where
    EventColumn("location_code", "VARCHAR", "where it happened", sent=True),
    EventColumn("location_code_kind", "VARCHAR", "own, gln or sgln", sent=True),
    EventColumn("to_location_code", "VARCHAR", "where it goes", sent=True),
    EventColumn("stock_state", "VARCHAR", "state it leaves (CBV disposition)", sent=True, passed=True, kept=14, event=13),
    EventColumn("to_stock_state", "VARCHAR", "state it enters", sent=True, passed=True, kept=15, move=8),
    EventColumn("biz_step", "VARCHAR", "CBV business step", sent=True, passed=True),
    # who
    EventColumn("owner_code", "VARCHAR", "owner of the goods; null or `self` means ourselves", sent=True),
    EventColumn("channel_code", "VARCHAR", "sales channel", sent=True),
    EventColumn("supplier_code", "VARCHAR", "supplier", sent=True),
    EventColumn("customer_key", "VARCHAR", "keyed HMAC of the customer, never a name", sent=True, passed=True, kept=37, event=35, move=33),
    # document
    EventColumn("document_kind", "VARCHAR", "ticket, so, po, asn, rma, publication …", sent=True, passed=True, kept=25, event=20, move=20),
    EventColumn(
        "document_id",
        "VARCHAR",
        "number of the document; of a publication its publish_no",
        sent=True,
        passed=True,
        kept=26,
        event=21,
        move=21,
    ),
    EventColumn("document_line", "VARCHAR", "line of the document", sent=True, passed=True, kept=27, event=22, move=22),
    EventColumn(
        "document_status",
        "VARCHAR",
        "status as the sender words it; of a reader's event its step",
        sent=True,
        free_text=True,
        passed=True,
        event=23,
    ),
    EventColumn("register_no", "VARCHAR", "till of a ticket", sent=True, passed=True, event=24),
    EventColumn("due_at", "TIMESTAMP", "wanted at; in the ledger UTC", sent=True, passed=True, event=28),
    EventColumn("promised_at", "TIMESTAMP", "promised at; in the ledger UTC", sent=True, passed=True, event=29),
    EventColumn("ref_document_kind", "VARCHAR", "kind of the document that it answers", sent=True, passed=True, kept=28, event=25, move=23),
    EventColumn("ref_document_id", "VARCHAR", "its number", sent=True, passed=True, kept=29, event=26, move=24),
    EventColumn("ref_document_line", "VARCHAR", "its line", sent=True, passed=True, kept=30, event=27, move=25),
    EventColumn("local_fields", "VARCHAR", "which of due_at and promised_at are local as written, until the owner knows the zone"),
    # money
    EventColumn(
        "unit_price_amount", "DECIMAL(18,4)", "price of one uom_code; in the ledger of one base unit", sent=True, kept=33, event=31, move=29
    ),
    EventColumn("currency_code", "VARCHAR", "ISO 4217", sent=True, passed=True, kept=34, event=32, move=30),
    # correction
    EventColumn("corrects_event_id", "VARCHAR", "event that this one corrects (EPCIS error declaration)", sent=True),
    EventColumn("is_correction", "BOOLEAN", "true for an error declaration", sent=True, passed=True),
    EventColumn("error_reason", "VARCHAR", "CBV error reason", sent=True, free_text=True),
    # rest
    EventColumn("reason_code", "VARCHAR", "why, in the sender's words", sent=True, free_text=True, passed=True, kept=24, event=30),
    EventColumn("campaign_code", "VARCHAR", "promotion or campaign", sent=True, free_text=True, passed=True, kept=36, event=34, move=32),
    EventColumn("is_promo", "BOOLEAN", "sold on promotion", sent=True, passed=True, kept=35, event=33, move=31),
    EventColumn("extra", "VARCHAR", "JSON object of the fields that the feed does not list, less personal ones", passed=True, event=36),
    # lineage
    EventColumn("source_line", "UINTEGER", "line of the file, from 1; of a document, the number of the event in it"),
)

_OF_A_RESOLVED_EVENT: Final = (
    EventColumn("event_id", "UUID", "id of a revision of a key: the key itself for revision 0", kept=1, event=1, move=2),
    EventColumn("sub_no", "INTEGER", "0, or the number of the component or EPC", kept=2, event=2),
    EventColumn("event_key", "UUID", "the key as one", kept=3),
    EventColumn("revision", "INTEGER", "source_revision, 0 where there is none", kept=4),
    EventColumn("feed", "VARCHAR", "the feed that the segment is of", kept=5, event=4),
    EventColumn("item_id", "BIGINT", "the item; of a merged one what it became", kept=8, event=7, move=4),
    EventColumn("location_id", "BIGINT", "where it happened; of an order: where it reserves", kept=9, event=8),
    EventColumn("location_kind", "VARCHAR", "kind of that place", kept=10),
    EventColumn("default_state", "VARCHAR", "state of what can be sold at that place", kept=11),
    EventColumn("to_location_id", "BIGINT", "where it goes; of a movement: the place that gains", kept=12, event=9, move=7),
    EventColumn("to_default_state", "VARCHAR", "state of what can be sold there", kept=13),
    EventColumn("owner_id", "BIGINT", "owner of the goods; 0: ourselves", kept=16, event=12, move=9),
    EventColumn("units", "BIGINT", "base units; null: the event has none; of a movement above 0", kept=19, event=14, move=12),
    EventColumn("occurred_us", "BIGINT", "the instant, µs since 1970", kept=20),
    EventColumn("since_us", "BIGINT", "known time from which this reading holds, µs", kept=22),
    EventColumn("until_us", "BIGINT", "known time up to which it holds, µs", kept=23),
    EventColumn("supplier_id", "BIGINT", "supplier", kept=31, event=11, move=27),
    EventColumn("channel_id", "BIGINT", "sales channel", kept=32, event=10, move=28),
    EventColumn("target", "UUID", "of a void: key of what it takes back", kept=38),
    EventColumn("unit_id", "VARCHAR", "unit of work that brought the line", kept=39),
    EventColumn("line_no", "BIGINT", "source_line", kept=40),
    EventColumn("named_item_id", "BIGINT", "of a merged item: the one that the line named; null: item_id", kept=41, move=34),
    EventColumn("epc", "VARCHAR", "EPC of one tag, as in epcs", kept=42, event=16),
    EventColumn("sign", "TINYINT", "+1: the row comes; -1: it is taken back", event=3),
    EventColumn("known_at", "TIMESTAMPTZ", "since when it is known", event=19, move=15, content=False),
)

_OF_A_MOVEMENT: Final = (
    EventColumn("movement_id", "BIGINT", "id of the movement", move=1, content=False),
    EventColumn("movement_kind", "VARCHAR", "the event kind that posted it", move=3),
    EventColumn("from_location_id", "BIGINT", "the place that gives", move=5),
    EventColumn("from_stock_state", "VARCHAR", "state it leaves; null at a virtual location", move=6),
    EventColumn("source_feed", "VARCHAR", "the event's feed", move=16),
    EventColumn("is_reversal", "BOOLEAN", "takes back what another movement posted: its ends are swapped", move=17, content=False),
    EventColumn("reverses_movement_id", "BIGINT", "the movement that it takes back", move=18, content=False),
    EventColumn("reason", "VARCHAR", "the event's reason_code", move=19),
    EventColumn("transit_to_location_id", "BIGINT", "in transit: where the goods are going", move=26),
)

EVENT_COLUMNS: Final[tuple[EventColumn, ...]] = (*_OF_A_SEGMENT, *_OF_A_RESOLVED_EVENT, *_OF_A_MOVEMENT)
"""All of them: those of a segment, in its order, those that the owner makes of them, and those that only a movement has."""

_POLARS_TYPES: Final[dict[str, pl.DataType]] = {
    "VARCHAR": pl.String(),
    "BOOLEAN": pl.Boolean(),
    "SMALLINT": pl.Int16(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "UINTEGER": pl.UInt32(),
    "UBIGINT": pl.UInt64(),
    "DATE": pl.Date(),
    "TIMESTAMP": pl.Datetime("us"),
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    "VARCHAR[]": pl.List(pl.String()),
}


def polars_type(kind: str) -> pl.DataType:
    """The frame's type of a column of this type of the engine; KeyError where frames have none.

    >>> polars_type("BIGINT"), polars_type("DECIMAL(9,6)")
    (Int64, Decimal(precision=9, scale=6))
    """
    if kind.startswith("DECIMAL"):
        precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
        return pl.Decimal(int(precision), int(scale))
    return _POLARS_TYPES[kind]


ENGINE_TYPES: Final[dict[str, str]] = {column.name: column.type for column in _OF_A_SEGMENT}
"""Columns of a segment, in order, and the engine's types of them."""

EVENT_SCHEMA: Final[dict[str, tuple[pl.DataType, str]]] = {
    column.name: (polars_type(column.type), column.meaning) for column in _OF_A_SEGMENT
}
"""The same with the frame's types and what they mean."""

POLARS_SCHEMA: Final[dict[str, pl.DataType]] = {name: kind for name, (kind, _) in EVENT_SCHEMA.items()}

SENT: Final[dict[str, str]] = {column.name: column.type for column in EVENT_COLUMNS if column.sent}
"""What a sender may write."""

FREE_TEXT: Final = tuple(column.name for column in EVENT_COLUMNS if column.free_text)
PASSED: Final = tuple(column.name for column in EVENT_COLUMNS if column.passed)
"""Columns that go through resolution unchanged."""


def _laid_out(place: Callable[[EventColumn], int | None]) -> dict[str, str]:
    found = {number: column for column in EVENT_COLUMNS if (number := place(column)) is not None}
    return {found[number].name: found[number].type for number in sorted(found)}


def _in_utc(columns: dict[str, str]) -> dict[str, str]:
    return {name: "TIMESTAMPTZ" if kind == "TIMESTAMP" else kind for name, kind in columns.items()}


KEPT_EVENT: Final = _laid_out(lambda column: column.kept)
"""What the owner keeps of an event that a later one can still change: enough to post it again. Types of the engine, in order."""

LEDGER_EVENT: Final = _in_utc(_laid_out(lambda column: column.event))
LEDGER_MOVEMENT: Final = _in_utc(_laid_out(lambda column: column.move))
"""Of these tables of the ledger all columns but `commit_id`, in order. Instants are in UTC, whatever they were in a segment."""

_ONLY_OF_THE_ROW: Final = frozenset(column.name for column in EVENT_COLUMNS if not column.content)
MOVEMENT_CONTENT: Final = tuple(name for name in LEDGER_MOVEMENT if name not in _ONLY_OF_THE_ROW)
"""Columns that make two movements the same: all but the row's own id, sign and known time."""

OUR_OWNER_CODE: Final = "self"
"""`owner_code` of goods that are ours, for lines that must name an owner."""
