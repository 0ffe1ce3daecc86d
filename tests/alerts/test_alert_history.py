"""One row an alert however often it is seen: opened, more severe, resolved, back again, and the same after a rebuild."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import keeping, stages
from pipelines.alerts.watch import FRESH_SECONDS, QUIET_SECONDS, _require_once, look, look_closely, raise_alert, resolve_alert
from pipelines.errors import UserError
from pipelines.processes.looks import Looks
from pipelines.publish.reader import run_sql
from pipelines.settings import Home
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms

pytestmark = pytest.mark.timeout(900)  # the fixture builds a whole home

STEPS: tuple[dict[str, list[dict[str, Any]]], ...] = (
    {"pos/2.jsonl": [pos("2", 1, "sale", "2026-03-03T10:00:00", "TEE", 1)]},
    {"wms/2.jsonl": [wms("20", "count", "2026-03-03T11:00:00", "DC", "MUG", 5)]},
    {"supply/1.jsonl": [{
        "event_kind": "po_created", "document_id": "PO1", "document_line": 1, "supplier_code": "SUP", "location_code": "PAR", "item_code": "TEE",
        "quantity": 6, "occurred_at": "2026-03-03T12:00:00+01:00", "due_at": "2026-03-20T12:00:00+01:00",
    }]},
    {"wms/3.jsonl": [
        wms("30", "receipt", "2026-03-04T08:00:00", "PAR", "TEE", 6, ref_document_kind="po", ref_document_id="PO1", ref_document_line="1"),
        wms("31", "putaway", "2026-03-04T09:00:00", "PAR", "TEE", 6),
    ]},
    {"pos/3.jsonl": [pos("3", 1, "sale", "2026-03-05T10:00:00", "TEE", 6)]},
)  # fmt: skip
"""Sold out; something else; more is ordered; it comes; sold out again."""

OPENING = {
    "wms/1.jsonl": [
        wms("10", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 2),
        wms("11", "opening", "2026-03-01T08:00:00", "DC", "MUG", 5),
    ],
    "pos/1.jsonl": [pos("1", 1, "sale", "2026-03-02T10:00:00", "TEE", 1)],
}
_SQL = """
select alert_code, item_code, location_code, severity, state, first_seen_at, last_seen_at, resolved_at, n_looks, alert_id
from ops.alerts where {where} order by first_seen_at, alert_id"""


def alerts(home: Home, where: str = "alert_code = 'stockout' and item_code = 'TEE'") -> list[dict[str, Any]]:
    found = run_sql(home, _SQL.format(where=where))
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def now(home: Home) -> list[tuple[Any, ...]]:
    return run_sql(home, "select alert_code, severity, what from ops.alerts_now order by all").rows


def of_the_ledger(home: Home) -> list[tuple[Any, ...]]:
    return [row for row in now(home) if row[0] != "gate_failed"]


_OF_THE_LEDGER = "alert_code <> 'gate_failed'"
"""A gate tells of what was new when it looked: that does depend on when it looked, and a build looks."""


def written(home: Home, kind: str = "alerts") -> int:
    folder = home.spool / kind
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def looked_at(home: Home) -> datetime:
    ((at,),) = run_sql(home, "select max(looked_at) from ledger.alert_looks").rows
    assert isinstance(at, datetime)
    return at


def stored_otherwise(home: Home) -> list[tuple[Any, ...]]:
    """Open alerts that the table has and the tables do not raise, the other way round, or with other words and figures.

    Those that only programs raise are left out.
    """
    compared = "alert_key, alert_code, severity, item_id, location_id, channel_id, supplier_id, subject, what, figures"
    stored = f"select {compared} from ops.alerts where state = 'open' and alert_code <> 'run_failed'"
    now = f"select {compared} from ops.alerts_now"
    return run_sql(home, f"(({stored}) except ({now})) union all (({now}) except ({stored}))").rows


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallHome, list[list[dict[str, Any]]], list[datetime]]:
    """The home after all steps, and after each what its alerts were, and when it was known."""
    small = SmallHome(tmp_path_factory.mktemp("history"))
    small.deliver(**OPENING)
    stages.build(small.home, clock=lambda: KNOWN_AT + timedelta(hours=1))
    after, times = [alerts(small.home)], [KNOWN_AT]
    for step in STEPS:
        times.append(small.deliver(**step))
        after.append(alerts(small.home))
        assert stored_otherwise(small.home) == []
    return small, after, times


def test_an_alert_is_one_row_from_when_it_came_to_when_it_was_over(told: Any) -> None:
    _, after, times = told
    assert after[0] == []
    (opened,), (again,), (ordered,), (over,) = after[1:5]
    assert (opened["severity"], opened["state"], opened["first_seen_at"], opened["n_looks"]) == ("critical", "open", times[1], 1)
    assert (again["alert_id"], again["first_seen_at"], again["last_seen_at"], again["n_looks"]) == (
        opened["alert_id"],
        times[1],
        times[2],
        2,
    )
    assert (ordered["alert_id"], ordered["severity"], ordered["first_seen_at"]) == (opened["alert_id"], "warning", times[1])
    assert (over["alert_id"], over["state"], over["resolved_at"], over["n_looks"]) == (opened["alert_id"], "resolved", times[4], 3)
    assert over["last_seen_at"] == times[3]


def test_one_that_comes_back_is_another_alert(told: Any) -> None:
    _, after, times = told
    first, second = after[5]
    assert (first["state"], second["state"]) == ("resolved", "open")
    assert first["alert_id"] != second["alert_id"]
    assert second["first_seen_at"] == times[5]


def test_looking_again_at_the_same_writes_nothing(told: Any) -> None:
    small, _, times = told
    before = written(small.home), written(small.home, "looks")
    for seconds in (0.0, FRESH_SECONDS - 1):
        assert look(small.home, clock=lambda later=seconds: times[5] + timedelta(seconds=later)) == len(now(small.home))
    assert (written(small.home), written(small.home, "looks")) == before


def test_a_later_look_at_the_same_takes_the_place_of_the_one_before_and_once_an_hour_is_history(told: Any) -> None:
    small, _, times = told
    before = written(small.home)
    for seconds, more in ((QUIET_SECONDS - 1, 0), (QUIET_SECONDS, 1)):
        at = times[5] + timedelta(seconds=seconds)
        assert look_closely(small.home, clock=lambda at=at: at) == (len(now(small.home)), True)
        assert written(small.home) == before + more
        stages.publish(small.home, clock=lambda at=at: at)
        assert looked_at(small.home) == at
        assert written(small.home, "looks") == 1
        assert len(small.current["tables"]["alert_looks"]["files"]) == 1
        assert stored_otherwise(small.home) == []


def test_reading_what_looks_stored_plans_a_tenth_of_what_computing_it_does(told: Any) -> None:
    def steps(table: str) -> int:
        ((_, plan),) = run_sql(told[0].home, f"explain (format json) select * from {table}").rows
        return str(plan).count('"name"')

    assert steps("ops.alerts") * 10 < steps("ops.alerts_now")


def test_two_alerts_of_one_key_are_a_fault_that_is_named() -> None:
    one = {"alert_id": "a", "what": "TEE at PAR is out of stock", "figures": "{}"}
    _require_once([one, one | {"alert_id": "b"}])
    with pytest.raises(UserError, match="alert_key"):
        _require_once([one, dict(one)])


def test_what_somebody_outside_tells_stays_until_it_is_taken_back(told: Any) -> None:
    small, _, times = told
    where = "alert_code = 'run_failed'"

    def clock() -> datetime:
        return times[5] + timedelta(hours=1)

    def told_again() -> str:
        return raise_alert(
            small.home, code="run_failed", subject="job", severity="critical", what="it failed", figures={"run": 7}, clock=clock
        )

    first = told_again()
    before = written(small.home)
    assert told_again() == first
    assert written(small.home) == before  # the same again, before anybody took the first
    with stages.owner_of(small.home, clock=clock) as owner:
        owner.ask("publish")
        stages.watch_alerts(small.home, owner, clock=clock)
    ((found),) = alerts(small.home, where)
    assert (found["state"], found["severity"], found["alert_id"]) == ("open", "critical", first)
    assert resolve_alert(small.home, code="run_failed", subject="job", clock=clock)
    assert not resolve_alert(small.home, code="run_failed", subject="job", clock=clock)
    second = told_again()
    stages.publish(small.home, clock=clock)
    assert {row["alert_id"]: row["state"] for row in alerts(small.home, where)} == {first: "resolved", second: "open"}


def test_alerts_do_not_depend_on_the_order_of_deliveries_and_a_rebuild_keeps_their_history(told: Any, tmp_path: Path) -> None:
    small, _, times = told
    other = SmallHome(tmp_path)
    for step in reversed((OPENING, *STEPS)):
        other.deliver(**step)
    stages.build(other.home, clock=lambda: times[5])
    stages.build(small.home, clock=lambda: times[5])  # both know the demand of the last day: what is asked for is as of the build
    mine, before = of_the_ledger(small.home), alerts(small.home, _OF_THE_LEDGER)
    assert mine and before
    assert of_the_ledger(other.home) == mine
    keeping.rebuild(small.home, clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))
    assert alerts(small.home, _OF_THE_LEDGER) == before
    assert of_the_ledger(small.home) == mine


def test_a_delivery_beside_a_standing_owner_waits_for_no_look_and_the_looks_beside_it_find_it(told: Any) -> None:
    small, _, _ = told
    before = looked_at(small.home)
    with stages.owner_of(small.home, clock=lambda: before + timedelta(hours=9)) as owner:
        small.deliver(**{"wms/9.jsonl": [wms("90", "count", "2026-03-06T11:00:00", "DC", "MUG", 0)]})
        ((version,),) = run_sql(small.home, "select version from ops.publication").rows
        assert looked_at(small.home) == before
        stopping = threading.Event()
        thread = threading.Thread(target=Looks(small.home, owner, lambda: before + timedelta(hours=10), stopping).run)
        thread.start()
        until = time.monotonic() + 60
        while looked_at(small.home) == before and time.monotonic() < until:
            time.sleep(0.2)
        stopping.set()
        thread.join()
    assert looked_at(small.home) == before + timedelta(hours=10)
    assert stored_otherwise(small.home) == []
    assert run_sql(small.home, "select version from ops.publication").rows > [(version,)]
