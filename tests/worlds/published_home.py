"""A home whose published file is written by hand: the tables that exports read, with the rows that a test puts into them.

Belongs here: the columns that exports rely on, as text in SQL. Does not belong here: how such a file comes to be
(`tests/publish`); `test_on_a_real_home` holds these tables against those of a real one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import Home

AS_OF = datetime(2026, 3, 9, 6, tzinfo=UTC)

TABLES = {
    "ops.publication": "version bigint, published_at timestamptz, newest_known_at timestamptz, newest_occurred_at timestamptz, commit_id bigint, "
    "marts_commit_id bigint, ledger_hash varchar",
    "plan.runs": "run_id varchar, as_of_at timestamptz, as_of_on date, commit_id bigint, is_latest boolean",
    "core.dim_item": "item_id bigint, item_code varchar, item_name varchar, gtin varchar, unit_cost_amount decimal(18,4), currency_code varchar",
    "core.dim_location": "location_id bigint, location_code varchar, is_virtual boolean, time_zone varchar",
    "core.dim_supplier": "supplier_id bigint, supplier_code varchar, supplier_name varchar",
    "plan.reorder_proposals": "proposal_id varchar, run_id varchar, as_of_on date, item_id bigint, location_id bigint, supplier_id bigint, "
    "inventory_position_units bigint, reorder_point_units decimal(18,4), moq_units bigint, multiple_units bigint, rounding_reason varchar, "
    "order_units bigint, order_by_on date, eta_on date, unit_cost_amount decimal(18,4), currency_code varchar, priority_rank integer, "
    "cover_days decimal(18,2), status varchar, is_latest_run boolean, why varchar",
    "plan.reorder_points": "run_id varchar, item_id bigint, location_id bigint, supplier_id bigint, sellable_units bigint, on_order_units bigint, "
    "in_transit_units bigint, awaiting_putaway_units bigint, reserved_units bigint, backorder_units bigint, "
    "excluded_supply_units bigint, inventory_position_units bigint, "
    "reorder_point_units decimal(18,4), is_at_reorder_point boolean, decision varchar",
    "plan.safety_stock": "run_id varchar, item_id bigint, location_id bigint, safety_stock_units decimal(18,4), "
    "demand_units_per_day_mean decimal(18,6), lead_time_days_mean decimal(18,6)",
    "stock.on_hand": "item_id bigint, location_id bigint, owner_id bigint, on_hand_units bigint",
    "stock.daily": "item_id bigint, location_id bigint, stock_on date, opening_units bigint, closing_units bigint",
    "demand.daily": "item_id bigint, location_id bigint, demand_on date, gross_units bigint, gross_amounts map(varchar, decimal(28,4)), currency_code varchar",
    "ops.deliveries": "feed varchar, first_known_at timestamptz",
    "ops.quarantine": "feed varchar, reason_code varchar, reason varchar, is_waiting boolean",
    "ops.data_health": "check_code varchar, n_rows bigint, affected_units bigint",
    "ledger.movements_new": "movement_id bigint",
}
FURTHER = {
    "ops.gates": "gate_run_id varchar, gate_kind varchar, subject varchar, is_blocked boolean",
    "ops.gate_results": "gate_run_id varchar, rule_code varchar, severity varchar, is_met boolean, rows_failed bigint, what varchar",
    "ops.alerts": "alert_id varchar, alert_code varchar, severity varchar, state varchar, first_seen_at timestamptz, what varchar, "
    "item_code varchar, location_code varchar, channel_code varchar, figures varchar",
    "kpi.values": "kpi_code varchar, period_kind varchar, period_start_on date, period_end_on date, grain_kind varchar, value double, "
    "target_value double, target_operator varchar, status varchar, unit varchar, currency_code varchar, recommended_action varchar, is_complete boolean",
    "kpi.definitions": "kpi_code varchar, kpi_name varchar, kpi_name_fr varchar, unit varchar",
}
"""Tables that a build may lack."""


class PublishedHome:
    """A home with one publication; rows are added by table, missing columns are null. Reading starts with `home`."""

    def __init__(self, folder: Path, version: int = 7, *, with_all: bool = False, as_of: datetime = AS_OF) -> None:
        self._home = Home(folder).make()
        self._file = self._home.published / f"parstock_{version:010d}.duckdb"
        self._con: duckdb.DuckDBPyConnection | None = None
        self.as_of = as_of
        for table, columns in (TABLES | FURTHER if with_all else TABLES).items():
            self._do(f"create schema if not exists {table.partition('.')[0]}")
            self._do(f"create table {table} ({columns})")
        self.add("ops.publication", version=version, published_at=as_of, commit_id=5, marts_commit_id=4, ledger_hash="00", newest_known_at=as_of,
                 newest_occurred_at=as_of - timedelta(hours=2))  # fmt: skip
        self._home.published_file.symlink_to(self._file.name)

    @property
    def home(self) -> Home:
        """The home, with all rows on the disk."""
        if self._con is not None:
            self._con.close()
            self._con = None
        return self._home

    def _do(self, statement: str, values: list[Any] | None = None) -> None:
        if self._con is None:
            self._con = duckdb.connect(str(self._file))
            self._con.execute("set timezone = 'UTC'")
        self._con.execute(statement, values)

    def add(self, table: str, **values: Any) -> PublishedHome:
        """One more row."""
        self._do(f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values()))
        return self

    def describe(self, column: str, text: str) -> PublishedHome:
        """What the file says of a column."""
        self._do(f"comment on column {column} is '{text}'")
        return self

    def planned(self) -> PublishedHome:
        """A plan as of that morning, a place, and a delivery of every feed."""
        from pipelines.feeds.registry import FEED_NAMES

        self.add("plan.runs", run_id="R1", as_of_at=AS_OF, as_of_on=AS_OF.date(), commit_id=5, is_latest=True)
        self.add("core.dim_location", location_id=1, location_code="PAR", is_virtual=False, time_zone="Europe/Paris")
        for feed in FEED_NAMES:
            self.add("ops.deliveries", feed=feed, first_known_at=AS_OF)
        return self

    def item(
        self, number: int, code: str, name: str, *, sellable: int = 0, demand: float = 1.0, coming: int = 0, point: float | None = 5,
        supplier: int | None = None,
    ) -> PublishedHome:  # fmt: skip
        """An item at the place, as planned, perhaps with a supplier's terms."""
        self.add(
            "core.dim_item",
            item_id=number,
            item_code=code,
            item_name=name,
            gtin="00012345600012",
            unit_cost_amount="2.50",
            currency_code="EUR",
        )
        at_point = None if point is None else sellable + coming <= point
        self.add(
            "plan.reorder_points", run_id="R1", item_id=number, location_id=1, supplier_id=supplier, sellable_units=sellable, on_order_units=coming, in_transit_units=0,
            reserved_units=0, backorder_units=0, excluded_supply_units=0, inventory_position_units=sellable + coming, reorder_point_units=point,
            is_at_reorder_point=at_point,
        )  # fmt: skip
        return self.add(
            "plan.safety_stock",
            run_id="R1",
            item_id=number,
            location_id=1,
            safety_stock_units=2,
            demand_units_per_day_mean=demand,
            lead_time_days_mean=4,
        )

    def supplier(self, number: int, code: str, name: str) -> PublishedHome:
        """A supplier."""
        return self.add("core.dim_supplier", supplier_id=number, supplier_code=code, supplier_name=name)

    def order(self, number: int, supplier: int, units: int = 12, *, run: str = "R1", cover: float = 0, **more: Any) -> PublishedHome:
        """A proposal for an item, of the latest run unless it is said otherwise."""
        values = {
            "proposal_id": f"p{run}{number}", "run_id": run, "as_of_on": AS_OF.date(), "item_id": number, "location_id": 1, "supplier_id": supplier,
            "inventory_position_units": 0, "reorder_point_units": 5, "moq_units": 1, "multiple_units": 6, "rounding_reason": "economic+multiple",
            "order_units": units, "order_by_on": AS_OF.date(), "eta_on": date(2026, 3, 13), "unit_cost_amount": "2.50",
            "currency_code": "EUR", "priority_rank": number, "cover_days": cover, "status": "proposed", "is_latest_run": run == "R1",
            "why": f"because of {number}", **more,
        }  # fmt: skip
        return self.add("plan.reorder_proposals", **values)
