"""The gate of a build: what dbt's checks and models found, kept as a look like any other, so that people hear of it where they look.

Belongs here: a failed build as a blocked run of the gate `marts/build`, and its release by the next build that succeeds. Does not
belong here: running dbt and reading what failed (`pipelines.marts`), the rules of the marts (`marts_rules`).

A build that succeeds is kept only where the one before failed: that it works is nothing to tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pipelines.ledger.files import read_current
from pipelines.quality.accepting import allowed, use_up
from pipelines.quality.looks import GateResult, GateRun, is_news, keep, look_id, looking, newest_runs
from pipelines.settings import Home

if TYPE_CHECKING:
    from pipelines.marts.failures import Finding

SUBJECT: Final = "build"
GATE: Final = f"marts/{SUBJECT}"
_CHECK: Final = "test."
"""How the code of a rule begins that is one of dbt's checks."""


def keep_failed(home: Home, findings: Sequence[Finding], *, clock: Callable[[], datetime]) -> GateRun:
    """Let a failed build stand as a gate that blocks; returns it."""
    results = tuple(
        GateResult(
            f"{one.kind}.{one.name}", one.table or "marts", None, "block", False, 0, one.rows, one.what,
            json.dumps(one.failing, ensure_ascii=False) if one.failing else None,
        )
        for one in findings
    )  # fmt: skip
    return _keep(home, clock(), is_blocked=True, results=results)


def may_fail(home: Home) -> dict[str, int]:
    """Rows that may fail of each check by its name, because somebody accepted them."""
    return {code.removeprefix(_CHECK): rows for code, rows in allowed(home, GATE).items() if code.startswith(_CHECK)}


def use_up_passed(home: Home, failing: Collection[str]) -> None:
    """After a build: what was allowed of checks that did not find it again (all but `failing`) ends."""
    use_up(home, GATE, [f"{_CHECK}{name}" for name in may_fail(home) if name not in failing])


def keep_passed(home: Home, *, clock: Callable[[], datetime]) -> None:
    """Release the gate after a build of which nothing failed."""
    before = newest_runs(home).get(GATE)
    if before is not None and before.is_blocked:
        _keep(home, clock(), is_blocked=False, results=())


def _keep(home: Home, now: datetime, *, is_blocked: bool, results: tuple[GateResult, ...]) -> GateRun:
    current = read_current(home)
    commit_id = current.commit_id if current else None
    with looking(home):
        look = look_id(now, f"marts-{SUBJECT}", commit_id, is_blocked, [one.rule_code for one in results])
        run = GateRun(look, "marts", SUBJECT, now, commit_id, is_blocked, 0, results)
        return keep(home, look, [run], is_told=is_news(home, [run]))[0]
