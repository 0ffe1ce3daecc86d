"""`parstock ingest --try FILE`: how a file would be read, and a draft of a mapping for a table that has none.

Belongs here: what is shown of it. Does not belong here: reading (`pipelines.ingest.rehearse`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.cli.output import Output
from pipelines.errors import UserError

if TYPE_CHECKING:
    from pipelines.ingest.rehearse import Rehearsal

SHOWN_ROWS = 8
_INNER = ("key_hi", "key_lo", "payload_hash", "target_hi", "target_lo", "occurred_offset_minutes")


def show_rehearsal(out: Output, path: Path, feed: str | None, reading: str | None, is_whole: bool = False) -> int:
    """Print it; returns the exit code: 1 where rows would be refused.

    `path` may be a folder: then each file in it. `reading` is what `--format` says: a mapping (`FILE.toml`) or a vendor's
    document. `is_whole` is `--last-line whole`.
    """
    from pipelines.ingest.rehearse import draft_for, files_in, rehearse

    if not path.exists():
        raise UserError("there is no such file or folder", where=str(path), next_step="parstock ingest --try FILE")
    files = files_in(path) if path.is_dir() else [path]
    found = [(file, one) for file in files for one in rehearse(file, feed, reading, is_whole)]
    wanted = _to_draft(found) if out.is_table and not reading else []
    draft = draft_for(wanted, found[0][1].feed) if wanted else None
    if draft is not None:
        several = "The files" if len(wanted) == len(files) else ", ".join(file.name for file in wanted)
        what = f"{path.name} is no canonical file" if len(files) == 1 else f"{several} of {path.name} are no canonical ones"
        out.say(f"# {what} of {found[0][1].feed}, and no mapping lies beside it. A draft of mapping.toml:", "")
        out.say(draft)
        return 1
    if not out.is_table and len(found) > 1:
        return _print_together(out, found)
    return max(_show(out, file if len(files) > 1 else None, one) for file, one in found)


def _to_draft(found: list[tuple[Path, Rehearsal]]) -> list[Path]:
    """The files to draft a mapping for: all of them, or of reference, where a mapping holds for what it names, those that need one."""
    from pipelines.feeds.registry import REFERENCE, is_epcis
    from pipelines.ingest.rehearse import has_draft

    wanted = [file for file, one in found if one.mapping is None and not is_epcis(one.feed) and has_draft(file, one.parsed)]
    others = [one for file, one in found if file not in wanted and (one.rows or one.mapping is not None)]
    return [] if any(one.feed != REFERENCE or one.mapping is not None for one in others) else wanted


def _print_together(out: Output, found: list[tuple[Path, Rehearsal]]) -> int:
    """The rows of several files, or of several entities of one, as one list that says of which each is."""
    said = [{"file": file.name, "entity": one.entity, **row} for file, one in found for row in one.parsed.events.iter_rows(named=True)]
    columns = [name for name in dict.fromkeys(name for row in said for name in row) if name not in _INNER] or ["file"]
    out.rows(columns, [tuple(_shown(row.get(name)) for name in columns) for row in said])
    return max(1 if one.parsed.rejects.height else 0 for _, one in found)


def _show(out: Output, file: Path | None, found: Rehearsal) -> int:
    """Print how one file would be read; `file` is named where there are several."""
    events, rejects = found.parsed.events, found.parsed.rejects
    shown = events.head(SHOWN_ROWS) if out.is_table else events
    columns = ["source_line", *(name for name in shown.columns if name not in (*_INNER, "source_line"))]
    if file is not None:
        out.say(f"file        {file.name}")
    out.say(
        f"feed        {found.feed}"
        + (f", {found.entity}" if found.entity else "")
        + (f", through {found.mapping}" if found.mapping else ""),
        f"rows        {found.rows:,}; would be refused {rejects.height:,}",
        f"identity    {_identity(found)}",
    )
    if found.left_out:
        out.say(f"left out    {found.left_out:,} rows that the mapping leaves out")
    for name, names in (("kept", found.parsed.unknown_columns), ("dropped", found.parsed.dropped_columns)):
        if names:
            out.say(f"{name:12s}{', '.join(names)}" + (" (in extra)" if name == "kept" else " (about people)"))
    if shown.height:
        out.rows(columns, [tuple(_shown(row[name]) for name in columns) for row in shown.iter_rows(named=True)])
    elif not out.is_table:
        out.rows(["source_line"], [])
    for code, line, reason in _reasons(rejects):
        out.say(f"refused     line {line}: {reason}   [{code}]")
    return 1 if rejects.height else 0


def _identity(found: Rehearsal) -> str:
    """Whether the lines of the file can be told apart."""
    if not found.repeats and not found.conflicts:
        return "every line is one of its own"
    told = f"{found.repeats:,} would be repeats of a line above, {found.conflicts:,} conflicts (the same line with other content)"
    if found.entity is not None:
        return told + ": the last row of a key stays"
    remedy = '; tickets without line numbers: document_line = { number_within = "document_id" }' if found.mapping else ""
    return told + ": of each the first would count" + remedy


def _shown(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _reasons(rejects: Any) -> list[tuple[str, int, str]]:
    """The first reject of each reason, at most as many as rows are shown."""
    seen: dict[str, tuple[str, int, str]] = {}
    for line, code, reason, _ in rejects.iter_rows():
        seen.setdefault(code + reason.partition(" ")[0], (code, line, reason))
    return list(seen.values())[:SHOWN_ROWS]
