"""The feeds' gates: what a feed's declaration expects, evaluated on the segments that no look has seen yet.

Belongs here: which segments are new, the rules about a delivery as a whole (refused lines, lateness, whether the newest
day is complete), one run for each feed. Does not belong here: the rules about rows (`pipelines.feeds`).

`spool/gates/seen-<feed>.json` names the units that were looked at, counts the feed's rows by day, against which a new day is
held, and what was usual of its rows, against which a share is (`shares`). What is refused lies in quarantine and not in a
segment: a file full of bad lines blocks nothing.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pipelines.durable import write_bytes_whole
from pipelines.events import ENGINE_TYPES
from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES
from pipelines.quality.batch import LookTables, engine, look_tables
from pipelines.quality.in_sql import Outcome, answer, json_of
from pipelines.quality.looks import GateResult, GateRun, hand_over, is_news, keep, look_id, looking
from pipelines.quality.rules import Rule, quoted, rules_of
from pipelines.quality.shares import Share, counted, severity_of
from pipelines.quality.suites import suite_of
from pipelines.settings import Home
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import listed, literal

REFUSED_RATE_MAX: Final = 0.05
_REFUSED_NEEDED: Final = 5
LATE_RATE_MAX: Final = 0.2
COMPLETE_RATE_MIN: Final = 0.85
_KEPT_DAYS: Final = 70
_WEEKS: Final = 8
_DAYS_NEEDED: Final = 3
_MEDIAN_NEEDED: Final = 20
"""A feed with fewer rows on such a day varies too much for a day to be called incomplete."""
_LOOK: Final = "new_deliveries"
"""One row about the look as a whole, its columns named after the feeds."""
_KEYS: Final = ("event_kind", "source_event_id", "location_code", "document_id", "document_line", "item_code", "delivery_id", "source_line")


@dataclasses.dataclass(slots=True)
class Seen:
    """What the looks at one feed have seen: units, rows by local day (the newest days), and what was usual of them by rule."""

    units: set[str]
    days: dict[date, int]
    usual: dict[str, Share] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Seen:
        """As stored; nothing where there is no file."""
        if not path.exists():
            return cls(set(), {})
        content = json.loads(path.read_bytes())
        days = {date.fromisoformat(day): rows for day, rows in content["days"].items()}
        # Written by a version before shares were held against what is usual, it has none yet.
        return cls(set(content["units"]), days, {rule: Share(*rows) for rule, rows in content.get("usual", {}).items()})

    def write(self, path: Path) -> None:
        """Store it whole."""
        days = {day.isoformat(): self.days[day] for day in sorted(self.days)[-_KEPT_DAYS:]}
        usual = {rule: dataclasses.astuple(share) for rule, share in sorted(self.usual.items())}
        write_bytes_whole(path, json.dumps({"units": sorted(self.units), "days": days, "usual": usual}).encode())


def check_feeds(home: Home, *, clock: Callable[[], datetime]) -> list[GateRun]:
    """Look at every feed with segments that no look has seen; returns one run for each, none when nothing is new."""
    with looking(home):
        seen = {feed: Seen.read(_seen_file(home, feed)) for feed in FEED_NAMES}
        known = set().union(*(one.units for one in seen.values()))
        new: dict[str, list[Manifest]] = {}
        for manifest in Spool(home.spool).new_manifests(known):
            new.setdefault(manifest.feed, []).append(manifest)
        if not new:
            return []
        runs, look, is_told = _look(home, new, seen, clock())
        runs = keep(home, look, runs, is_told=is_told)
        for feed, manifests in new.items():
            seen[feed].units |= {manifest.unit_id for manifest in manifests}
            seen[feed].write(_seen_file(home, feed))
        return runs


def forget_usual(home: Home, feed: str) -> None:
    """Learn anew what is usual of a feed: somebody said that what is unlike it is right."""
    with looking(home):
        path = _seen_file(home, feed)
        seen = Seen.read(path)
        seen.usual = {}
        seen.write(path)


def _look(home: Home, new: Mapping[str, Sequence[Manifest]], seen: Mapping[str, Seen], now: datetime) -> tuple[list[GateRun], str, bool]:
    from pipelines.ledger.files import read_current

    current = read_current(home)
    commit_id = current.commit_id if current else None
    look = look_id(now, "feeds", *sorted(manifest.unit_id for manifests in new.values() for manifest in manifests))
    with engine() as con, look_tables(home, look, con) as tables:
        rules = _tables(tables, home, new, seen)
        suites = {table: suite_of(table, of_table) for table, of_table in rules.items()}
        outcomes = {one.rule_code: one for table, suite in suites.items() for one in answer(tables, table, suite)}
        runs = []
        for feed, manifests in new.items():
            of_feed = [rule for of_table in rules.values() for rule in of_table if rule.code.startswith(f"{feed}.")]
            results = [_result(rule, outcomes[rule.code], seen[feed].usual.get(rule.code, Share())) for rule in of_feed]
            is_blocked = any(not one.is_met and one.severity == "block" for one in results)
            if not is_blocked:
                seen[feed].usual |= counted(seen[feed].usual, of_feed, outcomes)
            rows = sum(manifest.rows_in for manifest in manifests)
            runs.append(GateRun(f"{look}-{feed}", "feed", feed, now, commit_id, is_blocked, rows, tuple(results)))
        is_told = is_news(home, runs)
        return hand_over(home, tables, suites, runs, is_told=is_told), look, is_told


def _result(rule: Rule, one: Outcome, usual: Share) -> GateResult:
    return GateResult(
        rule.code, rule.table, rule.column, severity_of(rule, one, usual), one.is_met, one.rows_checked, one.rows_failed, rule.what, json_of(one.failed_rows)
    )  # fmt: skip


def _tables(tables: LookTables, home: Home, new: Mapping[str, Sequence[Manifest]], seen: Mapping[str, Seen]) -> dict[str, list[Rule]]:
    """Make the tables of a look, and say which rules are about them: each feed's events, and one row of figures about them as a whole."""
    rules: dict[str, list[Rule]] = {}
    of_look: list[Rule] = []
    figures: dict[str, str] = {"feeds": str(len(new))}
    files = _add_files(tables, home, new)
    for feed, manifests in new.items():
        if feed in FEED_BY_NAME and any(manifest.segment for manifest in manifests):
            _add_events(tables, home, feed, manifests, files)
            rules[feed] = rules_of(FEED_BY_NAME[feed], feed, _KEYS)
        figures |= {
            f"{feed}_{name}": f"cast({'null' if value is None else value} as {_look_type(name)})"
            for name, value in _figures(tables, feed, manifests, seen[feed], has_events=feed in rules).items()
        }
        of_look += look_rules(feed)
    tables.add_copy(_LOOK, "select " + ", ".join(f"{value} as {quoted(name)}" for name, value in figures.items()))
    return {**rules, _LOOK: of_look}


def _figures(tables: LookTables, feed: str, manifests: Sequence[Manifest], seen: Seen, *, has_events: bool) -> dict[str, Any]:
    """What is asked of a feed's new segments as a whole, in SQL; null where it cannot be said. Counts the new rows into `seen`."""
    is_first = not seen.units
    late, day, rows_of_day, usual = None, None, None, None
    if has_events:
        _count_days(tables, feed, seen)
        day, rows_of_day, usual = _newest_day(seen.days)
        # All that a first delivery tells of happened long ago.
        late = None if is_first else _late_rate(tables, feed, FEED_BY_NAME[feed].lateness)
    rows_in, refused = sum(one.rows_in for one in manifests), sum(one.rows_rejected for one in manifests)
    return {
        "rows": rows_in,
        "refused_rows": refused,
        # One bad line among twelve is a bad line, not a bad delivery.
        "refused_rate": refused / rows_in if refused >= _REFUSED_NEEDED else 0,
        "late_rate": late,
        "newest_day": f"'{day}'" if day else None,
        "rows_of_day": rows_of_day,
        "usual_rows": usual,
        "complete_rate": rows_of_day / usual if rows_of_day is not None and usual else None,
    }


def look_rules(feed: str) -> list[Rule]:
    """The rules about one feed's new segments as a whole; all of them warn, for an honest feed has bad days."""

    def rule(figure: str, what: str, low: float | None, high: float | None, *beside: str) -> Rule:
        column = f"{feed}_{figure}"
        keys = (*(f"{feed}_{name}" for name in beside), column)
        return Rule(f"{feed}.{figure}", _LOOK, "between", (column,), what, "warn", low=low, high=high, keys=keys)

    rules = [rule(
        "refused_rate", f"at most {REFUSED_RATE_MAX:.0%} of the rows are refused because of their form", 0, REFUSED_RATE_MAX, "rows", "refused_rows"
    )]  # fmt: skip
    if feed in FEED_BY_NAME:
        rules.append(rule("late_rate", f"at most {LATE_RATE_MAX:.0%} of the events arrive later than the feed declares", 0, LATE_RATE_MAX))
        usual = f"the newest full day has at least {COMPLETE_RATE_MIN:.0%} of the rows usual for its weekday"
        rules.append(rule("complete_rate", usual, COMPLETE_RATE_MIN, None, "newest_day", "rows_of_day", "usual_rows"))
    return rules


def _look_type(column: str) -> str:
    return "varchar" if column == "newest_day" else "double" if column.endswith("_rate") or column == "usual_rows" else "bigint"


def _add_files(tables: LookTables, home: Home, new: Mapping[str, Sequence[Manifest]]) -> str:
    """The new segments with their delivery and when it became known; returns the query that reads them."""
    spool = Spool(home.spool)
    rows = [
        f"({literal(spool.segment_path(feed, one.segment).resolve())}, '{one.delivery_id}', timestamptz '{one.known_at}' at time zone 'UTC')"
        for feed, manifests in new.items()
        for one in manifests
        if one.segment
    ]
    values = f"values {', '.join(rows)}" if rows else "select '', '', timestamp '1970-01-01' where false"
    return tables.add_copy("files", f"select * from ({values}) as files(path, delivery_id, known_at)")


def _add_events(tables: LookTables, home: Home, feed: str, manifests: Sequence[Manifest], files: str) -> None:
    """The feed's new events: the columns that are asked for, there or not, the delivery, and when it became known."""
    spool = Spool(home.spool)
    paths = [spool.segment_path(feed, one.segment).resolve() for one in manifests if one.segment]
    read = f"read_parquet([{listed(paths)}], union_by_name = true, filename = true)"
    there = {row[0] for row in tables.execute(f"describe select * from {read}").fetchall()}
    asked = {*_KEYS, *_DAY_COLUMNS, *(column for one in FEED_BY_NAME[feed].expectations for column in one.columns)}
    columns = [
        quoted(name) if name in there else f"cast(null as {kind}) as {quoted(name)}" for name, kind in ENGINE_TYPES.items() if name in asked
    ]
    tables.add_lasting(
        feed,
        f"select {', '.join(columns)}, files.delivery_id, files.known_at from {read} as segments"
        f" join ({files}) as files on files.path = segments.filename",
    )


_DAY_COLUMNS: Final = ("business_on", "occurred_at", "occurred_offset_minutes")
_LOCAL_DAY: Final = "coalesce(business_on, cast(occurred_at + to_minutes(coalesce(occurred_offset_minutes, 0)) as date))"


def _count_days(tables: LookTables, feed: str, seen: Seen) -> None:
    for day, rows in tables.execute(f"select {_LOCAL_DAY}, count(*) from {quoted(feed)} group by 1").fetchall():
        seen.days[day] = seen.days.get(day, 0) + rows


def _late_rate(tables: LookTables, feed: str, lateness: timedelta) -> float | None:
    at = "occurred_at"  # without an offset it is local, hours off at most: good enough for a share
    late = f"known_at - {at} > to_seconds({int(lateness.total_seconds())})"
    rate = tables.execute(f"select avg(case when {late} then 1.0 else 0.0 end) from {quoted(feed)}").fetchall()[0][0]
    return None if rate is None else float(rate)


def _newest_day(days: Mapping[date, int]) -> tuple[date | None, int | None, float | None]:
    """The newest day that another one has followed, its rows, and the median of the same weekday in the weeks before.

    >>> monday = date(2026, 3, 2)
    >>> days = {monday + timedelta(weeks=week): 100 for week in range(4)} | {monday + timedelta(weeks=4): 40}
    >>> _newest_day(days | {monday + timedelta(days=29): 3})
    (datetime.date(2026, 3, 30), 40, 100.0)
    """
    whole = sorted(days)[:-1]
    if not whole:
        return None, None, None
    day = whole[-1]
    before = [rows for week in range(1, _WEEKS + 1) if (rows := days.get(day - timedelta(weeks=week))) is not None]
    usual = statistics.median(before) if len(before) >= _DAYS_NEEDED else None
    return day, days[day], usual if usual is not None and usual >= _MEDIAN_NEEDED else None


def _seen_file(home: Home, feed: str) -> Path:
    return home.spool / "gates" / f"seen-{feed}.json"
