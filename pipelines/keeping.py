"""What keeps a home's data safe, as plain calls: making it again from the spool, backups, restoring one.

Belongs here: rebuild, backup and restore of one home. Does not belong here: the files of a backup (`pipelines.owner.backup`),
the stages of an ordinary run (`stages`), or printing (`cli`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import stages
from pipelines.errors import UserError
from pipelines.settings import Home

if TYPE_CHECKING:
    from pipelines.ledger.compare import Difference, Figures
    from pipelines.ledger.files import LedgerVersion
    from pipelines.owner.backup import Backup


@dataclasses.dataclass(frozen=True, slots=True)
class Rebuilt:
    """The ledger hash before (null without a ledger) and after, and what the ledger now says differently: nothing, unless rules have changed."""

    hash_before: str | None
    hash_now: str
    differences: tuple[Difference, ...] = ()


def rebuild(home: Home, *, clock: stages.Clock, say: stages.Say | None = None) -> Rebuilt:
    """Make warehouse, ledger and marts anew from the spool alone, by the rules of this version.

    What is published stays until the new version is there; the old ledger's files stay as long as a kept publication
    names them. Raises UserError while an owner runs.
    """
    from pipelines.ledger.compare import differences, figures_of
    from pipelines.ledger.files import read_current
    from pipelines.owner.owner import HomeLock

    HomeLock(home.make()).release()
    before = read_current(home)
    figures = _figures_if_there(home, before)
    for path in (home.warehouse_file, home.marts_file):
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
    with stages.owner_of(home, clock=clock, on_applied=stages.tell_applied(say)) as owner:
        stages.build_with(home, owner, clock=clock, full_refresh=True, say=say)
        ledger_hash = str(owner.ask("status")["ledger_hash"])
    now = read_current(home)
    differing = differences(figures, figures_of(home, now)) if figures is not None and now is not None else []
    return Rebuilt(before.ledger_hash if before else None, ledger_hash, tuple(differing))


def _figures_if_there(home: Home, version: LedgerVersion | None) -> Figures | None:
    """The figures of the ledger that is to be made anew; null where it cannot be read, which may be why."""
    from pipelines.ledger.compare import figures_of

    if version is None or any(not (home.ledger / file.path).exists() for files in version.tables.values() for file in files):
        return None
    return figures_of(home, version)


def back_up(home: Home, target: Path | None = None, *, clock: stages.Clock, say: stages.Say | None = None) -> Backup:
    """Copy everything that cannot be made again into a new folder under `target` (default: the home's `backups/`).

    Everything may go on meanwhile: the backup holds what the ledger had when it began.
    """
    from pipelines.owner import backup

    with stages.owner_of(home.make(), clock=clock) as owner:
        owner.ask("drain")
        return backup.back_up(home, target or home.backups, owner.ask("inventory"), now=clock(), on_progress=_tell_files("backup", say))


def restore(home: Home, folder: Path, *, clock: stages.Clock, say: stages.Say | None = None) -> Backup:
    """Make a home from a backup: its spool, then warehouse, ledger and marts anew from it.

    Raises UserError: exit code 2 for a home in use or a folder that is no backup, 1 for a damaged backup (the home is not
    changed) and where the ledger made from it has another hash.
    """
    from pipelines.ledger.files import read_current
    from pipelines.owner import backup
    from pipelines.quality.gates import GateBlocked

    kept = backup.read_backup(folder)
    backup.lay_into(kept, home, on_progress=_tell_files("restore", say))
    blocked: GateBlocked | None = None
    try:
        ledger_hash = rebuild(home, clock=clock, say=say).hash_now
    except GateBlocked as error:  # of the marts that were backed up with it; the ledger is there all the same
        blocked, current = error, read_current(home)
        ledger_hash = current.ledger_hash if current else ""
    if ledger_hash != kept.ledger_hash:
        raise UserError(
            "the ledger rebuilt from this backup does not match it",
            where=f"{folder}: {kept.ledger_hash} was backed up, {ledger_hash} came out",
            next_step="another version of parstock may have made the backup: restore it with that version",
            exit_code=1,
        )
    if blocked is not None:
        raise blocked
    return kept


def check_backup(folder: Path, *, say: stages.Say | None = None) -> Backup:
    """Read every file of a backup and change nothing. Raises UserError (exit code 1) where one is damaged or missing."""
    from pipelines.owner import backup

    kept = backup.read_backup(folder)
    backup.check(kept, on_progress=_tell_files("check", say))
    return kept


def _tell_files(stage: str, say: stages.Say | None) -> Callable[[int, int, int], None] | None:
    if say is None:
        return None
    return lambda done, total, size: say(stage, {"done": done, "total": total, "bytes": size})
