"""What the first pass over a file finds, and the counting that both passes do alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import BinaryIO, Final

import numpy as np

from pipelines.feeds.parse import How
from pipelines.ingest.blocks import Unpacked

MAX_WHOLE: Final = 256 << 20
"""A table with quoted line ends, or a document, is read whole; a larger one is refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """One unit: bytes `start` ≤ b < `end`, the line number at `start`, and the rows in it."""

    start: int
    end: int
    first_line: int
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass found. `how` the units are to be read; a refusal in it refuses every row.

    `content_sha256` is that of the decompressed bytes, `size` the number of bytes as they lie there. `left_out` are rows that
    the file's mapping says are none; they do not count as rows.
    """

    content_sha256: str
    size: int
    how: How
    ranges: tuple[Range, ...]
    left_out: int = 0

    @property
    def rows(self) -> int:
        """Rows of the whole file."""
        return sum(one.rows for one in self.ranges)


def count_rows(content: bytes) -> tuple[int, int]:
    """Lines that are not blank, and line ends."""
    if not content:
        return 0, 0
    view = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(view == 10)
    begins = ends[:-1] + 1 if content.endswith(b"\n") else ends + 1
    if view[0] <= 32 or (view[begins] <= 32).any():  # a line that begins with a blank may be nothing else
        return sum(1 for line in content.split(b"\n") if line.strip(b" \t\r")), len(ends)
    return len(begins) + 1, len(ends)


def has_open_end(content: bytes) -> bool:
    """Whether the last line has no end; blanks behind the last line end are no line."""
    return bool(content[content.rfind(b"\n") + 1 :].strip(b" \t\r"))


def has_old_line_ends(content: bytes) -> bool:
    r"""Whether the lines of a table end in a carriage return alone: read as they are, all of them would be its header.

    >>> has_old_line_ends(b"a,b\r1,2\r"), has_old_line_ends(b"a,b\r\n1,2\r\n"), has_old_line_ends(b"a,b\r")
    (True, False, False)
    """
    lines = content.rstrip(b"\r\n")
    return b"\r" in lines and b"\n" not in lines


def is_in_cp1252(content: bytes, makes_sense: Callable[[str], bool] | None = None) -> bool:
    """Whether a line that is no UTF-8 reads as Windows-1252, and `makes_sense` so: then the whole file is in another encoding."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return False
    for line in content.split(b"\n"):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            try:
                text = line.decode("cp1252")
            except UnicodeDecodeError:
                continue
            if makes_sense is None or makes_sense(text):
                return True
    return False


def read_whole(stream: BinaryIO | Unpacked) -> bytes:
    """All bytes of a file that has been read once already."""
    if isinstance(stream, Unpacked):
        stream = stream.again()
        parts = []
        while part := stream.read(1 << 20):
            parts.append(part)
        return b"".join(parts)
    stream.seek(0)
    return stream.read()
