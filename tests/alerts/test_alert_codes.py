"""What raises an alert: every code in a small world, with its severity and its figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import DBT_PROJECT
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

DAY = "2026-03-{:02}T{:02}:00:00+01:00"


def planned(ledger: SmallLedger, item: str, point: str | None, **more: Any) -> None:
    """An item of the one plan, at SHOP."""
    row = {"run_id": "R1", "item_id": number(item), "location_id": number("SHOP"), "reorder_point_units": point, "excluded_supply_units": 0}
    ledger.add("plan_items", **row | {"inventory_position_units": 0, "why": "because"} | more)


def stocked(ledger: SmallLedger, item: str, units: int) -> None:
    ledger.item(item, unit_cost_amount="1.00")
    ledger.move("opening", DAY.format(1, 8), item, units, "OPENING", "SHOP/sellable_accessible")


def ordered(ledger: SmallLedger, document: str, item: str, units: int, due_on: int) -> None:
    ledger.event(
        "po_created", DAY.format(2, 8), item, units, feed="supply", location="SHOP", supplier="ACME", document_kind="po", document_id=document,
        due_at=DAY.format(due_on, 12),
    )  # fmt: skip


def delivered(ledger: SmallLedger, feed: str, source: str, *days: int) -> None:
    for day in days:
        ledger.add("deliveries", delivery_id=f"{feed}-{source}-{day}", feed=feed, source_system=source, source_uri=f"{feed}/{day}.jsonl",
                   rows_in=1, accepted=1, duplicate=0, corrected=0, quarantined=0, first_known_at=DAY.format(day, 20), applied_at=DAY.format(day, 20))  # fmt: skip


def looked(ledger: SmallLedger, subject: str, *, is_blocked: bool, is_met: bool) -> None:
    ledger.add("gate_runs", gate_run_id=f"G-{subject}", gate_kind="feed", subject=subject, checked_at=DAY.format(10, 20), subject_commit_id=1,
               is_blocked=is_blocked, rows_checked=100)  # fmt: skip
    ledger.add("gate_results", gate_run_id=f"G-{subject}", rule_code="not_null_item", table_name=subject, severity="block" if is_blocked else "warn",
               is_met=is_met, rows_checked=100, rows_failed=0 if is_met else 3, what="item_code is there")  # fmt: skip


def small_world(folder: Path) -> Path:
    """Day 10 of March in one shop, with one alert of each kind and some things that are none."""
    ledger = SmallLedger(folder)
    ledger.location("SHOP")
    ledger.channel("web")
    ledger.network("web", "SHOP")
    ledger.supplier("ACME")
    for item, units in (
        ("OUT", 2),
        ("COMING", 2),
        ("LOW", 4),
        ("COVERED", 4),
        ("FINE", 50),
        ("DEAD", 0),
        ("SHORT", 1),
        ("HELD", 3),
        ("LATE", 9),
    ):
        stocked(ledger, item, units)
    for item in ("OUT", "COMING", "SHORT"):
        ledger.sale(DAY.format(5, 10), item, 2, "SHOP")
    ledger.sale(DAY.format(6, 10), "HELD", 1, "SHOP", channel_id=number("web"))
    ledger.sale(DAY.format(10, 10), "FINE", 1, "SHOP")
    ordered(ledger, "PO-1", "COVERED", 20, 12)
    ordered(ledger, "PO-2", "COMING", 6, 11)
    ordered(ledger, "PO-3", "LATE", 5, 8)
    ordered(ledger, "PO-4", "OUT", 7, 9)
    ledger.add("plan_runs", run_id="R1", as_of_at=DAY.format(9, 20), as_of_on="2026-03-09", marts_commit_id=1, planned_at=DAY.format(9, 20))
    for item, point in (
        ("OUT", "3"),
        ("COMING", "3"),
        ("LOW", "10"),
        ("COVERED", "10"),
        ("FINE", "10"),
        ("DEAD", "0"),
        ("SHORT", None),
        ("LATE", "2"),
    ):
        planned(ledger, item, point, **({"excluded_supply_units": 7} if item == "OUT" else {}))
    ledger.event("stock_ack", DAY.format(9, 9), "OUT", 5, channel="web", document_kind="publish", document_id="7")
    ledger.event("stock_ack", DAY.format(9, 9), "FINE", 49, channel="web", document_kind="publish", document_id="8")
    delivered(ledger, "pos", "tills", *range(1, 11))
    delivered(ledger, "wms", "depot", 1, 2, 3, 4)
    delivered(ledger, "supply", "erp", 1)
    looked(ledger, "pos", is_blocked=True, is_met=False)
    looked(ledger, "wms", is_blocked=False, is_met=False)
    looked(ledger, "rfid", is_blocked=False, is_met=True)
    ledger.commit()
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes")
    policies = folder / "seeds"
    shutil.copytree(DBT_PROJECT / "seeds", policies)
    buffers = policies / "policy__buffers.csv"
    buffers.write_text(
        buffers.read_text(encoding="utf-8") + "last-two,web,,HELD,,units,5,,me,the last ones are for the shop,,\n", encoding="utf-8"
    )
    assert build(small_world(folder / "home"), "--exclude", "resource_type:test", policies=policies) == []
    return folder / "home"


FOUND = "ops.alerts_now left join core.dim_item using (item_id) left join core.dim_supplier using (supplier_id)"


def raised(home: Path, code: str) -> dict[str, str]:
    """Item or subject: severity."""
    return dict(ask(home, f"select coalesce(item_code, subject), severity from {FOUND} where alert_code = ? order by 1", code))


def _one(home: Path, code: str, item: str) -> tuple[str, dict[str, Any]]:
    ((what, figures),) = ask(
        home, f"select what, figures from {FOUND} where alert_code = ? and coalesce(item_code, subject) = ?", code, item
    )
    return what, json.loads(figures)


def test_out_of_stock_is_critical_where_nothing_that_counts_is_coming(home: Path) -> None:
    assert raised(home, "stockout") == {"COMING": "warning", "HELD": "warning", "OUT": "critical", "SHORT": "critical"}
    what, figures = _one(home, "stockout", "OUT")
    assert what.startswith(
        "OUT at SHOP is out of stock: 0 sellable - 0 reserved = 0, 2 asked for in 90 days; 7 units on order, all of them late"
    )
    assert (figures["on_order_units"], figures["useful_supply_units"], figures["recent_demand_units"]) == (7, 0, 2)


def test_a_buffer_that_holds_back_what_is_there_is_told_with_its_name(home: Path) -> None:
    what, figures = _one(home, "stockout", "HELD")
    assert what == "HELD is out of stock on web: 2 sellable - 0 reserved are there, but the buffer last-two holds them back"
    assert figures["buffer_codes"] == "last-two"


def test_at_34_below_the_point_with_a_purchase_order_that_covers_it_is_information(home: Path) -> None:
    assert raised(home, "stock_below_rop") == {
        "COMING": "info",
        "COVERED": "info",
        "LOW": "warning",
        "OUT": "warning",
    }  # SHORT has books below zero: that is to be counted, and tells nothing of what is promised
    what, figures = _one(home, "stock_below_rop", "COVERED")
    assert what == (
        "COVERED at SHOP: 4 available, at or below the reorder point of 10.00; already ordered: 20 units on order, next expected 2026-03-12, position 24"
    )
    assert figures["position_units"] == 24
    assert (
        _one(home, "stock_below_rop", "LOW")[0]
        == "LOW at SHOP: 4 available, at or below the reorder point of 10.00; nothing is on order, position 4"
    )


def test_books_below_zero_are_told(home: Path) -> None:
    assert raised(home, "negative_stock") == {"SHORT": "warning"}
    assert _one(home, "negative_stock", "SHORT")[1]["on_hand_units"] == -1


def test_a_late_purchase_order_is_worse_where_the_shelf_is_empty(home: Path) -> None:
    rows = ask(home, f"select subject, severity, supplier_code, item_code from {FOUND} where alert_code = 'po_late' order by 1")
    assert rows == [("PO-3", "warning", "ACME", "LATE"), ("PO-4", "critical", "ACME", "OUT")]
    ((what,),) = ask(home, "select what from ops.alerts_now where subject = 'PO-3'")
    assert what == "PO-3 of ACME is late by 2 days (expected 2026-03-08): 5 units of LATE still to come to SHOP"


def test_a_channel_that_shows_what_is_not_there_is_told(home: Path) -> None:
    assert raised(home, "desync") == {"OUT": "critical"}
    assert _one(home, "desync", "OUT")[0] == "web shows 5 of OUT, 0 are available: 5 too many may be sold"


def test_a_source_that_used_to_deliver_and_is_silent_is_told(home: Path) -> None:
    assert raised(home, "feed_missing") == {"wms/depot": "critical"}
    _, figures = _one(home, "feed_missing", "wms/depot")
    assert (figures["silent_hours"], figures["usual_gap_hours"], figures["allowed_hours"]) == (144.0, 24.0, 72.0)


def test_a_gate_that_blocks_is_critical_and_one_that_warns_is_not(home: Path) -> None:
    assert raised(home, "gate_failed") == {"feed/pos": "critical", "feed/wms": "warning"}
    what, _ = _one(home, "gate_failed", "feed/pos")
    assert what.endswith("1 of 1 rules are not met: not_null_item (block, 3 rows): item_code is there")


def test_a_home_that_nobody_has_looked_at_has_no_alerts_stored(home: Path) -> None:
    assert ask(home, "select count(*) from ops.alerts") == [(0,)]
    assert ask(home, "select count(*) from ops.alerts_now") != [(0,)]
