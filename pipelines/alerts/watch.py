"""The watch over alerts: compares `ops.alerts` with its own history, and writes down the difference.

Belongs here: `look`, and raising and resolving what the tables cannot know (a run that failed). Does not belong here: the
troubles themselves (dbt: `ops.alerts_now`), or how a result reaches the ledger (`pipelines.ledger.results`).

`ops.alerts` is right without any look; a look gives a trouble its first and last time. A look that finds nothing new
writes nothing, but once in a while that it has looked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from pipelines.ledger.results import as_table, write_result
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home

Clock = Callable[[], datetime]
Severity = Literal["info", "warning", "critical"]

QUIET_SECONDS: Final = 3600.0
"""A look that finds nothing new is written down only this long after the last one: a home must not grow for nothing."""

_CHANGE_COLUMNS: Final = tuple(name for name in LEDGER_TABLES["alert_changes"] if name not in ("check_id", "changed_at", "commit_id"))
_LOOK_SQL: Final = f"""
select count(*) filter (state = 'open'), list({{{", ".join(f"'{name}': {name}" for name in _CHANGE_COLUMNS)}}} order by alert_id) filter (not is_recorded),
    (select commit_id from ops.publication), (select max(checked_at) from ledger.alert_checks)
from ops.alerts"""
"""One question, for the view costs more than its rows."""


def look(home: Home, *, clock: Clock) -> int:
    """Look at what is published now; returns how many alerts are open.

    Writes what opened, changed its severity or is over to `spool/alerts/`, from where the owner takes it. Nothing is
    published yet: 0, and nothing is written. Looking again before the owner has taken it writes the same changes again,
    which changes nothing.
    """
    return look_closely(home, clock=clock)[0]


def look_closely(home: Home, *, clock: Clock) -> tuple[int, Path | None]:
    """Like `look`; also the folder that was written, null where there was nothing to write."""
    from pipelines.publish.reader import open_published

    if not home.published_file.exists():
        return 0, None
    with open_published(home) as con:
        ((open_alerts, rows, commit_id, checked_at),) = con.execute(_LOOK_SQL).fetchall()
    now = clock().astimezone(UTC)
    is_quiet = checked_at is not None and 0 <= (now - checked_at).total_seconds() < QUIET_SECONDS
    if not rows and (is_quiet or checked_at is None):
        return int(open_alerts), None
    looked = {"checked_at": now, "subject_commit_id": commit_id, "open_alerts": open_alerts}
    return int(open_alerts), _write(home, rows or [], now, looked, mark=_digest(json.dumps([looked, rows], default=str)))


def raise_alert(
    home: Home, *, code: str, subject: str, severity: Severity, what: str, figures: dict[str, Any] | None = None, clock: Clock
) -> str:
    """Raise an alert that the tables cannot know; returns its id. It is open until `resolve_alert`.

    The same again while it is open writes nothing, but for another severity; after it was resolved it is another alert.
    """
    known = _told(home, code, subject)
    row = {
        "alert_id": known[-1]["alert_id"] if known and known[-1]["state"] == "open" else _alert_id(code, subject, known),
        "trouble_key": _trouble_key(code, subject), "alert_code": code, "severity": severity, "state": "open", "is_from_data": False,
        "subject": subject, "what": what, "figures": json.dumps(figures or {}, ensure_ascii=False, default=str),
    }  # fmt: skip
    if not known or (known[-1]["state"], known[-1]["severity"]) != ("open", severity):
        _write(home, [row], clock().astimezone(UTC), None, mark=_digest(_trouble_key(code, subject)))
    return str(row["alert_id"])


def resolve_alert(home: Home, *, code: str, subject: str, clock: Clock) -> bool:
    """Say that an alert raised by `raise_alert` is over; false where none was open."""
    known = _told(home, code, subject)
    if not known or known[-1]["state"] != "open":
        return False
    _write(home, [known[-1] | {"state": "resolved"}], clock().astimezone(UTC), None, mark=_digest(_trouble_key(code, subject)))
    return True


def _trouble_key(code: str, subject: str) -> str:
    return f"{code}:{subject}"


def _alert_id(code: str, subject: str, known: list[dict[str, Any]]) -> str:
    """The id of a trouble's next alert, by the rule of `ops.alerts`: its key, and which time it has come."""
    times = len({row["alert_id"] for row in known}) + 1
    return hashlib.md5(f"{_trouble_key(code, subject)}#{times}".encode(), usedforsecurity=False).hexdigest()


def _told(home: Home, code: str, subject: str) -> list[dict[str, Any]]:
    """What was raised and resolved of one trouble, in order. From the spool: what the owner has not taken yet counts too."""
    folders = sorted((home.spool / "alerts").glob(f"[0-9]*-{_digest(_trouble_key(code, subject))}"))
    return [row for folder in folders for row in pl.read_parquet(folder / "alert_changes.parquet").to_dicts()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(home: Home, rows: list[dict[str, Any]], now: datetime, looked: dict[str, Any] | None, *, mark: str) -> Path:
    """Write one look (null where somebody told). Its name begins with a running number: the order of what happened."""
    folder = home.spool / "alerts"
    numbers = [int(name) for entry in (folder.iterdir() if folder.is_dir() else ()) if (name := entry.name.partition("-")[0]).isdigit()]
    check_id = f"{max(numbers, default=0) + 1:09d}-{now:%Y%m%dT%H%M%SZ}-{mark}"
    changes = pl.DataFrame([row | {"check_id": check_id, "changed_at": now} for row in rows], schema=_schema("alert_changes"), orient="row")
    checks = pl.DataFrame([looked | {"check_id": check_id}] if looked else [], schema=_schema("alert_checks"), orient="row")
    return write_result(
        home, "alerts", check_id, {"alert_checks": as_table(checks, "alert_checks"), "alert_changes": as_table(changes, "alert_changes")}
    )


def _schema(table: str) -> dict[str, Any]:
    kinds = {"VARCHAR": pl.String, "BIGINT": pl.Int64, "BOOLEAN": pl.Boolean, "TIMESTAMPTZ": pl.Datetime("us", "UTC")}
    return {name: kinds[kind] for name, kind in LEDGER_TABLES[table].items() if name != "commit_id"}
