"""Planners' CSV files: what a buffer does, which of several holds, and what a file that cannot be used says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.policies.check import check_policies
from pipelines.settings import DBT_PROJECT
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger

BUFFERS = [
    "us,us,,,,units,1,,me,oversell,,",
    "uk,uk,,,,units,2,,me,oversell,,",
    "ended,us,,,,units,9,,me,until yesterday,,2026-03-01",
    "fr-books,fr,books,,,units,3,,me,category,,",
    "fr-atlas,fr,,ATLAS,,rate,,0.25,me,item,,",
    "fr-atlas-shop,fr,,ATLAS,SHOP,units,5,,me,item at a place,,",
    "no-toys,,toys,,,exclude,,,me,recall,,",
]


def policies(folder: Path, *buffers: str) -> Path:
    """A copy of the seeds with other buffers."""
    shutil.copytree(DBT_PROJECT / "seeds", folder)
    header = (folder / "policy__buffers.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "policy__buffers.csv").write_text("\n".join([header, *buffers]) + "\n", encoding="utf-8")
    with (folder / "kpi__targets.csv").open("a", encoding="utf-8") as file:
        file.write("oos_days,all,,<,7,days,,me,until yesterday,,2026-03-01\noos_days,all,,<,8,days,,me,from today,2026-03-01,2026-03-02\n")
    return folder


def shop(home: Path) -> Path:
    """A warehouse with a few goods for three channels, and a shop that also serves France."""
    ledger = SmallLedger(home)
    for item, category in (("LAST-TWO", "lamps"), ("LAST-ONE", "lamps"), ("NOVEL", "books"), ("ATLAS", "books"), ("DOLL", "toys")):
        ledger.item(item, category=category, unit_cost_amount="1.00")
    ledger.item("GONE", unit_cost_amount="1.00", lifecycle="delisted")
    ledger.item("GOING", unit_cost_amount="1.00", lifecycle="Phase_Out")
    ledger.location("DC", location_kind="dc")
    ledger.location("SHOP")
    for channel in ("us", "uk", "fr"):
        ledger.channel(channel)
        ledger.network(channel, "DC")
    ledger.network("fr", "SHOP")
    for item, units, place in (
        ("LAST-TWO", 2, "DC"),
        ("LAST-ONE", 1, "DC"),
        ("NOVEL", 10, "DC"),
        ("ATLAS", 10, "DC"),
        ("ATLAS", 10, "SHOP"),
        ("DOLL", 10, "DC"),
    ):
        ledger.move("opening", "2026-03-01T08:00:00+01:00", item, units, "OPENING", f"{place}/sellable_accessible")
    ledger.commit()
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    assert build(shop(folder / "home"), policies=policies(folder / "seeds", *BUFFERS)) == []
    return folder / "home"


def _offer(home: Path, item: str, channel: str) -> tuple[int, bool]:
    ((units, is_in_stock),) = ask(home, """
        select ats_units, is_in_stock from availability.by_channel
        join core.dim_item using (item_id) join core.dim_channel using (channel_id) where item_code = ? and channel_code = ?""", item, channel)  # fmt: skip
    return units, is_in_stock


def test_at_07_a_buffer_hides_the_last_units_from_its_channel(home: Path) -> None:
    assert _offer(home, "LAST-TWO", "us") == (1, True)
    assert _offer(home, "LAST-TWO", "uk") == (0, False)
    assert _offer(home, "LAST-ONE", "us") == (0, False)
    assert _offer(home, "LAST-ONE", "uk") == (0, False)


def test_the_first_policy_that_matches_holds_alone(home: Path) -> None:
    rows = ask(home, """
        select item_code, location_code, buffer_code, buffer_units from availability.by_channel_location
        join core.dim_item using (item_id) join core.dim_location using (location_id) join core.dim_channel using (channel_id)
        where channel_code = 'fr' and item_code in ('NOVEL', 'ATLAS', 'DOLL', 'LAST-ONE') order by all""")  # fmt: skip
    assert rows == [
        ("ATLAS", "DC", "fr-atlas", 3),  # a quarter of 10, rounded up: the item before its category
        ("ATLAS", "SHOP", "fr-atlas-shop", 5),  # the item at the place before the item
        ("DOLL", "DC", "no-toys", 10),  # excluded everywhere
        ("LAST-ONE", "DC", None, 0),
        ("NOVEL", "DC", "fr-books", 3),
    ]


def test_on_the_day_of_its_end_a_target_holds_no_more(home: Path) -> None:
    # the ended buffer of 9 does not hold on that day either: AT-07
    rows = ask(home, """select distinct period_end_on::varchar, target_value::double from kpi.values
        where kpi_code = 'oos_days' and grain_kind = 'all' and period_kind = 'day' order by 1""")  # fmt: skip
    assert rows == [("2026-03-01", 8.0)]


def test_a_lifecycle_that_says_nothing_is_told(home: Path) -> None:
    ((what, n_rows),) = ask(home, "select what, n_rows from ops.data_health where check_code = 'lifecycles_unknown'")
    assert (n_rows, what.endswith("they are ordered: delisted")) == (1, True)


def test_buffers_are_no_part_of_the_inventory_position(home: Path) -> None:
    rows = ask(
        home,
        "select sellable_units, reserved_units from plan.position_as_of('2026-03-02T00:00:00Z') join core.dim_item using (item_id) where item_code = 'DOLL'",
    )
    assert rows == [(10, 0)]


def test_a_policy_that_cannot_be_used_is_refused_before_dbt_starts(tmp_path: Path) -> None:
    wrong = policies(tmp_path / "seeds", "half,us,,,,rate,,1.5,me,too much,,")
    with pytest.raises(UserError, match=r"a buffer of a rate with buffer_rate 1\.5"):
        check_policies(folder=wrong)


def test_a_policy_for_the_unknown_may_wait_and_is_told_of(tmp_path: Path) -> None:
    assert (
        build(shop(tmp_path / "home"), policies=policies(tmp_path / "seeds", "ghost,us,,NOBODY,,units,1,,me,no such item,,", BUFFERS[0]))
        == []
    )
    rows = ask(tmp_path / "home", "select what, n_rows from ops.data_health where check_code = 'policies_without_match'")
    assert rows == [("Policies that match nothing, they may wait for what they name: policy__buffers.csv ghost", 1)]


def test_a_file_of_which_nothing_matches_is_warned_of(tmp_path: Path) -> None:
    ledger = SmallLedger(tmp_path / "home")
    ledger.item("SOLD")
    ledger.location("SHOP")
    ledger.move("opening", "2026-03-01T08:00:00+01:00", "SOLD", 9, "OPENING", "SHOP/sellable_accessible")
    for day in (2, 5):  # whole days lie between
        ledger.sale(f"2026-03-0{day}T10:00:00+01:00", "SOLD", 1, "SHOP")
    ledger.commit()
    failed = build(tmp_path / "home", policies=policies(tmp_path / "seeds", "ghost,us,,NOBODY,,units,1,,me,no such item,,"))
    assert [line.split(":")[0] for line in failed] == ["assert_policies_match_something"]
