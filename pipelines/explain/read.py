"""What the published tables say about one item at one place: every row the chain rests on, read once.

Belongs here: the queries, and what to say when a code is unknown. Does not belong here: words, formulas.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pipelines.errors import UserError
from pipelines.explain.facts import Facts, Row
from pipelines.explain.history import read_history
from pipelines.explain.lines import find_lines
from pipelines.ledger.plan_tables import PLAN_TABLES
from pipelines.publish.reader import dicts, open_published
from pipelines.settings import Home
from pipelines.sql_text import one_of
from pipelines.states import SELLABLE_STATES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEWEST_MOVEMENTS: Final = 8
"""So many movements are shown; the figures rest on all of them, and how many there are is said."""

_RUN = "select run_id, as_of_at, as_of_on, planned_at, marts_commit_id from plan.runs where is_latest"
_PUBLICATION = "select version, published_at, newest_known_at, commit_id, marts_commit_id, marts_build from ops.publication"
_ITEM = "select * from core.dim_item where item_code = $code"
_LOCATION = "select * from core.dim_location where location_code = $code"
_NEAREST = """
select {name}_code as code, {name}_name as name from core.dim_{name}
where {condition}
order by greatest(jaro_winkler_similarity(lower({name}_code), lower($code)), 0.9 * jaro_winkler_similarity(lower({name}_name), lower($code))) desc,
    code
limit 3"""

_PLAN = """
select s.* exclude (item_id, location_id, run_id, supplier_id, safety_stock_units, why), r.* exclude (item_id, location_id)
from plan.reorder_points r join plan.safety_stock s using (item_id, location_id, run_id)
where r.item_id = $item and r.location_id = $location and r.run_id = $run"""
_PROPOSAL = """
select * from plan.reorder_proposals where item_id = $item and location_id = $location and run_id = $run order by priority_rank limit 1"""
_DEMAND = "select * from demand.variance_as_of({at}) where item_id = $item and location_id = $location"
_RECEIPTS = """
select lead_time_days_p50, lead_time_days_p90 from plan.lead_times_as_of({at})
where supplier_id = $supplier and item_id = $item and location_id = $location"""
_SETTINGS = """
select setting_code, setting_value, policy_table, policy_code, reason from plan.settings
where item_id = $item and location_id = $location and run_id = $run"""
_COUNTED = """
select u.*, s.supplier_code from plan.supply u left join core.dim_supplier s using (supplier_id)
where u.item_id = $item and u.location_id = $location and u.run_id = $run
order by expected_on, supply_kind, document_id, document_line"""
_TERMS = """
select t.*, coalesce(s.supplier_code, cast(t.supplier_id as varchar)) as supplier_code, s.supplier_name
from plan.terms_as_of({at}) t left join core.dim_supplier s using (supplier_id)
where t.item_id = $item and (t.location_id = $location or t.location_id is null)
qualify row_number() over (partition by t.supplier_id order by t.location_id is null) = 1
order by t.priority nulls last, t.unit_cost_amount nulls last, t.lead_time_days nulls last, t.supplier_id"""
_SUPPLY = """
select o.* exclude (open_units), o.open_units as coming_units, coalesce(o.promised_on, o.due_on) as expected_on, s.supplier_code
from plan.open_supply_as_of({at}) o left join core.dim_supplier s using (supplier_id)
where o.item_id = $item and o.location_id = $location
order by expected_on, o.supply_kind, o.document_id, o.document_line"""
_STOCK_THEN = """
select stock_state, cast(sum(on_hand_units) as bigint) as on_hand_units, max(last_movement_at) as last_movement_at
from core.on_hand_as_of({at}) where item_id = $item and location_id = $location group by all having on_hand_units <> 0 order by all"""
_STOCK_NOW = """
select stock_state, cast(sum(on_hand_units) as bigint) as on_hand_units
from stock.on_hand where item_id = $item and location_id = $location group by all having on_hand_units <> 0 order by all"""
_HAS_A_DAY = "select item_id from ledger.movements where item_id = $item and expires_on is not null limit 1"
_EXPIRED_THEN = f"""
select cast(coalesce(sum(on_hand_units), 0) as bigint) - (
    select coalesce(sum(sellable_units), 0) from plan.position_as_of({{at}}) where item_id = $item and location_id = $location) as expired_units
from core.on_hand_as_of({{at}}) where item_id = $item and location_id = $location and stock_state in {one_of(SELLABLE_STATES)}"""
_MOVEMENTS = """
select m.movement_id, cast(m.event_id as varchar) as event_id, m.movement_kind, m.units, m.occurred_at, m.source_feed, m.is_reversal,
    m.from_stock_state, m.to_stock_state, m.document_kind, m.document_id, m.document_line, f.location_code as from_code, t.location_code as to_code,
    m.from_location_id = $location and f.is_virtual is not true as is_from_here, m.to_location_id = $location as is_to_here,
    count(*) over () as n_movements
from ledger.movements m
left join core.dim_location f on m.from_location_id = f.location_id left join core.dim_location t on m.to_location_id = t.location_id
where m.item_id = $item and (m.from_location_id = $location or m.to_location_id = $location)
order by m.occurred_at desc, m.known_at desc, m.movement_id desc limit {limit}"""


def read_facts(home: Home, item_code: str, location_code: str, *, with_history: bool = False) -> Facts:
    """Everything the chain of an item at a place rests on, from the version that is published now; for its chart the days too.

    Raises UserError (exit code 2) for an unknown code, with the nearest ones, and in a home that has not published yet.
    """
    con = open_published(home)
    try:
        return read_from(con, home, item_code, location_code, with_history=with_history)
    finally:
        con.close()


def read_from(con: DuckDBPyConnection, home: Home, item_code: str, location_code: str, *, with_history: bool = False) -> Facts:
    """As `read_facts`, from an open connection: for many item-places of one version."""
    item = known_one(con, "item", item_code)
    location = known_one(con, "location", location_code)
    if location["is_virtual"]:
        raise UserError(
            f"{location_code} is a virtual location without stock to order for ({location['location_kind']})",
            next_step='parstock sql "select location_code from core.dim_location where not is_virtual"',
        )
    run = one(con, _RUN)
    publication = one(con, _PUBLICATION)
    assert publication is not None
    key = {"item": item["item_id"], "location": location["location_id"]}
    planned = {**key, "run": run["run_id"]} if run else None
    plan = one(con, _PLAN, planned) if planned else None
    if plan:  # what an earlier version did not keep is unknown
        plan = {**dict.fromkeys(PLAN_TABLES["plan_items"]), **plan}
    at = _instant(run["as_of_at"] if run else publication["newest_known_at"] or publication["published_at"])
    demand = one(con, _DEMAND.format(at=at), key)
    movements = dicts(con, _MOVEMENTS.format(limit=NEWEST_MOVEMENTS), key)
    terms = dicts(con, _TERMS.format(at=at), key)
    supplier = {**key, "supplier": plan["supplier_id"]} if plan else None
    kept = planned if plan and plan["decision"] else None
    facts = Facts(
        item=item,
        location=location,
        publication=publication,
        run=run,
        plan=plan,
        proposal=one(con, _PROPOSAL, planned) if planned else None,
        demand=demand,
        receipts=(one(con, _RECEIPTS.format(at=at), supplier) if supplier else None) or {},
        terms=terms,
        settings={row["setting_code"]: row for row in dicts(con, _SETTINGS, kept)} if kept else {},
        counted=dicts(con, _COUNTED, kept) if kept else [],
        supply=dicts(con, _SUPPLY.format(at=at), key),
        stock_then=dicts(con, _STOCK_THEN.format(at=at), key),
        stock_now=dicts(con, _STOCK_NOW, key),
        expired_then=_expired(con, at, key),
        movements=movements,
        lines=find_lines(home, [(row["event_id"], row["source_feed"], row["occurred_at"]) for row in movements]),
    )
    if not with_history:
        return facts
    adi = demand["adi"] if demand else None
    return dataclasses.replace(facts, history=read_history(con, key["item"], key["location"], facts.as_of_on, adi))


def _expired(con: DuckDBPyConnection, at: str, key: dict[str, int]) -> int:
    """What was past its day at that instant; only of items that have days it is looked for, for that takes all orders."""
    item = {"item": key["item"]}
    row = one(con, _EXPIRED_THEN.format(at=at), key) if one(con, _HAS_A_DAY, item) else None
    return row["expired_units"] if row else 0


def known_one(con: DuckDBPyConnection, entity: str, code: str) -> Row:
    """The row of an item or a location by its code. Raises UserError with the nearest codes."""
    found = one(con, _ITEM if entity == "item" else _LOCATION, {"code": code})
    if found:
        return found
    condition = "not is_virtual" if entity == "location" else "true"
    near = dicts(con, _NEAREST.format(name=entity, condition=condition), {"code": code})
    named = "; ".join(f"{row['code']} ({row['name']})" if row["name"] else str(row["code"]) for row in near)
    raise UserError(
        f"no {entity} has the code {code!r}",
        where=f"core.dim_{entity}",
        next_step=f"nearest: {named}" if named else "parstock ingest --from DIR",
    )


def one(con: DuckDBPyConnection, query: str, values: Row | None = None) -> Row | None:
    """The first row by column name, or null where there is none."""
    found = dicts(con, query, values or {})
    return found[0] if found else None


def _instant(moment: datetime) -> str:
    return f"timestamptz '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
