"""Backups of a home: everything that cannot be made again, as of one commit, and a home made from one.

Belongs here: what a backup holds, copying it while everything runs, checking it, and laying it into a new home. Does not
belong here: making warehouse, ledger and marts from the spool again (`pipelines.keeping.rebuild`).

A backup is a folder that appears whole: `backup.json` (the commit, the ledger hash, each file's size and SHA-256) and the
files at their places in the home: the spool's records of all units that the ledger had at that commit, the results of
planning, gates and alerts, what people decided, and the key of the customers' pseudonyms. The two databases are left out: a copy of a live
one may lack what was acknowledged, and both are made again. So is `landing/`, which is the senders' own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipelines.durable import sync, write_bytes_whole
from pipelines.errors import UserError
from pipelines.ledger.results import RESULTS
from pipelines.settings import Home
from pipelines.spool import Spool

FORMAT: Final = 1
_LIST: Final = "backup.json"
_KEY: Final = "customer.key"
_CHUNK: Final = 1 << 20

Progress = Callable[[int, int, int], None]
"""Called with files done, files in all, and bytes so far."""


@dataclasses.dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself. `files`: path in the home to size in bytes and SHA-256."""

    folder: Path
    taken_at: datetime
    commit_id: int
    ledger_hash: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for size, _ in self.files.values())


def back_up(home: Home, target: Path, inventory: dict[str, Any], *, now: datetime, on_progress: Progress | None = None) -> Backup:
    """Copy what the owner's `inventory` names into a new folder under `target`; returns the backup.

    Whoever writes to the home may go on. Raises UserError (exit code 3) where the folder cannot be written or something
    that the ledger rests on is gone.
    """
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-c{inventory['commit_id']}"
    folder, half = target / name, target / f".{name}.part"
    if folder.exists():
        raise UserError("this backup already exists", where=str(folder), next_step="wait a second, or give another folder: --to DIR")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        spool = Spool(home.spool)
        decided = [(spool.decisions / f"{batch_id}.json").relative_to(home.root).as_posix() for batch_id in inventory["decisions"]]
        paths = [*_spooled(spool, inventory["units"], home.root), *decided, *_kept(home)]
        files = _copy(home.root, half, paths, on_progress, may_be_gone=tuple(f"spool/{kind}/" for kind in RESULTS))
        made = Backup(folder, now.astimezone(UTC), int(inventory["commit_id"]), str(inventory["ledger_hash"]), files)
        _write_list(half, made)
        half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    sync(target)
    return made


def read_backup(folder: Path) -> Backup:
    """The list of a backup. Raises UserError (exit code 2) where there is none that this version can read."""
    try:
        content = json.loads((folder / _LIST).read_bytes())
        if content["format"] != FORMAT:
            raise UserError(f"this backup has format {content['format']}; this version reads format {FORMAT}", where=str(folder))
        files = {path: (int(one["bytes"]), str(one["sha256"])) for path, one in content["files"].items()}
        return Backup(folder, datetime.fromisoformat(content["taken_at"]), int(content["commit_id"]), str(content["ledger_hash"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            "not a backup folder", where=f"{folder / _LIST}: {error}", next_step="parstock restore DIR, with a folder of backups/"
        ) from error


def lay_into(backup: Backup, home: Home, *, on_progress: Progress | None = None) -> None:
    """Lay a backup's files into a home that has none, each checked on its way; all of them appear, or none.

    Raises UserError: exit code 2 where the home is in use, 1 where a file is damaged or missing.
    """
    _require_unused(home)
    half = home.root / ".restoring"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        copied = _copy(backup.folder, half, backup.files, on_progress, may_be_gone=("",))  # which of them are, is said below
        _require_same(backup, copied)
        if (half / _KEY).exists():
            (half / _KEY).replace(home.root / _KEY)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(home.spool)  # empty folders, at most
        (half / "spool").mkdir(exist_ok=True)
        (half / "spool").rename(home.spool)
        sync(home.root)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def check(backup: Backup, *, on_progress: Progress | None = None) -> None:
    """Read every file of a backup. Raises UserError (exit code 1) where one is damaged or missing."""
    seen: dict[str, tuple[int, str]] = {}
    for done, path in enumerate(backup.files, 1):
        with contextlib.suppress(OSError):
            seen[path] = _sum(backup.folder / path)
        if on_progress:
            on_progress(done, len(backup.files), sum(size for size, _ in seen.values()))
    _require_same(backup, seen)


def _spooled(spool: Spool, units: Iterable[str], root: Path) -> Iterator[str]:
    """Paths, in the home, of all that the spool holds of these units, each once."""
    deliveries = set()
    for unit in units:
        manifest = spool.read_manifest(unit)
        deliveries.add(manifest.delivery_id)
        found = [spool.manifests / f"{unit}.json"]
        found += [spool.segment_path(manifest.feed, manifest.segment)] if manifest.segment else []
        found += [spool.rejects_path(manifest.rejects)] if manifest.rejects else []
        yield from (path.relative_to(root).as_posix() for path in found)
    yield from ((spool.deliveries / f"{delivery}.json").relative_to(root).as_posix() for delivery in sorted(deliveries))


def _kept(home: Home) -> Iterator[str]:
    """Results, what the gates have seen, and the customers' key. Old looks of the gates may go while they are copied."""
    for kind in RESULTS:
        for path in sorted((home.spool / kind).rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(home.spool).parts):
                yield path.relative_to(home.root).as_posix()
    if (home.root / _KEY).exists():
        yield _KEY


def _copy(
    source: Path, target: Path, paths: Iterable[str], on_progress: Progress | None, *, may_be_gone: tuple[str, ...]
) -> dict[str, tuple[int, str]]:
    """Copy files, synced; returns their sizes and sums. What is not there is left out where its path begins so that it may be gone."""
    listed, copied, size = list(paths), {}, 0
    for done, path in enumerate(listed, 1):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            copied[path] = _copy_file(source / path, target / path)
        except FileNotFoundError:
            if path.startswith(may_be_gone):
                continue
            raise UserError("a file of the ledger is missing", where=str(source / path), next_step="parstock doctor", exit_code=3) from None
        size += copied[path][0]
        if on_progress:
            on_progress(done, len(listed), size)
    for folder in {(target / path).parent for path in copied}:
        sync(folder)
    return copied


def _copy_file(source: Path, target: Path) -> tuple[int, str]:
    """Copy one file, synced, readable by its owner alone if it was before; returns its size and sum."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("wb") as written:
        os.fchmod(written.fileno(), os.fstat(read.fileno()).st_mode & 0o777)
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
            size += len(chunk)
        written.flush()
        os.fsync(written.fileno())
    return size, digest.hexdigest()


def _sum(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _write_list(folder: Path, made: Backup) -> None:
    files = {path: {"bytes": size, "sha256": digest} for path, (size, digest) in made.files.items()}
    content = {
        "format": FORMAT, "taken_at": made.taken_at.isoformat(), "commit_id": made.commit_id, "ledger_hash": made.ledger_hash, "files": files,
    }  # fmt: skip
    write_bytes_whole(folder / _LIST, json.dumps(content, indent=1).encode())


def _require_same(backup: Backup, found: dict[str, tuple[int, str]]) -> None:
    wrong = [path for path, one in backup.files.items() if found.get(path) != one]
    if wrong:
        what = f"{len(wrong)} of the {len(backup.files):,} files of this backup are damaged or missing"
        where = "\n         ".join([str(backup.folder), *wrong[:10], *(["…"] if len(wrong) > 10 else [])])
        raise UserError(what, where=where, next_step="restore another backup; this home was not changed", exit_code=1)


def _require_unused(home: Home) -> None:
    used = home.warehouse_file.exists() or any(path.is_file() for path in home.spool.rglob("*"))
    if used:
        raise UserError("this home already has data", where=str(home.root), next_step="parstock restore BACKUP --home DIR, with a new DIR")
