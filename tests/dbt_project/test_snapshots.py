"""Stock lists against what is usual and against the books; fields and units that a feed has not sent before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

ITEMS = [f"I{item:02d}" for item in range(20)]
SELECTED = ("--select", "+ops__snapshots", "+stock__snapshots", "--indirect-selection", "cautious")


def day(number_: int, hour: int = 8) -> str:
    return f"2026-03-{number_:02d}T{hour:02d}:00:00+00:00"


def listed(ledger: SmallLedger, place: str, on: int, units: dict[str, int], **more: Any) -> list[dict[str, Any]]:
    """A stock list of a place at 8 o'clock."""
    return [ledger.event("snapshot", day(on), item, count, feed="wms", location=place, **more) for item, count in units.items()]


def told(ledger: SmallLedger, feed: str, source: str, on: int, **fields: str) -> None:
    """A delivery of a source, with these fields of it that are not as the feed lists them (name: kind)."""
    times = {"first_known_at": day(on, 20), "applied_at": day(on, 20)}
    where = {"delivery_id": f"{feed}-{source}-{on}", "feed": feed, "source_system": source, "source_uri": f"{feed}/{source}/{on}.csv"}
    ledger.add("deliveries", **where, rows_in=4, accepted=4, duplicate=0, corrected=0, quarantined=0, **times)
    for name, kind in fields.items():
        ledger.add("feed_fields", **where, field_name=name, field_kind=kind, rows_in=4, known_at=day(on, 20))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> SmallLedger:
    """Nine days: a depot, a shop, a new place and a supplier that send lists; sources that change what they send."""
    ledger = SmallLedger(tmp_path_factory.mktemp("snapshots"))
    for place in ("DEPOT", "SHOP", "NEW"):
        ledger.location(place, time_zone="UTC", location_kind="store" if place == "SHOP" else "dc")
    ledger.supplier("ACME")
    for item in ITEMS:
        ledger.item(item, unit_cost_amount="1.00")
        ledger.move("opening", day(1, 6), item, 10, "OPENING", "DEPOT/sellable_not_accessible")
        ledger.move("opening", day(1, 6), item, 10, "OPENING", "SHOP/sellable_accessible")
    ledger.move("ship", day(5, 18), "I00", 4, "DEPOT/sellable_not_accessible", "CUSTOMER")
    all_ten = dict.fromkeys(ITEMS, 10)
    for on in range(1, 6):
        listed(ledger, "DEPOT", on, all_ten | {"I01": 7})
    listed(ledger, "DEPOT", 6, {"I02": 10})
    for on in range(1, 5):
        listed(ledger, "SHOP", on, dict.fromkeys(ITEMS[:10], 10))
    listed(ledger, "SHOP", 5, dict.fromkeys(ITEMS[3:10], 10) | {"I03": 0})
    listed(ledger, "NEW", 1, dict.fromkeys(ITEMS[:10], 0))
    listed(ledger, "NEW", 2, {"I00": 0})
    for on, items in ((1, 10), (2, 10), (3, 10), (4, 5)):
        for item in ITEMS[:items]:
            ledger.event("supplier_stock", day(on), item, 100, feed="supply", supplier="ACME")
    for on in range(1, 9):
        told(ledger, "pos", "tills", on, **({"loyalty": "unknown"} if on >= 7 else {}), old="unknown", cashier_name="dropped_personal")
        told(ledger, "wms", "depot", on, **({"quantity": "missing"} if on == 8 else {}))
        told(ledger, "supply", "erp", on, **({"item_code": "missing"} if on == 5 else {}))
    for line in (1, 2):
        ledger.add("quarantine", delivery_id="wms-depot-8", feed="wms", line_no=line, reason_code="unknown_uom", is_waiting=True, known_at=day(8),
                   reason="item I00 has no unit BAG: no reference row says how many base units it is", payload="{}", sign=1)  # fmt: skip
    ledger.commit()
    assert build(ledger.home) == []
    return ledger


def lists_of(home: Path, place: str) -> list[tuple[Any, ...]]:
    return ask(
        home,
        """select day(snapshot_at), n_items, usual_items::int, completeness, is_accepted, is_newest from ops.snapshots
        where coalesce(location_id, supplier_id) = ? order by 1""",
        number(place),
    )


def test_a_list_far_below_the_usual_is_refused_and_one_below_it_is_taken_with_a_warning(ledger: SmallLedger) -> None:
    assert lists_of(ledger.home, "DEPOT")[2:] == [
        (3, 20, None, "unjudged", True, False),
        (4, 20, 20, "complete", True, False),
        (5, 20, 20, "complete", True, False),
        (6, 1, 20, "refused", False, True),
    ]
    assert lists_of(ledger.home, "SHOP")[-1] == (5, 7, 10, "thin", True, True)
    assert lists_of(ledger.home, "ACME")[-1] == (4, 5, 10, "refused", False, True)


def test_without_enough_earlier_lists_nothing_is_said(ledger: SmallLedger) -> None:
    assert lists_of(ledger.home, "NEW") == [(1, 10, None, "unjudged", True, False), (2, 1, None, "unjudged", True, True)]


_COMPARED = """
select day(snapshot_at), stock_state, snapshot_units, ledger_units, diff_units, is_in_newest
from stock.snapshots join core.dim_item using (item_id) join core.dim_location using (location_id) where location_code = ? and item_code = ?"""


def test_a_refused_list_leaves_the_one_before_it_in_force(ledger: SmallLedger) -> None:
    assert ask(ledger.home, "select count(*), min(day(snapshot_at)) from stock.snapshots where location_id = ?", number("DEPOT")) == [
        (20, 5)
    ]
    query = "select count(*), min(day(snapshot_at)), max(day(snapshot_at)) from intermediate.int_snapshots__accepted where supplier_id = ?"
    assert ask(ledger.home, query, number("ACME")) == [(10, 3, 3)]


def test_the_books_are_asked_for_the_instant_of_the_list(ledger: SmallLedger) -> None:
    # ten at 8 o'clock, four shipped at 18
    assert ask(ledger.home, _COMPARED, "DEPOT", "I00") == [(5, "sellable_not_accessible", 10, 10, 0, True)]
    assert ask(ledger.home, _COMPARED, "DEPOT", "I01") == [(5, "sellable_not_accessible", 7, 10, -3, True)]


def test_an_item_that_a_list_leaves_out_is_unknown_and_one_that_it_gives_as_none_is_none(ledger: SmallLedger) -> None:
    assert ask(ledger.home, _COMPARED, "SHOP", "I00") == [(4, "sellable_accessible", 10, 10, 0, False)]
    assert ask(ledger.home, _COMPARED, "SHOP", "I03") == [(5, "sellable_accessible", 0, 10, -10, True)]


def alerts(home: Path, code: str) -> dict[str, tuple[str, str]]:
    """Subject, or item at place: severity and words."""
    query = """select coalesce(subject, item_code || '@' || location_code), severity, what
        from ops.alerts_now left join core.dim_item using (item_id) left join core.dim_location using (location_id) where alert_code = ?"""
    return {row[0]: row[1:] for row in ask(home, query, code)}


def test_incomplete_lists_and_gaps_are_told_with_their_figures(ledger: SmallLedger) -> None:
    told = alerts(ledger.home, "feed_incomplete")
    assert {subject: severity for subject, (severity, _) in told.items()} == {
        "wms/DEPOT": "critical",
        "wms/SHOP": "warning",
        "supply/ACME": "critical",
    }
    assert told["wms/DEPOT"][1] == (
        "the stock list of wms/DEPOT names 1 of about 20 items: it is refused, and the one before it stays in force"
    )
    gaps = alerts(ledger.home, "inventory_gap")
    assert gaps.keys() == {"I01@DEPOT", "I03@SHOP"}
    assert gaps["I01@DEPOT"][1] == "I01 at DEPOT: its own system says 7, the books say 10 for that moment"


def test_fields_that_a_feed_does_not_list_are_counted_by_source(ledger: SmallLedger) -> None:
    query = """
        select feed, field_name, field_kind, day(first_seen_at), n_deliveries, rows_in, newest_source_uri, n_times_before, n_times_since
        from ops.feed_fields order by all"""
    assert ask(ledger.home, query) == [
        ("pos", "cashier_name", "dropped_personal", 1, 8, 32, "pos/tills/8.csv", 0, 0),
        ("pos", "loyalty", "unknown", 7, 2, 8, "pos/tills/8.csv", 6, 0),
        ("pos", "old", "unknown", 1, 8, 32, "pos/tills/8.csv", 0, 0),
        ("supply", "item_code", "missing", 5, 1, 4, "supply/erp/5.csv", 4, 3),
        ("wms", "quantity", "missing", 8, 1, 4, "wms/depot/8.csv", 7, 0),
    ]


def test_a_new_field_of_a_stable_source_and_a_missing_one_are_told_and_what_was_always_there_is_not(ledger: SmallLedger) -> None:
    told = alerts(ledger.home, "schema_drift")
    assert {subject: severity for subject, (severity, _) in told.items()} == {"pos/tills": "info", "wms/depot": "warning"}
    assert told["pos/tills"][1] == "pos/tills sends what its feed does not list: loyalty, kept in extra (pos/tills/8.csv)"
    assert told["wms/depot"][1] == "wms/depot sends without what is required: quantity, so 4 rows are set aside (wms/depot/8.csv)"


def test_lines_that_wait_for_a_unit_are_one_alert_a_feed(ledger: SmallLedger) -> None:
    ((severity, what),) = alerts(ledger.home, "uom_unknown").values()
    assert (severity, what.split(":")[0]) == ("warning", "2 lines of wms wait for a unit that no reference row knows")
    ((figures,),) = ask(ledger.home, "select figures from ops.alerts_now where alert_code = 'uom_unknown'")
    assert json.loads(figures)["waiting_rows"] == 2


def test_the_next_whole_list_takes_over_and_one_that_is_taken_back_is_gone(ledger: SmallLedger) -> None:
    listed(ledger, "DEPOT", 7, dict.fromkeys(ITEMS, 9))
    wrong = listed(ledger, "SHOP", 6, dict.fromkeys(ITEMS[:10], 8))
    ledger.commit()
    assert build(ledger.home, *SELECTED) == []
    assert lists_of(ledger.home, "DEPOT")[-2:] == [(6, 1, 20, "refused", False, False), (7, 20, 20, "complete", True, True)]
    assert ask(ledger.home, _COMPARED, "DEPOT", "I00") == [(7, "sellable_not_accessible", 9, 6, 3, True)]
    assert ask(ledger.home, _COMPARED, "SHOP", "I00") == [(6, "sellable_accessible", 8, 10, -2, True)]
    for row in wrong:
        ledger.unsay(row)
    ledger.commit()
    assert build(ledger.home, *SELECTED) == []
    assert lists_of(ledger.home, "SHOP")[-1] == (5, 7, 10, "thin", True, True)
    assert ask(ledger.home, _COMPARED, "SHOP", "I00") == [(4, "sellable_accessible", 10, 10, 0, False)]
    follow = ask(ledger.home, "select * from ops.snapshots order by all"), ask(ledger.home, "select * from stock.snapshots order by all")
    assert build(ledger.home, "--full-refresh", *SELECTED) == []
    again = ask(ledger.home, "select * from ops.snapshots order by all"), ask(ledger.home, "select * from stock.snapshots order by all")
    assert follow == again
