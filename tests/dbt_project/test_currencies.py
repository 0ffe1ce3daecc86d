"""Amounts of several currencies stand beside each other, one row each: never added up, never unknown because they meet."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt_project.test_policies import policies
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

TARGETS = [
    "stock_value_immobilised,all,,<,1000000,currency,,me,no currency is named,,",
    "stock_value_immobilised,location,BOTH,<,900,JPY,sell it,me,in yen,,",
    "stock_value_immobilised,location,EURO,<,10,currency,,me,there is but one,,",
    "turns_value,all,,>,0,per year,,me,a ratio has no currency,,",
]


def _world(home: Path) -> Path:
    ledger = SmallLedger(home)
    ledger.location("BOTH", location_kind="dc")
    ledger.location("EURO", location_kind="dc")
    ledger.channel("web")
    for item, cost, currency in (("CU1", "3.00", "EUR"), ("CU2", "100", "JPY"), ("CU3", "1.00", "EUR"), ("NAMELESS", "2.00", None)):
        ledger.item(item, category="cu", unit_cost_amount=cost, currency_code=currency)
    for item, units, place in (("CU1", 10, "BOTH"), ("CU2", 10, "BOTH"), ("CU1", 2, "EURO"), ("NAMELESS", 3, "EURO")):
        ledger.move("opening", "2026-10-31T00:00:00+01:00", item, units, "OPENING", f"{place}/sellable_not_accessible")
    # counts with a gap of one of ten in euro, of two in yen
    for item, gap in (("CU1", 1), ("CU2", 2)):
        move = ledger.move("count", "2026-11-02T00:00:00+01:00", item, gap, "BOTH/sellable_not_accessible", "ADJUSTMENT")
        ledger.event("count", "2026-11-02T00:00:00+01:00", item, 10 - gap, feed="wms", location="BOTH", event_id=move["event_id"])
    # one sale a day that says which is the better seller in each currency
    for item, units in (("CU1", 2), ("CU2", 1), ("CU3", 1)):
        more = {"from_location_id": number("BOTH"), "from_stock_state": "sellable_not_accessible"}
        ledger.sale("2026-11-03T00:00:00+01:00", item, units, "BOTH", **more)
    # an item that is sold in two currencies on one day, and one of which a part has no price
    for item, amount, currency in (
        ("CU3", "4.0000", "EUR"),
        ("CU3", "5.0000", "CHF"),
        ("NAMELESS", "4.0000", "EUR"),
        ("NAMELESS", None, None),
    ):
        ledger.sale("2026-11-03T01:00:00+01:00", item, 2, "EURO", unit_price_amount=amount, currency_code=currency)
    ledger.commit()
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("currencies")
    seeds = policies(folder / "seeds")
    with (seeds / "kpi__targets.csv").open("a", encoding="utf-8") as file:
        file.write("\n".join(TARGETS) + "\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PARSTOCK_BUILD_AS_OF", "2026-11-04T00:00:00+01:00")  # so that the day of the sales is a whole one
        assert build(_world(folder / "home"), policies=seeds) == []
    return folder / "home"


def _values(home: Path, kpi: str, grain: str, day: str, period: str = "day") -> list[tuple[object, ...]]:
    return ask(home, """select grain_id, grain_code, currency_code, value::float, status from kpi.values
        where kpi_code = ? and grain_kind = ? and period_start_on = ? and period_kind = ? order by grain_code, currency_code""", kpi, grain, day, period)  # fmt: skip


def test_stock_of_two_currencies_has_a_value_in_each_at_every_grain(home: Path) -> None:
    assert [row[1:4] for row in _values(home, "stock_value_immobilised", "location", "2026-11-01")] == [
        ("BOTH", "EUR", 30.0),
        ("BOTH", "JPY", 1000.0),
        ("EURO", "EUR", 6.0),
        ("EURO", None, 6.0),
    ]
    for grain, name in (("all", "all"), ("category", "cu")):
        assert [row[:4] for row in _values(home, "stock_value_immobilised", grain, "2026-11-01")] == [
            (f"{name}:EUR", name, "EUR", 36.0),
            (f"{name}:JPY", name, "JPY", 1000.0),
            (f"{name}:unknown", name, None, 6.0),
        ]


def test_weeks_and_months_stay_means_over_all_of_their_days(home: Path) -> None:
    month = [row[2:4] for row in _values(home, "stock_value_immobilised", "location", "2026-10-01", "month")]
    assert month[:2] == [("EUR", 30.0), ("JPY", 1000.0)]


def test_ratios_of_amounts_are_taken_in_each_currency(home: Path) -> None:
    rows = [row[2:4] for row in _values(home, "inventory_gap_value_abs", "all", "2026-11-02")]
    assert rows == [("EUR", pytest.approx(0.1)), ("JPY", pytest.approx(0.2))]
    turns = [row[2:] for row in _values(home, "turns_value", "all", "2026-11-03")]
    assert [(currency, status) for currency, value, status in turns if value] == [("EUR", "met"), ("JPY", "met")]


def test_units_of_items_of_several_currencies_are_one_figure(home: Path) -> None:
    assert [row[:3] for row in _values(home, "inventory_gap_units", "all", "2026-11-02")] == [("all", "all", None)]


def test_an_amount_is_held_against_a_target_of_its_own_currency_alone(home: Path) -> None:
    statuses = {row[1:3]: row[4] for row in _values(home, "stock_value_immobilised", "location", "2026-11-01")}
    assert statuses == {("BOTH", "EUR"): "no_target", ("BOTH", "JPY"): "missed", ("EURO", "EUR"): "no_target", ("EURO", None): "no_target"}
    assert {row[4] for row in _values(home, "stock_value_immobilised", "all", "2026-11-01")} == {"no_target"}


def test_the_catalogue_shows_each_currency_and_gives_no_reason_for_what_is_there(home: Path) -> None:
    rows = ask(home, """select currency_code, is_computed, not_computed_because, current_value is not null from kpi.catalogue
        where kpi_code = 'stock_value_immobilised' order by 1""")  # fmt: skip
    assert rows == [("EUR", True, None, True), ("JPY", True, None, True), (None, True, None, True)]
    assert ask(home, "select count(*), count(distinct kpi_code) from kpi.catalogue where not is_computed and currency_code is null") == \
        ask(home, "select count(*), count(*) from kpi.catalogue where not is_computed")  # fmt: skip


def test_classes_by_value_are_of_one_currency(home: Path) -> None:
    # in yen the one item makes everything; in euro CU1 with 6.00 crosses 80 % of 7.00, CU3 is what is left
    rows = ask(
        home,
        "select item_code, abc_class from demand.variance join core.dim_item using (item_id) where location_id = ? order by 1",
        number("BOTH"),
    )
    assert rows == [("CU1", "A"), ("CU2", "A"), ("CU3", "B")]


def test_what_was_asked_for_in_two_currencies_has_an_amount_in_each(home: Path) -> None:
    rows = ask(home, """select item_code, gross_units, gross_amount, daily.currency_code, map_entries(gross_amounts)
        from demand.daily as daily join core.dim_item using (item_id) where location_id = ? order by 1""", number("EURO"))  # fmt: skip
    each = [{"key": "CHF", "value": Decimal(10)}, {"key": "EUR", "value": Decimal(8)}]
    assert rows == [("CU3", 4, None, None, each), ("NAMELESS", 4, None, "EUR", None)]
