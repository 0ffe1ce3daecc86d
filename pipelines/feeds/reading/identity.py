"""Who a row is: its 128-bit key, the key of what it voids, and the hash that tells a copy from a contradiction.

The parts of a key are joined with a character that no text may hold (control characters are refused), so two different
lists of parts never give the same text. Hashes are xxh3-64: stable over versions and machines.
"""

from __future__ import annotations

from typing import Final

import polars as pl
import polars_hash as plh

from pipelines.events import EVENT_SCHEMA

SEPARATOR: Final = "\x1f"
_SEEDS: Final = (0x70617273, 0x746F636B)
_PAYLOAD_SEED: Final = 0x7061796C

# What the payload hash covers: everything that is said about the event, but who it is, when it was recorded, and lineage.
_NOT_PAYLOAD: Final = frozenset(
    {"key_hi", "key_lo", "payload_hash", "target_hi", "target_lo", "source_event_id", "source_revision", "recorded_at", "source_line"}
)
PAYLOAD_COLUMNS: Final = tuple(name for name in EVENT_SCHEMA if name not in _NOT_PAYLOAD)


def joined(prefix: str, parts: list[pl.Expr]) -> pl.Expr:
    """Prefix and parts as one text, null parts as empty text (which no field can be)."""
    return pl.concat_str([pl.lit(prefix), *(part.fill_null("") for part in parts)], separator=SEPARATOR)


def id_text(source_system: pl.Expr | str, feed: str, source_event_id: pl.Expr) -> pl.Expr:
    """The text behind the key of an event that has a number of its own."""
    return _with_system(source_system, feed, "id", [source_event_id])


def natural_text(source_system: pl.Expr | str, feed: str, parts: list[pl.Expr]) -> pl.Expr:
    """The text behind the key of an event that is known by its natural key."""
    return _with_system(source_system, feed, "natural", parts)


def _with_system(source_system: pl.Expr | str, feed: str, how: str, parts: list[pl.Expr]) -> pl.Expr:
    if isinstance(source_system, str):
        return joined(SEPARATOR.join((source_system, feed, how)), parts)
    return pl.concat_str([source_system, joined(SEPARATOR.join((feed, how)), parts)], separator=SEPARATOR)


def halves(text: str, high: str, low: str) -> list[pl.Expr]:
    """The two halves of the key behind the text column `text`, under the names `high` and `low`; null where the text is."""
    return [plh.col(text).nchash.xxh3_64(seed=seed).alias(name) for seed, name in zip(_SEEDS, (high, low), strict=True)]


def _as_text(name: str) -> pl.Expr:
    kind, column = EVENT_SCHEMA[name][0], pl.col(name)
    if isinstance(kind, pl.String):
        return column
    if isinstance(kind, pl.Datetime | pl.Date):
        return column.to_physical().cast(pl.String)
    if isinstance(kind, pl.List):
        return column.list.join("\x1e")
    return column.cast(pl.String)


def payload_text(present: list[str]) -> pl.Expr:
    """Text of everything a row says. Absent columns count as null, so it does not depend on what other rows of the block have."""
    parts: list[pl.Expr] = []
    gap = 0
    for name in PAYLOAD_COLUMNS:
        if name not in present:
            gap += 1
            continue
        if gap:
            parts.append(pl.lit(SEPARATOR * (gap - 1)))
            gap = 0
        parts.append(_as_text(name).fill_null(""))
    if gap:
        parts.append(pl.lit(SEPARATOR * (gap - 1)))
    return pl.concat_str(parts, separator=SEPARATOR)


def payload_hash(text: str) -> pl.Expr:
    """The hash of the column of `payload_text`."""
    return plh.col(text).nchash.xxh3_64(seed=_PAYLOAD_SEED).alias("payload_hash")
