"""The reorder list as a planner reads it, from the published file.

Belongs here: the choice of columns and the summary. Does not belong here: any figure's formula (planning and dbt).
"""

from __future__ import annotations

from typing import Any

from pipelines.settings import Home
from pipelines.sql_text import literal, one_of
from pipelines.states import SELLABLE_STATES

_REORDER_SQL = """
with sellable as (
    select item_id, location_id, cast(sum(on_hand_units) as bigint) as on_hand_units
    from stock.on_hand where stock_state in {sellable} and owner_id = 0 group by all)
select i.item_code, i.item_name, l.location_code, coalesce(s.on_hand_units, 0) as on_hand_units, p.inventory_position_units as position_units,
    p.reorder_point_units, p.order_units, coalesce(v.supplier_name, v.supplier_code) as supplier, p.eta_on, p.why
from plan.reorder_proposals p
join core.dim_item i using (item_id) join core.dim_location l using (location_id) left join core.dim_supplier v using (supplier_id)
left join sellable s using (item_id, location_id)
where p.run_id = {run_id} and p.order_units > 0
order by p.priority_rank nulls last, i.item_code, l.location_code"""


def for_people(columns: list[str], rows: list[tuple[Any, ...]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The list as it fits a screen: short headings, whole reorder points, of each reason its first sentence."""
    named = [column.removesuffix("_units").removesuffix("_code").replace("_", " ") for column in columns]
    shown = []
    for row in rows:
        cells = dict(zip(columns, row, strict=True))
        cells["item_name"] = cells["item_name"] and cells["item_name"][:28]
        point = cells["reorder_point_units"]  # unknown where nothing is known of the demand, but more is promised than there is
        cells["reorder_point_units"] = None if point is None else round(point, 1)
        cells["why"] = cells["why"].partition(". ")[0]
        shown.append(tuple(cells.values()))
    return named, shown


def reorder_list(home: Home, run_id: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]], str]:
    """Columns and rows of a run's proposals, the most urgent first, and a sentence about all of them.

    `on_hand_units` is what can be sold there now; `position_units` adds what is coming and takes off what is promised.
    """
    from pipelines.publish.reader import run_sql

    run = literal(run_id)
    found = run_sql(home, _REORDER_SQL.format(run_id=run, sellable=one_of(SELLABLE_STATES)))
    columns = found.columns
    units, place = columns.index("order_units"), columns.index("location_code")
    planned = run_sql(home, f"select count(*), count(reorder_point_units) from plan.reorder_points where run_id = {run}").rows[0]
    places = len({row[place] for row in found.rows})
    summary = (
        f"{len(found.rows):,} to order at {places} location{'' if places == 1 else 's'}, {sum(row[units] for row in found.rows):,} units; "
        f"{planned[0]:,} item × location planned, {planned[0] - planned[1]:,} without a reorder point"
    )
    return columns, found.rows[:limit], summary
