"""The owner's private tables in `warehouse.duckdb`.

Belongs here: their names, columns and why each is kept; making a new file. Does not belong here: the tables
that the owner hands on (`pipelines.ledger.tables`), which stand in the same file under the schema `ledger`.

Instants are BIGINT µs since 1970 in UTC (`_us`), which the engine compares and joins fastest.
"""

from __future__ import annotations

import hashlib
import logging
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.errors import UserError
from pipelines.events import ENGINE_TYPES, KEPT_EVENT
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.sql_text import literal

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger("parstock.owner")

SCHEMA_VERSION: Final = 2
"""Which tables a warehouse has: raised with every change of those below or of the ledger's, so that an older parstock leaves a newer home alone."""

_KEPT: Final = ", ".join(f"{name} {kind}" for name, kind in KEPT_EVENT.items())
_SPAN: Final = "valid_from BIGINT, valid_to BIGINT, known_from BIGINT, known_to BIGINT"

PRIVATE_TABLES: Final[dict[str, str]] = {
    # a warehouse made anew writes its ledger files under another generation: files that others still read stay as they are
    "home": "schema_version INTEGER, generation INTEGER",
    # one row a commit; the sums are the ledger hash so far
    "commits": "commit_id BIGINT, committed_us BIGINT, newest_known_us BIGINT, newest_occurred_us BIGINT, hash_a UBIGINT, hash_b UBIGINT",
    "applied_units": "unit_id VARCHAR, delivery_id VARCHAR, feed VARCHAR, segment VARCHAR, known_us BIGINT, occurred_min BIGINT, occurred_max BIGINT, commit_id BIGINT",
    "delivery_state": """delivery_id VARCHAR, feed VARCHAR, source_system VARCHAR, source_uri VARCHAR, content_sha256 VARCHAR,
        known_us BIGINT, units_expected INTEGER, units_applied INTEGER, reading_no INTEGER""",
    # known time in which a delivery is taken back; until_us is the end of time as long as nobody undoes it
    "withdrawals": "delivery_id VARCHAR, decision_id VARCHAR, since_us BIGINT, until_us BIGINT",
    # rows of the keys that a withdrawal or a new reading concerns, with what became of each; such keys are judged again as a whole
    "contested_rows": """unit_id VARCHAR, line_no BIGINT, delivery_id VARCHAR, event_key UUID, revision INTEGER, payload_hash UBIGINT,
        outcome VARCHAR, reason_code VARCHAR, is_holder BOOLEAN""",
    # exact over all history; only accepted or waiting events stand here
    "identity": "event_key UUID, revision INTEGER, payload_hash UBIGINT, known_us BIGINT",
    # sales that carry their own number are found by the line they are
    "line_keys": "target UUID, event_key UUID",
    # events that a later one can still change, as they were resolved: picks, shipments, notices, receipts (of a reader one for
    # each EPC, with item null until its class is known), voids
    "kept_events": _KEPT,
    "counts": _KEPT,
    # orders by number: a shipment that names a number of two channels waits
    "order_channels": "document_id VARCHAR, channel_id BIGINT, known_us BIGINT",
    # named: the item whose code it is; of a merged item item_id is the one that it became, else the same
    "code_items": f"""code_kind VARCHAR, code VARCHAR, named_item_id BIGINT, item_id BIGINT, item_kind VARCHAR, base_uom_code VARCHAR,
        uom_code VARCHAR, numerator BIGINT, denominator BIGINT, {_SPAN}""",
    "code_uoms": f"item_id BIGINT, uom_code VARCHAR, numerator BIGINT, denominator BIGINT, {_SPAN}",
    "code_locations": f"""code_kind VARCHAR, code VARCHAR, location_id BIGINT, location_kind VARCHAR, default_state VARCHAR,
        time_zone VARCHAR, rfid_posting VARCHAR, {_SPAN}""",
    "code_channels": f"code VARCHAR, channel_id BIGINT, time_zone VARCHAR, {_SPAN}",
    "code_suppliers": f"code VARCHAR, supplier_id BIGINT, time_zone VARCHAR, {_SPAN}",
    "code_sources": f"source_system VARCHAR, time_zone VARCHAR, sends_picks BOOLEAN, {_SPAN}",
    "code_owners": "code VARCHAR, owner_id BIGINT",
    "kit_components": f"kit_item_id BIGINT, component_no INTEGER, component_item_id BIGINT, named_item_id BIGINT, component_units BIGINT, {_SPAN}",
    # merges by item: from merged_us on both are counted as one
    "item_merges": "item_id BIGINT, into_item_id BIGINT, merged_us BIGINT, known_from BIGINT, known_to BIGINT",
    "channel_network": f"channel_id BIGINT, location_id BIGINT, {_SPAN}",
    "reference_rows": "entity VARCHAR, key VARCHAR, row_hash VARCHAR, known_us BIGINT, starts_us BIGINT, ends_us BIGINT, sequence BIGINT, facts VARCHAR",
    # movements that a big batch wrote straight to the ledger's files; they do not stand in ledger.movements
    "bulk_files": "path VARCHAR, row_count BIGINT, commit_id BIGINT",
    # how many units one line of an item may have, by when its reference row said so; null: it says nothing any more
    "item_bounds": "item_id BIGINT, known_us BIGINT, max_line_units BIGINT",
    # rows that wait for approval and that somebody accepted, and from when to when that holds
    "accepted_rows": "delivery_id VARCHAR, line_no BIGINT, since_us BIGINT, until_us BIGINT",
    "taken_results": "kind VARCHAR, run_id VARCHAR, commit_id BIGINT",
}


def tables_in_short() -> str:
    """A short name for the tables of this version, columns and types: another one wants another `SCHEMA_VERSION`."""
    return hashlib.sha256(repr([(name, list(columns.items())) for name, columns in _wanted_tables().items()]).encode()).hexdigest()[:12]


@cache
def _wanted_tables() -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table) → its columns with their types, in order."""
    # what waits: the event as it came, so that trying again is applying it again
    waiting = "unit_id VARCHAR, known_us BIGINT, waits_for VARCHAR, wait_until_us BIGINT"
    private = {("main", name): columns_in(text) for name, text in PRIVATE_TABLES.items()}
    return {
        **private,
        ("main", "waiting"): columns_in(waiting) | ENGINE_TYPES,
        **{("ledger", name): columns for name, columns in LEDGER_TABLES.items()},
    }


def columns_of(table: str) -> dict[str, str]:
    """Columns and types, in order, of a private table or, as `ledger.<table>`, of one of the ledger's.

    >>> columns_of("line_keys")
    {'target': 'UUID', 'event_key': 'UUID'}
    """
    schema, _, name = table.rpartition(".")
    return _wanted_tables()[schema or "main", name]


def columns_in(text: str) -> dict[str, str]:
    """Columns of a definition as it stands in `create table`; the type is empty where it names none.

    >>> columns_in("event_id UUID, unit_price_amount DECIMAL(18,4)")
    {'event_id': 'UUID', 'unit_price_amount': 'DECIMAL(18,4)'}
    """
    pairs = (column.strip().partition(" ") for column in re.split(r",(?![^(]*\))", text))
    return {name: kind.strip() for name, _, kind in pairs}


# what columns that were added say of the rows that are there
_FILLED: Final = {
    "code_items": "named_item_id = item_id",
    "kit_components": "named_item_id = component_item_id",
    "delivery_state": "reading_no = 0",
}


def create_tables(con: duckdb.DuckDBPyConnection) -> bool:
    """Make every private and ledger table that is missing, and columns that a version before did not have; drop those that it alone had.

    New columns are null in the rows that are there, but for `_FILLED`. Returns whether a ledger table got any: its files must be written anew.
    """
    con.execute("create schema if not exists ledger")
    there: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in con.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database() order by column_index"
    ).fetchall():
        there.setdefault((schema, table), []).append(column)
    is_wider = False
    for (schema, name), typed in _wanted_tables().items():
        listed = ", ".join(f'"{column}" {kind}' for column, kind in typed.items())
        old = there.get((schema, name))
        if old == list(typed):
            continue
        if old is not None:  # made anew rather than altered: rows are written by the columns' order
            con.execute(f'alter table {schema}."{name}" rename to "{name}_before"')
        con.execute(f'create table {schema}."{name}" ({listed})')
        if old is not None:
            kept = ", ".join(f'"{column}"' for column in old if column in typed)
            con.execute(f'insert into {schema}."{name}" by name select {kept} from {schema}."{name}_before"')
            con.execute(f'drop table {schema}."{name}_before"')
            if name in _FILLED:
                con.execute(f"update {name} set {_FILLED[name]}")
            is_wider |= schema == "ledger"
    return is_wider


def open_warehouse(path: Path, *, threads: int, memory_limit: str, generation: int = 1) -> duckdb.DuckDBPyConnection:
    """Open the owner's database, making it first, as this generation, where there is none.

    It is made under another name and renamed, so that a crash leaves either no file or a whole one. A file that an
    earlier version made becomes one of this version, once, and that is told. Raises UserError when another process holds it
    or it was made by a newer version.
    """
    import duckdb

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        for leftover in (fresh, fresh.with_suffix(".new.wal")):
            leftover.unlink(missing_ok=True)
        making = duckdb.connect()
        making.execute(f"attach {literal(fresh)} as w (storage_version 'v1.5.0')")
        making.execute("use w")
        create_tables(making)
        making.execute(f"insert into home values ({SCHEMA_VERSION}, {int(generation)})")
        making.execute("use memory")
        making.execute("detach w")
        making.close()
        fresh.replace(path)
    try:
        con = duckdb.connect(str(path))
    except duckdb.IOException as error:
        raise UserError(
            "another process has the warehouse open",
            where=f"{path} ({str(error).splitlines()[0]})",
            next_step="stop the other parstock, or let it do the work: parstock doctor",
            exit_code=3,
        ) from error
    con.execute("set timezone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute("set preserve_insertion_order = false")
    con.execute("set checkpoint_threshold = '256MB'")
    con.execute(f"set threads = {int(threads)}")
    con.execute(f"set memory_limit = '{memory_limit}'")
    [(version,)] = con.execute("select schema_version from home").fetchall()
    if version > SCHEMA_VERSION:
        con.close()
        raise UserError(
            "a newer parstock made this home",
            where=f"{path}: tables of version {version}, this parstock knows those up to {SCHEMA_VERSION}",
            next_step="use the newer parstock; nothing was changed",
            exit_code=3,
        )
    if version < SCHEMA_VERSION:
        _bring_up(con)
        log.warning("an earlier parstock made %s: its tables are now those of this version", path)
    return con


def _bring_up(con: duckdb.DuckDBPyConnection) -> None:
    """Add, in one transaction, what is new; a ledger with new columns becomes another generation, so that all its files are written anew."""
    con.execute("begin")
    is_wider = create_tables(con)
    con.execute(f"update home set schema_version = {SCHEMA_VERSION}, generation = generation + {int(is_wider)}")
    con.execute("commit")
