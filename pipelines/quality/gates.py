"""The gates, as everybody else calls them.

Belongs here: names. Does not belong here: how feeds, marts and builds are looked at (`feed_gates`, `marts_gate`, `build_gate`), or
what stands of it (`looks`). Importing this loads no engine but DuckDB.
"""

from pipelines.quality.accepting import allow
from pipelines.quality.build_gate import keep_failed, keep_passed, may_fail, use_up_passed
from pipelines.quality.feed_gates import check_feeds, forget_usual
from pipelines.quality.looks import (
    GateBlocked,
    GateResult,
    GateRun,
    blocked_by,
    blocked_named,
    newest_runs,
    report_in_words,
    require_feeds_open,
    require_open,
)
from pipelines.quality.marts_gate import check_marts

__all__ = [
    "GateBlocked",
    "GateResult",
    "GateRun",
    "allow",
    "blocked_by",
    "blocked_named",
    "check_feeds",
    "check_marts",
    "forget_usual",
    "keep_failed",
    "keep_passed",
    "may_fail",
    "newest_runs",
    "report_in_words",
    "require_feeds_open",
    "require_open",
    "use_up_passed",
]
