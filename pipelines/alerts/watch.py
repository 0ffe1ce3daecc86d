"""The watch over alerts: looks at what the published tables raise, and stores it.

Belongs here: `look`, and raising and resolving what the tables cannot know (a run that failed). Does not belong here: the
alerts themselves (dbt: `ops.alerts_now`), or how a result reaches the ledger (`pipelines.ledger.results`).

`ops.alerts` is what looks have stored, so reading it costs nothing, and it is as old as the newest look. A look stores two
things: the history, for ever, of what opened, changed its severity or is over (`spool/alerts/`), and in the place of the
look before it what each open alert says now (`spool/looks/`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from pipelines.alerts.codes import Severity, alert_codes
from pipelines.errors import UserError
from pipelines.ledger.results import as_table, write_result
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home

Clock = Callable[[], datetime]

QUIET_SECONDS: Final = 3600.0
"""Of looks that find nothing opened, changed or over the history has one an hour: a home must not grow for nothing."""

FRESH_SECONDS: Final = 60.0
"""A look that finds exactly what the one before it found is not stored so soon after it."""

_CHANGE_COLUMNS: Final = tuple(name for name in LEDGER_TABLES["alert_changes"] if name not in ("check_id", "changed_at", "commit_id"))
_STORED_AS: Final = {"trouble_key": "alert_key"}
_CHANGE_FIELDS: Final = ", ".join(f"'{name}': {_STORED_AS.get(name, name)}" for name in _CHANGE_COLUMNS)
_LOOK_SQL: Final = f"""
select
    count(*) filter (state = 'open'),
    list({{{_CHANGE_FIELDS}}} order by alert_id) filter (not is_recorded),
    list({{'alert_id': alert_id, 'what': what, 'figures': figures}} order by alert_id) filter (state = 'open' and is_from_data),
    (select list({{'alert_id': alert_id, 'what': what, 'figures': figures}} order by alert_id) filter (alert_id is not null) from ledger.alert_looks),
    (select max(looked_at) from ledger.alert_looks),
    (select max(checked_at) from ledger.alert_checks),
    (select commit_id from ops.publication)
from intermediate.int_alerts__look"""
"""One question, for the view costs more than its rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """What a look found, and what is stored: rows that are new to the history, what open alerts say and said, and when."""

    open_alerts: int
    changes: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    rows_before: list[dict[str, Any]]
    looked_at: datetime | None
    checked_at: datetime | None
    commit_id: int


def look(home: Home, *, clock: Clock) -> int:
    """Look at what is published now; returns how many alerts are open.

    What it finds goes to the spool, from where the owner takes it. Nothing is published yet: 0, and nothing is written.
    Looking again before the owner has taken it writes the same again, which changes nothing.
    """
    return look_closely(home, clock=clock)[0]


def look_closely(home: Home, *, clock: Clock, threads: int | None = None) -> tuple[int, bool]:
    """Like `look`; also whether anything was written. `threads`: of the engine; null for what the settings say."""
    found = _find(home, threads)
    if found is None:
        return 0, False
    now = clock().astimezone(UTC)
    is_known = _is_within(QUIET_SECONDS, found.checked_at, now) or found.checked_at is None
    if found.changes or not is_known:
        looked = {"checked_at": now, "subject_commit_id": found.commit_id, "open_alerts": found.open_alerts}
        _write(home, found.changes, now, looked, mark=_digest(json.dumps([looked, found.changes], default=str)))
    elif found.rows == found.rows_before and _is_within(FRESH_SECONDS, found.looked_at, now):
        return found.open_alerts, False
    _write_look(home, found.rows, now)
    return found.open_alerts, True


def _find(home: Home, threads: int | None) -> _Found | None:
    """What the published tables raise; null where there are none, or none that a version with looks has built."""
    from pipelines.publish.reader import open_published

    if not home.published_file.exists():
        return None
    with open_published(home, threads=threads) as con:
        if not con.execute("select 1 from duckdb_views() where view_name = 'int_alerts__look'").fetchall():
            return None
        ((open_alerts, changes, rows, before, looked_at, checked_at, commit_id),) = con.execute(_LOOK_SQL).fetchall()
    _require_once(rows or [])
    return _Found(int(open_alerts), changes or [], rows or [], before or [], looked_at, checked_at, commit_id)


def _require_once(rows: list[dict[str, Any]]) -> None:
    """The grain of `ops.alerts_now`, held here, where it is computed anyway: a check of its own would double each build's cost of it."""
    counted = Counter(row["alert_id"] for row in rows)
    twice = [row["what"] for row in rows if counted[row["alert_id"]] > 1]
    if twice:
        raise UserError("two alerts have the same alert_key", where="\n         ".join(twice[:5]), next_step="parstock gates", exit_code=1)


def _is_within(seconds: float, since: datetime | None, now: datetime) -> bool:
    return since is not None and 0 <= (now - since).total_seconds() < seconds


def raise_alert(
    home: Home, *, code: str, subject: str, severity: Severity, what: str, figures: dict[str, Any] | None = None, clock: Clock
) -> str:
    """Raise an alert that the tables cannot know; returns its id. It is open until `resolve_alert`.

    The same again while it is open writes nothing, but for another severity; after it was resolved it is another alert.
    Raises ValueError for a code or a severity that the list of codes does not have.
    """
    if code not in alert_codes() or severity not in alert_codes()[code].severities:
        raise ValueError(f"no alert is called {code!r} and {severity}: see pipelines/alerts/codes.csv")
    known = _told(home, code, subject)
    row = {
        "alert_id": known[-1]["alert_id"] if known and known[-1]["state"] == "open" else _alert_id(code, subject, known),
        "trouble_key": _alert_key(code, subject), "alert_code": code, "severity": severity, "state": "open", "is_from_data": False,
        "subject": subject, "what": what, "figures": json.dumps(figures or {}, ensure_ascii=False, default=str),
    }  # fmt: skip
    if not known or (known[-1]["state"], known[-1]["severity"]) != ("open", severity):
        _write(home, [row], clock().astimezone(UTC), None, mark=_digest(_alert_key(code, subject)))
    return str(row["alert_id"])


def resolve_alert(home: Home, *, code: str, subject: str, clock: Clock) -> bool:
    """Say that an alert raised by `raise_alert` is over; false where none was open."""
    known = _told(home, code, subject)
    if not known or known[-1]["state"] != "open":
        return False
    _write(home, [known[-1] | {"state": "resolved"}], clock().astimezone(UTC), None, mark=_digest(_alert_key(code, subject)))
    return True


def _alert_key(code: str, subject: str) -> str:
    return f"{code}:{subject}"


def _alert_id(code: str, subject: str, known: list[dict[str, Any]]) -> str:
    """The id of the next alert of this key, by the rule of `ops.alerts`: its key, and which time it has come."""
    times = len({row["alert_id"] for row in known}) + 1
    return hashlib.md5(f"{_alert_key(code, subject)}#{times}".encode(), usedforsecurity=False).hexdigest()


def _told(home: Home, code: str, subject: str) -> list[dict[str, Any]]:
    """What was raised and resolved of one code and subject, in order. From the spool: what the owner has not taken yet counts too."""
    folders = sorted((home.spool / "alerts").glob(f"[0-9]*-{_digest(_alert_key(code, subject))}"))
    return [row for folder in folders for row in pl.read_parquet(folder / "alert_changes.parquet").to_dicts()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(home: Home, changes: list[dict[str, Any]], now: datetime, looked: dict[str, Any] | None, *, mark: str) -> None:
    """Write what the history gets: of a look, or (`looked` null) of somebody outside the data."""
    check_id = _next_id(home, "alerts", now, mark)
    tables = {
        "alert_changes": [row | {"check_id": check_id, "changed_at": now} for row in changes],
        "alert_checks": [looked | {"check_id": check_id}] if looked else [],
    }
    write_result(home, "alerts", check_id, {name: _frame(rows, name) for name, rows in tables.items()})


def _write_look(home: Home, rows: list[dict[str, Any]], now: datetime) -> None:
    """Write what open alerts say, and the look itself."""
    itself = {"alert_id": None, "what": None, "figures": None}
    looked = [row | {"looked_at": now} for row in (itself, *rows)]
    write_result(home, "looks", _next_id(home, "looks", now, _digest(json.dumps(rows))), {"alert_looks": _frame(looked, "alert_looks")})


def _next_id(home: Home, kind: str, now: datetime, mark: str) -> str:
    """The name of a result. It begins with a running number: the order of what happened."""
    folder = home.spool / kind
    numbers = [int(name) for entry in (folder.iterdir() if folder.is_dir() else ()) if (name := entry.name.partition("-")[0]).isdigit()]
    return f"{max(numbers, default=0) + 1:09d}-{now:%Y%m%dT%H%M%SZ}-{mark}"


def _frame(rows: list[dict[str, Any]], table: str) -> pl.DataFrame:
    kinds: dict[str, Any] = {"VARCHAR": pl.String, "BIGINT": pl.Int64, "BOOLEAN": pl.Boolean, "TIMESTAMPTZ": pl.Datetime("us", "UTC")}
    schema = {name: kinds[kind] for name, kind in LEDGER_TABLES[table].items() if name != "commit_id"}
    return as_table(pl.DataFrame(rows, schema=schema, orient="row"), table)
