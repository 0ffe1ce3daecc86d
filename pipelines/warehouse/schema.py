"""The owner's private tables in `warehouse.duckdb`.

Belongs here: their names, columns and why each is kept; making a new file. Does not belong here: the tables
that the owner hands on (`tables.py`), which stand in the same file under the schema `ledger`.

Instants are BIGINT µs since 1970 in UTC (`_us`), which the engine compares and joins fastest.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.errors import UserError
from pipelines.events import EVENT_SCHEMA
from pipelines.warehouse.tables import LEDGER_TABLES

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION: Final = 1

_SPAN: Final = "valid_from BIGINT, valid_to BIGINT, known_from BIGINT, known_to BIGINT"

# what an interplay event keeps: enough to post it again when a partner comes
_KEPT_EVENT: Final = """
    event_id UUID, sub_no INTEGER, event_key UUID, revision INTEGER, feed VARCHAR, event_kind VARCHAR, source_event_id VARCHAR,
    item_id BIGINT, location_id BIGINT, location_kind VARCHAR, default_state VARCHAR, to_location_id BIGINT, to_default_state VARCHAR,
    stock_state VARCHAR, to_stock_state VARCHAR, owner_id BIGINT, lot_code VARCHAR, expires_on DATE, units BIGINT, occurred_us BIGINT, business_on DATE,
    since_us BIGINT, until_us BIGINT, reason_code VARCHAR, document_kind VARCHAR, document_id VARCHAR, document_line VARCHAR,
    ref_document_kind VARCHAR, ref_document_id VARCHAR, ref_document_line VARCHAR, supplier_id BIGINT, channel_id BIGINT,
    unit_price_amount DECIMAL(18,4), currency_code VARCHAR, is_promo BOOLEAN, campaign_code VARCHAR, customer_key VARCHAR, target UUID,
    unit_id VARCHAR, line_no BIGINT"""

PRIVATE_TABLES: Final[dict[str, str]] = {
    # a warehouse made anew writes its ledger files under another generation: files that others still read stay as they are
    "home": "schema_version INTEGER, generation INTEGER",
    # one row a commit; the sums are the ledger hash so far
    "commits": "commit_id BIGINT, committed_us BIGINT, newest_known_us BIGINT, newest_occurred_us BIGINT, hash_a UBIGINT, hash_b UBIGINT",
    "applied_units": "unit_id VARCHAR, delivery_id VARCHAR, feed VARCHAR, segment VARCHAR, known_us BIGINT, occurred_min BIGINT, occurred_max BIGINT, commit_id BIGINT",
    "delivery_state": """delivery_id VARCHAR, feed VARCHAR, source_system VARCHAR, source_uri VARCHAR, content_sha256 VARCHAR,
        known_us BIGINT, units_expected INTEGER, units_applied INTEGER, is_copy BOOLEAN""",
    # exact over all history; only accepted or waiting events stand here
    "identity": "event_key UUID, revision INTEGER, payload_hash UBIGINT, known_us BIGINT",
    # sales that carry their own number are found by the line they are
    "line_keys": "target UUID, event_key UUID",
    # events that a later one can still change, as they were resolved: picks, shipments, notices, receipts, voids
    "kept_events": _KEPT_EVENT,
    "counts": _KEPT_EVENT,
    # orders by number: a shipment that names a number of two channels waits
    "order_channels": "document_id VARCHAR, channel_id BIGINT, known_us BIGINT",
    "code_items": f"""code_kind VARCHAR, code VARCHAR, item_id BIGINT, item_kind VARCHAR, base_uom_code VARCHAR, uom_code VARCHAR,
        numerator BIGINT, denominator BIGINT, {_SPAN}""",
    "code_uoms": f"item_id BIGINT, uom_code VARCHAR, numerator BIGINT, denominator BIGINT, {_SPAN}",
    "code_locations": f"""code_kind VARCHAR, code VARCHAR, location_id BIGINT, location_kind VARCHAR, default_state VARCHAR,
        time_zone VARCHAR, rfid_posting VARCHAR, {_SPAN}""",
    "code_channels": f"code VARCHAR, channel_id BIGINT, time_zone VARCHAR, {_SPAN}",
    "code_suppliers": f"code VARCHAR, supplier_id BIGINT, time_zone VARCHAR, {_SPAN}",
    "code_sources": f"source_system VARCHAR, time_zone VARCHAR, sends_picks BOOLEAN, {_SPAN}",
    "code_owners": "code VARCHAR, owner_id BIGINT",
    "kit_components": f"kit_item_id BIGINT, component_no INTEGER, component_item_id BIGINT, component_units BIGINT, {_SPAN}",
    "channel_network": f"channel_id BIGINT, location_id BIGINT, {_SPAN}",
    "reference_rows": "entity VARCHAR, key VARCHAR, row_hash VARCHAR, known_us BIGINT, starts_us BIGINT, ends_us BIGINT, sequence BIGINT, facts VARCHAR",
    # movements that a big batch wrote straight to the ledger's files; they do not stand in ledger.movements
    "bulk_files": "path VARCHAR, row_count BIGINT, commit_id BIGINT",
    "taken_results": "kind VARCHAR, run_id VARCHAR, commit_id BIGINT",
}


_DUCKDB_TYPES: Final = {
    "UInt64": "UBIGINT",
    "UInt32": "UINTEGER",
    "Int32": "INTEGER",
    "Int16": "SMALLINT",
    "String": "VARCHAR",
    "Date": "DATE",
    "Boolean": "BOOLEAN",
    "Decimal": "DECIMAL(18,4)",
    "Datetime": "TIMESTAMP",
    "List": "VARCHAR[]",
}


def duckdb_type(column: str) -> str:
    """The engine's type of a column of the event schema.

    >>> duckdb_type("quantity"), duckdb_type("epcs")
    ('DECIMAL(18,4)', 'VARCHAR[]')
    """
    return _DUCKDB_TYPES[EVENT_SCHEMA[column][0].__class__.__name__]


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make every private and ledger table that is missing."""
    con.execute("create schema if not exists ledger")
    for name, columns in PRIVATE_TABLES.items():
        con.execute(f"create table if not exists {name} ({columns})")
    # what waits: the event as it came, so that trying again is applying it again
    raw = ", ".join(f"{name} {duckdb_type(name)}" for name in EVENT_SCHEMA)
    con.execute(f"create table if not exists waiting (unit_id VARCHAR, known_us BIGINT, waits_for VARCHAR, wait_until_us BIGINT, {raw})")
    for name, typed in LEDGER_TABLES.items():
        columns = ", ".join(f'"{column}" {kind}' for column, kind in typed.items())
        con.execute(f'create table if not exists ledger."{name}" ({columns})')


def open_warehouse(path: Path, *, threads: int, memory_limit: str, generation: int = 1) -> duckdb.DuckDBPyConnection:
    """Open the owner's database, making it first, as this generation, where there is none.

    It is made under another name and renamed, so that a crash leaves either no file or a whole one.
    Raises UserError when another process holds it or it was made by a newer version.
    """
    import duckdb

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        for leftover in (fresh, fresh.with_suffix(".new.wal")):
            leftover.unlink(missing_ok=True)
        making = duckdb.connect()
        making.execute(f"attach '{_quoted(fresh)}' as w (storage_version 'v1.5.0')")
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
            "the warehouse is held by another process",
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
    version = con.execute("select schema_version from home").fetchall()
    if version != [(SCHEMA_VERSION,)]:
        con.close()
        raise UserError(
            f"the warehouse has schema version {version}, this parstock reads version {SCHEMA_VERSION}",
            where=str(path),
            next_step="parstock rebuild makes it anew from the spool",
            exit_code=3,
        )
    return con


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
