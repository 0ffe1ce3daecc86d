"""`parstock ingest --try FILE`: how a file would be read, and a draft of a mapping for a table that has none.

Belongs here: what is shown of it. Does not belong here: reading (`pipelines.ingest.rehearse`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.cli.output import Output

SHOWN_ROWS = 8
_INNER = ("key_hi", "key_lo", "payload_hash", "target_hi", "target_lo", "occurred_offset_minutes")


def show_rehearsal(out: Output, path: Path, feed: str | None, mapping: Path | None) -> int:
    """Print it; returns the exit code: 1 where rows would be refused."""
    from pipelines.ingest.rehearse import draft_for, rehearse
    from pipelines.ingest.sources.mappings import is_table

    found = rehearse(path, feed, mapping)
    events, rejects = found.parsed.events, found.parsed.rejects
    if out.is_table and found.mapping is None and is_table(path.name) and not events.height and rejects.height:
        out.say(f"# {path.name} is no canonical table of {found.feed}, and no mapping lies beside it. A draft of mapping.toml:", "")
        out.say(draft_for(path, found.feed))
        return 1
    shown = events.head(SHOWN_ROWS) if out.is_table else events
    columns = ["source_line", *(name for name in shown.columns if name not in (*_INNER, "source_line"))]
    out.say(
        f"feed        {found.feed}" + (f", through {found.mapping}" if found.mapping else ""),
        f"rows        {found.rows:,}; of the first {events.height + rejects.height:,} would be refused {rejects.height:,}",
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


def _shown(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _reasons(rejects: Any) -> list[tuple[str, int, str]]:
    """The first reject of each reason, at most as many as rows are shown."""
    seen: dict[str, tuple[str, int, str]] = {}
    for line, code, reason, _ in rejects.iter_rows():
        seen.setdefault(code + reason.partition(" ")[0], (code, line, reason))
    return list(seen.values())[:SHOWN_ROWS]
