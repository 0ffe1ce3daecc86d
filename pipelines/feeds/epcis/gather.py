"""Events one by one to rows and rejects: the honest way, which every other way must agree with."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.feeds.epcis.document import check_doubled, events_of
from pipelines.feeds.epcis.jsonform import Prefixes, event_from_json
from pipelines.feeds.epcis.row import Seen, payload_of, row_of
from pipelines.feeds.epcis.session import is_session, session_row
from pipelines.feeds.reading.failing import words_of
from pipelines.feeds.reading.rows import LINE, RawRows, Refused, Reject


class Gathered:
    """Rows and rejects on the way."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.rejects: list[Reject] = []

    def reject(self, event: Any, number: int, refused: Refused, path: str) -> None:
        """Set an event aside; `path` is that of the event in its document."""
        where = ".".join(part for part in (path, refused.field) if part) or None
        self.rejects.append(Reject(number, refused.code, Refused(refused.code, where, refused.value).sentence(), payload_of(event)))

    def raw_rows(self, seen: Seen, quick: pl.DataFrame | None = None, is_ascii: bool = False) -> RawRows:
        """All rows as a frame in the order of their lines; `quick` are rows read in another way."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        schema: dict[str, pl.DataType] = {name: pl.String() for name in {**names, LINE: None}}
        schema[LINE] = pl.UInt32()
        if "epcs" in schema:
            schema["epcs"] = pl.List(pl.String())
        frame = pl.DataFrame({name: [row.get(name) for row in self.rows] for name in schema}, schema=schema)
        if quick is not None and quick.height:
            frame = pl.concat([quick, frame], how="diagonal").sort(LINE) if frame.height else quick
        seen.unknown |= _noted_steps(frame)
        return RawRows(frame, self.rejects, sorted(seen.unknown), sorted(seen.dropped), is_ascii=is_ascii)


def _noted_steps(frame: pl.DataFrame) -> set[str]:
    """A note where one place has `receiving` and a part of it: by the CBV a sender uses either the whole or its parts."""
    if "biz_step" not in frame.columns or "location_code" not in frame.columns:
        return set()
    steps = frame.lazy().select("location_code", "biz_step").unique().group_by("location_code").agg("biz_step").collect()["biz_step"]
    both = steps.list.contains("receiving") & (steps.list.contains("arriving") | steps.list.contains("accepting"))
    return {"bizStep: receiving beside arriving or accepting"} if both.any() else set()


def take(value: Any, number: int, path: str, prefixes: Prefixes, seen: Seen, gathered: Gathered, *, may_double: bool = True) -> None:
    """One event of a JSON value to a row or a reject; `may_double` says that it may name a field twice."""
    event: Any = None
    try:
        if may_double:
            check_doubled(value)
        if is_session(value):
            gathered.rows.append(session_row(value, number, seen))
            return
        event = event_from_json(value, prefixes)
        gathered.rows.append(row_of(event, number, seen))
    except Refused as refused:
        gathered.reject(value if event is None else event, number, refused, path)
    except RecursionError:
        gathered.reject(value if event is None else event, number, Refused("too_deep"), path)
    except Exception as error:  # of one event, and no reason to set its neighbours aside
        gathered.reject(None, number, Refused("unreadable", words_of(error)), path)


def read_honestly(document: Any) -> RawRows:
    """Read the value that `decode_document` gives, event by event."""
    seen, gathered = Seen(), Gathered()
    events, path, prefixes = events_of(document)
    note_header(document, seen)
    for number, value in enumerate(events, 1):
        take(value, number, path_of(path, number), prefixes, seen, gathered)
    return gathered.raw_rows(seen)


def note_header(document: Any, seen: Seen) -> None:
    """Note that a document's header is not read."""
    if isinstance(document, dict) and "epcisHeader" in document:
        seen.unknown.add("epcisHeader")


def path_of(path: str, number: int) -> str:
    """Where event `number` (from 1) stands in its document; empty for a single event."""
    return "" if path == "-" else f"{path}[{number - 1}]"
