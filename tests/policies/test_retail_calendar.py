"""The French retail year against dates that were decreed, and its file against its rules."""

from __future__ import annotations

import csv
import io
import itertools
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.policies.check import check_policies
from pipelines.policies.retail_calendar import black_friday, public_holidays, soldes, write_periods
from pipelines.settings import DBT_PROJECT

SEEDS = DBT_PROJECT / "seeds"


@pytest.mark.parametrize(
    ("year", "winter", "summer"),
    [
        (2020, ("2020-01-08", "2020-02-04"), ("2020-07-15", "2020-08-11")),
        (2021, ("2021-01-20", "2021-03-02"), ("2021-06-30", "2021-07-27")),
        (2022, ("2022-01-12", "2022-02-08"), ("2022-06-22", "2022-07-19")),
        (2023, ("2023-01-11", "2023-02-07"), ("2023-06-28", "2023-07-25")),
        (2024, ("2024-01-10", "2024-02-06"), ("2024-06-26", "2024-07-23")),
        (2025, ("2025-01-08", "2025-02-04"), ("2025-06-25", "2025-07-22")),
        (2026, ("2026-01-07", "2026-02-03"), ("2026-06-24", "2026-07-21")),
    ],
)
def test_soldes_are_when_they_were_decreed(year: int, winter: tuple[str, str], summer: tuple[str, str]) -> None:
    assert [(one.starts_on.isoformat(), one.ends_on.isoformat()) for one in soldes(year)] == [winter, summer]


def test_soldes_before_the_rule_are_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="2019"):
        soldes(2019)


def test_by_the_rule_soldes_begin_on_a_wednesday_within_its_bounds() -> None:
    for year in range(2022, 2060):
        winter, summer = soldes(year)
        assert winter.starts_on.weekday() == summer.starts_on.weekday() == 2
        assert date(year, 1, 6) <= winter.starts_on <= date(year, 1, 12)
        assert date(year, 6, 22) <= summer.starts_on <= date(year, 6, 28)
        assert all(one.ends_on - one.starts_on == timedelta(days=27) for one in (winter, summer))


def test_black_friday_follows_the_fourth_thursday() -> None:
    assert [black_friday(year).day for year in (2019, 2022, 2023, 2024, 2025, 2026)] == [29, 25, 24, 29, 28, 27]


def test_a_year_has_the_eleven_public_holidays_of_the_whole_country() -> None:
    days = {one.starts_on for one in public_holidays(2025)}
    fixed = {date(2025, month, day) for month, day in ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))}
    assert days == fixed | {date(2025, 4, 21), date(2025, 5, 29), date(2025, 6, 9)}


def test_the_file_is_what_the_rules_say() -> None:
    text = io.StringIO()
    write_periods(text, 2010, 2035)
    assert (SEEDS / "calendar__retail_periods.csv").read_text(encoding="utf-8") == text.getvalue()


def test_school_holidays_begin_on_saturdays_and_each_year_has_all_zones() -> None:
    with (SEEDS / "calendar__school_holidays.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(date.fromisoformat(row["starts_on"]).weekday() == 5 for row in rows)
    alternating = [row for row in rows if row["period_name"] in ("Hiver", "Printemps")]
    by_break: dict[tuple[str, str], set[str]] = {}
    for row in alternating:
        by_break.setdefault((row["school_year"], row["period_name"]), set()).add(row["zone"])
    assert set(map(frozenset, by_break.values())) == {frozenset("ABC")}
    assert len(by_break) == 6
    spans = sorted((row["starts_on"], row["ends_on"]) for row in rows if row["zone"] in ("A", "*"))
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


def test_a_period_that_ends_before_it_begins_is_told_by_its_line(tmp_path: Path) -> None:
    shutil.copytree(SEEDS, tmp_path / "seeds")
    file = tmp_path / "seeds" / "calendar__school_holidays.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("2023-10-21,2023-11-05", "2023-10-21,2023-10-05"), encoding="utf-8")
    with pytest.raises(UserError, match="one fault") as caught:
        check_policies(folder=tmp_path / "seeds")
    assert "calendar__school_holidays.csv:2: the period ends on 2023-10-05, before it begins" in str(caught.value.where)
