"""Goods that may be sold up to a day: how much of them is left, to which instant they are sellable, and what planning counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt_project.test_policies import policies
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

SHELF = "SHOP/sellable_accessible"
OUT = "CUSTOMER"
NEWEST = "2026-03-10T23:30:00+01:00"  # the last half hour of the 10th in Paris, where the shop is


def _lot(code: str, expires_on: str | None = None) -> dict[str, str | None]:
    return {"lot_code": code, "expires_on": expires_on}


def _in(ledger: SmallLedger, item: str, day: str, units: int, lot: str = "", expires_on: str | None = None, place: str = SHELF) -> None:
    ledger.move("receipt", f"{day}T08:00:00+01:00", item, units, "SUPPLIER", place, **_lot(lot, expires_on))


def _sold(ledger: SmallLedger, item: str, day: str, units: int, lot: str = "") -> dict[str, object]:
    return ledger.sale(f"{day}T12:00:00+01:00", item, units, "SHOP", lot_code=lot)


def _lots(ledger: SmallLedger) -> None:
    """What leaves without a lot is of the lots that end first."""
    _in(ledger, "MILK", "2026-03-01", 10, "A", "2026-03-09")
    _in(ledger, "MILK", "2026-03-02", 10, "B", "2026-03-20")
    _sold(ledger, "MILK", "2026-03-03", 4)
    _in(ledger, "TODAY", "2026-03-01", 5, "A", "2026-03-10")
    # a lot that is named is taken as named: 10 of A stay
    _in(ledger, "NAMED", "2026-03-01", 10, "A", "2026-03-09")
    _in(ledger, "NAMED", "2026-03-01", 10, "B", "2026-03-20")
    _sold(ledger, "NAMED", "2026-03-03", 4, "B")
    # goods without a day stand last in line, and what left before a lot came was not of it
    _in(ledger, "MIXED", "2026-02-01", 20)
    _sold(ledger, "MIXED", "2026-02-10", 15)
    _in(ledger, "MIXED", "2026-03-01", 10, "A", "2026-03-09")
    _sold(ledger, "MIXED", "2026-03-03", 4)
    # two more were sold than had come: the books were behind
    _in(ledger, "RESTOCKED", "2026-02-01", 5, "A", "2026-03-05")
    _sold(ledger, "RESTOCKED", "2026-02-02", 7)
    _in(ledger, "RESTOCKED", "2026-03-01", 10, "B", "2026-03-08")


def _corrections(ledger: SmallLedger) -> None:
    """Voids, a day that is told again, one without a lot, other places and states."""
    _in(ledger, "VOIDED", "2026-03-01", 10, "A", "2026-03-09")
    ledger.reverse(_sold(ledger, "VOIDED", "2026-03-03", 4), "2026-03-04T09:00:00+01:00")  # type: ignore[arg-type]
    _in(ledger, "RETOLD", "2026-03-01", 10, "A", "2026-03-09")
    _in(ledger, "RETOLD", "2026-03-02", 1, "A", "2026-04-09")
    _in(ledger, "NO-LOT", "2026-03-01", 10, "", "2026-03-09")
    _sold(ledger, "NO-LOT", "2026-03-03", 4)
    # received with a day, put away without a word of it
    _in(ledger, "PUT-AWAY", "2026-03-01", 10, "A", "2026-03-09", "SHOP/in_progress")
    ledger.move("putaway", "2026-03-01T09:00:00+01:00", "PUT-AWAY", 10, "SHOP/in_progress", SHELF)
    # taken off the shelf: it is no more among what can be sold
    _in(ledger, "TAKEN-OFF", "2026-03-01", 10, "A", "2026-03-09")
    _in(ledger, "TAKEN-OFF", "2026-03-01", 10, "B", "2026-03-20")
    ledger.move("status_change", "2026-03-10T09:00:00+01:00", "TAKEN-OFF", 10, SHELF, "SHOP/non_sellable_expired", **_lot("A"))
    # told once where it came in, sold elsewhere
    _in(ledger, "SENT-ON", "2026-03-01", 10, "A", "2026-03-09", "DC/sellable_not_accessible")
    ledger.move("transfer_ship", "2026-03-02T08:00:00+01:00", "SENT-ON", 6, "DC/sellable_not_accessible", "TRANSIT", **_lot("A"))
    ledger.move("transfer_receive", "2026-03-03T08:00:00+01:00", "SENT-ON", 6, "TRANSIT", SHELF, **_lot("A"))
    # more left under the lot's name than it had
    _in(ledger, "OVERDRAWN", "2026-03-01", 10, "A", "2026-03-09")
    _in(ledger, "OVERDRAWN", "2026-03-01", 10, "B", "2026-03-20")
    _sold(ledger, "OVERDRAWN", "2026-03-03", 13, "A")


def _world(home: Path) -> Path:
    ledger = SmallLedger(home)
    ledger.location("SHOP")
    ledger.location("DC", location_kind="dc")
    for item in ("MILK", "TODAY", "NAMED", "MIXED", "RESTOCKED", "VOIDED", "RETOLD", "NO-LOT", "PUT-AWAY", "TAKEN-OFF", "SENT-ON", "OVERDRAWN", "PLAIN"):  # fmt: skip
        ledger.item(item)
    ledger.item("PICNIC", item_kind="bundle")
    ledger.bom("PICNIC", MILK=2)
    ledger.network("store", "SHOP")
    _lots(ledger)
    _corrections(ledger)
    ledger.move("opening", NEWEST, "PLAIN", 1, "OPENING", SHELF)
    ledger.commit()
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("expiring")
    assert build(_world(home)) == []
    return home


def _sellable(home: Path, item: str) -> tuple[int, int]:
    """Units on the shelf, and of them what can be sold there at the newest instant."""
    ((on_hand,),) = ask(home, "select sum(on_hand_units) from stock.on_hand where item_id = ? and location_id = ? and stock_state like 'sellable%'",
                        number(item), number("SHOP"))  # fmt: skip
    ((sellable,),) = ask(home, "select sellable_units from availability.by_channel_location where item_id = ? and location_id = ?",
                         number(item), number("SHOP"))  # fmt: skip
    return int(on_hand), sellable


def _left(home: Path, item: str, place: str = "SHOP") -> list[tuple[object, ...]]:
    return ask(home, """select expires_on::varchar, expiring_units, is_past_removal from stock.expiring
        where item_id = ? and location_id = ? order by 1""", number(item), number(place))  # fmt: skip


def test_what_leaves_without_a_lot_is_taken_from_the_lots_that_end_first(home: Path) -> None:
    assert _left(home, "MILK") == [("2026-03-09", 6, True), ("2026-03-20", 10, False)]
    assert _sellable(home, "MILK") == (16, 10)
    assert _sellable(home, "NAMED") == (16, 6)


def test_goods_are_sellable_to_the_end_of_their_day_at_the_place(home: Path) -> None:
    assert _left(home, "TODAY") == [("2026-03-10", 5, False)]
    assert _sellable(home, "TODAY") == (5, 5)


def test_goods_without_a_day_are_last_in_line_and_a_lot_is_not_sold_before_it_came(home: Path) -> None:
    assert _left(home, "MIXED") == [("2026-03-09", 6, True)]
    assert _sellable(home, "MIXED") == (11, 5)
    assert _left(home, "RESTOCKED") == [("2026-03-08", 8, True)]  # never more than is there: two were sold before anything had come


def test_what_was_taken_back_never_left(home: Path) -> None:
    assert _sellable(home, "VOIDED") == (10, 0)


def test_the_newest_word_about_a_lot_holds_and_a_day_needs_no_lot(home: Path) -> None:
    assert _left(home, "RETOLD") == [("2026-04-09", 11, False)]
    assert _left(home, "NO-LOT") == [("2026-03-09", 6, True)]
    assert _sellable(home, "NO-LOT") == (6, 0)


def test_a_day_goes_with_the_goods_through_states_and_places(home: Path) -> None:
    assert _sellable(home, "PUT-AWAY") == (10, 0)
    assert _sellable(home, "TAKEN-OFF") == (10, 10)
    assert _left(home, "SENT-ON", "DC") == [("2026-03-09", 4, True)]
    assert _sellable(home, "SENT-ON") == (6, 0)


def test_never_more_is_past_its_day_than_is_there(home: Path) -> None:
    assert _left(home, "OVERDRAWN") == [("2026-03-20", 7, False)]
    assert _sellable(home, "OVERDRAWN") == (7, 7)


def test_bundles_and_planning_count_what_can_still_be_sold(home: Path) -> None:
    assert ask(home, "select ats_units from availability.by_channel where item_id = ?", number("PICNIC")) == [(5,)]
    query = "select sellable_units from plan.position_as_of(?::timestamptz) where item_id = ? and location_id = ?"
    for at, units in (("2026-03-09T23:59:00+01:00", 16), ("2026-03-10T00:00:00+01:00", 10), ("2026-03-21T00:00:00+01:00", 0)):
        assert ask(home, query, at, number("MILK"), number("SHOP")) == [(units,)]
    assert ask(home, query, NEWEST, number("PLAIN"), number("SHOP")) == [(1,)]


def test_removal_comes_days_before_expiry_where_the_policy_says_so_and_only_new_items_are_built_again(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = policies(tmp_path_factory.mktemp("removal") / "seeds")
    file = folder / "policy__parameters.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("removal_days,0,", "removal_days,1,"), encoding="utf-8")
    asked = ("--select", "policy__parameters", "int_stock__expiring", "stock__expiring", "availability__by_channel_location")
    assert build(home, *asked, "--exclude", "test_type:data", policies=folder) == []
    assert _left(home, "TODAY") == [("2026-03-10", 5, True)]
    assert _sellable(home, "TODAY") == (5, 0)
