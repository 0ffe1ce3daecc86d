"""The chain's last sections: demand, lead time, open supply, stock by state, and the newest movements with their lines."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from pipelines.explain.facts import Facts, Row
from pipelines.explain.terms import Section, Sentence, Term, not_kept
from pipelines.states import SELLABLE_STATES
from pipelines.words.words import Code


def demand(facts: Facts) -> Section:
    """The statistics of demand per day, over the days on which the item could be bought."""
    found = facts.demand
    if found is None:
        return Section("demand", [], ("demand_never", {}))
    table = "demand.variance_as_of"
    censored = found["n_days"] - found["n_valid_days"]
    plan = facts.plan
    moved = plan and plan["demand_units_per_day_mean"] is not None and plan["demand_units_per_day_mean"] != found["demand_units_mean"]
    few = facts.setting("min_valid_days")
    known = plan and plan["demand_units_per_day_mean"] is None
    note: Sentence | None = ("changed_since", {"planned": plan["demand_units_per_day_mean"]}) if plan and moved else None
    if known and few:
        note = ("too_few_days", {"days": few})
    terms = [
        Term("demand_units_mean", found["demand_units_mean"], "units_per_day", f"{table}.demand_units_mean", None, note),
        Term("demand_units_sd", found["demand_units_sd"], "units_per_day", f"{table}.demand_units_sd"),
        Term("n_days", found["n_days"], "days", f"{table}.n_days", None,
             ("observed", {"first": found["first_observed_on"], "last": found["last_observed_on"]})),
        Term("n_valid_days", found["n_valid_days"], "days", f"{table}.n_valid_days"),
        Term("n_censored_days", censored, "days", f"{table}.n_days, .n_valid_days",
             ("difference", [found["n_days"], found["n_valid_days"]]), ("censored", {}) if censored else None),
        Term("n_demand_days", found["n_demand_days"], "days", f"{table}.n_demand_days"),
        Term("demand_class", found["demand_class"], "demand_class", f"{table}.demand_class", None,
             ("class_measures", {"adi": found["adi"], "cv2": found["cv2"]})),
        Term("abc_class", found["abc_class"], "text", f"{table}.abc_class"),
        Term("xyz_class", found["xyz_class"], "text", f"{table}.xyz_class"),
    ]  # fmt: skip
    return Section("demand", terms)


def lead_time(facts: Facts, plan: Row) -> Section:
    """The lead time, the rung of the ladder it comes from, and what the rungs say."""
    source, receipts = plan["lead_time_source"], facts.receipts
    supplier = facts.supplier or {}
    table = "plan.safety_stock"
    own = plan["n_own_receipts"]
    values: dict[str, Any] = {
        "own": own,
        "pooled": plan["n_supplier_receipts"],
        "least": facts.setting("min_receipts"),
        "supplier": supplier.get("supplier_code"),
        "days": facts.setting("default_lead_time_days"),
        "policy": (facts.settings.get("default_lead_time_days") or {}).get("policy_code") or "default",
    }
    terms = [
        Term("lead_time_days_mean", plan["lead_time_days_mean"], "days", f"{table}.lead_time_days_mean", None,
             not_kept(facts) or (f"lead_time_{source}", values)),
        Term("lead_time_days_sd", plan["lead_time_days_sd"], "days", f"{table}.lead_time_days_sd", None,
             ("promise_has_no_sd", {}) if source in ("terms", "policy") else None),
        Term("review_days", plan["review_days"], "days", f"{table}.review_days", None,
             None if plan["review_days"] else ("continuous_review", {})),
        Term("n_receipts", own, "receipts", f"{table}.n_own_receipts", None, not_kept(facts)),
    ]  # fmt: skip
    if receipts:
        terms += [
            Term("lead_time_days_p50", receipts["lead_time_days_p50"], "days", "plan.lead_times_as_of.lead_time_days_p50"),
            Term("lead_time_days_p90", receipts["lead_time_days_p90"], "days", "plan.lead_times_as_of.lead_time_days_p90"),
        ]
    if supplier:
        terms.append(Term("terms_lead_time_days", supplier["lead_time_days"], "days", "plan.terms_as_of.lead_time_days"))
    return Section("lead_time", terms)


def supply(facts: Facts) -> Section:
    """What is on its way, line by line: counted in the position or not, and why."""
    lines = facts.counted if facts.is_kept else facts.supply
    if not lines:
        return Section("supply", [], ("supply_none", {}))
    note: Sentence | None = ("not_kept", {}) if facts.plan else None
    if facts.is_kept:
        note = ("supply_changed", {}) if _open(facts.counted) != _open(facts.supply) else None
    return Section("supply", [_supply_line(facts, line) for line in lines], note)


def _supply_line(facts: Facts, line: Row) -> Term:
    """A line on its way: the day it is expected, what planning made of it, and how late it is."""
    expected, use = line["expected_on"], line.get("use_kind", "unplanned")
    late = (facts.as_of_on - expected).days if expected else None
    values = {
        "expected": expected,
        "late": late,
        "grace": line.get("grace_days"),
        "days": facts.plan["covered_days"] if facts.plan else None,
        "origin": ("origin", {"supplier": line["supplier_code"]}) if line["supplier_code"] else "",
    }
    named = " ".join(part for part in (line["document_id"] or "?", line["document_line"] and f"/ {line['document_line']}") if part)
    code = f"supply_{use}"
    if use == "useful" and (expected is None or (late or 0) > 0):
        code = "supply_useful_undated" if expected is None else "supply_useful_late"
    source = "plan.supply.coming_units" if facts.is_kept else "plan.open_supply_as_of.open_units"
    return Term(f"supply_{line['supply_kind']}", line["coming_units"], "units", source, None, (code, values), named)


def _open(lines: list[Row]) -> list[tuple[Any, ...]]:
    """What is open on each line, to compare what was planned with what is known since."""
    names = ("supply_kind", "document_id", "document_line", "coming_units", "promised_on", "due_on")
    return sorted((tuple(line[name] for name in names) for line in lines if line["coming_units"] > 0), key=str)


def stock(facts: Facts) -> Section:
    """On hand by state as of the plan, with what it is now where that differs."""
    now = {row["stock_state"]: row["on_hand_units"] for row in facts.stock_now}
    then = {row["stock_state"]: row["on_hand_units"] for row in facts.stock_then}
    if not now and not then:
        return Section("stock", [], ("stock_none", {}))
    terms = []
    for state in sorted(now.keys() | then.keys(), key=lambda state: (state not in SELLABLE_STATES, state)):
        before, current = then.get(state, 0), now.get(state, 0)
        code = "stock_sellable" if state in SELLABLE_STATES else "stock_not_sellable"
        note = (f"{code}_moved", {"now": current}) if before != current else (code, {})
        terms.append(Term("on_hand_units", before, "units", "core.on_hand_as_of.on_hand_units", None, note, Code(f"state.{state}")))
    if facts.expired_then:
        terms.append(Term("expired_units", -facts.expired_then, "units", "stock.expiring.expiring_units", None, ("stock_expired", {})))
    plan = facts.plan
    sellable = sum(then.get(state, 0) for state in SELLABLE_STATES) - facts.expired_then
    changed = plan and sellable != plan["sellable_units"]
    return Section("stock", terms, ("changed_since", {"planned": plan["sellable_units"]}) if plan and changed else None)


def movements(facts: Facts) -> Section:
    """The newest movements here: what, how many, by which document, from which line of which file."""
    if not facts.movements:
        return Section("movements", [], ("movements_none", {}))
    zone = ZoneInfo(facts.location["time_zone"] or "UTC")
    terms = []
    for row in facts.movements:
        delta = row["units"] * (bool(row["is_to_here"]) - bool(row["is_from_here"]))
        line = facts.lines.get(row["event_id"])
        values = {
            "kind": Code(f"movement.{row['movement_kind']}"),
            "units": row["units"],
            "from": Code(f"state.{row['from_stock_state']}") if row["from_stock_state"] else row["from_code"],
            "to": Code(f"state.{row['to_stock_state']}") if row["to_stock_state"] else row["to_code"],
            "document": Code(f"document.{row['document_kind'] or 'none'}"),
            "number": "".join((" ", " / ")[n] + row[name] for n, name in enumerate(("document_id", "document_line")) if row[name]),
            "line": str(line) if line else None,
            "feed": row["source_feed"],
        }
        code = "movement_taken_back" if row["is_reversal"] else "movement"
        when = f"{row['occurred_at'].astimezone(zone):%Y-%m-%d %H:%M}"
        terms.append(Term("movement", delta, "units", "ledger.movements.units", None,
                          (code if line else f"{code}_no_line", values), when))  # fmt: skip
    first = facts.movements[0]
    return Section("movements", terms, ("movements_shown", {"shown": len(terms), "all": first["n_movements"]}))
