"""What stays of publications, ledger files and mart builds, and what goes.

Belongs here: the rules of keeping, and the only code that deletes ledger, mart or published files. Only the owner
calls it. Segments, exports and backups are not its business.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

from pipelines.marts.build_files import build_folders
from pipelines.publish.names import current_version, files_named_by, version_file, version_of, versions
from pipelines.settings import Home

KEEP_NEWEST = 20
KEEP_FOR = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Deleted:
    """What a call of `retain` removed: versions, ledger files (relative to the home), names of mart builds."""

    versions: list[int]
    ledger_files: list[str]
    mart_builds: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Version:
    """A published version; all but its number are null where its list of files cannot be read."""

    number: int
    published_at: dt.datetime | None
    marts: str | None
    ledger: frozenset[str] | None


def retain(home: Home, *, now: dt.datetime) -> Deleted:
    """Delete what nobody can need any more; `now` is the clock's instant (aware).

    Published: the newest 20, one a minute for an hour, and the current one stay. Parquet: what a version that stays
    names, what `ledger/current.json` lists, what dbt's marts read and the newest build stay; the rest stays for an hour after it was first
    seen unlisted, since a dbt or a reader may still be on it. When a version's list of files is missing, no Parquet is
    deleted until that version is gone. Does nothing to Parquet in a home without `current.json`.
    """
    published = [_read(home, number) for number in versions(home)]
    kept = _kept(published, current_version(home), now)
    deleted = [version.number for version in published if version.number not in kept]
    for number in deleted:
        version_file(home, number).unlink(missing_ok=True)
        files_named_by(home, number).unlink(missing_ok=True)
    _sweep_orphans(home)
    staying = [version for version in published if version.number in kept]
    listed, pinned = _listed(home), _pinned(home)
    if listed is None or pinned is None or any(version.ledger is None for version in staying):
        return Deleted(deleted, [], [])
    ledger_files, mart_builds = _delete_unlisted(home, staying, listed, pinned, now)
    return Deleted(deleted, ledger_files, mart_builds)


def _read(home: Home, number: int) -> _Version:
    """What a version says of itself in the list beside it."""
    try:
        content = json.loads(files_named_by(home, number).read_text(encoding="utf-8"))
        return _Version(number, dt.datetime.fromisoformat(content["published_at"]), content["marts"], frozenset(content["ledger"]))
    except (OSError, ValueError, KeyError):
        return _Version(number, None, None, None)


def _kept(published: list[_Version], current: int | None, now: dt.datetime) -> set[int]:
    """The numbers of the versions that stay; `published` is sorted, oldest first."""
    kept = {version.number for version in published[-KEEP_NEWEST:]}
    if current is not None:
        kept.add(current)
    # Later versions overwrite earlier ones of their minute: the newest of each minute stays.
    minutes = {
        version.published_at.replace(second=0, microsecond=0): version.number
        for version in published
        if version.published_at is not None and now - version.published_at <= KEEP_FOR
    }
    return kept | set(minutes.values())


def _listed(home: Home) -> set[str] | None:
    """The ledger files that are current, relative to `ledger/`; null where there is no list."""
    try:
        return _files_of(json.loads((home.ledger / "current.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _files_of(content: dict[str, Any]) -> set[str]:
    return {file["path"] for table in content["tables"].values() for file in table["files"]}


def _pinned(home: Home) -> set[str] | None:
    """What the marts that dbt made last read, and a developer's own: gates look at them again however old they are.

    Null where a list cannot be read: it is being written.
    """
    found: set[str] = set()
    for file in home.warehouse.glob("*.duckdb.ledger.json"):
        try:
            found |= _files_of(json.loads(file.read_text(encoding="utf-8"))["list"])
        except (OSError, ValueError, KeyError):
            return None
    return found


def _delete_unlisted(
    home: Home, staying: list[_Version], listed: set[str], pinned: set[str], now: dt.datetime
) -> tuple[list[str], list[str]]:
    """Delete Parquet that is neither listed nor named, an hour after it was first seen unlisted."""
    named = {file for version in staying for file in version.ledger or ()}
    builds = build_folders(home)
    found = {f"ledger/{path}" for path in _parquet_in(home.ledger)} | {f"marts/{folder.name}" for folder in builds}
    current = {f"ledger/{path}" for path in listed} | {f"marts/{folder.name}" for folder in builds[-1:]}
    needed = {f"ledger/{path}" for path in named | pinned} | {f"marts/{version.marts}" for version in staying}
    before = _retired(home)
    # An instant of the future (the clock went back) would keep a file for ever.
    retired = {path: min(before.get(path, now), now) for path in found - current}
    gone = sorted(path for path, since in retired.items() if now - since >= KEEP_FOR and path not in needed)
    for path in gone:
        _delete(home.root / path)
    _write_retired(home, {path: since for path, since in retired.items() if path not in gone})
    files = [path for path in gone if path.startswith("ledger/")]
    return files, [path.removeprefix("marts/") for path in gone if path.startswith("marts/")]


def _parquet_in(folder: Path) -> list[str]:
    """The Parquet files under a folder, relative to it; names that begin with a dot are still being written."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet") if not path.name.startswith(".")]


def _delete(path: Path) -> None:
    """Delete a file, or a build's folder, which first loses its name: half a build must not look like one."""
    if path.is_dir():
        doomed = path.with_name(f".{path.name}.gone.tmp")
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _state_file(home: Home) -> Path:
    """Where the instants are kept at which files were first seen unlisted."""
    return home.run / "retired.json"


def _retired(home: Home) -> dict[str, dt.datetime]:
    """Since when each file has been unlisted; empty where that was never written, or cannot be read."""
    try:
        content: dict[str, Any] = json.loads(_state_file(home).read_text(encoding="utf-8"))
        return {path: dt.datetime.fromisoformat(since) for path, since in content.items()}
    except (OSError, ValueError):
        return {}


def _write_retired(home: Home, retired: dict[str, dt.datetime]) -> None:
    """Keep the instants for the next call; losing them only lets files stay for another hour."""
    home.run.mkdir(parents=True, exist_ok=True)
    temporary = _state_file(home).with_suffix(".tmp")
    temporary.write_text(json.dumps({path: since.isoformat() for path, since in sorted(retired.items())}), encoding="utf-8")
    temporary.rename(_state_file(home))


def _sweep_orphans(home: Home) -> None:
    """Remove lists whose version never came to be (a publisher was killed in between) or is gone."""
    current = current_version(home)
    for path in list(home.published.glob("parstock_*.json")):
        number = version_of(path.name)
        if number is not None and current is not None and number < current and not version_file(home, number).exists():
            path.unlink(missing_ok=True)
