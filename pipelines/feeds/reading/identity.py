"""Who a row is: its 128-bit key, the key of what it voids, and the hash that tells a copy from a contradiction.

The parts of a key are joined with a character that no text may hold (control characters are refused), so two different
lists of parts never give the same text. Hashes are xxh3-64: stable over versions and machines.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final

import polars as pl
import polars_hash as plh

from pipelines.events import EVENT_SCHEMA

SEPARATOR: Final = "\x1f"
_SEEDS: Final = (0x70617273, 0x746F636B)
_PAYLOAD_SEED: Final = 0x7061796C

# What the payload hash covers: everything that is said about the event, but who it is, when it was recorded, and lineage.
_NOT_PAYLOAD: Final = frozenset(
    {
        "key_hi",
        "key_lo",
        "payload_hash",
        "target_hi",
        "target_lo",
        "local_fields",
        "source_event_id",
        "source_revision",
        "recorded_at",
        "source_line",
    }
)
PAYLOAD_COLUMNS: Final = tuple(name for name in EVENT_SCHEMA if name not in _NOT_PAYLOAD)


Part = pl.Expr | str
"""A part of a text: a column, or words that are the same in every row."""


def joined(parts: Iterable[Part]) -> pl.Expr:
    """Parts as one text, null as empty text (which no field can be); neighbouring words are joined once and not row by row."""
    found: list[pl.Expr] = []
    for is_words, some in itertools.groupby(parts, key=lambda part: isinstance(part, str)):
        if is_words:
            found.append(pl.lit(SEPARATOR.join(str(word) for word in some)))
        else:
            found += [part.fill_null("") for part in some if isinstance(part, pl.Expr)]
    return pl.concat_str(found, separator=SEPARATOR)


def id_text(source_system: pl.Expr | str, feed: str, source_event_id: pl.Expr) -> pl.Expr:
    """The text behind the key of an event that has a number of its own."""
    return joined([source_system, feed, "id", source_event_id])


def natural_text(source_system: pl.Expr | str, feed: str, parts: Sequence[Part]) -> pl.Expr:
    """The text behind the key of an event that is known by its natural key."""
    return joined([source_system, feed, "natural", *parts])


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


def payload_text(present: Container[str], same: Mapping[str, str]) -> pl.Expr:
    """Text of everything a row says; `same` has the columns that say the same in every row.

    Absent columns count as null, so it does not depend on what other rows of the block have.
    """
    return joined(same.get(name) or (_as_text(name) if name in present else "") for name in PAYLOAD_COLUMNS)


def payload_hash(text: str) -> pl.Expr:
    """The hash of the column of `payload_text`."""
    return plh.col(text).nchash.xxh3_64(seed=_PAYLOAD_SEED).alias("payload_hash")
