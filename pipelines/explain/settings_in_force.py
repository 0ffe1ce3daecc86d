"""The planning settings that held for one item at one place, each with the policy row it comes from.

Planning says by name which rules it took (`policy_code`); here their rows are found again. Where no row sets a value,
it is planning's default, and it says so.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DEFAULTS: Final[dict[str, Any]] = {
    "service_target_rate": 0.95,
    "method": "auto",
    "review_days": 0,
    "min_receipts": 5,
    "min_valid_days": 2,
    "default_lead_time_days": 7,
    "po_grace_days": 14,
    "transit_grace_days": 30,
    "holding_cost_rate": 0.2,
    "cover_days": 14,
    "max_cover_days": 180,
}
"""`planning.rules.Policy` without rules: a test holds the two equal, as loading planning costs what the whole command may."""

_TABLES: Final = ("plan.policy_service_targets", "plan.policy_planning")
_MATCHES: Final = (
    "item_code", "category", "item_kind", "location_code", "location_kind", "supplier_code", "demand_class", "abc_class", "xyz_class",
)  # fmt: skip


def settings_in_force(con: DuckDBPyConnection, plan: dict[str, Any], named: dict[str, Any], as_of_on: date) -> dict[str, Any]:
    """Setting to `{"value", "source", "policy_code", "reason"}`; `source` is `table.column`, or null for planning's default.

    `named` holds what rules can match: codes, kinds and classes of the item and the place.
    """
    taken = set(str(plan["policy_code"]).split("+"))
    found: dict[str, Any] = {
        name: {"value": value, "source": None, "policy_code": None, "reason": None} for name, value in DEFAULTS.items()
    }
    for table in reversed(_TABLES):  # the first table wins, so it is written last
        row = _rule(con, table, taken, named, as_of_on)
        for name in DEFAULTS:
            value = (row or {}).get(name)
            if row and value not in (None, ""):
                found[name] = {
                    "value": value, "source": f"{table}.{name}", "policy_code": row["policy_code"], "reason": row.get("reason"),
                }  # fmt: skip
    return found


def _rule(con: DuckDBPyConnection, table: str, taken: set[str], named: dict[str, Any], as_of_on: date) -> dict[str, Any] | None:
    """The row of a table that planning took: one of the names it gave, else the row called `default`; null without one."""
    schema, name = table.split(".")
    there = con.execute("select 1 from duckdb_views() where schema_name = ? and view_name = ? "
                        "union all select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name] * 2)  # fmt: skip
    if not there.fetchall():
        return None
    cursor = con.execute(f"select * from {table} where list_contains(?, policy_code)", [sorted(taken | {"default"})])
    columns = [column[0] for column in cursor.description or []]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    held = [row for row in rows if _holds(row, as_of_on) and all(str(named.get(k)) == v for k, v in _matches(row))]
    # In the order in which rules win; `default` adds nothing to the name, so it may be the one taken.
    held.sort(key=lambda row: (row.get("priority") or 0, -len(_matches(row)), row["policy_code"], _matches(row)))
    return held[0] if held else None


def _matches(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(row[name])) for name in _MATCHES if row.get(name) not in (None, "", "*")]


def _holds(row: dict[str, Any], as_of_on: date) -> bool:
    start, end = row.get("valid_from"), row.get("valid_to")
    return (not start or str(start)[:10] <= as_of_on.isoformat()) and (not end or as_of_on.isoformat() < str(end)[:10])
