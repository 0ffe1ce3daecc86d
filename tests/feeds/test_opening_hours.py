"""Opening hours: what the form says of a week, and what is none."""

from __future__ import annotations

import pytest

from pipelines.feeds.reading.hours import is_opening_hours, week_of


def test_a_later_rule_replaces_an_earlier_one_on_its_days_and_days_without_are_closed() -> None:
    week = week_of("Mo-Sa 09:00-19:30; Mo,We off; Sa 10:00-12:00, 14:00-18:00")
    assert week == ((), ((540, 1170),), (), ((540, 1170),), ((540, 1170),), ((600, 720), (840, 1080)), ())


def test_days_may_go_over_the_week_and_hours_over_midnight() -> None:
    assert [bool(day) for day in week_of("Sa-Mo 18:00-02:00")] == [True, False, False, False, False, True, True]
    assert week_of("Fr 18:00-24:00,00:00-02:00")[4] == ((1080, 1440), (0, 120))
    assert week_of("Su 22:00-04:00")[6] == ((1320, 1680),)


@pytest.mark.parametrize(
    "text",
    [
        "", "9-19", "Mo-Fr 9:00-19:00", "Mo-Fr 09:00", "Mo-Fr 09:00-25:00", "Lu-Ve 09:00-19:00", "Mo-Fr 09:00-19:00 Sa off", "Mo 09:00-09:00",
        "Mo 14:00-18:00,09:00-12:00", "PH off",
    ],
)  # fmt: skip
def test_what_cannot_be_read_for_sure_is_refused(text: str) -> None:
    assert not is_opening_hours(text)
