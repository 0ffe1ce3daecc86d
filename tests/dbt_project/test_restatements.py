"""What changed a day whose figures were final: old and new figures, what caused it, and nothing for a day that was right at once."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms
from tests.worlds.small_ledger import SmallLedger, number

ITEMS = ("CALM", "COUNTED", "FIXED", "KEPT", "LATE", "VOIDED")
SELECTED = ("--select", "+ops__restatements", "+core__dim_item", "--indirect-selection", "cautious")
GRACE = dt.timedelta(hours=6)


def hours_to(day: int, hour: int) -> int:
    """For `deliver`: that hour (UTC) of a day in April."""
    return int((dt.datetime(2026, 4, day, hour, tzinfo=dt.UTC) - KNOWN_AT).total_seconds() // 3600)


def at(day: int, hour: int = 10) -> str:
    return f"2026-04-{day:02d}T{hour:02d}:00:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six items with the same three days, each told the next night; then, day by day, one thing too late for each but CALM."""
    small = SmallHome(tmp_path_factory.mktemp("restatements"), reference=False)
    items = "".join(f"{item},{item},stock,EA\n" for item in ITEMS)
    small.deliver(
        hours_later=1,
        **{
            "reference/items.csv": "item_code,item_name,item_kind,base_uom_code\n" + items,
            "reference/locations.csv": "location_code,location_name,location_kind,time_zone\nPAR,Shop,store,Europe/Paris\n",
        },
    )
    sold = {day: [pos(f"T{day}-{item}", 1, "sale", at(day), item, 1, source_event_id=f"S{day}-{item}") for item in ITEMS] for day in (3, 4)}
    small.deliver(hours_later=hours_to(3, 2), **{"wms/2.jsonl": [wms(f"O-{item}", "opening", at(2), "PAR", item, 10) for item in ITEMS]})
    small.deliver(hours_later=hours_to(4, 2), **{"pos/3.jsonl": sold[3]})
    small.deliver(
        hours_later=hours_to(5, 2), **{"pos/4.jsonl": sold[4], "wms/4.jsonl": [wms("C-KEPT", "count", at(4, 20), "PAR", "KEPT", 7)]}
    )
    small.deliver(hours_later=hours_to(6, 10), **{"pos/late.jsonl": [pos("T3-more", 1, "sale", at(3, 12), "LATE", 2)]})
    void = pos("T3-VOIDED", 1, "sale_void", at(6), "VOIDED", 1, business_on="2026-04-03", source_event_id="V")
    small.deliver(hours_later=hours_to(7, 10), **{"pos/void.jsonl": [void]})
    small.deliver(hours_later=hours_to(8, 10), **{"wms/count.jsonl": [wms("C-1", "count", at(3, 20), "PAR", "COUNTED", 5)]})
    fixed = pos("T3-FIXED", 1, "sale", at(3), "FIXED", 3, source_event_id="S3-FIXED", source_revision=1)
    small.deliver(hours_later=hours_to(9, 10), **{"pos/fixed.jsonl": [fixed]})
    small.deliver(hours_later=hours_to(10, 10), **{"pos/kept.jsonl": [pos("T3-kept", 1, "sale", at(3, 14), "KEPT", 2)]})
    assert build(small.home.root, *SELECTED) == []
    return small.home.root


_OF = """
select day(stock_on), closing_units_before, closing_units_after, in_units_before, in_units_after, out_units_before, out_units_after,
    movement_kind, is_reversal, source_uri, n_events
from ops.restatements join core.dim_item using (item_id) where item_code = ? order by stock_on, known_at"""


def test_a_late_line_restates_its_day_and_the_closed_days_after_it(home: Path) -> None:
    assert ask(home, _OF, "LATE") == [
        (3, 9, 7, 0, 0, 1, 3, "sale", False, "pos/late.jsonl", 1),
        (4, 8, 6, 0, 0, 1, 1, "sale", False, "pos/late.jsonl", 1),
    ]
    query = "select distinct known_at, occurred_at, lateness_hours, closed_at, is_reposted from ops.restatements join core.dim_item using (item_id)"
    known, occurred = dt.datetime(2026, 4, 6, 10, tzinfo=dt.UTC), dt.datetime(2026, 4, 3, 11, tzinfo=dt.UTC)
    # told of at 2 in the night, UTC, four hours after the day ended in Paris
    closed = dt.datetime(2026, 4, 4, 2, tzinfo=dt.UTC) + GRACE
    assert ask(home, query + " where item_code = 'LATE' and day(stock_on) = 3") == [(known, occurred, Decimal("71.00"), closed, False)]


def test_a_void_days_later_restates_what_it_takes_back(home: Path) -> None:
    assert ask(home, _OF, "VOIDED") == [
        (3, 9, 10, 0, 0, 1, 0, "sale", True, "pos/void.jsonl", 1),
        (4, 8, 9, 0, 0, 1, 1, "sale", True, "pos/void.jsonl", 1),
    ]


def test_a_backdated_count_restates_from_its_day_on(home: Path) -> None:
    assert ask(home, _OF, "COUNTED") == [
        (3, 9, 5, 0, 0, 1, 5, "count", False, "wms/count.jsonl", 1),
        (4, 8, 4, 0, 0, 1, 1, "count", False, "wms/count.jsonl", 1),
    ]


def test_a_correction_by_revision_is_named_by_the_revision_and_not_by_what_it_replaces(home: Path) -> None:
    assert ask(home, _OF, "FIXED") == [
        (3, 9, 7, 0, 0, 1, 3, "sale", False, "pos/fixed.jsonl", 2),
        (4, 8, 6, 0, 0, 1, 1, "sale", False, "pos/fixed.jsonl", 2),
    ]


def test_a_count_that_is_posted_again_names_the_late_event_as_the_cause(home: Path) -> None:
    # counted 7 where the books had 8; two more were sold before, so the count has found one more instead of one less
    assert ask(home, _OF, "KEPT") == [
        (3, 9, 7, 0, 0, 1, 3, "sale", False, "pos/kept.jsonl", 1),
        (4, 7, 7, 0, 1, 2, 1, "sale", False, "pos/kept.jsonl", 2),
    ]
    assert ask(
        home, "select count(distinct event_id) from ops.restatements join core.dim_item using (item_id) where item_code = 'KEPT'"
    ) == [(1,)]


def test_a_day_without_late_events_has_none(home: Path) -> None:
    assert ask(home, _OF, "CALM") == []
    assert ask(home, "select count(*) from stock.daily join core.dim_item using (item_id) where item_code = 'CALM'") == [(3,)]
    assert ask(home, "select count(*) from ops.restatements where day(stock_on) = 2") == [(0,)]


# --- against a recount of everything ----------------------------------------------------------------------------------

ZONES = {"PAR": "Europe/Paris", "NYC": "America/New_York"}
Figures = tuple[int, int, int]


def recounted(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Restatements from the movements alone, the long way: every day's figures before and after everything that became known."""
    places = {number(place): ZoneInfo(zone) for place, zone in ZONES.items()}
    legs = defaultdict(list)
    told: dict[int, list[tuple[dt.date, dt.datetime]]] = defaultdict(list)
    for row in rows:
        known, day = dt.datetime.fromisoformat(row["known_at"]), dt.date.fromisoformat(row["business_on"])
        for place, units in ((row["from_location_id"], -row["units"]), (row["to_location_id"], row["units"])):
            if place in places:
                is_in = (units > 0) != row["is_reversal"]
                legs[row["item_id"], place].append((day, known, units, units if is_in else 0, 0 if is_in else -units))
                told[place].append((day, known))

    def closed(place: int, day: dt.date) -> dt.datetime:
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), places[place])
        return max(end, min(known for other, known in told[place] if other >= day)) + GRACE

    found = set()
    for (item, place), of_key in legs.items():

        def figures(day: dt.date, is_known: Callable[[dt.datetime], bool], of_key: Any = of_key) -> Figures:
            seen = [leg for leg in of_key if is_known(leg[1])]
            own = [leg for leg in seen if leg[0] == day]
            return sum(leg[2] for leg in seen if leg[0] <= day), sum(leg[3] for leg in own), sum(leg[4] for leg in own)

        for day in {leg[0] for leg in of_key}:
            for known in {leg[1] for leg in of_key if leg[1] > closed(place, day)}:
                before, after = figures(day, lambda one, known=known: one < known), figures(day, lambda one, known=known: one <= known)  # type: ignore[misc]
                if before != after:
                    found.add((day, item, place, known, *before, *after))
    return found


def random_movement(dice: random.Random, ledger: SmallLedger, sales: list[dict[str, Any]], day: int) -> None:
    """A movement of the last days, known at once, days later, or (a slow delivery) before what was applied before it."""
    happened = dt.datetime(2026, 3, max(1, day - dice.choice((0, 0, 0, 1, 4))), dice.randrange(24), tzinfo=dt.UTC)
    known = max(happened, dt.datetime(2026, 3, day, dice.randrange(24), tzinfo=dt.UTC) - dt.timedelta(days=dice.choice((0, 0, 0, 3))))
    item, place = dice.choice(("TEA", "MUG")), dice.choice(tuple(ZONES))
    times = {"known_at": known.isoformat()}
    deed = dice.random()
    if deed < 0.2 and sales:
        ledger.reverse(sales.pop(dice.randrange(len(sales))), **times)
    elif deed < 0.4:
        ledger.move("receipt", happened.isoformat(), item, dice.randrange(1, 9), "SUPPLIER", f"{place}/in_progress", **times)
    elif deed < 0.5:
        ledger.move("move", happened.isoformat(), item, 1, "PAR/sellable_accessible", "NYC/sellable_accessible", **times)
    else:
        sales.append(ledger.sale(happened.isoformat(), item, dice.randrange(1, 4), place, **times))


def test_builds_that_follow_each_other_log_what_a_recount_of_everything_finds(tmp_path: Path) -> None:
    dice, ledger = random.Random(33), SmallLedger(tmp_path)
    for item in ("TEA", "MUG"):
        ledger.item(item)
    for place, zone in ZONES.items():
        ledger.location(place, time_zone=zone)
    sales: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    query = """
        select stock_on, item_id, location_id, known_at, closing_units_before, in_units_before, out_units_before, closing_units_after, in_units_after, out_units_after
        from ops.restatements"""
    for day in (6, 9, 12):
        for _ in range(40):
            random_movement(dice, ledger, sales, day)
        rows += ledger.pending["movements"]
        ledger.commit()
        assert build(tmp_path, *SELECTED) == []
        expected = recounted(rows)
        assert len(expected) > 5
        assert set(ask(tmp_path, query)) == expected, f"after day {day}"
    assert len(expected) > 30
    assert ask(tmp_path, "select count(*) from ops.restatements") == [(len(expected),)]
