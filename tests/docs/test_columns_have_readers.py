"""Whatever a sender may write is used by something, or listed as kept for him: accepted and never read is not an answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.events import SENT
from pipelines.feeds.declared.reference import ENTITIES

ROOT = Path(__file__).resolve().parents[2]
_BOOK, _CODES, _RESOLVE = (
    "pipelines/owner/reference/rows.py",
    "pipelines/owner/reference/code_tables.py",
    "pipelines/owner/apply/resolve.py",
)
_DAYS, _PERIODS = "pipelines/planning/workdays.py", "dbt_project/models/marts/core/core__calendar_days.sql"

READERS: dict[str, dict[str, str]] = {
    "items": {
        "item_code": _BOOK, "item_name": "pipelines/exports/proposals.py", "item_kind": "pipelines/planning/policy.py",
        "category": "pipelines/planning/rules.py", "base_uom_code": _RESOLVE, "gtin": _BOOK, "unit_cost_amount": "dbt_project/macros/demand.sql",
        "unit_price_amount": "dbt_project/macros/demand.sql", "currency_code": "pipelines/exports/facts_sql.py",
        "shelf_life_days": "pipelines/planning/order_quantity.py", "lifecycle": "pipelines/planning/life.py",
        "launched_on": "pipelines/planning/life.py", "ended_on": "pipelines/planning/life.py", "max_line_units": _BOOK,
    },
    "item_codes": {"item_code": _BOOK, "vendor_code": _CODES},
    "uoms": {"item_code": _BOOK, "uom_code": _RESOLVE, "numerator": _RESOLVE, "denominator": _RESOLVE, "gtin": _CODES},
    "locations": {
        "location_code": _BOOK, "location_name": "pipelines/explain/chain.py", "location_kind": "pipelines/planning/rules.py", "gln": _CODES,
        "time_zone": "pipelines/owner/apply/zones.py", "rfid_posting": "pipelines/owner/posting/posting.py", "opening_hours": _DAYS,
        "calendar_code": _DAYS,
    },
    "channels": {
        "channel_code": _RESOLVE, "channel_name": "dbt_project/models/intermediate/int_kpi__periods.sql",
        "time_zone": "pipelines/owner/apply/zones.py",
    },
    "networks": {"channel_code": _BOOK, "location_code": _BOOK, "priority": _BOOK},
    "suppliers": {
        "supplier_code": _RESOLVE, "supplier_name": "pipelines/exports/proposals.py", "time_zone": "pipelines/owner/apply/zones.py",
    },
    "terms": {
        "supplier_code": _BOOK, "item_code": _BOOK, "location_code": _BOOK, "lead_time_days": "pipelines/planning/suppliers.py",
        "moq_units": "pipelines/planning/order_quantity.py", "multiple_units": "pipelines/planning/order_quantity.py",
        "unit_cost_amount": "pipelines/planning/suppliers.py", "currency_code": "pipelines/planning/suppliers.py",
        "order_cost_amount": "pipelines/planning/policy.py", "max_units": "pipelines/planning/order_quantity.py",
        "priority": "pipelines/planning/suppliers.py",
    },
    "supplier_terms": {"supplier_code": _BOOK, "location_code": _BOOK, "order_days": _DAYS, "calendar_code": _DAYS},
    "bom": {"kit_item_code": _BOOK, "component_item_code": _BOOK, "component_units": "pipelines/owner/apply/explode.py"},
    "sources": {
        "source_system": _CODES, "time_zone": "pipelines/owner/apply/zones.py", "sends_picks": _BOOK,
    },
    "relations": {
        "item_code": _BOOK, "related_item_code": _BOOK, "relation_kind": "pipelines/planning/inputs.py",
        "priority": "pipelines/planning/succession.py",
    },
    "calendars": {
        "calendar_code": _DAYS, "day_kind": "pipelines/planning/inputs.py", "zone": _PERIODS, "starts_on": _DAYS, "ends_on": _DAYS,
        "period_name": _PERIODS,
    },
    "reasons": {
        "event_kind": "dbt_project/macros/orders.sql", "reason_code": "dbt_project/macros/orders.sql", "is_demand": "dbt_project/macros/orders.sql",
    },
    "events": {
        "source_event_id": "pipelines/feeds/reading/identity.py", "source_revision": "pipelines/owner/apply/revisions.py",
        "occurred_at": _RESOLVE, "business_on": _RESOLVE, "event_kind": _RESOLVE, "item_code": _RESOLVE, "item_code_kind": _RESOLVE,
        "quantity": _RESOLVE, "uom_code": _RESOLVE, "lot_code": "pipelines/owner/posting/counts.py",
        "expires_on": "pipelines/owner/apply/explode.py", "location_code": _RESOLVE, "location_code_kind": _RESOLVE,
        "to_location_code": _RESOLVE, "stock_state": "pipelines/owner/posting/posting.py", "to_stock_state": "pipelines/owner/posting/posting.py",
        "biz_step": "pipelines/owner/apply/explode.py", "owner_code": _RESOLVE, "channel_code": _RESOLVE, "supplier_code": _RESOLVE,
        "document_kind": "pipelines/owner/posting/touched.py", "document_id": "pipelines/owner/posting/touched.py",
        "document_line": "dbt_project/macros/orders.sql", "document_status": "dbt_project/models/marts/stock/stock__asn_reconciliation.sql",
        "register_no": "pipelines/feeds/declared/pos.py", "due_at": "dbt_project/macros/supply.sql", "promised_at": "dbt_project/macros/supply.sql",
        "ref_document_kind": "dbt_project/macros/supply.sql", "ref_document_id": "dbt_project/macros/supply.sql",
        "ref_document_line": "dbt_project/macros/supply.sql", "unit_price_amount": "dbt_project/models/intermediate/int_demand__daily.sql",
        "currency_code": "dbt_project/models/intermediate/int_demand__daily.sql", "is_correction": "pipelines/owner/apply/explode.py",
        "reason_code": "dbt_project/macros/orders.sql", "campaign_code": "pipelines/feeds/declared/promo.py",
        "is_promo": "dbt_project/macros/demand.sql",
    },
}  # fmt: skip
"""Entity (or `events`) to column to a file that makes something of it: a posting, a figure, an identity, a name on a list."""

COLUMNS = {**{entity.name: [column.name for column in entity.columns] for entity in ENTITIES}, "events": list(SENT)}
KEYS = {entity.name: entity.key for entity in ENTITIES}


def kept_for_you() -> dict[str, list[str]]:
    """The table of the feeds' page that lists what decides nothing."""
    page = (ROOT / "pipelines" / "feeds" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `?(\w+)`? \| ((?:`\w+`(?:, )?)+) \|$", page.partition("**Kept for you**")[2], re.MULTILINE)
    return {name: re.findall(r"`(\w+)`", columns) for name, columns in rows}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_has_a_reader_or_is_listed_as_kept(name: str) -> None:
    kept = kept_for_you().get(name, [])
    assert sorted([*READERS.get(name, {}), *kept]) == sorted(COLUMNS[name])


@pytest.mark.parametrize("name", READERS)
def test_the_reader_names_the_column(name: str) -> None:
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in set(READERS[name].values())}
    # A key is read with its row, under the entity's name.
    names = {column: rf"\b{name if column in KEYS.get(name, ()) else column}\b|\b{column}\b" for column in READERS[name]}
    assert [column for column, file in READERS[name].items() if not re.search(names[column], texts[file])] == []


def test_the_list_of_what_is_kept_names_nothing_else() -> None:
    assert kept_for_you().keys() <= COLUMNS.keys()
    assert len(kept_for_you()) >= 5
