"""The one parse stage: a unit of work to a segment, its rejects and its manifest in the spool.

The same in batch, in the stream and on any runner; a retry writes the same names with the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import logging
import os
from collections.abc import Iterable
from typing import BinaryIO, Final

import polars as pl

from pipelines.failpoints import failpoint
from pipelines.feeds.mapping.spec import mapping_of
from pipelines.feeds.parse import Context, Form, Parsed, Task, parse_block, refuse_file
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.registry import REFERENCE
from pipelines.ingest.blocks import Bounded, FileRefused, Unpacked, line_blocks, open_regular
from pipelines.ingest.surveyed import count_rows, read_whole
from pipelines.spool import Manifest, Spool
from pipelines.spool.files import write_bytes_whole

log = logging.getLogger("parstock.ingest")
BLOCK_BYTES: Final = 8 << 20
"""A unit that is read whole (a packed file) is parsed in blocks of about this many bytes."""


@dataclasses.dataclass(frozen=True, slots=True)
class WorkUnit:
    """A range of a file, and everything that parsing it needs. Small and plain: this is what travels through Beam.

    `size` and `mtime_ns` are those of the file when it was surveyed; when they differ, its rows are set aside.
    `adapter` is what documents are to be read as, where somebody said so; `mapping` is the meaning of the mapping that a
    table is read through: a worker needs no other file than the table.
    """

    unit_id: str
    delivery_id: str
    feed: str
    entity: str | None
    source_system: str
    source_uri: str
    path: str
    known_at: str
    content_sha256: str
    units_in_delivery: int
    start: int
    end: int
    first_line: int
    rows: int
    form: Form
    is_packed: bool
    header: bytes | None
    refusal: str | None
    detail: str | None
    is_cut: bool
    size: int
    mtime_ns: int
    sequence: int = 0
    adapter: str | None = None
    mapping: str | None = None

    @property
    def turn(self) -> tuple[str, str, int, int]:
        """As `Manifest.turn`."""
        return (self.known_at, self.source_uri, self.sequence, self.first_line)


def in_turn(units: Iterable[WorkUnit]) -> list[tuple[WorkUnit, ...]]:
    """Units as runs of one after the other: those of `reference` are one run, in their turn, each other unit is its own.

    Of versions of one key first seen together, the one whose turn is later wins. The owner takes what it finds, so a
    reference unit must never be there before those whose turn was earlier, whoever dies meanwhile.
    """
    everything = list(units)
    reference = tuple(sorted((unit for unit in everything if unit.feed == REFERENCE), key=lambda unit: unit.turn))
    return [*([reference] if reference else []), *((unit,) for unit in everything if unit.feed != REFERENCE)]


def parse_unit(unit: WorkUnit, spool: Spool, secret: bytes) -> Manifest:
    """Parse a unit and write segment, rejects and, last, the manifest; returns the manifest.

    Lines that cannot be read become rejects; only faults of the machine (disk, memory) raise.
    """
    parsed = parse_or_set_aside(unit, secret)
    rejected = parsed.rejects.height
    segment = segment_hash = rejects = None
    if parsed.events.height:
        segment = f"{unit.unit_id}.parquet"
        content = parquet_bytes(parsed.events)
        segment_hash = hashlib.sha256(content).hexdigest()
        write_bytes_whole(spool.segment_path(unit.feed, segment), content)
        failpoint("after_segment")
    if rejected:
        rejects = f"{unit.unit_id}.parquet"
        write_bytes_whole(spool.rejects_path(rejects), parquet_bytes(parsed.rejects))
    low, high = _extremes(parsed.events)
    manifest = Manifest(
        unit_id=unit.unit_id,
        delivery_id=unit.delivery_id,
        feed=unit.feed,
        source_system=unit.source_system,
        source_uri=unit.source_uri,
        entity=unit.entity,
        known_at=unit.known_at,
        content_sha256=unit.content_sha256,
        units_in_delivery=unit.units_in_delivery,
        first_line=unit.first_line,
        rows_in=unit.rows,
        rows_parsed=parsed.events.height,
        rows_rejected=rejected,
        segment=segment,
        segment_sha256=segment_hash,
        rejects=rejects,
        columns=parsed.events.columns if parsed.events.height else [],
        occurred_min=low,
        occurred_max=high,
        unknown_columns=parsed.unknown_columns,
        dropped_columns=parsed.dropped_columns,
        sequence=unit.sequence,
        missing_columns=(unit.detail or "").split(", ") if unit.refusal == "missing_column" else [],
    )
    spool.write_manifest(manifest)
    failpoint("after_manifest")
    return manifest


def parse_or_set_aside(unit: WorkUnit, secret: bytes) -> Parsed:
    """The parsed unit; where our own code fails on it, all its rows set aside, so that one file never stops the others."""
    try:
        parsed = _parse(unit, secret)
        if parsed.events.height + parsed.rejects.height == unit.rows:
            return parsed
        log.error("%s: %d rows counted, %d parsed, %d set aside", unit.source_uri, unit.rows, parsed.events.height, parsed.rejects.height)
    except (OSError, MemoryError):
        raise
    except BaseException as error:  # Polars can raise PanicException, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        log.exception("%s could not be parsed", unit.source_uri)
    return refuse_file("unreadable", unit.rows, first_line=unit.first_line)


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet; the same frame always gives the same bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


def _extremes(events: pl.DataFrame) -> tuple[str | None, str | None]:
    if "occurred_at" not in events.columns or not events.height:
        return None, None
    low, high = events.select(pl.col("occurred_at").min().alias("low"), pl.col("occurred_at").max().alias("high")).row(0)
    return low.isoformat(timespec="microseconds"), high.isoformat(timespec="microseconds")


def _parse(unit: WorkUnit, secret: bytes) -> Parsed:
    task = Task(
        unit.feed, unit.form, Context(unit.source_system, secret), unit.entity, unit.header, unit.refusal, unit.detail, unit.adapter,
        mapping_of(unit.mapping) if unit.mapping else None,
    )  # fmt: skip
    if unit.form == "none":
        return refuse_file(unit.refusal or "unknown_format", unit.rows, unit.detail)
    if unit.rows == 0:
        return refuse_file("unknown_format", 0)
    try:
        return _read_and_parse(unit, task)
    except (FileNotFoundError, FileRefused, _Changed):
        return refuse_file("source_changed", unit.rows, first_line=unit.first_line)


class _Changed(Exception):
    """The file is not the one that was surveyed."""


def _check_unchanged(unit: WorkUnit, descriptor: int) -> None:
    now = os.fstat(descriptor)
    if (now.st_size, now.st_mtime_ns) != (unit.size, unit.mtime_ns):
        raise _Changed


def _read_and_parse(unit: WorkUnit, task: Task) -> Parsed:
    parts: list[Parsed] = []
    with open_regular(unit.path) as file:
        _check_unchanged(unit, file.fileno())
        if unit.form == "document":
            stream = Unpacked(file) if unit.is_packed else file
            content = read_whole(stream).removeprefix(BOM)
            parts.append(_parse_document(task, content))
        elif unit.is_packed and task.mapping is not None and task.mapping.is_wide:
            parts.append(parse_block(task, read_whole(Unpacked(file)), unit.first_line, unit.rows, unit.is_cut))
        elif unit.is_packed:
            parts += _parse_packed(unit, task, Unpacked(file))
        else:
            file.seek(unit.start)
            length = unit.end - unit.start
            content = _read_range(file, length)
            parts.append(parse_block(task, content, unit.first_line, unit.rows, unit.is_cut))
        _check_unchanged(unit, file.fileno())
    return parts[0] if len(parts) == 1 else _joined(parts)


def _read_range(file: BinaryIO, length: int) -> bytes:
    """The bytes of a range; where a line in it is too long, that line cut."""
    if length <= 4 * BLOCK_BYTES:
        return file.read(length)
    return b"".join(block.content for block, _ in line_blocks(Bounded(file, length), BLOCK_BYTES))


def _parse_document(task: Task, content: bytes) -> Parsed:
    try:
        return parse_block(task, content, 1, 0)
    except Refused as refused:
        return refuse_file(refused.code, 1, refused.field)


def _parse_packed(unit: WorkUnit, task: Task, stream: Unpacked) -> list[Parsed]:
    """A packed file, block by block; a table with line ends inside quotes in one piece."""
    quote = task.mapping.quote.encode() if task.mapping else b'"'
    if unit.form in ("csv", "mapped") and quote:
        content = read_whole(stream)[unit.start :]
        if any(line.count(quote) % 2 for line in content.split(b"\n") if quote in line):
            return [parse_block(task, content, unit.first_line, unit.rows, unit.is_cut)]
        stream = stream.again()
    parts: list[Parsed] = []
    line = unit.first_line
    for block, _ in line_blocks(stream, BLOCK_BYTES):
        content = block.content[max(0, unit.start - block.start) :]
        if not content:
            continue
        is_last_cut = unit.is_cut and block.end == unit.end
        rows, ends = count_rows(content)
        parts.append(parse_block(task, content, line, rows, is_last_cut))
        line += ends
    return parts


def _joined(parts: list[Parsed]) -> Parsed:
    frames = [part.events for part in parts if part.events.height]
    events = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    if frames:
        order = list(dict.fromkeys(name for frame in frames for name in frame.columns))
        events = events.select(order)
    return Parsed(
        events,
        pl.concat([part.rejects for part in parts]),
        sorted({name for part in parts for name in part.unknown_columns}),
        sorted({name for part in parts for name in part.dropped_columns}),
    )
