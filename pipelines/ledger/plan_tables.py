"""The ledger's tables of planning: what a run planned, from which terms, under which settings.

Belongs here: their names, columns and types. Does not belong here: how they are filled (`pipelines.planning.run`).
Columns that a run of an earlier version lacks are null in its rows: unknown.
"""

from __future__ import annotations

from typing import Final

PLAN_TABLES: Final[dict[str, dict[str, str]]] = {
    # planning results, appended run by run
    "plan_runs": {
        "run_id": "VARCHAR",
        "as_of_at": "TIMESTAMPTZ",
        "as_of_on": "DATE",
        "marts_commit_id": "BIGINT",
        "planned_at": "TIMESTAMPTZ",
        "commit_id": "BIGINT",
    },
    # grain: run × item × location
    "plan_items": {
        "run_id": "VARCHAR",
        "item_id": "BIGINT",
        "location_id": "BIGINT",
        "supplier_id": "BIGINT",
        "method": "VARCHAR",
        "method_reason": "VARCHAR",
        "policy_code": "VARCHAR",
        "service_target_rate": "DECIMAL(9,6)",
        "service_factor": "DECIMAL(9,6)",
        "demand_units_per_day_mean": "DECIMAL(18,6)",
        "demand_units_per_day_sd": "DECIMAL(18,6)",
        "lead_time_days_mean": "DECIMAL(18,6)",
        "lead_time_days_sd": "DECIMAL(18,6)",
        "lead_time_source": "VARCHAR",
        "review_days": "INTEGER",
        "lead_time_demand_units": "DECIMAL(18,4)",
        "lead_time_demand_units_sd": "DECIMAL(18,4)",
        "safety_stock_units": "DECIMAL(18,4)",
        "reorder_point_units": "DECIMAL(18,4)",
        "simple_reorder_point_units": "DECIMAL(18,4)",  # the textbook figure beside the chosen one
        "economic_order_units": "DECIMAL(18,4)",
        "sellable_units": "BIGINT",
        "on_order_units": "BIGINT",
        "in_transit_units": "BIGINT",
        "reserved_units": "BIGINT",
        "backorder_units": "BIGINT",
        "inventory_position_units": "BIGINT",
        "excluded_supply_units": "BIGINT",
        "why": "VARCHAR",
        "covered_days": "DECIMAL(18,6)",
        "n_own_receipts": "BIGINT",
        "n_supplier_receipts": "BIGINT",
        "free_units": "BIGINT",
        "unit_cost_amount": "DECIMAL(18,4)",
        "order_cost_amount": "DECIMAL(18,4)",
        "currency_code": "VARCHAR",
        "needed_units": "BIGINT",  # null: nothing is ordered
        "target_units": "DECIMAL(18,4)",  # what an order aims at, before minimum and multiple
        "target_kind": "VARCHAR",
        "target_days": "INTEGER",  # the days of demand in it; null: the economic quantity
        "decision": "VARCHAR",  # null: planned by a version that did not keep it
        "settings_no": "BIGINT",  # of plan_settings in the same run
        "awaiting_putaway_units": "BIGINT",  # received, in the position; null: planned by a version that did not count them
        "below_zero_units": "BIGINT",  # by how much the books of sellable goods are below 0, which counts as 0
        "demand_of_item_id": "BIGINT",  # the item whose demand was planned with, which this one follows; null: its own
        "wanted_units": "BIGINT",  # what an order would be without the supplier's maximum; null: nothing is ordered
        "commit_id": "BIGINT",
    },
    # the settings that held, once for all items that share them; grain: run × settings_no × setting
    "plan_settings": {
        "run_id": "VARCHAR",
        "settings_no": "BIGINT",
        "setting_code": "VARCHAR",
        "setting_value": "VARCHAR",
        "policy_table": "VARCHAR",  # null: planning's default
        "policy_code": "VARCHAR",
        "reason": "VARCHAR",
        "commit_id": "BIGINT",
    },
    # what was on its way, and whether the position counts it; grain: run × document line
    "plan_supply": {
        "run_id": "VARCHAR",
        "item_id": "BIGINT",
        "location_id": "BIGINT",
        "supplier_id": "BIGINT",
        "supply_kind": "VARCHAR",
        "document_id": "VARCHAR",
        "document_line": "VARCHAR",
        "coming_units": "BIGINT",
        "ordered_at": "TIMESTAMPTZ",
        "due_on": "DATE",
        "promised_on": "DATE",
        "expected_on": "DATE",
        "grace_days": "INTEGER",
        "use_kind": "VARCHAR",
        "commit_id": "BIGINT",
    },
    # grain: run × item × location × supplier
    "plan_proposals": {
        "proposal_id": "VARCHAR",
        "run_id": "VARCHAR",
        "as_of_on": "DATE",
        "item_id": "BIGINT",
        "location_id": "BIGINT",
        "supplier_id": "BIGINT",
        "inventory_position_units": "BIGINT",
        "reorder_point_units": "DECIMAL(18,4)",
        "deficit_units": "DECIMAL(18,4)",
        "economic_order_units": "DECIMAL(18,4)",
        "moq_units": "BIGINT",
        "multiple_units": "BIGINT",
        "rounding_reason": "VARCHAR",
        "order_units": "BIGINT",
        "order_by_on": "DATE",
        "eta_on": "DATE",
        "unit_cost_amount": "DECIMAL(18,4)",
        "order_cost_amount": "DECIMAL(18,4)",
        "currency_code": "VARCHAR",
        "priority_rank": "INTEGER",
        "cover_days": "DECIMAL(18,2)",
        "status": "VARCHAR",
        "why": "VARCHAR",
        "max_units": "BIGINT",  # the most in one order; null: the terms name none
        "left_units": "BIGINT",  # wanted beyond that, for further orders
        "commit_id": "BIGINT",
    },
}
