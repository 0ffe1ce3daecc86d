"""From an event back to the line it came from: which file of which delivery, and where in it.

The ledger keeps what a line says, not where it stood; the spool keeps both. Only segments that can hold the events are
opened, newest first, and the search ends with the last event found: an old event of a long history, or one whose
segments were archived, stays without a line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pipelines.ledger.keys import event_id_sql, key_sql
from pipelines.settings import Home
from pipelines.spool.records import Manifest
from pipelines.spool.store import Spool
from pipelines.sql_text import literal

_MOST_MANIFESTS: Final = 4000
"""So many are looked into, which takes about half a second."""
_AT_ONCE: Final = 400
_ZONES: Final = timedelta(hours=36)
"""A segment's times may be local as written: a day and a zone away."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A line of a delivery: its path under the landing root, and its number from 1."""

    source_uri: str
    line_no: int

    def __str__(self) -> str:
        """As an editor opens it: `pos/shop/2017-12-31.jsonl:118`."""
        return f"{self.source_uri}:{self.line_no}"


def find_lines(home: Home, events: Sequence[tuple[str, str, datetime]]) -> dict[str, Line]:
    """The lines of some events (id, feed, when it happened), as far as they are found. Of copies: the one known first."""
    missing = {event_id: (feed, occurred_at) for event_id, feed, occurred_at in events}
    found: dict[str, Line] = {}
    spool = Spool(home.spool)
    for manifests in _newest_first(spool):
        candidates = [one for one in manifests if any(_may_hold(one, feed, at) for feed, at in missing.values())]
        for event_id, line in _look_into(spool, candidates, list(missing)):
            found.setdefault(event_id, line)
        for event_id in found:
            missing.pop(event_id, None)
        if not missing:
            break
    return found


def _newest_first(spool: Spool) -> Iterator[list[Manifest]]:
    """Manifests in batches, those written last first; a damaged one is passed over, as its lines are only for show."""
    if not spool.manifests.is_dir():
        return
    files = sorted(spool.manifests.glob("[!.]*.json"), key=_written_at, reverse=True)[:_MOST_MANIFESTS]
    for start in range(0, len(files), _AT_ONCE):
        batch = []
        for file in files[start : start + _AT_ONCE]:
            try:
                batch.append(Manifest.from_json(file.read_bytes()))
            except (OSError, ValueError, TypeError):
                continue
        yield batch


def _written_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _may_hold(manifest: Manifest, feed: str, occurred_at: datetime) -> bool:
    if manifest.feed != feed or not (manifest.segment and manifest.occurred_min and manifest.occurred_max):
        return False
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (manifest.occurred_min, manifest.occurred_max))
    return first - _ZONES <= occurred_at <= last + _ZONES


def _look_into(spool: Spool, manifests: Sequence[Manifest], event_ids: Sequence[str]) -> list[tuple[str, Line]]:
    """The events' lines in these segments, the copy known first before the others."""
    import duckdb

    queries, uris, known = [], {}, {}
    # A revision changes the low half of an event's id only, so the high half finds its rows without reckoning.
    highs = ", ".join(str(int(event_id.replace("-", "")[:16], 16)) for event_id in event_ids)
    for number, manifest in enumerate(manifests):
        path = spool.segment_path(manifest.feed, str(manifest.segment))
        if not path.exists():
            continue
        uris[number], known[number] = manifest.source_uri, (manifest.known_at, manifest.source_uri)
        revision = "coalesce(source_revision, 0)::INTEGER" if "source_revision" in manifest.columns else "0"
        queries.append(
            f"select {number} as number, {event_id_sql(key_sql(), revision)}::VARCHAR as event_id, source_line::INTEGER as line_no "
            f"from read_parquet({literal(path)}) where key_hi in ({highs})"
        )
    if not queries:
        return []
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("set enable_progress_bar = false")
        hits = con.execute(" union all ".join(queries)).fetchall()
    wanted = set(event_ids)
    hits = sorted((hit for hit in hits if hit[1] in wanted), key=lambda hit: (known[hit[0]], hit[2]))
    return [(event_id, Line(uris[number], line_no)) for number, event_id, line_no in hits]
