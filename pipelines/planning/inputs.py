"""What planning reads: every query in one place, and the frames' columns.

Works on dbt's database and on a published file alike. The warehouse's engine is imported when a file is opened only.
All but names and policy rows are asked for as of an instant, so what lies after it is not seen.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines.errors import UserError
from pipelines.feeds.spec import ABSURD_PRICE, MOST_DAYS, MOST_NUMBER

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MONEY: Final = pl.Decimal(18, 4)

COLUMNS: Final[dict[str, dict[str, Any]]] = {
    # grain: item x location; per day, over the days on which the item could be bought
    "demand": {
        "item_id": pl.Int64,
        "location_id": pl.Int64,
        "demand_units_mean": pl.Float64,
        "demand_units_sd": pl.Float64,
        "demand_class": pl.String,
        "abc_class": pl.String,
        "xyz_class": pl.String,
        "n_valid_days": pl.Int64,
    },
    # grain: item x location
    "position": {
        "item_id": pl.Int64,
        "location_id": pl.Int64,
        "sellable_units": pl.Int64,
        "awaiting_putaway_units": pl.Int64,
        "below_zero_units": pl.Int64,
        "reserved_units": pl.Int64,
        "backorder_units": pl.Int64,
    },
    # grain: document line; open_units: not yet received, and of a purchase order not yet announced either
    "supply": {
        "item_id": pl.Int64,
        "location_id": pl.Int64,
        "supplier_id": pl.Int64,
        "supply_kind": pl.String,
        "document_id": pl.String,
        "document_line": pl.String,
        "open_units": pl.Int64,
        "ordered_at": pl.Datetime("us", "UTC"),
        "due_on": pl.Date,
        "promised_on": pl.Date,
    },
    # grain: supplier x item x location; calendar days
    "lead_times": {
        "supplier_id": pl.Int64,
        "item_id": pl.Int64,
        "location_id": pl.Int64,
        "n_receipts": pl.Int64,
        "lead_time_days_mean": pl.Float64,
        "lead_time_days_sd": pl.Float64,
    },
    # grain: supplier x item x location, null for all locations
    "terms": {
        "supplier_id": pl.Int64,
        "item_id": pl.Int64,
        "location_id": pl.Int64,
        "lead_time_days": pl.Int64,
        "moq_units": pl.Int64,
        "multiple_units": pl.Int64,
        "unit_cost_amount": _MONEY,
        "currency_code": pl.String,
        "order_cost_amount": _MONEY,
        "max_units": pl.Int64,
        "priority": pl.Int64,
    },
    # grain: supplier x location, null for all locations
    "supplier_terms": {"supplier_id": pl.Int64, "location_id": pl.Int64, "order_days": pl.String, "calendar_code": pl.String},
    # grain: calendar x period in which nobody works
    "closed_days": {"calendar_code": pl.String, "starts_on": pl.Date, "ends_on": pl.Date},
    # grain: item x item that follows it, from when it does
    "successions": {"item_id": pl.Int64, "related_item_id": pl.Int64, "priority": pl.Int64},
    "items": {
        "item_id": pl.Int64,
        "item_code": pl.String,
        "item_kind": pl.String,
        "category": pl.String,
        "shelf_life_days": pl.Int64,
        "lifecycle": pl.String,
        "launched_on": pl.Date,
        "ended_on": pl.Date,
    },
    "locations": {
        "location_id": pl.Int64,
        "location_code": pl.String,
        "location_kind": pl.String,
        "opening_hours": pl.String,
        "calendar_code": pl.String,
    },
    "suppliers": {"supplier_id": pl.Int64, "supplier_code": pl.String},
}

_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)

_PLAUSIBLE: Final[dict[str, dict[str, tuple[Any, Any]]]] = {
    "terms": {
        "lead_time_days": (0, MOST_DAYS), "moq_units": (0, MOST_NUMBER), "multiple_units": (0, MOST_NUMBER),
        "unit_cost_amount": (-ABSURD_PRICE, ABSURD_PRICE), "order_cost_amount": (0, ABSURD_PRICE),
    },
    "items": {"shelf_life_days": (0, MOST_DAYS)},
    "lead_times": {"lead_time_days_mean": (0, MOST_DAYS), "lead_time_days_sd": (0, MOST_DAYS)},
    "supply": {"due_on": (_FIRST_DAY, _LAST_DAY), "promised_on": (_FIRST_DAY, _LAST_DAY)},
}  # fmt: skip
"""What a figure may be; any other is unknown (null). Ingest takes no other, but a ledger of an earlier version may hold one, and
days are added to dates here."""

KEYS: Final = {
    "demand": ("item_id", "location_id"),
    "position": ("item_id", "location_id"),
    "lead_times": ("supplier_id", "item_id", "location_id"),
    "terms": ("supplier_id", "item_id", "location_id"),
    "supplier_terms": ("supplier_id", "location_id"),
    "successions": ("item_id", "related_item_id"),
    "items": ("item_id",),
    "locations": ("location_id",),
    "suppliers": ("supplier_id",),
}
"""What may occur once only: a second row would count the same units twice."""

_RELATIONS: Final = {
    "demand": "demand.variance_as_of({at})",
    "position": "plan.position_as_of({at})",
    "supply": "plan.open_supply_as_of({at})",
    "lead_times": "plan.lead_times_as_of({at})",
    "terms": "plan.terms_as_of({at})",
    "supplier_terms": "plan.supplier_terms_as_of({at})",
    "closed_days": "(select * from core.calendar_periods where day_kind in ('closed', 'public_holiday'))",
    "successions": "(select * from core.item_relations where relation_kind = 'successor' and coalesce(valid_from <= {at}, true))",
    "items": "core.dim_item",
    "locations": "core.dim_location",
    "suppliers": "core.dim_supplier",
}

_OF_LATER_VERSIONS: Final = {"supplier_terms", "closed_days", "successions"}
"""Relations that a warehouse built by an earlier version lacks: there is nothing in them then."""

_OPTIONAL: Final = {
    "category", "shelf_life_days", "item_kind", "location_kind", "abc_class", "xyz_class", "lifecycle", "launched_on", "ended_on",
    "opening_hours", "calendar_code", "max_units", "priority", "awaiting_putaway_units", "below_zero_units",
}  # fmt: skip
"""Columns planning can do without: where a relation lacks one, it is unknown."""

POLICY_TABLES: Final = ("plan.policy_service_targets", "plan.policy_planning")
"""Policy seeds, in the order in which they win over each other."""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The frames of `COLUMNS`, one attribute each, with exactly those columns and types."""

    demand: pl.DataFrame
    position: pl.DataFrame
    supply: pl.DataFrame
    lead_times: pl.DataFrame
    terms: pl.DataFrame
    supplier_terms: pl.DataFrame
    closed_days: pl.DataFrame
    successions: pl.DataFrame
    items: pl.DataFrame
    locations: pl.DataFrame
    suppliers: pl.DataFrame

    @classmethod
    def from_frames(cls, **frames: pl.DataFrame) -> Inputs:
        """Inputs from what is at hand: a missing frame is empty, a missing column null, types are cast.

        Raises UserError where a key of `KEYS` occurs twice.
        """
        if unknown := sorted(set(frames) - set(COLUMNS)):
            raise TypeError(f"no such input: {', '.join(unknown)}")
        return cls(**{name: _conformed(name, frames.get(name, pl.DataFrame(schema=columns))) for name, columns in COLUMNS.items()})

    def content_hash(self) -> str:
        """Hex hash of all rows, whatever their order: equal inputs give an equal hash."""
        digest = hashlib.sha256()
        for name in COLUMNS:
            frame: pl.DataFrame = getattr(self, name)
            buffer = io.BytesIO()
            # As text: how Arrow lays out the same strings in memory differs from one reading to the next.
            frame.sort(frame.columns, nulls_last=True).write_csv(buffer, quote_style="non_numeric")
            digest.update(name.encode())
            digest.update(buffer.getbuffer())
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What one reading of the warehouse gave: the inputs, the policy rows by table, and the commit the marts stand on."""

    inputs: Inputs
    policy_tables: dict[str, pl.DataFrame]
    marts_commit_id: int | None


def read(database: Path | DuckDBPyConnection, as_of: datetime) -> Snapshot:
    """Read everything as of an instant, from a file (opened read-only and closed again) or an open connection.

    `as_of` knows its zone. Raises UserError where the file or one of its relations is missing.
    """
    if not isinstance(database, Path):
        return _read(database, as_of)
    import duckdb

    if not database.exists():
        raise UserError("there is nothing to plan from yet", where=str(database), next_step="parstock run", exit_code=1)
    try:
        connection = duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        raise UserError(
            f"the marts cannot be opened: {str(error).splitlines()[0]}",
            where=str(database),
            next_step="wait for the build that holds them, then run it again",
            exit_code=3,
        ) from error
    with connection:
        return _read(connection, as_of)


def _read(connection: DuckDBPyConnection, as_of: datetime) -> Snapshot:
    at = f"TIMESTAMPTZ '{as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    frames = {
        name: _rows(connection, relation.format(at=at), COLUMNS[name], is_optional=name in _OF_LATER_VERSIONS)
        for name, relation in _RELATIONS.items()
    }
    for name in ("position", "demand"):
        frames[name] = _of_known(frames[name], items=frames["items"], locations=frames["locations"])
    tables = {table: rows for table in POLICY_TABLES if (rows := _policy_rows(connection, table)) is not None}
    [(commit,)] = connection.execute("select max(commit_id) from ledger.pin").fetchall()
    return Snapshot(Inputs.from_frames(**frames), tables, commit)


def _of_known(frame: pl.DataFrame, *, items: pl.DataFrame, locations: pl.DataFrame) -> pl.DataFrame:
    """The rows of items and places that reference data describes: a code that only a network or an order names can get no goods."""
    return frame.join(items, on="item_id", how="semi").join(locations, on="location_id", how="semi")


def _rows(connection: DuckDBPyConnection, relation: str, columns: dict[str, Any], *, is_optional: bool) -> pl.DataFrame:
    """The wanted columns of a relation; optional ones that it lacks are left out, and an optional relation that is not there is empty."""
    import duckdb

    try:
        offered = {row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()}
    except duckdb.Error as error:
        if is_optional and isinstance(error, duckdb.CatalogException):
            return pl.DataFrame()
        raise UserError(
            f"planning cannot read {relation.split('(')[0]}: {str(error).splitlines()[0]}", next_step="dbt build", exit_code=3
        ) from error
    if missing := [name for name in columns if name not in offered | _OPTIONAL]:
        raise UserError(f"{relation.split('(')[0]} lacks {', '.join(missing)}", next_step="dbt build", exit_code=3)
    wanted = ", ".join(name for name in columns if name in offered)
    return _frame(connection, f"select {wanted} from {relation}")


def _policy_rows(connection: DuckDBPyConnection, table: str) -> pl.DataFrame | None:
    """The rows of a policy table, or None in a warehouse that has no such table."""
    schema, name = table.split(".")
    found = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?", [schema, name]
    ).fetchall()
    return _frame(connection, f"select * from {table} order by all") if found else None


def _frame(connection: DuckDBPyConnection, query: str) -> pl.DataFrame:
    frame = pl.from_arrow(connection.sql(query).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _conformed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly its columns and types. Raises UserError where a key occurs twice."""
    columns = [
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(kind).alias(column) for column, kind in COLUMNS[name].items()
    ]
    known = [
        pl.when(pl.col(column).is_between(*bounds)).then(pl.col(column)).alias(column)
        for column, bounds in _PLAUSIBLE.get(name, {}).items()
    ]
    frame = frame.select(columns).with_columns(known)
    key = KEYS.get(name)
    if key and (twice := frame.height - frame.select(key).unique().height):
        raise UserError(f"{twice} rows of {name} repeat their key ({', '.join(key)})", next_step="dbt test", exit_code=1)
    return frame
