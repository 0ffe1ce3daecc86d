"""One small world for the KPI definitions: each case has a category of its own, so that its figures stand apart.

Belongs here: what happens in it. What must come out stands in the tests, beside each definition.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.worlds.dbt_builds import ask
from tests.worlds.small_ledger import Row, SmallLedger, number

SHELF = "PAR/sellable_accessible"
STORED = "DC/sellable_not_accessible"
Figures = tuple[float | None, float | None, float | None]

CATEGORIES = {
    "stock": ("LAMP",),
    "idle": ("UNSOLD",),
    "counts": ("SHORT", "RIGHT", "OVER"),
    "returns": ("BACK", "SLOW"),
    "sync": ("SYNC",),
    "wrong": ("STALE",),
    "supply": ("BOUGHT",),
    "cycles": ("CYCLE",),
    "tags": ("TAGGED", "UNTAGGED"),
    "sessions": ("FOUND", "MISSED", "GONE"),
    "plan": ("PROMPT", "TARDY", "FULL"),
    "fills": ("MANY", "FEW"),
    "other": ("OLD",),
}


def reference(ledger: SmallLedger) -> None:
    """A shop in Paris, a warehouse, three channels that it serves, two suppliers, and goods at 2 EUR."""
    ledger.location("PAR")
    ledger.location("DC", location_kind="dc")
    ledger.location("LYO")
    ledger.network("store", "PAR")
    for channel in ("web", "mkt"):
        ledger.channel(channel, time_zone="Europe/Paris")
        ledger.network(channel, "DC")
    for supplier in ("S", "T"):
        ledger.supplier(supplier)
    for category, items in CATEGORIES.items():
        for item in items:
            ledger.item(item, category=category, unit_cost_amount="2.00", currency_code="EUR")


def stock(ledger: SmallLedger) -> None:
    """Ten lamps from Monday 2 March on, four of them sold on Tuesday at noon; a sale long ago begins the demand."""
    ledger.move("opening", "2026-02-01T00:00:00+01:00", "OLD", 9, "OPENING", SHELF)
    ledger.sale("2026-02-01T12:00:00+01:00", "OLD", 1, "PAR")
    ledger.move("opening", "2026-03-02T00:00:00+01:00", "LAMP", 10, "OPENING", SHELF)
    ledger.sale("2026-03-03T12:00:00+01:00", "LAMP", 4, "PAR")
    ledger.move("opening", "2026-03-02T00:00:00+01:00", "UNSOLD", 3, "OPENING", SHELF)


def counts(ledger: SmallLedger) -> None:
    """Three counts on one day: 18 for 20, 10 for 10, 13 for 10."""
    for item, books, counted in (("SHORT", 20, 18), ("RIGHT", 10, 10), ("OVER", 10, 13)):
        ledger.move("opening", "2026-03-02T00:00:00+01:00", item, books, "OPENING", SHELF)
        event = ledger.event("count", "2026-03-04T21:00:00+01:00", item, counted, feed="wms", location="PAR")
        ends = ("ADJUSTMENT", SHELF) if counted > books else (SHELF, "ADJUSTMENT")
        if counted != books:
            ledger.move("count", "2026-03-04T21:00:00+01:00", item, abs(counted - books), *ends, event_id=event["event_id"])


def returns(ledger: SmallLedger) -> None:
    """Six sold on Monday, three back on Thursday: one restocked after 23 hours, one after 30, one scrapped."""
    ledger.move("opening", "2026-03-01T00:00:00+01:00", "BACK", 9, "OPENING", SHELF)
    ledger.move("opening", "2026-03-01T00:00:00+01:00", "SLOW", 9, "OPENING", STORED)
    price = {"unit_price_amount": "3.00", "currency_code": "EUR"}
    ledger.sale("2026-03-02T12:00:00+01:00", "BACK", 4, "PAR", document_id="T1", document_line="1", **price)
    order = {"channel": "web", "location": "DC", "document_kind": "so", "document_id": "W1"}
    ledger.event("order_placed", "2026-03-02T12:00:00+01:00", "SLOW", 2, **order, **price)
    ledger.move("ship", "2026-03-02T15:00:00+01:00", "SLOW", 2, STORED, "CUSTOMER", document_kind="so", document_id="W1", document_line="1")
    ledger.move("return", "2026-03-05T10:00:00+01:00", "BACK", 1, "CUSTOMER", "PAR/returned", document_kind="ticket", document_id="R1",
                document_line="1", ref_document_kind="ticket", ref_document_id="T1", ref_document_line="1")  # fmt: skip
    ledger.move("return_disposition", "2026-03-06T09:00:00+01:00", "BACK", 1, "PAR/returned", SHELF)
    for rma in ("1", "2"):
        papers = {"document_kind": "rma", "document_id": f"RMA-{rma}", "document_line": "1"}
        ledger.move("return_receive", "2026-03-05T10:00:00+01:00", "SLOW", 1, "CUSTOMER", "DC/returned", **papers,
                    ref_document_kind="so", ref_document_id="W1", ref_document_line="1")  # fmt: skip
        target = STORED if rma == "1" else "SCRAP"
        ledger.move("return_disposition", "2026-03-06T16:00:00+01:00", "SLOW", 1, "DC/returned", target, **papers)
    ledger.event("refund", "2026-03-07T10:00:00+01:00", "SLOW", 2, **order)


def sync(ledger: SmallLedger) -> None:
    """Two channels show 10; one breaks at noon; they show 9 after 60 and 400 seconds. STALE shows 5 where 3 are left."""
    ledger.move("opening", "2026-03-01T00:00:00+01:00", "SYNC", 10, "OPENING", STORED)
    ledger.move("opening", "2026-03-01T00:00:00+01:00", "STALE", 3, "OPENING", STORED)
    for channel, shown in (("web", "12:01:00"), ("mkt", "12:06:40")):
        for publish_no, units, published, acknowledged in (("1", 10, "10:59:00", "11:00:00"), ("2", 9, "12:00:10", shown)):
            document = {"channel": channel, "location": "DC", "document_kind": "publication", "document_id": publish_no}
            ledger.event("stock_published", f"2026-03-04T{published}+01:00", "SYNC", units, **document)
            ledger.event("stock_ack", f"2026-03-04T{acknowledged}+01:00", "SYNC", units, **document)
    ledger.move("scrap", "2026-03-04T12:00:00+01:00", "SYNC", 1, STORED, "SCRAP")
    ledger.event("stock_ack", "2026-03-10T00:00:00+01:00", "STALE", 5, channel="web", location="DC", document_id="1")


def supply(ledger: SmallLedger) -> None:
    """Of four lines due two came whole and in time; the fifth is not due yet."""
    lines = (  # promised, received, units received, units cancelled
        ("2026-03-05", "2026-03-05", 20, 0),
        ("2026-03-06", "2026-03-06", 12, 0),
        ("2026-03-06", "2026-03-06", 15, 5),
        ("2026-03-07", "2026-03-09", 20, 0),
        ("2026-04-30", None, 0, 0),
    )
    for line, (promised, received, units, cancelled) in enumerate(lines, 1):
        papers = {"document_kind": "po", "document_id": f"PO-{line}", "document_line": "1"}
        said = {"feed": "supply", "supplier": "S", "location": "PAR", **papers}
        ledger.event("po_created", "2026-03-01T09:00:00+01:00", "BOUGHT", 20, promised_at=f"{promised}T18:00:00+01:00", **said)
        if cancelled:
            ledger.event("po_cancelled", "2026-03-02T09:00:00+01:00", "BOUGHT", cancelled, **said)
        if received:
            ledger.move("receipt", f"{received}T10:00:00+01:00", "BOUGHT", units, "SUPPLIER", "PAR/in_progress", **papers)


def cycles(ledger: SmallLedger) -> None:
    """Goods come on the 2nd, the 5th and the 9th; only before the 5th the shelf was empty."""
    for day in (2, 5, 9):
        ledger.move("transfer_receive", f"2026-03-0{day}T08:00:00+01:00", "CYCLE", 10, "TRANSIT", SHELF)
    ledger.sale("2026-03-04T12:00:00+01:00", "CYCLE", 10, "PAR")
    ledger.sale("2026-03-06T12:00:00+01:00", "CYCLE", 9, "PAR")


def tags(ledger: SmallLedger) -> None:
    """Two tags for two units, two tags for three."""
    for item, units in (("TAGGED", 2), ("UNTAGGED", 3)):
        ledger.move("opening", "2026-03-02T00:00:00+01:00", item, units, "OPENING", SHELF)
        for tag in range(2):
            ledger.event(
                "object_observe", "2026-03-08T11:00:00+01:00", item, 1, feed="rfid", location="PAR", sub_no=tag, epc=f"{item}.{tag}"
            )


def sessions(ledger: SmallLedger) -> None:
    """Of two items with two units each one count finds both, and one tag of the other; of a third, sold out, no tag is left. Another count stays half done."""

    def read(hour: int, item: str, *tags: int) -> None:
        for tag in tags:
            ledger.event(
                "object_observe",
                f"2026-03-08T{hour:02d}:30:00+00:00",
                item,
                1,
                feed="rfid",
                location="LYO",
                sub_no=tag,
                epc=f"{item}.{tag}",
            )

    def session(hour: int, read_zones: int) -> None:
        ended = f"2026-03-08T{hour + 1:02d}:50:00"  # in Lyon's own time
        ledger.event("count_session", f"2026-03-08T{hour:02d}:10:00+00:00", None, None, feed="rfid", location="LYO", document_id=str(hour),
                     extra=json.dumps({"ended_at": ended, "expected_zones": "4", "read_zones": str(read_zones)}))  # fmt: skip

    for item in ("FOUND", "MISSED", "GONE"):
        ledger.move("opening", "2026-03-02T00:00:00+01:00", item, 2, "OPENING", "LYO/sellable_accessible")
        read(8, item, 0, 1)
    ledger.sale("2026-03-08T10:00:00+00:00", "GONE", 2, "LYO")
    session(12, read_zones=4)
    read(12, "FOUND", 0, 1)
    read(12, "MISSED", 0)
    session(14, read_zones=3)
    read(14, "FOUND", 0)


def plan(ledger: SmallLedger) -> None:
    """Two items newly at their reorder point on the 11th, ordered after 24 and 60 hours; a third has 50 units too many."""
    for run, day in (("R1", 10), ("R2", 11)):
        at = f"2026-03-{day}T08:00:00+01:00"
        ledger.add("plan_runs", run_id=run, as_of_on=at[:10], as_of_at=at, planned_at=at, marts_commit_id=1)
        for item, position, sellable in (("PROMPT", 99, 0), ("TARDY", 99, 0), ("FULL", 100, 100)):
            ledger.add("plan_items", run_id=run, item_id=number(item), location_id=number("PAR"), method="simple", service_target_rate="0.95",
                       safety_stock_units=0, reorder_point_units=20, economic_order_units="30", demand_units_per_day_mean="0.1",
                       sellable_units=sellable, inventory_position_units=position if run == "R1" or item == "FULL" else 20, why="test")  # fmt: skip
    for item, at in (("PROMPT", "2026-03-12T08:00:00+01:00"), ("TARDY", "2026-03-13T20:00:00+01:00")):
        ledger.event("po_created", at, item, 30, feed="supply", supplier="T", location="PAR", document_kind="po", document_id=f"PO-{item}",
                     promised_at="2026-05-01T12:00:00+02:00")  # fmt: skip


def fills(ledger: SmallLedger) -> None:
    """AT-15: an order of 80 with 75 at hand, and of 20 with 20."""
    for item, stored, wanted in (("MANY", 75, 80), ("FEW", 20, 20)):
        ledger.move("opening", "2026-03-02T00:00:00+01:00", item, stored, "OPENING", STORED)
        ledger.event("order_placed", "2026-03-03T12:00:00+01:00", item, wanted, channel="mkt", location="DC", document_kind="so",
                     document_id="M1", document_line=item, promised_at="2026-03-06T12:00:00+01:00")  # fmt: skip


def whole_world(home: Path) -> SmallLedger:
    """Everything above, committed at once."""
    ledger = SmallLedger(home)
    reference(ledger)
    for case in (stock, counts, returns, sync, supply, cycles, tags, sessions, plan, fills):
        case(ledger)
    ledger.commit()
    return ledger


def figures(home: Path, code: str, start: str, end: str, grain_kind: str = "all", grain_id: str = "all") -> Figures:
    """Numerator, denominator and value of one KPI, period and grain."""
    rows = ask(
        home,
        """select cast(numerator as double), cast(denominator as double), cast(value as double) from kpi.values
        where kpi_code = ? and period_start_on = ? and period_end_on = ? and grain_kind = ? and grain_id = ?""",
        code, start, end, grain_kind, grain_id,
    )  # fmt: skip
    assert len(rows) == 1, (code, start, end, grain_kind, grain_id, rows)
    return rows[0][0], rows[0][1], rows[0][2]


def march(home: Path, code: str, category: str) -> Figures:
    """A KPI of a category in March."""
    return figures(home, code, "2026-03-01", "2026-03-31", "category", category)


def add_up(home: Path) -> list[Row]:
    """Where the parts of a ratio or a sum do not add up: days to weeks and months, grains to all."""
    parts = """
        with additive as (
            select v.* from kpi.values v join kpi.definitions d using (kpi_code)
            where d.aggregation in ('ratio', 'sum', 'mean_over_time', 'mean_over_days')
        ),
        grown as (
            select kpi_code, grain_kind, grain_id, 'week' as period_kind, cast(date_trunc('week', period_start_on) as date) as period_start_on,
                sum(numerator) as numerator, sum(denominator) as denominator
            from additive where period_kind = 'day' group by all
            union all
            select kpi_code, grain_kind, grain_id, 'month', cast(date_trunc('month', period_start_on) as date), sum(numerator), sum(denominator)
            from additive where period_kind = 'day' group by all
            union all
            select kpi_code, 'all', 'all', period_kind, period_start_on, sum(numerator), sum(denominator)
            from additive where grain_kind <> 'all' group by kpi_code, grain_kind, period_kind, period_start_on
        )
        select kpi_code, grown.grain_kind, grown.grain_id, period_kind, period_start_on, grown.numerator, a.numerator, grown.denominator, a.denominator
        from grown left join additive a using (kpi_code, grain_kind, grain_id, period_kind, period_start_on)
        where grown.numerator is distinct from a.numerator or grown.denominator is distinct from a.denominator"""
    return [{"row": row} for row in ask(home, parts)]
