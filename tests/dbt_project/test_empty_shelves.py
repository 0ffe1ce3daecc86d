"""Builds that follow each other, of shelves that are empty: the same days without a word of demand as in one build of everything."""

from __future__ import annotations

from pathlib import Path

from tests.dbt_project.test_incremental import INCREMENTAL
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger


def test_an_empty_shelf_stays_censored_while_others_trade(tmp_path: Path) -> None:
    """Days go by for goods that nobody touches, and the channel of an empty shelf is known only with its first sale."""
    ledger, shelf = SmallLedger(tmp_path), "PAR/sellable_accessible"
    ledger.location("PAR")
    for item in ("SOLD-OUT", "UNSOLD", "TEA"):
        ledger.item(item)
        ledger.move("opening", "2026-03-01T00:30:00+01:00", item, 3, "OPENING", shelf)
    ledger.sale("2026-03-02T09:00:00+01:00", "SOLD-OUT", 3, "PAR")
    ledger.move("scrap", "2026-03-02T09:00:00+01:00", "UNSOLD", 3, shelf, "SCRAP")
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    ledger.sale("2026-03-04T09:00:00+01:00", "TEA", 1, "PAR")
    ledger.move("receipt", "2026-03-04T01:00:00+01:00", "UNSOLD", 5, "SUPPLIER", shelf)
    ledger.sale("2026-03-04T09:00:00+01:00", "UNSOLD", 1, "PAR")
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    query = "select item_code, day(demand_on), gross_units, is_censored from demand.daily join core.dim_item using (item_id) order by all"
    rows = ask(tmp_path, query)
    assert rows == [
        ("SOLD-OUT", 2, 3, True),
        ("SOLD-OUT", 3, 0, True),
        ("SOLD-OUT", 4, 0, True),
        ("TEA", 4, 1, False),
        ("UNSOLD", 2, 0, True),
        ("UNSOLD", 3, 0, True),
        ("UNSOLD", 4, 1, False),
    ]
    assert build(tmp_path, "--full-refresh", *INCREMENTAL) == []
    assert ask(tmp_path, query) == rows


def test_a_channel_whose_only_order_is_taken_back_loses_nothing_on_an_empty_shelf(tmp_path: Path) -> None:
    ledger = SmallLedger(tmp_path)
    ledger.location("PAR")
    ledger.channel("web")
    ledger.item("TEA")
    ledger.move("opening", "2026-03-01T00:30:00+01:00", "TEA", 3, "OPENING", "PAR/sellable_accessible")
    ledger.sale("2026-03-01T09:00:00+01:00", "TEA", 3, "PAR")
    order = ledger.event("order_placed", "2026-03-03T09:00:00+01:00", "TEA", 1, channel="web", location="PAR", document_id="O1")
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    ledger.unsay(order)
    sale = ledger.sale("2026-03-03T09:00:00+01:00", "TEA", 1, "PAR")
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    ledger.reverse(sale)
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    query = "select channel_code, day(demand_on), gross_units, gross_amount, is_censored from demand.daily left join core.dim_channel using (channel_id) order by all"
    rows = ask(tmp_path, query)
    assert rows == [("store", 1, 3, None, True), ("store", 2, 0, 0, True), ("store", 3, 0, 0, True)]
    assert build(tmp_path, "--full-refresh", *INCREMENTAL) == []
    assert ask(tmp_path, query) == rows
