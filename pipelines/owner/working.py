"""The working tables of a batch: what the owner's steps hand to each other, in the engine's memory, until the next batch.

Belongs here: each table's name, grain and columns, which steps fill it and which read it, and making them. Does not belong here:
tables that stay (`schema.py`), or what a step does.

A step gets a `Work` and names tables by it, so who uses what can be followed. A row of `resolved`, and of what is made of it, is
known by `unit_no` and `line_no`; it holds from `since_us` to `until_us` of known time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipelines.events import ENGINE_TYPES, KEPT_EVENT, LEDGER_MOVEMENT, MOVEMENT_CONTENT, PASSED, polars_type
from pipelines.owner.handover import temp_rows, temp_table
from pipelines.owner.schema import columns_in

if TYPE_CHECKING:
    import duckdb

MOVE_CONTENT: Final[dict[str, str]] = {
    **{"occurred_us" if name == "occurred_at" else name: LEDGER_MOVEMENT[name] for name in MOVEMENT_CONTENT},
    "occurred_us": "BIGINT",
}
"""What makes two movements the same, and the types of it; instants in µs."""

_CONTENT: Final = ", ".join(MOVE_CONTENT)
_MOVE: Final = ", ".join(f"{name} {kind}" for name, kind in MOVE_CONTENT.items())
_LEDGER: Final = ", ".join([*LEDGER_MOVEMENT, "commit_id"])
_KEPT: Final = ", ".join(KEPT_EVENT)
_RAW: Final = "unit_no, known_us, feed, source_system, …"
"""And the columns of the event schema that the batch has."""
_WAITING: Final = "unit_id, known_us, waits_for, wait_until_us, " + ", ".join(ENGINE_TYPES)
_RESOLVED: Final = (
    "unit_no, line_no, sub_no, part, event_key, key_hi, key_lo, event_id, event_lo, revision, payload_hash, target, feed, event_kind, known_us, "
    "item_id, named_item_id, item_kind, location_id, location_kind, default_state, rfid_posting, to_location_id, to_default_state, "
    "channel_id, supplier_id, owner_id, units, occurred_us, business_on, since_us, until_us, problem, unit_price_amount, "
    f"{', '.join(PASSED)}, epc, quantity"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A working table: its name, what a row is, its columns, and the modules that fill and read it.

    Columns have types where the table is made empty or of Python's values; of others the query says them.
    """

    name: str
    grain: str
    columns: str
    filled_by: str
    read_by: str

    def __str__(self) -> str:
        return self.name


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """The owner's open warehouse, and the working tables of the batch in hand."""

    con: duckdb.DuckDBPyConnection

    # fmt: off
    # what came
    batch_manifests: Table = Table(
        "batch_manifests", "unit of work",
            "unit_id VARCHAR, delivery_id VARCHAR, feed VARCHAR, source_system VARCHAR, source_uri VARCHAR, content_sha256 VARCHAR, "
            "known_us BIGINT, units_in_delivery INTEGER, reading_no INTEGER, segment VARCHAR, occurred_min VARCHAR, occurred_max VARCHAR, "
            "rows_in BIGINT, rows_parsed BIGINT, rows_rejected BIGINT",
        filled_by="accounts", read_by="accounts contested settling")
    batch_units: Table = Table(
        "batch_units", "unit of work of events, a retried one too",
            "unit_no INTEGER, unit_id VARCHAR, delivery_id VARCHAR, path VARCHAR, feed VARCHAR, source_system VARCHAR, "
            "known_us BIGINT, is_retry BOOLEAN",
        filled_by="batch", read_by="accounts approval batch moves resolve revisions")
    retried: Table = Table(
        "retried", "waiting row whose time may have come",
        _WAITING,
        filled_by="accounts", read_by="accounts apply resolve")
    leftover: Table = Table(
        "leftover", "row of a big batch that the short way leaves",
        "unit_no INTEGER, line_no BIGINT",
        filled_by="bulk", read_by="apply bulk")
    # what it means
    resolved: Table = Table(
        "resolved", "row × part × reading of it",
        _RESOLVED,
        filled_by="approval batch documents explode reread settling voids", read_by="accounts apply approval batch documents explode reread revisions settling voids")
    exploded: Table = Table(
        "exploded", "part of a bundle or kit",
        _RESOLVED,
        filled_by="explode", read_by="explode")
    epc_classes: Table = Table(
        "epc_classes", "class of tags in the batch",
        "prefix VARCHAR, gtin VARCHAR",
        filled_by="explode", read_by="explode")
    read_goods: Table = Table(
        "read_goods", "tag or class of goods that a reader names × reading",
        "unit_no, line_no, since_us, goods, tag_no, goods_no, goods_quantity, goods_uom_code, goods_lot_code",
        filled_by="explode", read_by="explode")
    read_epcs: Table = Table(
        "read_epcs", "the same, with its item",
        f"{_RESOLVED}, gtin, goods_no, goods",
        filled_by="explode", read_by="explode")
    accepted: Table = Table(
        "accepted", "event that counts × span that is left to it (a view)",
        f"{_RESOLVED}, unit_id, delivery_id",
        filled_by="batch", read_by="apply batch documents interplay posting touched unpost voids")
    # whether it counts
    suspects: Table = Table(
        "suspects", "key of a big batch that may have been seen",
        "key_lo UBIGINT",
        filled_by="bulk", read_by="bulk")
    doubtful_lines: Table = Table(
        "doubtful_lines", "row whose key may have been seen",
        "unit_no INTEGER, line_no BIGINT",
        filled_by="batch", read_by="batch")
    doubtful_rows: Table = Table(
        "doubtful_rows", "the same",
        "unit_no, line_no, known_us, event_key, event_id, revision, payload_hash, is_refused",
        filled_by="batch", read_by="identity")
    judged: Table = Table(
        "judged", "the same, with what identity says of it",
        "unit_no, line_no, event_key, revision, payload_hash, known_us, outcome",
        filled_by="batch", read_by="batch")
    exceptions: Table = Table(
        "exceptions", "row that is not simply accepted",
        "unit_no INTEGER, line_no BIGINT, outcome VARCHAR, reason_code VARCHAR",
        filled_by="batch revisions settling", read_by="accounts apply batch revisions settling")
    waiting_keys: Table = Table(
        "waiting_keys", "row that waits",
        "event_key, revision",
        filled_by="revisions", read_by="revisions")
    standing_keys: Table = Table(
        "standing_keys", "revision known before",
        "key VARCHAR, revision INTEGER",
        filled_by="revisions", read_by="revisions")
    standing_revisions: Table = Table(
        "standing_revisions", "the same",
        "key, revision, event_id",
        filled_by="revisions", read_by="revisions")
    limits: Table = Table(
        "limits", "row that holds up to an instant",
        "unit_no INTEGER, line_no BIGINT, limit_us BIGINT",
        filled_by="batch reread revisions settling", read_by="batch")
    ended_revisions: Table = Table(
        "ended_revisions", "revision known before that ends",
        "event_key UUID, revision INTEGER, end_us BIGINT",
        filled_by="accepting batch revisions", read_by="accounts revisions touched")
    ends: Table = Table(
        "ends", "event known before that ends",
        "event_id UUID, end_us BIGINT",
        filled_by="accepting unpost batch revisions", read_by="apply documents interplay touched")
    # where each row ends
    delivery_changes: Table = Table(
        "delivery_changes", "addition to a delivery's counts",
        "delivery_id VARCHAR, rows_in BIGINT, accepted BIGINT, duplicate BIGINT, corrected BIGINT, quarantined BIGINT",
        filled_by="accepting accounts settling unpost", read_by="accounts")
    set_aside_rows: Table = Table(
        "set_aside_rows", "quarantined row, as it came",
        _RAW,
        filled_by="accounts", read_by="accounts")
    quarantine_rows: Table = Table(
        "quarantine_rows", "the same, as it is told",
            "delivery_id VARCHAR, feed VARCHAR, line_no BIGINT, reason_code VARCHAR, reason VARCHAR, payload VARCHAR, "
            "is_waiting BOOLEAN, known_us BIGINT",
        filled_by="accounts", read_by="accounts")
    settled: Table = Table(
        "settled", "retried row that no longer waits for the same",
        "unit_id, line_no, key_hi, key_lo, waits_for, unit_no, delivery_id, reason_code, outcome",
        filled_by="accounts", read_by="accounts")
    again_rows: Table = Table(
        "again_rows", "retried row that is quarantined for another reason",
        f"unit_no, {_WAITING}, feed",
        filled_by="accounts", read_by="accounts")
    overtaken: Table = Table(
        "overtaken", "waiting row that a higher revision overtook",
        "unit_id, line_no, delivery_id",
        filled_by="accounts", read_by="accounts")
    allowed_lines: Table = Table(
        "allowed_lines", "row of much that a bound of its item allows",
        "unit_no, line_no, since_us",
        filled_by="approval", read_by="approval")
    approved_rows: Table = Table(
        "approved_rows", "reference row that was accepted",
        "delivery_id VARCHAR, line_no BIGINT, outcome VARCHAR",
        filled_by="accounts", read_by="accounts")
    returned: Table = Table(
        "returned", "accepted row whose acceptance was undone",
        "delivery_id VARCHAR, line_no BIGINT, end_us BIGINT",
        filled_by="accepting", read_by="accepting")
    returned_events: Table = Table(
        "returned_events", "the same, as it came, where it stands",
        "unit_id, end_us, delivery_id, event_key, revision, …",
        filled_by="accepting", read_by="accepting")
    unposted: Table = Table(
        "unposted", "row that counted and now waits",
        "event_id, unit_id, line_no, delivery_id, feed, segment, known_us, reason_code, is_corrected, since_us",
        filled_by="unpost", read_by="unpost")
    field_rows: Table = Table(
        "field_rows", "field that is not as its feed lists it × unit",
            "delivery_id VARCHAR, feed VARCHAR, source_system VARCHAR, source_uri VARCHAR, entity VARCHAR, field_name VARCHAR, "
            "field_kind VARCHAR, rows_in BIGINT, known_us BIGINT",
        filled_by="drift", read_by="drift")
    # what is contested
    contested: Table = Table(
        "contested", "key that is to be settled",
        "event_key UUID",
        filled_by="contested settling", read_by="contested settling")
    contested_now: Table = Table(
        "contested_now", "key that is being settled",
        "event_key",
        filled_by="settling", read_by="settling")
    verdicts: Table = Table(
        "verdicts", "row of a contested key, with what became of it",
            "unit_no INTEGER, line_no BIGINT, unit_id VARCHAR, delivery_id VARCHAR, event_key VARCHAR, revision INTEGER, payload_hash UBIGINT, "
            "known_us BIGINT, outcome VARCHAR, reason_code VARCHAR, counted_as VARCHAR, is_holder BOOLEAN, is_live BOOLEAN, "
            "shown_reason VARCHAR, is_waiting BOOLEAN",
        filled_by="settling", read_by="settling")
    tenures: Table = Table(
        "tenures", "row of a contested key × span of known time in which it stands",
        "unit_no INTEGER, line_no BIGINT, since_us BIGINT, until_us BIGINT",
        filled_by="settling", read_by="settling")
    aimed: Table = Table(
        "aimed", "void of a reading that does not live, with the line that it took back",
        "unit_no, line_no, target",
        filled_by="settling", read_by="settling")
    lived: Table = Table(
        "lived", "the same, with all that it says; one that never stood with an empty span",
        _RESOLVED,
        filled_by="settling", read_by="settling")
    # what is read again
    changed_codes: Table = Table(
        "changed_codes", "code that means something else",
        "thing VARCHAR, code VARCHAR",
        filled_by="reread settling", read_by="reread touched")
    standing_events: Table = Table(
        "standing_events", "event among those read again that stands",
        "event_key, revision, payload_hash, limit_us",
        filled_by="reread", read_by="reread")
    reread_events: Table = Table(
        "reread_events", "event that was read again",
        "event_id, event_key, event_kind, document_kind, document_id",
        filled_by="reread", read_by="documents reread settling touched")
    # what is touched
    touched_docs: Table = Table(
        "touched_docs", "document whose receipts or shipments are divided again",
        "kind VARCHAR, id VARCHAR",
        filled_by="divisions settling touched", read_by="divisions interplay posting reread")
    touched_keys: Table = Table(
        "touched_keys", "key whose voids are posted again",
        "event_key UUID",
        filled_by="interplay settling touched", read_by="interplay touched voids")
    touched_counts: Table = Table(
        "touched_counts", "count that is new or ended",
        "event_id UUID",
        filled_by="touched", read_by="recounts")
    touched_voids: Table = Table(
        "touched_voids", "void that is posted again",
        _KEPT,
        filled_by="voids", read_by="voids")
    touched_places: Table = Table(
        "touched_places", "item × place × state × owner whose counts are posted again",
        "item_id, location_id, state, owner_id",
        filled_by="recounts", read_by="recounts")
    # what is posted
    first_intents: Table = Table(
        "first_intents", "part of an event that posts for the first time",
        f"event_lo, sub_no, part, {_CONTENT}, since_us, until_us, movement_id",
        filled_by="moves", read_by="moves")
    scope_rows: Table = Table(
        "scope_rows", "event that is divided, as text",
        "event_id VARCHAR",
        filled_by="divisions", read_by="divisions")
    part_rows: Table = Table(
        "part_rows", "part of a divided event × span of known time",
            "event_id VARCHAR, sub_no INTEGER, part VARCHAR, units BIGINT, since_us BIGINT, until_us BIGINT, notice_kind VARCHAR, "
            "notice_id VARCHAR, notice_line VARCHAR, notice_supplier BIGINT, notice_owner BIGINT, twin_id VARCHAR, twin_no INTEGER",
        filled_by="divisions", read_by="divisions")
    divided: Table = Table(
        "divided", "the same, with all that the event says",
        f"{_KEPT}, part, event_lo",
        filled_by="divisions", read_by="divisions")
    void_keys: Table = Table(
        "void_keys", "shipment that is divided, or line whose voids are posted again",
        "key VARCHAR",
        filled_by="divisions voids", read_by="divisions voids")
    void_targets: Table = Table(
        "void_targets", "revision of a line that is voided",
        "event_key, event_id",
        filled_by="voids", read_by="voids")
    target_spans: Table = Table(
        "target_spans", "what it posted × span of known time",
        f"{_CONTENT}, since_us, until_us, row_no",
        filled_by="voids", read_by="voids")
    taken_rows: Table = Table(
        "taken_rows", "what a void takes back of such a row × span of known time",
        "event_id VARCHAR, row_no INTEGER, units BIGINT, since_us BIGINT, until_us BIGINT",
        filled_by="voids", read_by="voids")
    exceeding_rows: Table = Table(
        "exceeding_rows", "void that stands and gets nothing",
        "event_id VARCHAR, target VARCHAR, since_us BIGINT",
        filled_by="voids", read_by="voids")
    exceeding: Table = Table(
        "exceeding", "the same, with why it waits",
        "event_id UUID, since_us BIGINT, reason_code VARCHAR",
        filled_by="interplay voids", read_by="settling unpost voids")
    counted: Table = Table(
        "counted", "count × span of known time (a view)",
        f"{_KEPT}, state",
        filled_by="recounts", read_by="recounts")
    place_legs: Table = Table(
        "place_legs", "leg at a touched place",
        "place_no, item_id, location_id, state, owner_id, occurred_us, delta_units, known_us, lot_code, named_item_id",
        filled_by="recounts", read_by="recounts")
    difference_rows: Table = Table(
        "difference_rows", "difference that a count posts × span of known time",
        "event_id VARCHAR, sub_no INTEGER, units BIGINT, since_us BIGINT, until_us BIGINT",
        filled_by="recounts", read_by="recounts")
    ruled: Table = Table(
        "ruled", "part or difference with its rule",
        f"{_KEPT}, part, event_lo, rule_number",
        filled_by="divisions recounts", read_by="divisions recounts")
    scope: Table = Table(
        "scope", "event that is posted again",
        "event_id UUID",
        filled_by="divisions interplay recounts reread voids", read_by="interplay moves")
    wanted: Table = Table(
        "wanted", "what it should post × span of known time",
        f"{_CONTENT}, since_us, until_us, base_sign",
        filled_by="interplay moves voids", read_by="moves")
    standing: Table = Table(
        "standing", "what it has posted",
        f"{_CONTENT}, known_us, sign, movement_id, is_reversal",
        filled_by="moves", read_by="moves")
    missing: Table = Table(
        "missing", "what is to be added or taken back",
        f"{_CONTENT}, known_us, sign",
        filled_by="moves", read_by="moves")
    numbered: Table = Table(
        "numbered", "the same, each copy",
        f"{_CONTENT}, known_us, sign, copy_no, standing_rows",
        filled_by="moves", read_by="moves")
    new_moves: Table = Table(
        "new_moves", "movement of the batch",
        f"movement_id BIGINT, event_lo UBIGINT, {_MOVE}, known_us BIGINT, is_reversal BOOLEAN, reverses_movement_id BIGINT",
        filled_by="moves voids", read_by="interplay moves recounts voids")
    moved_now: Table = Table(
        "moved_now", "the same, with those of a big batch's own file (a view)",
        f"movement_id, event_lo, {_CONTENT}, known_us, is_reversal, reverses_movement_id",
        filled_by="moves", read_by="apply recounts")
    all_movements: Table = Table(
        "all_movements", "movement that stands in the ledger (a view)",
        _LEDGER,
        filled_by="moves", read_by="moves recounts revisions")
    # fmt: on

    def execute(self, query: str, values: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run a statement."""
        return self.con.execute(query, values) if values else self.con.execute(query)

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of the rows."""
        self.con.executemany(query, rows)

    def count(self, relation: Table | str) -> int:
        """How many rows a table has, or what follows `from`."""
        return int(self.con.execute(f"select count(*) from {relation}").fetchall()[0][0])

    def make(self, *tables: Table) -> None:
        """(Re)make tables, empty."""
        for table in tables:
            self.con.execute(f"create or replace temp table {table} ({table.columns})")

    def hold(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """(Re)make a table of rows."""
        temp_rows(self.con, table.name, _frame_types(table), rows)

    def hold_columns(self, table: Table, columns: Mapping[str, Any]) -> None:
        """(Re)make a table of columns of equal length, in the table's order."""
        temp_table(self.con, table.name, _frame_types(table), columns)


@cache
def _frame_types(table: Table) -> dict[str, Any]:
    return {name: polars_type(kind) for name, kind in columns_in(table.columns).items()}
