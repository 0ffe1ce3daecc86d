"""The proposals that go out: which columns, in which order, what each is, and their rows from the published file.

Belongs here: the one list of columns that the workbook, the CSV and their explanation share. Does not belong here: how a
cell is written (`sheets`, `table`), or a formula: amounts are the product of two published columns and nothing more.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from pipelines.exports.source import Source, opened, read_source
from pipelines.publish.reader import dicts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.settings import Home

Kind = Literal["text", "code", "word", "units", "decimal", "days", "price", "money", "day"]
"""What a column holds: `code` is a text that must never become a number, `word` a code that the catalogue has words for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, its width in characters, and the published column whose description explains it.

    `about` is empty where only the catalogue explains it.
    """

    name: str
    kind: Kind
    width: int
    about: str = ""


_PROPOSAL, _POINT, _SAFETY = "plan.reorder_proposals", "plan.reorder_points", "plan.safety_stock"

COLUMNS: Final = (
    Column("item_code", "code", 14, "core.dim_item.item_code"),
    Column("item_name", "text", 38, "core.dim_item.item_name"),
    Column("location_code", "code", 14, "core.dim_location.location_code"),
    Column("urgency", "word", 20),
    Column("cover_days", "days", 10, f"{_PROPOSAL}.cover_days"),
    Column("order_units", "units", 11, f"{_PROPOSAL}.order_units"),
    Column("supplier_code", "code", 14, "core.dim_supplier.supplier_code"),
    Column("supplier_name", "text", 28, "core.dim_supplier.supplier_name"),
    Column("order_by_on", "day", 12, f"{_PROPOSAL}.order_by_on"),
    Column("eta_on", "day", 12, f"{_PROPOSAL}.eta_on"),
    Column("unit_cost_amount", "price", 11, f"{_PROPOSAL}.unit_cost_amount"),
    Column("line_amount", "money", 13),
    Column("currency_code", "code", 9, f"{_PROPOSAL}.currency_code"),
    Column("sellable_units", "units", 10, f"{_POINT}.sellable_units"),
    Column("on_order_units", "units", 10, f"{_POINT}.on_order_units"),
    Column("in_transit_units", "units", 10, f"{_POINT}.in_transit_units"),
    Column("awaiting_putaway_units", "units", 10, f"{_POINT}.awaiting_putaway_units"),
    Column("reserved_units", "units", 10, f"{_POINT}.reserved_units"),
    Column("backorder_units", "units", 11, f"{_POINT}.backorder_units"),
    Column("inventory_position_units", "units", 10, f"{_PROPOSAL}.inventory_position_units"),
    Column("reorder_point_units", "decimal", 11, f"{_PROPOSAL}.reorder_point_units"),
    Column("safety_stock_units", "decimal", 11, f"{_SAFETY}.safety_stock_units"),
    Column("demand_units_per_day_mean", "decimal", 11, f"{_SAFETY}.demand_units_per_day_mean"),
    Column("lead_time_days_mean", "days", 10, f"{_SAFETY}.lead_time_days_mean"),
    Column("moq_units", "units", 10, f"{_PROPOSAL}.moq_units"),
    Column("multiple_units", "units", 10, f"{_PROPOSAL}.multiple_units"),
    Column("rounding_reason", "word", 24, f"{_PROPOSAL}.rounding_reason"),
    Column("status", "word", 12, f"{_PROPOSAL}.status"),
    Column("priority_rank", "units", 9, f"{_PROPOSAL}.priority_rank"),
    Column("gtin", "code", 16, "core.dim_item.gtin"),
    Column("why", "text", 80, f"{_PROPOSAL}.why"),
    Column("proposal_id", "code", 36, f"{_PROPOSAL}.proposal_id"),
)
"""Of the workbook's sheets, in order; the first three stay in view."""

_LINEAGE: Final = ("publication_version", "run_id", "as_of_on")
"""What stands before these columns in the CSV, so that a file out of its folder still says where it comes from."""

_QUERY: Final = """
with lines as (
    select p.*,
        -- Days that the free stock lasts, against the days until the order can be sold.
        case when p.cover_days <= 0 then 'nothing_free' when p.cover_days < p.eta_on - p.as_of_on then 'before_arrival' else 'due' end as urgency,
        cast(p.order_units * p.unit_cost_amount as decimal(28, 4)) as line_amount,
        i.item_code, i.item_name, i.gtin, l.location_code, v.supplier_code, v.supplier_name,
        r.sellable_units, r.on_order_units, r.in_transit_units, r.awaiting_putaway_units, r.reserved_units,
        r.backorder_units,
        s.safety_stock_units, s.demand_units_per_day_mean, s.lead_time_days_mean
    from plan.reorder_proposals p
    left join core.dim_item i using (item_id)
    left join core.dim_location l using (location_id)
    left join core.dim_supplier v using (supplier_id)
    left join plan.reorder_points r on r.run_id = p.run_id and r.item_id = p.item_id and r.location_id = p.location_id
    left join plan.safety_stock s on s.run_id = p.run_id and s.item_id = p.item_id and s.location_id = p.location_id
    where p.is_latest_run and p.order_units > 0)
"""
_BY_PRIORITY: Final = "order by priority_rank nulls last, item_code, location_code, proposal_id"


@dataclasses.dataclass(frozen=True, slots=True)
class Proposals:
    """The latest run's proposals in an open published file, read as they are asked for."""

    source: Source
    lines: int
    _con: DuckDBPyConnection
    batch: int = 5000

    @property
    def csv_columns(self) -> list[str]:
        """The names of the CSV's columns."""
        return [*_LINEAGE, *(column.name for column in COLUMNS)]

    def csv_rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of the CSV, the most urgent first."""
        for row in self._rows(f"run_id, as_of_on, {_NAMES}", _BY_PRIORITY):
            yield (self.source.version, *row)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of `COLUMNS`, the most urgent first."""
        return self._rows(_NAMES, _BY_PRIORITY)

    def rows_by_supplier(self) -> Iterator[tuple[str | None, tuple[Any, ...]]]:
        """The supplier's code and the row, supplier by supplier, the most urgent first within each."""
        by_supplier = _BY_PRIORITY.replace("order by", "order by supplier_code nulls last, supplier_id,")
        for row in self._rows(f"supplier_code, {_NAMES}", by_supplier):
            yield row[0], row[1:]

    def suppliers(self) -> list[dict[str, Any]]:
        """Grain: supplier x currency. Lines, units, amount (null where a cost is unknown), first day to order and to receive."""
        return dicts(
            self._con,
            f"""{_QUERY} select supplier_code, any_value(supplier_name) as supplier_name, count(*) as lines,
                cast(sum(order_units) as bigint) as order_units,
                case when count(line_amount) = count(*) then cast(sum(line_amount) as decimal(28, 4)) end as line_amount,
                currency_code, min(order_by_on) as order_by_on, min(eta_on) as eta_on
            from lines group by supplier_code, currency_code order by supplier_code nulls last, currency_code""",
        )

    def first(self, lines: int) -> list[dict[str, Any]]:
        """The most urgent lines, by the names of the columns."""
        return dicts(self._con, f"{_QUERY} select {_NAMES} from lines {_BY_PRIORITY} limit {lines}")

    def described(self) -> dict[str, str]:
        """The published description of every column that has one, by `schema.table.column`."""
        tables = sorted({column.about.rpartition(".")[0] for column in COLUMNS if column.about})
        found = self._con.execute(
            "select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns() "
            "where comment is not null and list_contains(?, schema_name || '.' || table_name)",
            [tables],
        )
        return dict(found.fetchall())

    def _rows(self, columns: str, order: str) -> Iterator[tuple[Any, ...]]:
        cursor = self._con.execute(f"{_QUERY} select {columns} from lines {order}")
        while batch := cursor.fetchmany(self.batch):
            yield from batch


_NAMES: Final = ", ".join(column.name for column in COLUMNS)


@contextlib.contextmanager
def read_proposals(home: Home) -> Iterator[Proposals]:
    """The latest run's proposals of the publication that is current now. Raises UserError where there is none."""
    with opened(home) as con:
        yield latest_proposals(con)


def latest_proposals(con: DuckDBPyConnection) -> Proposals:
    """Like `read_proposals`, from an open published file."""
    counted = con.execute(f"{_QUERY} select count(*) from lines").fetchone()
    return Proposals(read_source(con), int(counted[0]) if counted else 0, con)
