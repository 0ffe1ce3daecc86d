"""Acceptance cases that the marts answer, with the lines that senders send: one small world, built once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines import stages
from pipelines.settings import Home, Settings
from tests.warehouse.dbt_builds import ask, build

REFERENCE = {
    "items": "item_code,item_kind,base_uom_code,category,unit_cost_amount,currency_code\nLAMP,stock,EA,home,9.00,EUR\nVASE,stock,EA,home,5.00,EUR\n",
    "locations": "location_code,location_kind,time_zone\nDC,dc,Europe/Paris\n",
    "channels": "channel_code,channel_kind,time_zone\nweb,web,Europe/Paris\n",
    "suppliers": "supplier_code,supplier_kind\nDROP,dropship\n",
}


def order(number: str, at: str, item: str, units: int) -> dict[str, Any]:
    return {
        "event_kind": "order_placed", "channel_code": "web", "document_id": number, "document_line": 1, "occurred_at": at, "item_code": item,
        "quantity": units,
    }  # fmt: skip


def moved(number: str, kind: str, at: str, units: int, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": kind, "source_event_id": number, "location_code": "DC", "occurred_at": at, "item_code": "LAMP", "quantity": units, **more,
    }  # fmt: skip


RMA = {"document_kind": "rma", "document_id": "R-1", "document_line": 1}
SOLD = {"document_kind": "so", "document_id": "W-1", "document_line": 1}
LINES = {
    "marketplace": [
        order("W-1", "2026-03-02T10:00:00+01:00", "LAMP", 2),  # Monday
        order("W-2", "2026-03-05T09:00:00+01:00", "LAMP", 3),  # Thursday
    ],
    "wms": [
        moved("1", "opening", "2026-03-01T08:00:00+01:00", 20),
        moved("2", "ship", "2026-03-02T16:00:00+01:00", 2, channel_code="web", **SOLD),
        moved("3", "return_receive", "2026-03-05T10:00:00+01:00", 1, **RMA, ref_document_kind="so", ref_document_id="W-1", ref_document_line=1),
        moved("4", "return_inspect", "2026-03-05T15:00:00+01:00", 1, **RMA, reason_code="conforming"),
        moved("5", "return_disposition", "2026-03-06T09:00:00+01:00", 1, **RMA, to_stock_state="sellable_not_accessible"),  # 23 hours later
    ],
    "supply": [
        {"event_kind": "supplier_stock", "supplier_code": "DROP", "occurred_at": "2026-03-04T08:00:00+01:00", "item_code": "VASE", "quantity": 5},
        {"event_kind": "supplier_stock", "supplier_code": "DROP", "occurred_at": "2026-03-06T08:00:00+01:00", "item_code": "LAMP", "quantity": 4},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acceptance")
    files = {f"reference/{name}.csv": text for name, text in REFERENCE.items()}
    files |= {f"{feed}/week.jsonl": "".join(json.dumps(line) + "\n" for line in lines) for feed, lines in LINES.items()}
    for name, text in files.items():
        path = folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    home = Home(folder / "home")
    friday_evening = datetime(2026, 3, 6, 19, tzinfo=UTC)
    stages.ingest(home, folder / "landing", clock=lambda: friday_evening, engine="direct", settings=Settings(settle_seconds=0))
    assert build(home.root) == []
    return home.root


def test_at_31_what_a_supplier_stated_too_long_ago_is_not_offered_and_told(marts: Path) -> None:
    rows = ask(
        marts,
        """select item_code, supplier_code, supplier_units, age_hours::float, is_stale, ats_units
        from availability.dropship join core.dim_item using (item_id) join core.dim_supplier using (supplier_id) order by 1""",
    )
    # the newest event is of Friday, 9:00: an hour after the one statement, and 49 after the other
    assert rows == [("LAMP", "DROP", 4, 1, False, 4), ("VASE", "DROP", 5, 49, True, 0)]
    ((severity, supplier, what, figures),) = ask(
        marts, "select severity, supplier_code, what, figures from ops.alerts where alert_code = 'dropship_feed_stale' and state = 'open'"
    )
    assert (severity, supplier) == ("warning", "DROP")
    assert what == "DROP last stated its stock of 1 items 49.0 hours ago: 5 units are not offered (VASE)"
    assert json.loads(figures)["withheld_units"] == 5
    assert ask(marts, "select count(*) from stock.on_hand join core.dim_item using (item_id) where item_code = 'VASE'") == [(0,)]
    assert ask(marts, "select count(*) from availability.by_channel join core.dim_item using (item_id) where item_code = 'VASE'") == [(0,)]


def test_at_32_a_return_leaves_the_demand_of_its_day_alone_and_counts_as_restocked_within_24_hours(marts: Path) -> None:
    demand = ask(
        marts, "select demand_on::varchar, gross_units, clean_units from demand.daily join core.dim_item using (item_id) order by 1"
    )
    assert demand == [("2026-03-02", 2, 2), ("2026-03-05", 3, 3)]
    restocked = ask(
        marts,
        """select numerator::int, denominator::int, value::float from kpi.values
        where kpi_code = 'returns_restocked_24h' and grain_kind = 'all' and period_start_on = '2026-03-05' and period_end_on = '2026-03-05'""",
    )
    assert restocked == [(1, 1, 1)]
    on_hand = ask(marts, "select stock_state, on_hand_units from stock.on_hand where on_hand_units <> 0 order by 1")
    assert on_hand == [("sellable_not_accessible", 20 - 2 + 1)]
