"""The commands that keep a home's data safe: `backup` and `restore`.

Belongs here: their options and what they print. Does not belong here: what a backup holds (`pipelines.owner.backup`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, HomeDir, clock_at, home_at
from pipelines.cli.output import Output
from pipelines.cli.progress import progress

_COLUMNS = ("backup", "taken_at", "commit_id", "ledger_hash", "files", "bytes")


def backup(
    home: HomeDir = DEFAULT_HOME,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the backup's folder goes. Default: the home's backups/.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Copy what cannot be made again, while everything runs.

    The spool as of one commit, plans, gates, alerts and the customers' key, each file with its SHA-256. landing/ is not in it.
    """
    from pipelines import keeping

    out = Output(as_json=as_json, as_csv=as_csv)
    with progress() as say:
        made = keeping.back_up(home_at(home), to, clock=clock_at(None), say=say)
    out.rows(_COLUMNS, [(str(made.folder), made.taken_at, made.commit_id, made.ledger_hash, len(made.files), made.size)])


def restore(
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="The folder of a backup.")],
    home: HomeDir = DEFAULT_HOME,
    check: Annotated[bool, typer.Option("--check", help="Only check the backup's files; nothing is changed.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Make a new home from a backup.

    Each file is checked, then the ledger and all tables are made again; a ledger that does not match the backup is told.
    """
    from pipelines import keeping

    out = Output(as_json=as_json, as_csv=as_csv)
    with progress() as say:
        kept = keeping.check_backup(folder, say=say) if check else keeping.restore(home_at(home), folder, clock=clock_at(None), say=say)
    out.rows(_COLUMNS, [(str(kept.folder), kept.taken_at, kept.commit_id, kept.ledger_hash, len(kept.files), kept.size)])
