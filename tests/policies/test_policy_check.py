"""Bad policies: each is refused before a build, with its file, its line, the value and what to do; all of them at once."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.policies.calendars import read_calendar
from pipelines.policies.check import check_policies
from pipelines.settings import DBT_PROJECT

TARGETS = "policy__service_targets"
PLANNING = "policy__planning"
BUFFERS = "policy__buffers"
KPIS = "kpi__targets"
CALENDARS = "policy__calendars"


class Folder:
    """A copy of the project's policies, to be spoiled line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(DBT_PROJECT / "seeds", path)

    def add(self, name: str, **cells: str) -> int:
        """Add a line; cells left out are empty. Returns its number."""
        file = self.path / f"{name}.csv"
        lines = file.read_text(encoding="utf-8").rstrip("\n").splitlines()
        columns = lines[0].split(",")
        assert set(cells) <= set(columns)
        lines.append(",".join(cells.get(column, "") for column in columns))
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return len(lines)

    def write(self, name: str, text: str) -> None:
        (self.path / f"{name}.csv").write_text(text, encoding="utf-8")

    def header(self, name: str) -> str:
        return (self.path / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]

    def check(self) -> list[str]:
        return check_policies(folder=self.path)

    def refused(self) -> list[str]:
        """The lines of what is wrong."""
        with pytest.raises(UserError) as refused:
            self.check()
        assert refused.value.exit_code == 1
        assert refused.value.next_step
        return [line.strip() for line in (refused.value.where or "").splitlines()][1:]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "policies")


def test_the_policies_of_the_project_can_be_used() -> None:
    assert check_policies() == []


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        (TARGETS, {"policy_code": "odd", "service_target_rate": "-0.5"}, "service_target_rate must be strictly between 0 and 1, but is -0.5"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "1"}, "service_target_rate must be strictly between 0 and 1, but is 1.0"),
        (TARGETS, {"policy_code": "odd"}, "service_target_rate is empty"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "lots"}, "service_target_rate is not a number: 'lots'"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "NaN"}, "service_target_rate is not a number: 'NaN'"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "0.9", "priority": "1.5"}, "priority is not a whole number: '1.5'"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "0.9", "valid_from": "31.03.2026"}, "valid_from is not a day: '31.03.2026'"),
        (TARGETS, {"policy_code": "odd", "service_target_rate": "0.9", "valid_from": "2026-03-02", "valid_to": "2026-03-01"}, "valid_to 2026-03-01 is not after"),
        (BUFFERS, {"buffer_code": "odd", "buffer_kind": "exclude", "valid_from": "2026-03-02", "valid_to": "2026-03-02"}, "valid_to 2026-03-02 is not after"),
        (TARGETS, {"service_target_rate": "0.9", "category": "toys"}, "policy_code is empty"),
        (PLANNING, {"policy_code": "odd", "method": "magic"}, "method must be one of auto, simple, normal_ltd, combined, but is magic"),
        (PLANNING, {"policy_code": "odd", "review_days": "-1"}, "review_days must not be negative, but is -1"),
        (PLANNING, {"policy_code": "odd", "cover_days": "0"}, "cover_days must be at least 1, but is 0"),
        (BUFFERS, {"buffer_code": "odd", "buffer_kind": "some"}, "buffer_kind is 'some'"),
        (BUFFERS, {"buffer_code": "odd", "buffer_kind": "units", "buffer_units": "-2"}, "a buffer of units with buffer_units -2"),
        (BUFFERS, {"buffer_code": "odd", "buffer_kind": "rate", "buffer_rate": "1.5"}, "a buffer of a rate with buffer_rate 1.5"),
        (BUFFERS, {"buffer_code": "odd", "buffer_kind": "exclude", "buffer_units": "1"}, "an exclusion with a quantity"),
        (KPIS, {"kpi_code": "oos_rate_ref", "grain_kind": "all", "target_operator": "<", "target_value": "1"}, "no KPI is called 'oos_rate_ref'"),
        (KPIS, {"kpi_code": "oos_rate_refs", "grain_kind": "supplier", "target_operator": "<", "target_value": "1"}, "oos_rate_refs is not computed by supplier"),
        (KPIS, {"kpi_code": "oos_rate_refs", "grain_kind": "channel", "target_operator": "=", "target_value": "1"}, "target_operator is '='"),
        (KPIS, {"kpi_code": "oos_rate_refs", "grain_kind": "channel", "target_operator": "<", "target_value": "-0.02"}, "target_value is negative: -0.02"),
        (KPIS, {"kpi_code": "oos_rate_refs", "grain_kind": "channel", "target_operator": "<"}, "target_value is empty"),
        ("policy__parameters", {"parameter_code": "abc_z_rate", "parameter_value": "1"}, "no parameter is called 'abc_z_rate'"),
        (CALENDARS, {"calendar_code": "winter", "open_day": "mon", "is_open": "false"}, "the calendar winter has no open day"),
        (CALENDARS, {"calendar_code": "site", "open_day": "monday", "is_open": "true"}, "open_day is not a day: 'monday'"),
        (CALENDARS, {"calendar_code": "site", "open_day": "mon", "is_open": "false"}, "the calendar site already has mon in line 2"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_by_file_line_and_value(folder: Folder, name: str, cells: dict[str, str], said: str) -> None:
    line = folder.add(name, **cells)
    (fault,) = folder.refused()
    assert fault.startswith(f"{name}.csv:{line}: {said}")
    assert fault.count(": ") >= 2  # what to do follows


def test_all_faults_are_named_at_once(folder: Folder) -> None:
    folder.add(TARGETS, policy_code="one", category="lamps", service_target_rate="2")
    folder.add(TARGETS, policy_code="two", category="toys", service_target_rate="3")
    folder.add(BUFFERS, buffer_code="three", buffer_kind="some")
    assert [fault.split(":")[0] for fault in folder.refused()] == [
        "policy__buffers.csv",
        "policy__service_targets.csv",
        "policy__service_targets.csv",
    ]


def test_a_file_that_is_missing_empty_or_lacks_a_column_says_so(folder: Folder) -> None:
    (folder.path / f"{BUFFERS}.csv").unlink()
    folder.write(TARGETS, "")
    folder.write(PLANNING, folder.header(PLANNING).replace("priority,", "prio,") + "\n")
    faults = folder.refused()
    assert faults[0].startswith("policy__buffers.csv: the file is missing")
    assert faults[1].startswith("policy__planning.csv:1: the column priority is missing: the header is: policy_code,priority,")
    assert faults[2].startswith("policy__planning.csv:1: 'prio' is not a column of this file")
    assert faults[3].startswith("policy__service_targets.csv: the header is missing")


def test_cells_too_many_and_bytes_that_are_no_text_are_refused(folder: Folder) -> None:
    folder.write(TARGETS, folder.header(TARGETS) + "\na,1,,,\n")
    (folder.path / f"{BUFFERS}.csv").write_bytes(b"\xff\xfe")
    assert [fault.partition(" (")[0] for fault in folder.refused()] == [
        "policy__buffers.csv: byte 0 is not UTF-8",
        "policy__service_targets.csv:2: 5 cells, the header has 15: quote cells that hold a comma, or add what is missing",
    ]


def test_a_spreadsheets_byte_order_mark_and_quoted_line_breaks_are_fine(folder: Folder) -> None:
    header = folder.header(TARGETS)
    text = f'\ufeff{header}\nall,1000,,,,,,,,,0.95,me,"two\nlines",,\nodd,1,,,,,,,A,,7,me,,,\n'
    folder.write(TARGETS, text)
    (fault,) = folder.refused()
    assert fault.startswith("policy__service_targets.csv:4: service_target_rate")


def test_two_that_match_exactly_the_same_are_refused(folder: Folder) -> None:
    line = folder.add(TARGETS, policy_code="class-a-too", priority="100", abc_class="A", service_target_rate="0.9")
    (fault,) = folder.refused()
    assert fault == (
        f"policy__service_targets.csv:{line}: class-a-too matches exactly what class-a of line 2 matches, with the same priority: "
        "remove one, or let one end (valid_to) before the other begins (valid_from)"
    )


def test_one_that_ends_when_the_other_begins_is_no_conflict(folder: Folder) -> None:
    folder.add(TARGETS, policy_code="old", priority="5", category="toys", service_target_rate="0.9", valid_to="2026-03-01")
    folder.add(TARGETS, policy_code="new", priority="5", category="toys", service_target_rate="0.8", valid_from="2026-03-01")
    for name, cells in (
        (KPIS, {"kpi_code": "oos_rate_refs", "grain_kind": "channel", "grain_code": "web", "target_operator": "<", "target_value": "0.1"}),
        (BUFFERS, {"channel_code": "web", "buffer_kind": "units", "buffer_units": "1"}),
    ):
        code = [{"buffer_code": one} if name == BUFFERS else {} for one in ("old", "new")]
        folder.add(name, **cells, **code[0], valid_to="2026-03-01")
        folder.add(name, **cells, **code[1], valid_from="2026-03-01")
    assert folder.check() == []


def test_the_same_code_twice_is_refused(folder: Folder) -> None:
    line = folder.add(PLANNING, policy_code="default", priority="5", category="toys", cover_days="7")
    (fault,) = folder.refused()
    assert fault.startswith(f"policy__planning.csv:{line}: policy_code default is already in line 2")


def test_a_target_twice_for_the_same_days_is_refused(folder: Folder) -> None:
    cells = {"kpi_code": "oos_rate_refs", "grain_kind": "channel", "grain_code": "web", "target_operator": "<", "target_value": "0.1"}
    folder.add(KPIS, **cells, valid_to="2026-07-01")
    line = folder.add(KPIS, **cells, valid_from="2026-06-30")
    (fault,) = folder.refused()
    assert fault.startswith(f"kpi__targets.csv:{line}: oos_rate_refs matches exactly what oos_rate_refs of line")


def test_two_that_may_both_match_go_by_the_documented_precedence_and_it_is_said(folder: Folder) -> None:
    folder.add(TARGETS, policy_code="toys", priority="50", category="toys", service_target_rate="0.9")
    line = folder.add(TARGETS, policy_code="centres", priority="50", location_kind="dc", service_target_rate="0.8")
    (remark,) = folder.check()
    assert remark.startswith(
        f"policy__service_targets.csv:{line}: " if remark.count("centres (line") == 0 else "policy__service_targets.csv:"
    )
    assert "may both match, with the same priority: centres wins: first the smaller priority number, then the one that names more" in remark


def test_a_class_that_demand_never_has_is_refused(folder: Folder) -> None:
    line = folder.add(TARGETS, policy_code="tops", priority="5", abc_class="a", service_target_rate="0.5")
    other = folder.add(PLANNING, policy_code="odd", priority="5", demand_class="sporadic", method="simple")
    assert folder.refused() == [
        f"policy__planning.csv:{other}: demand_class is 'sporadic': use one of smooth, erratic, intermittent, lumpy, or leave it empty for all",
        f"policy__service_targets.csv:{line}: abc_class is 'a': use one of A, B, C, or leave it empty for all",
    ]


def test_a_line_that_another_always_beats_is_told_of(folder: Folder) -> None:
    line = folder.add(TARGETS, policy_code="never", priority="2000", service_target_rate="0.5")
    (remark,) = folder.check()
    assert remark.startswith(
        f"policy__service_targets.csv:{line}: never matches exactly what default of line 5 matches, which has the smaller priority number"
    )


def test_policies_may_lie_elsewhere(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    line = folder.add(TARGETS, policy_code="odd", service_target_rate="2")
    monkeypatch.setenv("PARSTOCK_POLICY_DIR", str(folder.path))
    with pytest.raises(UserError, match=f"policy__service_targets.csv:{line}: "):
        check_policies()


def test_a_day_beats_its_weekday_and_what_no_line_names_is_closed(folder: Folder) -> None:
    folder.write(CALENDARS, "calendar_code,open_day,is_open,author,reason\nsite,mon,true,me,\nsite,2026-08-10,false,me,summer break\n")
    calendar = read_calendar("site", project=DBT_PROJECT, folder=folder.path)
    assert calendar.is_open(date(2026, 8, 3))
    assert calendar.closed_because(date(2026, 8, 10)) == "summer break"
    assert calendar.closed_because(date(2026, 8, 11)) == "Tuesday"
    with pytest.raises(UserError, match="the calendar other cannot be used"):
        read_calendar("other", project=DBT_PROJECT, folder=folder.path)
