"""What a reader hands on: raw rows (text as sent), and the lines that could not be read at all."""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl

from pipelines.feeds.reasons import sentence

REJECT_SCHEMA: Final = {"line_no": pl.UInt32(), "reason_code": pl.String(), "reason": pl.String(), "payload": pl.String()}
MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is refused unread."""

LINE: Final = "source_line"
EXTRA: Final = "extra"


@dataclasses.dataclass(frozen=True, slots=True)
class Reject:
    """One line that is set aside. `payload` holds nothing personal; null where nothing could be kept."""

    line_no: int
    reason_code: str
    reason: str
    payload: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class RawRows:
    """Lines that were read: one row each, every column text (null where absent, null or empty), as sent.

    The frame has the fields of the feed that any line names, `extra` (JSON of the other fields, less personal ones)
    where a line has such, and `source_line`. `is_ascii`, `may_have_blanks` and
    `is_clean` (text is as `clean_text` leaves it) say what later steps may skip.
    """

    frame: pl.DataFrame
    rejects: list[Reject]
    unknown_columns: list[str]
    dropped_columns: list[str]
    is_ascii: bool = False
    may_have_blanks: bool = True
    is_clean: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Parsed:
    """The result for a block of lines: rows of the event schema (or of a reference entity), and what was set aside."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    unknown_columns: list[str]
    dropped_columns: list[str]


def constants(frame: pl.DataFrame) -> dict[str, str | int]:
    """The texts and small numbers (offsets in minutes) that are the same in every row, by column; none of an empty frame."""
    found: dict[str, str | int] = {}
    for column in frame.iter_columns() if frame.height else ():
        may_be = column.dtype in (pl.String(), pl.Int16()) and column[0] is not None and column[0] == column[-1]
        if may_be and not column.null_count() and (column == column[0]).all():
            found[column.name] = column[0]
    return found


class Refused(Exception):
    """A line cannot be read; carries the reason code, and the field and value where they are known."""

    def __init__(self, code: str, field: str | None = None, value: str | None = None) -> None:
        super().__init__(code)
        self.code, self.field, self.value = code, field, value

    def sentence(self) -> str:
        """The reason as stored with the row."""
        return sentence(self.code, self.field, self.value)


def reject_frame(rejects: list[Reject]) -> pl.DataFrame:
    """Rejects as a frame, in the order of their lines."""
    rows = [dataclasses.astuple(reject) for reject in sorted(rejects, key=lambda reject: reject.line_no)]
    try:
        return pl.DataFrame(rows, schema=REJECT_SCHEMA, orient="row")
    except UnicodeEncodeError:  # half a character, which no file can hold, is written out
        told = [tuple(_storable(value) if isinstance(value, str) else value for value in row) for row in rows]
        return pl.DataFrame(told, schema=REJECT_SCHEMA, orient="row")


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
