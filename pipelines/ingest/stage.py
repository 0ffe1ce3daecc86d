"""The one parse stage: a unit of work to a segment, its rejects and its manifest in the spool.

The same in batch, in the stream and on any runner; a retry writes the same names with the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import logging
from typing import BinaryIO, Final

import polars as pl

from pipelines.durable import write_bytes_whole
from pipelines.failpoints import failpoint
from pipelines.feeds.parse import Context, Parsed, Task, parse_block, refuse_file, refuse_lines_of
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.reading.failing import is_of_the_machine, words_of
from pipelines.feeds.reading.rows import Refused, constants
from pipelines.feeds.registry import REFERENCE
from pipelines.ingest.blocks import Bounded, FileRefused, Unpacked, line_blocks
from pipelines.ingest.surveyed import count_rows, read_whole
from pipelines.ingest.unit import ContentChanged, WorkUnit
from pipelines.spool import Manifest, Spool

log = logging.getLogger("parstock.ingest")
BLOCK_BYTES: Final = 8 << 20
"""A unit that is read whole (a packed file) is parsed in blocks of about this many bytes."""

_BY_LINE: Final = ("jsonl", "csv")
"""Forms whose lines can be parsed one by one."""


def parse_unit(unit: WorkUnit, spool: Spool, secret: bytes) -> Manifest:
    """Parse a unit and write segment, rejects and, last, the manifest; returns the manifest.

    Lines that cannot be read become rejects, and so do all lines of a unit on which our own code fails; only faults of the
    machine (disk, memory) raise.
    """
    try:
        return _write_unit(unit, parse_or_refuse(unit, secret), spool)
    except BaseException as error:  # Polars can raise PanicException, which is no Exception
        if is_of_the_machine(error):
            raise
        return _write_unit(unit, _unreadable(unit, error), spool)


def _write_unit(unit: WorkUnit, parsed: Parsed, spool: Spool) -> Manifest:
    same = constants(parsed.events) if unit.origin.feed != REFERENCE else {}
    segment, segment_hash = _write_segment(unit, _as_words(parsed.events, same), spool)
    rejects = _write_rejects(unit, parsed.rejects, spool)
    low, high = _extremes(parsed.events)
    how = unit.how
    manifest = Manifest(
        **dataclasses.asdict(unit.origin),
        unit_id=unit.unit_id,
        first_line=unit.range.first_line,
        rows_in=unit.range.rows,
        rows_parsed=parsed.events.height,
        rows_rejected=parsed.rejects.height,
        segment=segment,
        segment_sha256=segment_hash,
        rejects=rejects,
        columns=parsed.events.columns if parsed.events.height else [],
        occurred_min=low,
        occurred_max=high,
        unknown_columns=parsed.unknown_columns,
        dropped_columns=parsed.dropped_columns,
        missing_columns=(how.detail or "").split(", ") if how.refusal == "missing_column" else [],
        constants=same,
    )
    spool.write_manifest(manifest)
    failpoint("after_manifest")
    return manifest


def _write_segment(unit: WorkUnit, events: pl.DataFrame, spool: Spool) -> tuple[str | None, str | None]:
    """Name and SHA-256 of the segment; nulls without rows."""
    if not events.height:
        return None, None
    name, content = f"{unit.unit_id}.parquet", parquet_bytes(events)
    write_bytes_whole(spool.segment_path(unit.origin.feed, name), content)
    failpoint("after_segment")
    return name, hashlib.sha256(content).hexdigest()


def _write_rejects(unit: WorkUnit, rejects: pl.DataFrame, spool: Spool) -> str | None:
    """Name of the file of rejects; null without any."""
    if not rejects.height:
        return None
    name = f"{unit.unit_id}.parquet"
    write_bytes_whole(spool.rejects_path(name), parquet_bytes(rejects))
    return name


def parse_or_refuse(unit: WorkUnit, secret: bytes) -> Parsed:
    """The parsed unit; where our own code fails on it, all its rows refused, so that one file never stops the others."""
    try:
        parsed = _parse(unit, secret)
        _check_count(parsed, unit.range.rows)
    except BaseException as error:
        if is_of_the_machine(error):
            raise
        return _unreadable(unit, error)
    return parsed


def _unreadable(unit: WorkUnit, error: BaseException) -> Parsed:
    """All rows of a unit refused, with its file, its lines and what went wrong as their reason."""
    uri, lines = unit.origin.source_uri, unit.range
    log.error("%s, from line %d on: could not be parsed", uri, lines.first_line, exc_info=error)
    return refuse_file("unreadable", lines.rows, f"{uri} from line {lines.first_line} on ({words_of(error)})", lines.first_line)


class _Miscounted(Exception):
    """A block gave more or fewer rows than were counted in it."""


def _check_count(parsed: Parsed, rows: int) -> None:
    if parsed.events.height + parsed.rejects.height != rows:
        raise _Miscounted(f"{rows} rows counted, {parsed.events.height} parsed, {parsed.rejects.height} refused")


def _as_words(events: pl.DataFrame, same: dict[str, str | int]) -> pl.DataFrame:
    """Texts that are the same in every row as enumerations of one word: the writer need not find out that they are.

    Whoever reads the segment with DuckDB or as plain Parquet gets text, as before.
    """
    return events.with_columns(pl.lit(text, pl.Enum([text])).alias(name) for name, text in same.items() if isinstance(text, str))


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
    origin, how, rows = unit.origin, unit.how, unit.range.rows
    if how.form == "none":
        return refuse_file(how.refusal or "unknown_format", rows, how.detail)
    if rows == 0:
        return refuse_file("unknown_format", 0)
    task = Task(origin.feed, how, Context(origin.source_system, secret), origin.entity)
    try:
        with unit.content.open() as file:
            parts = _read_and_parse(unit, task, file)
    except (FileNotFoundError, FileRefused, ContentChanged):
        return refuse_file("source_changed", rows, first_line=unit.range.first_line)
    return parts[0] if len(parts) == 1 else joined(parts)


def _read_and_parse(unit: WorkUnit, task: Task, file: BinaryIO) -> list[Parsed]:
    how, lines = unit.how, unit.range
    if how.form == "document":
        content = read_whole(Unpacked(file) if how.is_packed else file)
        return [_parse_document(task, content.removeprefix(BOM))]
    is_whole = how.mapping is not None and (how.mapping.is_json or (how.is_packed and how.mapping.is_wide))
    if is_whole:
        return [parse_block(task, read_whole(Unpacked(file) if how.is_packed else file), lines.first_line, lines.rows, how.is_cut)]
    if how.is_packed:
        return _parse_packed(unit, task, Unpacked(file))
    file.seek(lines.start)
    return _parse_lines(task, _read_range(file, lines.end - lines.start), lines.first_line, lines.rows, how.is_cut)


def _parse_lines(task: Task, content: bytes, first_line: int, rows: int, is_cut: bool) -> list[Parsed]:
    """A block of whole lines. Where our own code fails on it its halves are parsed, down to the line that it fails on."""
    try:
        parsed = parse_block(task, content, first_line, rows, is_cut)
        if task.how.mapping is None:
            _check_count(parsed, rows)
        return [parsed]
    except BaseException as error:
        if is_of_the_machine(error) or task.how.form not in _BY_LINE or not _is_divisible(task, content):
            raise
        if rows <= 1:
            log.error("line %d: could not be parsed", first_line, exc_info=error)
            return [refuse_lines_of(task, content, first_line, "unreadable", words_of(error))]
    head, tail, ends = _halves(content)
    if not tail:
        return _parse_lines(task, head, first_line, count_rows(head)[0], is_cut)
    parts = [(head, first_line, False), (tail, first_line + ends, is_cut)]
    return [one for part, line, cut in parts for one in _parse_lines(task, part, line, count_rows(part)[0], cut)]


def _is_divisible(task: Task, content: bytes) -> bool:
    """Whether each line is a record of its own."""
    return task.how.form == "jsonl" or not any(line.count(b'"') % 2 for line in content.split(b"\n"))


def _halves(content: bytes) -> tuple[bytes, bytes, int]:
    """The first half of the lines, the second, and how many lines the first has; blank lines at the end are left out."""
    lines = content.rstrip(b"\n\r\t ").split(b"\n")
    middle = (len(lines) + 1) // 2
    end = b"\n" if content.endswith(b"\n") else b""
    tail = lines[middle:]
    return b"\n".join(lines[:middle]) + (b"\n" if tail else end), b"\n".join(tail) + end if tail else b"", middle


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
    how, lines = unit.how, unit.range
    quote = how.mapping.quote.encode() if how.mapping else b'"'
    if (how.form in ("csv", "mapped") and quote) or (how.mapping is not None and how.mapping.numbers_lines):
        content = read_whole(stream)[lines.start :]
        is_one = how.mapping is not None and how.mapping.numbers_lines
        if is_one or any(line.count(quote) % 2 for line in content.split(b"\n") if quote in line):
            return [parse_block(task, content, lines.first_line, lines.rows, how.is_cut)]
        stream = stream.again()
    parts: list[Parsed] = []
    number = lines.first_line
    for block, _ in line_blocks(stream, BLOCK_BYTES):
        content = block.content[max(0, lines.start - block.start) :]
        if not content:
            continue
        is_last_cut = how.is_cut and block.end == lines.end
        rows, ends = count_rows(content)
        parts += _parse_lines(task, content, number, rows, is_last_cut)
        number += ends
    return parts


def joined(parts: list[Parsed]) -> Parsed:
    """The parts of a unit as one."""
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
