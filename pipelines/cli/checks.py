"""What `parstock doctor` looks at; each check is one function that returns findings and changes nothing.

Belongs here: the checks and their advice. Does not belong here: printing them (`look`), mending anything.
"""

from __future__ import annotations

import dataclasses
import fcntl
import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from pipelines.cli.alike import alike, known_codes
from pipelines.errors import UserError
from pipelines.feeds.reading.blanks import visible
from pipelines.settings import Home, Settings

Level = Literal["ok", "warn", "fail"]
PACKAGES = ("apache-beam", "duckdb", "dbt-core", "dbt-duckdb", "polars", "pyarrow")
_SHOWN_CODES = 5
DISK_WARN_BYTES, DISK_FAIL_BYTES = 5 << 30, 1 << 30


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `is_data` says that a failure is the data's, not the machine's; `next_step` is '' where all is well."""

    check: str
    level: Level
    what: str
    next_step: str = ""
    is_data: bool = False


def examine(home: Home) -> list[Finding]:
    """Every finding, in path order. A check that cannot run is itself a finding."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check(home)
        except UserError as error:
            findings.append(Finding(check.__name__.strip("_"), "fail", error.what, error.next_step or ""))
        except Exception as error:  # a damaged file must not hide what the other checks find
            findings.append(
                Finding(check.__name__.strip("_"), "fail", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            )
    return findings


def exit_code(findings: list[Finding]) -> int:
    """3 where the machine or the setup fails, else 1 where the data does, else 0."""
    failed = [one for one in findings if one.level == "fail"]
    return 3 if any(not one.is_data for one in failed) else 1 if failed else 0


# --- the machine ------------------------------------------------------------------------------------------------


def _versions(_: Home) -> Iterator[Finding]:
    is_supported = (3, 11) <= sys.version_info < (3, 14)
    yield Finding(
        "python", "ok" if is_supported else "fail", sys.version.split()[0], "" if is_supported else "use Python 3.11, 3.12 or 3.13"
    )
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    yield Finding(
        "packages",
        "fail" if missing else "ok",
        "missing: " + ", ".join(missing) if missing else ", ".join(found),
        "make demo" if missing else "",
    )
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        yield Finding("time_zones", "fail", "the machine and the package tzdata have no time zones", "pip install tzdata")


def _folders(home: Home) -> Iterator[Finding]:
    if not home.root.is_dir():
        yield Finding("home", "warn", f"{home.root} is not there yet", f"parstock run --home {home.root} --from DIR")
        return
    locked = [folder for folder in home.root.iterdir() if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK)]
    if locked or not os.access(home.root, os.W_OK | os.X_OK):
        yield Finding(
            "home", "fail", f"cannot write in {', '.join(map(str, locked)) or home.root}", "give this user the right to write there"
        )
    else:
        yield Finding("home", "ok", str(home.root.resolve()))
    key = Settings().customer_key_file or home.root / "customer.key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("customer_key", "warn", f"others can read {key}", f"chmod 600 {key}")


def _disk(home: Home) -> Iterator[Finding]:
    folder = home.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    level: Level = "fail" if free < DISK_FAIL_BYTES else "warn" if free < DISK_WARN_BYTES else "ok"
    yield Finding(
        "disk", level, f"{free / (1 << 30):.1f} GiB free", "" if level == "ok" else "make room: builds and flushes need some gigabytes"
    )


# --- processes --------------------------------------------------------------------------------------------------


def _locks(home: Home) -> Iterator[Finding]:
    for name, what in (("owner.lock", "owner"), ("build.lock", "build")):
        holder = holder_of(home.run / name)
        if holder is None:
            yield Finding(what, "ok", "nobody holds the lock")
        elif what == "build":
            yield Finding(what, "ok", f"process {holder} builds now")
        else:
            yield _owner_answers(home, holder)


def _owner_answers(home: Home, holder: str) -> Finding:
    from pipelines.owner.client import OwnerClient

    try:
        status = OwnerClient(home).ask("status")
    except (LookupError, UserError) as error:
        return Finding(
            "owner", "fail", f"process {holder} holds the lock and does not answer: {error}", f"end process {holder}, then start again"
        )
    return Finding(
        "owner",
        "ok",
        f"process {status['pid']} at commit {status['commit_id']}, {status['pending_units']} units to apply, {status['waiting_rows']} rows wait",
    )


def holder_of(lock: Path) -> str | None:
    """The process that holds a lock file; null when it is free."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 64, 0).decode().strip() or "unknown"
    finally:
        os.close(descriptor)
    return None


def _heartbeats(home: Home) -> Iterator[Finding]:
    from pipelines.processes.heartbeat import heartbeats

    if holder_of(home.run / "up.lock") is None:
        return
    for one in heartbeats(home):
        yield Finding(
            one.part, "ok" if one.is_alive else "warn", f"process {one.pid} gave a sign of life {one.age_seconds:.0f} s ago",
            "" if one.is_alive else f"see {home.run}/",
        )  # fmt: skip


# --- the data ---------------------------------------------------------------------------------------------------


def _spool(home: Home) -> Iterator[Finding]:
    from pipelines.spool import Spool

    spool = Spool(home.spool)
    parsed, unfinished = spool.manifest_ids(), 0
    for delivery in spool.read_deliveries():
        unfinished += any(unit not in parsed for unit in delivery.units)
    if unfinished:
        yield Finding("spool", "warn", f"{unfinished} deliveries were seen and not parsed whole", "parstock ingest")
    elif parsed:
        yield Finding("spool", "ok", f"{len(parsed):,} units parsed, none missing")


def _sources(home: Home) -> Iterator[Finding]:
    from pipelines.ingest.sources.registry import SOURCES

    settings = Settings()
    for kind in SOURCES:
        if kind.is_set_up(home, settings):
            yield Finding(f"source {kind.name}", "ok", kind.takes)
            for one in kind.examine(home):
                yield Finding(one.about, "fail" if one.next_step else "ok", one.what, one.next_step, is_data=True)


def _ledger(home: Home) -> Iterator[Finding]:
    from pipelines.ledger.files import read_current

    current = read_current(home)
    if current is None:
        yield Finding("ledger", "warn", "nothing has been ingested yet", "parstock ingest --from DIR")
        return
    missing = [file.path for files in current.tables.values() for file in files if not (home.ledger / file.path).exists()]
    if missing:
        yield Finding("ledger", "fail", f"{len(missing)} listed files are missing, first {missing[0]}", "parstock rebuild", is_data=True)
    else:
        files = sum(len(files) for files in current.tables.values())
        yield Finding("ledger", "ok", f"commit {current.commit_id}, {files} files, hash {current.ledger_hash}")


def _published(home: Home) -> Iterator[Finding]:
    from pipelines.ledger.files import newest_input_commit, read_current
    from pipelines.publish.reader import run_sql

    current = read_current(home)
    if not home.published_file.exists():
        if current is not None:
            yield Finding("published", "warn", "nothing is published yet", "parstock build")
        return
    version, at, commit_id, marts_commit_id = run_sql(
        home, "select version, published_at, commit_id, marts_commit_id from ops.publication"
    ).rows[0]
    behind = (current.commit_id if current else 0) - commit_id
    what = f"version {version} of {at:%Y-%m-%d %H:%M:%S}Z, commit {commit_id}"
    if behind > 0:
        yield Finding("published", "warn", f"{what}, {behind} commits behind the ledger", "parstock publish")
    else:
        yield Finding("published", "ok", what)
    is_old = current is not None and marts_commit_id < newest_input_commit(current)
    yield Finding(
        "marts",
        "warn" if is_old else "ok",
        f"built on commit {marts_commit_id}",
        "parstock build (hot tables are new all the same)" if is_old else "",
    )
    yield from _laws(home)
    yield from _seen(home)


def _laws(home: Home) -> Iterator[Finding]:
    """Conservation, and that every input row ended somewhere."""
    from pipelines.publish.reader import run_sql

    def one(query: str) -> Any:
        return run_sql(home, query).rows[0][0]

    unbalanced = one(
        "select count(*) from (select movement_id from core.fct_movements group by 1 having sum(delta_units) <> 0 or count(*) <> 2)"
    )
    yield Finding(
        "conservation", "fail" if unbalanced else "ok", f"{unbalanced} movements whose legs do not add up to 0" if unbalanced else "every movement's legs add up to 0",
        "parstock rebuild" if unbalanced else "", is_data=True,
    )  # fmt: skip
    differing = one("""
        with legs as (
            select item_id, location_id, stock_state, owner_id, coalesce(lot_id, '') as lot_id, sum(delta_units) as units from core.fct_movements
            where location_id in (select location_id from core.dim_location where not is_virtual) group by all),
        books as (select item_id, location_id, stock_state, owner_id, coalesce(lot_id, '') as lot_id, on_hand_units from stock.on_hand)
        select count(*) from legs full join books using (item_id, location_id, stock_state, owner_id, lot_id)
        where coalesce(units, 0) <> coalesce(on_hand_units, 0)""")
    yield Finding(
        "on_hand", "fail" if differing else "ok", f"{differing} places where on hand is not the sum of the legs" if differing else "on hand is the sum of the legs",
        "parstock build --full-refresh" if differing else "", is_data=True,
    )  # fmt: skip
    lost = one(
        "select count(*) from ops.deliveries where applied_at is not null and rows_in <> accepted + duplicate + corrected + quarantined"
    )
    yield Finding(
        "rows_in", "fail" if lost else "ok",
        f"{lost} deliveries with rows that ended nowhere" if lost else "rows in = accepted + duplicate + corrected + quarantined, in every delivery",
        "parstock rebuild" if lost else "", is_data=True,
    )  # fmt: skip


def _codes(home: Home) -> Iterator[Finding]:
    """Codes of reference data that look alike: one of them is most likely a slip, and stock stands under both."""
    if not home.published_file.exists():
        return
    found = alike(known_codes(home))
    for kind, codes in found[:_SHOWN_CODES]:
        what = f"{' and '.join(map(visible, codes))} differ only in case, blanks or signs that nobody sees"
        yield Finding(f"{kind} codes", "warn", what, "send the lines with one of them; relations say merge for items that are one")
    if len(found) > _SHOWN_CODES:
        yield Finding("codes", "warn", f"{len(found) - _SHOWN_CODES:,} more codes look like others", "correct the reference files")


def _gates(home: Home) -> Iterator[Finding]:
    """Gates that block, a failed build among them: marts and plan are on hold."""
    from pipelines.quality.gates import blocked_by, newest_runs

    blocking = blocked_by(home)
    for run in blocking:
        rules = ", ".join(one.rule_code for one in run.failed if one.severity == "block")
        yield Finding(
            f"gate {run.name}", "fail", f"blocks since {run.checked_at:%Y-%m-%d %H:%M:%S}Z: {rules}", "parstock gates", is_data=True
        )
    if not blocking and (looked := newest_runs(home)):
        yield Finding("gates", "ok", f"{len(looked)} gates, none blocks")


def _seen(home: Home) -> Iterator[Finding]:
    from pipelines.feeds.registry import FEED_NAMES, OPTIONAL_FEEDS
    from pipelines.publish.reader import run_sql

    seen = dict(run_sql(home, "select feed, max(first_known_at) from ops.deliveries group by feed").rows)
    for feed in FEED_NAMES:
        if feed in seen:
            yield Finding(f"feed {feed}", "ok", f"last seen {seen[feed]:%Y-%m-%d %H:%M:%S}Z")
        elif feed not in OPTIONAL_FEEDS:
            yield Finding(f"feed {feed}", "warn", "never seen", f"drop files into {home.landing / feed}/")
    waiting, refused = run_sql(home, "select count(*) filter (is_waiting), count(*) filter (not is_waiting) from ops.quarantine").rows[0]
    yield Finding(
        "quarantine",
        "warn" if waiting or refused else "ok",
        f"{waiting:,} rows wait, {refused:,} refused",
        "parstock rejects" if waiting or refused else "",
    )


CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    _versions,
    _folders,
    _disk,
    _locks,
    _heartbeats,
    _sources,
    _spool,
    _ledger,
    _gates,
    _published,
    _codes,
)
