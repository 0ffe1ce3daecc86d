"""The gates, as everybody else calls them.

Belongs here: names. Does not belong here: how feeds and marts are looked at (`feed_gates`, `marts_gate`), or what stands of
it (`looks`). Importing this loads no engine.
"""

from pipelines.quality.feed_gates import check_feeds
from pipelines.quality.looks import GateBlocked, GateResult, GateRun, blocked_by, newest_runs, require_feeds_open, require_open
from pipelines.quality.marts_gate import check_marts

__all__ = [
    "GateBlocked",
    "GateResult",
    "GateRun",
    "blocked_by",
    "check_feeds",
    "check_marts",
    "newest_runs",
    "preload",
    "require_feeds_open",
    "require_open",
]


def preload() -> None:
    """Load the engine now, while nobody waits."""
    from pipelines.quality import _gx

    _gx.load()
