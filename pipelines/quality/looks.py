"""What gates found: the records, the error that a blocking one raises, and how they stand in the spool.

Belongs here: `GateRun`, `GateResult`, `GateBlocked`; handing looks to the ledger (`spool/gates/<look>/`), and the newest
look of every gate (`spool/gates/newest.json`), which says who is blocked; where their reports go. Does not belong here:
looking, writing reports (`_gx`).

A look that finds what the look before it found is handed on at most every few minutes: a stream is looked at every half
minute, and its history need not hold a line for each.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pipelines.durable import write_bytes_whole
from pipelines.errors import UserError
from pipelines.quality.accepting import accepted_runs
from pipelines.quality.batch import Decided, LookTables, is_waiting
from pipelines.quality.rules import Severity
from pipelines.quality.suites import SUITES_FOLDER, Suite, show_suites
from pipelines.settings import Home, Settings

RETOLD_AFTER: Final = timedelta(minutes=5)
"""A look that says nothing new is handed on again after this time."""
KEPT_LOOKS: Final = 200
"""Folders of looks that stay in the spool; the ledger has them all."""
KEPT_REPORTS: Final = 20
_SHOWN_ROWS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True)
class GateResult:
    """What one rule found. `failed_rows` is JSON, the first rows that break it; null where it is met."""

    rule_code: str
    table_name: str
    column_name: str | None
    severity: Severity
    is_met: bool
    rows_checked: int
    rows_failed: int
    what: str
    failed_rows: str | None = None

    @property
    def rows_in_words(self) -> str:
        """How many rows break it, of those that it counts.

        >>> GateResult("r", "pos", "unit_price_amount", "block", False, 1, 1, "").rows_in_words
        '1 of 1 rows with unit_price_amount break it'
        """
        if self.rows_checked < self.rows_failed:  # dbt counts only those that break it
            return f"{self.rows_failed:,} rows break it"
        counted = f"rows with {self.column_name}" if self.column_name and not self.rule_code.endswith("not_null") else "rows"
        return f"{self.rows_failed:,} of {self.rows_checked:,} {counted} break it"


@dataclasses.dataclass(frozen=True, slots=True)
class GateRun:
    """One look of one gate. `subject` is the feed, `marts` (what they hold) or `build` (what dbt checks while it builds them).

    `report` is the page that Great Expectations writes about it some seconds after the look, so it may not be there yet
    (`report_in_words`); null where none will be (`PARSTOCK_GX=off`).
    """

    gate_run_id: str
    gate_kind: Literal["feed", "marts"]
    subject: str
    checked_at: datetime
    subject_commit_id: int | None
    is_blocked: bool
    rows_checked: int
    results: tuple[GateResult, ...] = ()
    report: Path | None = None

    @property
    def name(self) -> str:
        """Kind and subject: `feed/pos`, `marts/marts`."""
        return f"{self.gate_kind}/{self.subject}"

    @property
    def failed(self) -> list[GateResult]:
        """Rules that are not met, blocking ones first."""
        return sorted((one for one in self.results if not one.is_met), key=lambda one: one.severity != "block")

    def says_the_same_as(self, other: GateRun) -> bool:
        """Whether both found the same; times, counts of sound rows and reports aside."""

        def findings(run: GateRun) -> list[tuple[Any, ...]]:
            return [(one.rule_code, one.severity, one.is_met, one.rows_failed if not one.is_met else 0) for one in run.results]

        return self.is_blocked == other.is_blocked and findings(self) == findings(other)

    def to_json(self) -> dict[str, Any]:
        """The run in JSON's types."""
        content = dataclasses.asdict(self)
        return content | {"checked_at": self.checked_at.astimezone(UTC).isoformat(), "report": str(self.report) if self.report else None}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> GateRun:
        """The run that `to_json` wrote."""
        return cls(**content | {
            "checked_at": datetime.fromisoformat(content["checked_at"]), "report": Path(content["report"]) if content["report"] else None,
            "results": tuple(GateResult(**one) for one in content["results"]),
        })  # fmt: skip


class GateBlocked(UserError):
    """Data is not good enough to decide from. `runs` are the looks that block."""

    def __init__(self, runs: Sequence[GateRun]) -> None:
        self.runs = list(runs)
        names = list(dict.fromkeys(f"feed {run.subject}" if run.gate_kind == "feed" else "the marts" for run in self.runs))
        broken = [(run, one) for run in self.runs for one in run.failed if one.severity == "block"]
        lines = []
        for run, one in broken:
            lines.append(f"{one.rule_code} ({one.table_name}): {one.what}" + (f"; {one.rows_in_words}" if one.rows_failed else ""))
            lines += [_row_in_words(row) for row in json.loads(one.failed_rows or "[]")[:_SHOWN_ROWS]]
            if run.report and one is run.failed[0]:
                lines.append(f"report {run.report}" + ("" if run.report.exists() else " (still being written)"))
        fix = (
            "the next good delivery of the feed releases it"
            if any(run.gate_kind == "feed" for run in self.runs)
            else "correct it and build again"
        )
        accepting = [
            f'parstock gates --accept {run.gate_run_id} --reason "…"' for run in self.runs if any(one.rows_failed for one in run.failed)
        ]
        passing = f", or let it pass: {'; '.join(accepting)}" if accepting else ""
        super().__init__(
            f"a gate blocks: {', '.join(names)}", where="\n         ".join(lines) or None,
            next_step=f"parstock gates; {fix}{passing}; until then the marts, the published tables and the plan stay as they are", exit_code=1,
        )  # fmt: skip


def _row_in_words(row: dict[str, Any]) -> str:
    return "  " + ", ".join(f"{name} {'∅' if value is None else value}" for name, value in row.items())


@contextmanager
def looking(home: Home) -> Iterator[None]:
    """Held while somebody looks: one at a time, however many processes do."""
    home.run.mkdir(parents=True, exist_ok=True)
    with (home.run / "gates.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def look_id(checked_at: datetime, subject: str, *parts: object) -> str:
    """Name of a look: the instant, sortable, what was looked at, and a hash of what went in."""
    digest = hashlib.sha256(repr((checked_at, subject, parts)).encode()).hexdigest()[:12]
    return f"{checked_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{subject}-{digest}"


def newest_runs(home: Home) -> dict[str, GateRun]:
    """The newest look of every gate, by kind and subject."""
    path = _newest_file(home)
    if not path.exists():
        return {}
    return _runs(home, json.loads(path.read_bytes())["runs"])


def blocked_by(home: Home) -> list[GateRun]:
    """Gates whose newest look blocks, and was not accepted; none: go on."""
    blocking = [run for _, run in sorted(newest_runs(home).items()) if run.is_blocked]
    accepted = accepted_runs(home) if blocking else set()
    return [run for run in blocking if run.gate_run_id not in accepted]


def blocked_named(home: Home, name: str) -> GateRun:
    """The look that blocks and has this id or gate (`marts/build`). Raises UserError where none has, or where it cannot be accepted."""
    blocking = blocked_by(home)
    found = next((run for run in blocking if name in (run.gate_run_id, run.name)), None)
    if found is None:
        they = ", ".join(run.gate_run_id for run in blocking) or "none does"
        raise UserError(f"no gate blocks by {name!r}", where=f"gates that block: {they}", next_step="parstock gates")
    if broken := [one.rule_code for one in found.failed if one.severity == "block" and not one.rows_failed]:
        raise UserError(
            f"what cannot be built cannot be accepted: {', '.join(broken)}",
            where=found.gate_run_id,
            next_step="correct the model, then parstock build",
        )
    return found


def require_open(home: Home) -> None:
    """Raise GateBlocked while a gate blocks."""
    if blocking := blocked_by(home):
        raise GateBlocked(blocking)


def require_feeds_open(home: Home) -> None:
    """Raise GateBlocked while a feed's gate blocks; that of the marts is asked anew by every build."""
    if blocking := [run for run in blocked_by(home) if run.gate_kind == "feed"]:
        raise GateBlocked(blocking)


def is_news(home: Home, runs: Sequence[GateRun]) -> bool:
    """Whether a look has to be handed on: it found something else than the one before it, or that was a while ago."""
    told = _told(home)
    accepted = accepted_runs(home) if any(run.is_blocked for run in runs) else set()
    for run in runs:
        before = told.get(run.name)
        if (
            before is None
            or before.gate_run_id in accepted
            or not run.says_the_same_as(before)
            or not timedelta(0) <= run.checked_at - before.checked_at < RETOLD_AFTER
        ):
            return True
    return False


def keep(home: Home, look: str, runs: Sequence[GateRun], *, is_told: bool) -> list[GateRun]:
    """Let the looks stand as the newest; hand them to the ledger (its owner takes them) if they are to be told.

    Returns them; those that are not told have id and report of the look that said the same before.
    """
    if is_told:
        _tell(home, look, runs)
    else:
        told = _told(home)
        runs = [dataclasses.replace(run, report=told[run.name].report, gate_run_id=told[run.name].gate_run_id) for run in runs]
    names = {run.name: run for run in runs}
    content = {
        "runs": _kept(home, newest_runs(home) | names),
        "told": _kept(home, _told(home) | (names if is_told else {})),
    }
    write_bytes_whole(_newest_file(home), json.dumps(content, default=str).encode())
    return list(runs)


def report_folder(home: Home, look: str) -> Path:
    """Where the report of a look goes, there or not."""
    return home.exports.resolve() / "quality" / look


def make_room_for_report(home: Home) -> None:
    """Remove the oldest reports, so that one more is not too many."""
    reports = home.exports / "quality"
    reports.mkdir(parents=True, exist_ok=True)
    _keep_newest(reports, KEPT_REPORTS - 1)


def hand_over(home: Home, tables: LookTables, suites: Mapping[str, Suite], runs: Sequence[GateRun], *, is_told: bool) -> list[GateRun]:
    """Show the suites, and let the look's batch wait for Great Expectations to validate it, unless that is off.

    Returns the runs with the report that a look which is told will have.
    """
    show_suites(home, suites)
    if Settings().gx == "off":
        return list(runs)
    report = report_folder(home, tables.look) / "index.html" if is_told else None
    decided = {one.rule_code: Decided(run.name, one.is_met, one.rows_checked, one.rows_failed) for run in runs for one in run.results}
    tables.hand_over(suites, decided, checked_at=runs[0].checked_at, report=report)
    return [dataclasses.replace(run, report=report) for run in runs]


def report_in_words(home: Home, run: GateRun) -> str:
    """Where a look's report is, or why there is none to read."""
    if run.report is None:
        return "none: PARSTOCK_GX=off"
    if run.report.exists():
        return str(run.report)
    return "not written yet: Great Expectations validates it after the look" if is_waiting(home, run.report) else "no longer kept"


def _told(home: Home) -> dict[str, GateRun]:
    path = _newest_file(home)
    content = json.loads(path.read_bytes()).get("told", {}) if path.exists() else {}
    return _runs(home, content)


def _kept(home: Home, runs: Mapping[str, GateRun]) -> dict[str, dict[str, Any]]:
    """Runs as they are kept: reports by their place in the home, which may be moved or restored elsewhere."""
    return {name: run.to_json() | {"report": _under(home, run.report)} for name, run in runs.items()}


def _runs(home: Home, kept: Mapping[str, Any]) -> dict[str, GateRun]:
    root = home.root.resolve()
    return {name: GateRun.from_json(run | {"report": run["report"] and str(root / run["report"])}) for name, run in kept.items()}


def _under(home: Home, report: Path | None) -> str | None:
    """A report's place in the home; as it is where it lies in none (a home that was moved before places were kept)."""
    if report is None:
        return None
    root = home.root.resolve()
    return (report.relative_to(root) if report.is_relative_to(root) else report).as_posix()


def _tell(home: Home, look: str, runs: Sequence[GateRun]) -> None:
    import polars as pl

    from pipelines.ledger.results import as_table, write_result

    heads = [
        {
            "gate_run_id": run.gate_run_id, "gate_kind": run.gate_kind, "subject": run.subject, "checked_at": run.checked_at.astimezone(UTC),
            "subject_commit_id": run.subject_commit_id, "is_blocked": run.is_blocked, "rows_checked": run.rows_checked,
            "report_path": _under(home, run.report),
        }
        for run in runs
    ]  # fmt: skip
    rows = [{"gate_run_id": run.gate_run_id, **dataclasses.asdict(one)} for run in runs for one in run.results]
    schema = ["gate_run_id", *(field.name for field in dataclasses.fields(GateResult))]
    tables = {
        "gate_runs": as_table(pl.DataFrame(heads, infer_schema_length=None), "gate_runs"),
        "gate_results": as_table(
            pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=dict.fromkeys(schema, pl.String)), "gate_results"
        ),
    }
    folder = write_result(home, "gates", look, tables)
    _keep_newest(folder.parent, KEPT_LOOKS)


def _keep_newest(folder: Path, count: int) -> None:
    entries = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".") and entry.name != SUITES_FOLDER]
    for entry in sorted(entries, key=lambda one: one.stat().st_mtime_ns)[: max(len(entries) - count, 0)]:
        shutil.rmtree(entry, ignore_errors=True)


def _newest_file(home: Home) -> Path:
    return home.spool / "gates" / "newest.json"
