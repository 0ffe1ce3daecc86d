"""Numbers for the lines of documents that have none: 1, 2, 3 within the document, in the order of the file.

The document is the one of the feed's natural key (of a till: place, register, number and day), so that a number holds however
many other documents the file has. Rows that are refused later are counted, rows that the mapping leaves out are not.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipelines.feeds.registry import FEED_BY_NAME, REFERENCE

NUMBERED: Final = ("document_line", "source_event_id")
"""Fields that may be numbers; as an event's own number it stands behind what it is counted within: `T1/2`."""
_NOT_THE_DOCUMENT: Final = frozenset({"document_line", "event_kind", "item_code", "occurred_at", "source_event_id"})


def numbered(found: dict[str, pl.Series], within: tuple[str, ...], feed: str, field: str, documents: pl.Series | None = None) -> pl.Series:
    """The number of each row within its document, as text; null where the document is not named.

    `documents` tells JSON documents apart, of which one may stand in a file twice.

    >>> numbered({"document_id": pl.Series(["T1", "T2", "T1", None])}, ("document_id",), "pos", "document_line").to_list()
    ['1', '1', '2', None]
    """
    keys = {name: found[name] for name in within}
    natural = FEED_BY_NAME[feed].natural_key if feed != REFERENCE else None
    for name in natural or ():
        if name in found and name not in _NOT_THE_DOCUMENT:
            keys[name] = found[name]
    if natural and "day" in natural:
        keys |= {"day": day} if (day := _day(found)) is not None else {}
    if documents is not None:
        keys["document"] = documents
    frame = pl.DataFrame({f"~{name}": text for name, text in keys.items()})
    number = frame.select(pl.int_range(1, pl.len() + 1).over(frame.columns).cast(pl.String)).to_series()
    if field == "source_event_id":
        parts = [found[name].alias(name) for name in within]
        return pl.select(pl.concat_str([*parts, number.alias("~number")], separator="/")).to_series()
    is_named = pl.select(pl.all_horizontal(found[name].is_not_null() for name in within)).to_series()
    return number.set(~is_named, None)


def _day(found: dict[str, pl.Series]) -> pl.Series | None:
    """The day of the natural key: `business_on`, else the date as written."""
    written = found["occurred_at"].str.head(10) if "occurred_at" in found else None
    said = found.get("business_on")
    if said is None or written is None:
        return said if written is None else written
    return said.zip_with(said.is_not_null(), written)
