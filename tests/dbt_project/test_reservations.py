"""Reservations that others make and we observe: what they hold, when they end, and what a supplier's stock is worth."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dbt_project.test_incremental import INCREMENTAL, seen_between_builds
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

DAY = "2026-03-04T{}:00+01:00"
Figures = dict[str, tuple[int, int, int]]


def reserve(ledger: SmallLedger, document: str, item: str, units: int, at: str, until: str | None = None, **more: Any) -> dict[str, Any]:
    due = {"due_at": DAY.format(until)} if until else {}
    return ledger.event(
        "reserve", DAY.format(at), item, units, **{"feed": "reservation", "location": "PAR", "document_id": document, **due, **more}
    )


def end(ledger: SmallLedger, kind: str, document: str, item: str, units: int, at: str) -> None:
    ledger.event(kind, DAY.format(at), item, units, feed="reservation", document_id=document)


def known(ledger: SmallLedger, at: str) -> None:
    """A delivery of that time: what is known reaches up to it."""
    ledger.add("deliveries", delivery_id=at, feed="pos", source_uri=at, rows_in=0, accepted=0, duplicate=0, corrected=0, quarantined=0,
               first_known_at=DAY.format(at))  # fmt: skip


def offered(rows: list[tuple[Any, ...]]) -> Figures:
    """Item: sellable, reserved, available, of rows of availability.by_channel on the web."""
    codes = {number(item): item for item in ITEMS}
    return {codes[row[0]]: (row[2], row[3], row[6]) for row in rows if row[1] == number("web")}


ITEMS = ("CUP", "MUG", "PAN", "POT", "JUG")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A build at 11:00, what readers see at 12:30 without another, and a build then; with what the shelves hold at instants."""
    folder = tmp_path_factory.mktemp("reservations")
    home = folder / "home"
    ledger = SmallLedger(home)
    ledger.location("PAR")
    ledger.channel("web")
    ledger.network("web", "PAR")
    ledger.supplier("S")
    for item in ITEMS:
        ledger.item(item)
        ledger.move("opening", DAY.format("06:00"), item, 10, "OPENING", "PAR/sellable_accessible")
    reserve(ledger, "A", "MUG", 3, "09:00")
    reserve(ledger, "B", "MUG", 2, "09:30", "12:00")
    reserve(ledger, "C", "CUP", 4, "09:00")
    reserve(ledger, "D", "PAN", 5, "09:00")
    first = reserve(ledger, "E", "POT", 6, "09:00", "11:30")
    end(ledger, "release", "LATE", "JUG", 1, "09:00")  # what it ends has not come yet
    ledger.event("supplier_stock", DAY.format("10:00"), "MUG", 7, feed="supply", supplier="S", document_line=None)
    ledger.sale(DAY.format("11:00"), "JUG", 1, "PAR")
    known(ledger, "11:00")
    ledger.commit()
    assert build(home, *INCREMENTAL) == []
    seen: dict[str, Any] = {"before": ask(home, "from availability.by_channel order by all")}

    reserve(ledger, "F", "MUG", 1, "11:30")
    end(ledger, "release", "C", "CUP", 1, "11:40")
    end(ledger, "consume", "C", "CUP", 1, "11:45")
    reserve(ledger, "LATE", "JUG", 3, "08:00")
    # used up by an order, which reserves itself, and by its shipment: once
    names = {"ref_document_kind": "reservation", "ref_document_id": "D", "ref_document_line": "1"}
    ledger.event(
        "order_placed", DAY.format("11:50"), "PAN", 4, channel="web", location="PAR", document_kind="so", document_id="W1", **names
    )
    ledger.move("ship", DAY.format("12:10"), "PAN", 4, "PAR/sellable_accessible", "CUSTOMER", document_kind="so", document_id="W1",
                document_line="1", channel_id=number("web"), **names)  # fmt: skip
    ledger.unsay(first)
    reserve(ledger, "E", "POT", 6, "09:00", "13:00", source_revision=1)
    ledger.event("supplier_stock", DAY.format("12:00"), "MUG", 4, feed="supply", supplier="S", document_line=None)
    ledger.sale(DAY.format("12:30"), "JUG", 1, "PAR")
    known(ledger, "12:30")
    ledger.commit()
    between = seen_between_builds(home, folder / "between.duckdb")
    seen["between"] = between["availability.by_channel"]
    seen["dropship between"] = between["availability.dropship"]
    assert build(home, *INCREMENTAL) == []
    seen["after"] = ask(home, "from availability.by_channel order by all")
    seen["home"] = home
    return seen


def test_what_is_reserved_is_not_available(days: dict[str, Any]) -> None:
    assert offered(days["before"]) == {
        "CUP": (10, 4, 6), "JUG": (9, 0, 9), "MUG": (10, 5, 5), "PAN": (10, 5, 5), "POT": (10, 6, 4),
    }  # fmt: skip


def test_a_reservation_that_comes_after_the_build_shows_and_one_whose_time_ran_out_without_a_word_is_gone(days: dict[str, Any]) -> None:
    seen = offered(days["between"])
    assert seen["MUG"] == (10, 3 + 1, 6)  # B ended at 12:00
    assert seen["POT"] == (10, 6, 4)  # E holds until 13:00 now
    assert seen["CUP"] == (10, 4 - 1 - 1, 8)
    assert seen["JUG"] == (8, 2, 6)  # the release came before what it releases


def test_an_order_that_names_its_reservation_uses_it_up_and_its_shipment_does_not_do_so_again(days: dict[str, Any]) -> None:
    # 5 held, 4 of them ordered, and these shipped: one is still held
    assert offered(days["between"])["PAN"] == (6, 1, 5)


def test_the_next_build_says_what_readers_saw_before_it(days: dict[str, Any]) -> None:
    assert days["after"] == days["between"]


@pytest.mark.parametrize(
    ("at", "mugs"),
    [("08:59", (10, 0)), ("09:00", (10, 3)), ("11:00", (10, 5)), ("11:59", (10, 6)), ("12:00", (10, 4)), ("12:30", (10, 4))],
)
def test_the_position_of_an_instant_counts_what_was_held_then(days: dict[str, Any], at: str, mugs: tuple[int, int]) -> None:
    query = "select sellable_units, reserved_units from plan.position_as_of(?) join core.dim_item using (item_id) where item_code = 'MUG'"
    assert ask(days["home"], query, DAY.format(at)) == [mugs]


def test_a_supplier_that_states_anew_is_believed_at_once_and_stays_out_of_on_hand(days: dict[str, Any]) -> None:
    ((item, supplier, units, _, age, is_stale, ats),) = days["dropship between"]
    assert (item, supplier, units, float(age), is_stale, ats) == (number("MUG"), number("S"), 4, 0.5, False, 4)
    assert ask(
        days["home"], "select sum(on_hand_units)::int from stock.on_hand join core.dim_item using (item_id) where item_code = 'MUG'"
    ) == [(10,)]
