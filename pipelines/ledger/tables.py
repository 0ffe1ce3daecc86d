"""The ledger's tables: what the owner hands on as Parquet, and everybody else reads.

Belongs here: names, columns, types and meaning of `ledger.<table>`. Does not belong here: the owner's
private tables (`pipelines.owner.schema`), or what readers make of the rows (dbt).

Every table only grows, but for those of `results.REPLACED`. `commit_id` says which commit of the owner brought a row. Where a
row can be replaced (`sign` in its columns) the old one comes again with sign −1 and the new one with +1: readers add up.
Instants are TIMESTAMPTZ in UTC, days are local to the location, quantities are base units.
"""

from __future__ import annotations

from typing import Final

from pipelines.events import LEDGER_EVENT, LEDGER_MOVEMENT
from pipelines.ledger.decisions import DECISIONS_TABLE
from pipelines.ledger.plan_tables import PLAN_TABLES

_REFERENCE_TAIL: Final = {
    "valid_from": "TIMESTAMPTZ",  # null: from the beginning
    "valid_to": "TIMESTAMPTZ",  # null: open
    "known_at": "TIMESTAMPTZ",
    "version_no": "INTEGER",  # 1 for the first version of its key
    "extra": "VARCHAR",
    "commit_id": "BIGINT",
}

LEDGER_TABLES: Final[dict[str, dict[str, str]]] = {
    # grain: one movement, both ends
    "movements": {**LEDGER_MOVEMENT, "commit_id": "BIGINT"},
    # grain: one event × item × sign that says something other than a movement: orders, purchase orders, publications, observations
    "events": {**LEDGER_EVENT, "commit_id": "BIGINT"},
    # reference: one version of one key
    "items": {
        "item_id": "BIGINT",
        "item_code": "VARCHAR",
        "item_name": "VARCHAR",
        "item_kind": "VARCHAR",
        "category": "VARCHAR",
        "brand": "VARCHAR",
        "base_uom_code": "VARCHAR",
        "gtin": "VARCHAR",
        "unit_cost_amount": "DECIMAL(18,4)",
        "unit_price_amount": "DECIMAL(18,4)",
        "currency_code": "VARCHAR",
        "shelf_life_days": "INTEGER",
        "lifecycle": "VARCHAR",
        "launched_on": "DATE",
        "ended_on": "DATE",
        "obsolescence_class": "VARCHAR",
        "weight_grams": "BIGINT",  # of one base unit
        "volume_cm3": "BIGINT",
        "max_line_units": "BIGINT",  # a line of more base units waits for approval; null: the general bound
        **_REFERENCE_TAIL,
    },
    "item_codes": {
        "vendor_code": "VARCHAR",
        "item_id": "BIGINT",
        "item_code": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "uoms": {
        "item_id": "BIGINT",  # null: for all items
        "item_code": "VARCHAR",
        "uom_code": "VARCHAR",
        "numerator": "BIGINT",
        "denominator": "BIGINT",
        "gtin": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "locations": {
        "location_id": "BIGINT",
        "location_code": "VARCHAR",
        "location_name": "VARCHAR",
        "location_kind": "VARCHAR",
        "gln": "VARCHAR",
        "time_zone": "VARCHAR",
        "country_code": "VARCHAR",
        "rfid_posting": "VARCHAR",
        "opening_hours": "VARCHAR",  # local, in the form of OpenStreetMap
        "capacity_units": "BIGINT",
        "calendar_code": "VARCHAR",  # of the calendar whose closed days and public holidays it keeps
        "is_virtual": "BOOLEAN",  # true for SUPPLIER, CUSTOMER, TRANSIT, ADJUSTMENT, OPENING, SCRAP, DONATION, KITTING
        **_REFERENCE_TAIL,
    },
    "channels": {
        "channel_id": "BIGINT",
        "channel_code": "VARCHAR",
        "channel_name": "VARCHAR",
        "channel_kind": "VARCHAR",
        "time_zone": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "networks": {
        "channel_id": "BIGINT",
        "location_id": "BIGINT",
        "channel_code": "VARCHAR",
        "location_code": "VARCHAR",
        "priority": "INTEGER",
        **_REFERENCE_TAIL,
    },
    "suppliers": {
        "supplier_id": "BIGINT",
        "supplier_code": "VARCHAR",
        "supplier_name": "VARCHAR",
        "supplier_kind": "VARCHAR",
        "time_zone": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "terms": {
        "supplier_id": "BIGINT",
        "item_id": "BIGINT",
        "location_id": "BIGINT",  # null: for all locations
        "supplier_code": "VARCHAR",
        "item_code": "VARCHAR",
        "location_code": "VARCHAR",
        "lead_time_days": "INTEGER",
        "moq_units": "BIGINT",
        "multiple_units": "BIGINT",
        "unit_cost_amount": "DECIMAL(18,4)",
        "currency_code": "VARCHAR",
        "order_cost_amount": "DECIMAL(18,4)",
        "max_units": "BIGINT",
        "priority": "INTEGER",
        **_REFERENCE_TAIL,
    },
    "supplier_terms": {
        "supplier_id": "BIGINT",
        "location_id": "BIGINT",  # null: for all locations
        "supplier_code": "VARCHAR",
        "location_code": "VARCHAR",
        "order_days": "VARCHAR",  # weekdays on which it takes orders, in the form of OpenStreetMap; null: every day
        "calendar_code": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "bom": {
        "kit_item_id": "BIGINT",
        "component_item_id": "BIGINT",
        "kit_item_code": "VARCHAR",
        "component_item_code": "VARCHAR",
        "component_units": "BIGINT",
        **_REFERENCE_TAIL,
    },
    "sources": {"source_system": "VARCHAR", "feed": "VARCHAR", "time_zone": "VARCHAR", "sends_picks": "BOOLEAN", **_REFERENCE_TAIL},
    "relations": {
        "item_id": "BIGINT",
        "related_item_id": "BIGINT",
        "item_code": "VARCHAR",
        "related_item_code": "VARCHAR",
        "relation_kind": "VARCHAR",  # substitute, successor; merge: the item is the related one
        "priority": "INTEGER",
        **_REFERENCE_TAIL,
    },
    "segments": {
        "segment_code": "VARCHAR",
        "member_kind": "VARCHAR",
        "member_id": "BIGINT",
        "member_code": "VARCHAR",
        "segment_name": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "calendars": {
        "calendar_code": "VARCHAR",
        "day_kind": "VARCHAR",
        "zone": "VARCHAR",  # of French school holidays A, B, C; * everywhere
        "starts_on": "DATE",
        "ends_on": "DATE",  # its last day; null: starts_on alone
        "period_name": "VARCHAR",
        **_REFERENCE_TAIL,
    },
    "reasons": {
        "event_kind": "VARCHAR",  # *: of every kind
        "reason_code": "VARCHAR",
        "reason_name": "VARCHAR",
        "reason_group": "VARCHAR",
        "is_demand": "BOOLEAN",  # null: not said
        **_REFERENCE_TAIL,
    },
    # grain: one addition to a delivery; readers sum the counts, take the least first_known_at and the greatest applied_at
    "deliveries": {
        "delivery_id": "VARCHAR",
        "feed": "VARCHAR",
        "source_system": "VARCHAR",
        "source_uri": "VARCHAR",
        "rows_in": "BIGINT",
        "accepted": "BIGINT",
        "duplicate": "BIGINT",
        "corrected": "BIGINT",
        "quarantined": "BIGINT",
        "first_known_at": "TIMESTAMPTZ",
        "applied_at": "TIMESTAMPTZ",  # null until the last unit of the delivery
        "commit_id": "BIGINT",
    },
    # grain: delivery × field that is not as the feed lists its fields × addition; readers sum the rows
    "feed_fields": {
        "delivery_id": "VARCHAR",
        "feed": "VARCHAR",
        "source_system": "VARCHAR",
        "source_uri": "VARCHAR",
        "entity": "VARCHAR",  # null but for reference
        "field_name": "VARCHAR",  # as the sender writes it
        "field_kind": "VARCHAR",  # unknown: kept in extra; dropped_personal: not kept; missing: required, so every row is set aside
        "rows_in": "BIGINT",  # rows of the units in which it was found
        "known_at": "TIMESTAMPTZ",
        "commit_id": "BIGINT",
    },
    # grain: one set-aside row × sign
    "quarantine": {
        "delivery_id": "VARCHAR",
        "feed": "VARCHAR",
        "line_no": "BIGINT",
        "reason_code": "VARCHAR",
        "reason": "VARCHAR",
        "payload": "VARCHAR",
        "is_waiting": "BOOLEAN",  # true: retried by itself when what it waits for comes
        "known_at": "TIMESTAMPTZ",
        "sign": "TINYINT",
        "commit_id": "BIGINT",
    },
    # grain: decision; never changed, undone by another one
    "decisions": DECISIONS_TABLE,
    **PLAN_TABLES,
    # what the gates found, appended run by run; grain: one look of one gate
    "gate_runs": {
        "gate_run_id": "VARCHAR",
        "gate_kind": "VARCHAR",  # feed: new segments; marts: a build before it is published
        "subject": "VARCHAR",  # the feed's name; marts
        "checked_at": "TIMESTAMPTZ",
        "subject_commit_id": "BIGINT",  # the ledger's commit that was looked at
        "is_blocked": "BOOLEAN",  # a rule whose severity is block was not met
        "rows_checked": "BIGINT",
        "report_path": "VARCHAR",  # under the home
        "commit_id": "BIGINT",
    },
    # grain: look × rule
    "gate_results": {
        "gate_run_id": "VARCHAR",
        "rule_code": "VARCHAR",
        "table_name": "VARCHAR",
        "column_name": "VARCHAR",  # null: of the table
        "severity": "VARCHAR",  # block, warn
        "is_met": "BOOLEAN",
        "rows_checked": "BIGINT",
        "rows_failed": "BIGINT",
        "what": "VARCHAR",  # the rule in words, with its bounds and what was found
        "failed_rows": "VARCHAR",  # JSON: the first of them, null when none
        "commit_id": "BIGINT",
    },
    # the newest look of the watch over alerts, which replaces the one before
    # grain: open alert that the tables raise, as the look found it; and one row with alert_id null: the look itself
    "alert_looks": {"looked_at": "TIMESTAMPTZ", "alert_id": "VARCHAR", "what": "VARCHAR", "figures": "VARCHAR", "commit_id": "BIGINT"},
    # looks that found something opened, changed or over, and one an hour of the others
    "alert_checks": {
        "check_id": "VARCHAR",  # sorts in the order of the looks
        "checked_at": "TIMESTAMPTZ",
        "subject_commit_id": "BIGINT",  # the ledger's newest commit that was looked at
        "open_alerts": "BIGINT",
        "commit_id": "BIGINT",
    },
    # grain: look × alert that opened, changed its severity or was resolved
    "alert_changes": {
        "check_id": "VARCHAR",
        "alert_id": "VARCHAR",  # one that comes back is another alert
        "trouble_key": "VARCHAR",  # readers' alert_key: code and subject; stored under the name it had, for the files that are there
        "alert_code": "VARCHAR",
        "severity": "VARCHAR",  # info, warning, critical
        "state": "VARCHAR",  # open, resolved
        "is_from_data": "BOOLEAN",  # false: told by somebody outside the data, who also says when it is over
        "changed_at": "TIMESTAMPTZ",
        "item_id": "BIGINT",
        "location_id": "BIGINT",
        "channel_id": "BIGINT",
        "supplier_id": "BIGINT",
        "subject": "VARCHAR",  # the document, feed, gate or run, where it is none of these
        "what": "VARCHAR",
        "figures": "VARCHAR",  # JSON
        "commit_id": "BIGINT",
    },
}
