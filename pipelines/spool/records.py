"""The two records of the spool: a delivery (one file as first seen) and a manifest (one parsed unit of it).

Both are flat JSON objects. Instants are ISO 8601 in UTC with microseconds (`2026-03-02T09:05:00.000000Z`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime
from typing import Any, Self

import orjson

Json = bytes  # `bytes` is also the name of a field below
_SEPARATOR = "\x1f"  # cannot stand in a path that is taken, so joined parts cannot be mistaken


def _hash(*parts: str) -> str:
    return hashlib.sha256(_SEPARATOR.join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def delivery_id_of(feed: str, source_uri: str, content_sha256: str, occurrence: int = 0, reading: str = "") -> str:
    """Id of a delivery: 32 hex digits from feed, path under the landing root and content.

    `occurrence` counts how often this content has come back to this path after another one stood there (reference files), or this
    reading of it after another one (the others): what returns is a new delivery. `reading` is what the file was said to be,
    where somebody said so: the same file read otherwise is another delivery.
    """
    parts = [feed, source_uri, content_sha256]
    if occurrence or reading:
        parts.append(str(occurrence))
    if reading:
        parts.append(reading)
    return _hash(*parts)


def unit_id_of(delivery_id: str, start: int, end: int) -> str:
    """Id of a unit of work: 32 hex digits from the delivery and the byte range (of the decompressed content)."""
    return _hash(delivery_id, str(start), str(end))


def instant_text(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`; `instant` must be aware.

    >>> instant_text(datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
    '2026-03-02T09:05:00.000000Z'
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclasses.dataclass(frozen=True, slots=True)
class UnitRange:
    """One unit of a delivery: bytes `start` ≤ b < `end` of the decompressed content, always whole lines.

    `first_line` is the line number (from 1) at `start`; `rows` the number of rows (lines that are not blank, or
    events of a document) in the range.
    """

    unit_id: str
    start: int
    end: int
    first_line: int
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """What a delivery says of itself in every one of its units and manifests; the fields are described there.

    The delivery is complete when `units_in_delivery` units of it are applied. How many that are is for its source to say: all
    ranges of a file, or one where a range of a stream is a delivery of its own.
    """

    delivery_id: str
    feed: str
    source_system: str
    source_uri: str
    entity: str | None
    known_at: str
    content_sha256: str
    units_in_delivery: int
    sequence: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """One file as it was first seen. Written once, before anything of it is parsed; never changed.

    `source_uri` is the path under the landing root, `content_sha256` that of the decompressed bytes,
    `bytes` the size of the file as it lies there, `rows_in` the sum of its units' rows. `sequence` counts from 0 the
    deliveries of one path of a reference file, of other feeds the readings of one content under one path. `entity` is null but for `reference`. `reading` is what the
    file was said to be, empty where it speaks for itself; `mapping` the meaning of the mapping it is read through, if any,
    and `left_out` the rows that it leaves out, which are not in `rows_in`.
    """

    delivery_id: str
    feed: str
    source_system: str
    source_uri: str
    content_sha256: str
    bytes: int
    rows_in: int
    first_known_at: str
    units: list[str]
    ranges: list[UnitRange]
    entity: str | None = None
    sequence: int = 0
    reading: str = ""
    mapping: str = ""
    left_out: int = 0

    @property
    def known_at(self) -> datetime:
        """`first_known_at` as an aware instant."""
        return datetime.fromisoformat(self.first_known_at)

    @property
    def origin(self) -> Origin:
        """What its units and manifests repeat of it."""
        return Origin(
            delivery_id=self.delivery_id,
            feed=self.feed,
            source_system=self.source_system,
            source_uri=self.source_uri,
            entity=self.entity,
            known_at=self.first_known_at,
            content_sha256=self.content_sha256,
            units_in_delivery=len(self.ranges),
            sequence=self.sequence,
        )

    def to_json(self) -> Json:
        """The record as stored; the same record always gives the same bytes."""
        return orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read a stored record; fields of a later version are ignored. Raises ValueError or TypeError when it is none."""
        fields = _known_fields(cls, orjson.loads(content))
        fields["ranges"] = [UnitRange(**unit) for unit in fields.get("ranges", [])]
        return cls(**fields)


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """One parsed unit; its being there says that segment and rejects are there. `rows_in = rows_parsed + rows_rejected`.

    `segment` and `rejects` are file names (under `segments/<feed>/` and `rejects/`), null without
    rows. `columns` are the columns the segment has; the other columns of the schema are null throughout. `constants` are
    texts and offsets that are the same in all of its rows, by column; none where an earlier version wrote it.
    `first_line` is the line number at which the unit starts. `occurred_min`, `occurred_max` are the extremes of
    `occurred_at` as stored (ISO without zone: UTC where the row has an offset, local where not), null without rows.
    `sequence` is the delivery's. `unknown_columns` are fields the feed does not list, kept in `extra` (of EPCIS also what was
    passed over or noted); `dropped_columns` are personal ones, not kept; `missing_columns` are the required ones that a
    table's header lacks, which is why all its rows are rejected.
    """

    unit_id: str
    delivery_id: str
    feed: str
    source_system: str
    source_uri: str
    entity: str | None
    known_at: str
    content_sha256: str
    units_in_delivery: int
    first_line: int
    rows_in: int
    rows_parsed: int
    rows_rejected: int
    segment: str | None
    segment_sha256: str | None
    rejects: str | None
    columns: list[str]
    occurred_min: str | None
    occurred_max: str | None
    unknown_columns: list[str]
    dropped_columns: list[str] = dataclasses.field(default_factory=list)
    sequence: int = 0
    missing_columns: list[str] = dataclasses.field(default_factory=list)
    constants: dict[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def turn(self) -> tuple[str, str, int, int]:
        """Its place among units of `reference`: by when it was known, of one look at the folders by path."""
        return (self.known_at, self.source_uri, self.sequence, self.first_line)

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_parsed + self.rows_rejected:
            ends = f"{self.rows_parsed} parsed and {self.rows_rejected} rejected"
            raise ValueError(f"unit {self.unit_id}: {self.rows_in} rows in, but {ends}")

    def to_json(self) -> Json:
        """The record as stored; the same record always gives the same bytes, also one that knows of no constants."""
        fields = dataclasses.asdict(self)
        if not self.constants:
            del fields["constants"]
        return orjson.dumps(fields, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read a stored record; fields of a later version are ignored. Raises ValueError or TypeError when it is none."""
        return cls(**_known_fields(cls, orjson.loads(content)))


def _known_fields(record: type, stored: object) -> dict[str, Any]:
    if not isinstance(stored, dict):
        raise ValueError(f"not a {record.__name__}: {type(stored).__name__}")
    names = {field.name for field in dataclasses.fields(record)}
    return {name: value for name, value in stored.items() if name in names}
