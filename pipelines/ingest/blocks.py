"""Reading files in blocks of whole lines, without ever holding a line that is too long or a bomb that unpacks."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from pipelines.feeds.reading.rows import MAX_LINE_BYTES

MAX_UNPACKED: Final = 1 << 30
"""A packed file may unpack to this many bytes."""
MAX_RATIO: Final = 200
"""Above `RATIO_FROM` bytes a file may unpack to this many times its size."""
RATIO_FROM: Final = 32 << 20


class FileRefused(Exception):
    """A file cannot be read as what it should be; carries the reason code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Block(NamedTuple):
    """Whole lines: bytes `start` ≤ b < `end` of the (unpacked) file.

    A line that is too long is cut in `content` to one byte more than is read.
    """

    start: int
    end: int
    content: bytes


def open_regular(path: str) -> BinaryIO:
    """Open a regular file for reading; links are not followed, pipes and devices are not opened (FileRefused)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused("not_a_regular_file")
    return os.fdopen(descriptor, "rb", buffering=1 << 16)


class Unpacked:
    """The unpacked bytes of a gzip file; raises FileRefused when it is none, damaged, cut short, or out of all proportion."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._packed_bytes = packed.seek(0, os.SEEK_END)
        packed.seek(0)
        self._starts_like_gzip = packed.read(2) == b"\x1f\x8b"
        packed.seek(0)
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")
        self._given = 0

    def again(self) -> Unpacked:
        """The same bytes from the beginning."""
        self._packed.seek(0)
        return Unpacked(self._packed)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        return self._checked(lambda: self._stream.read(size))

    def readline(self, size: int) -> bytes:
        """Up to and including the next line end, at most `size` bytes."""
        return self._checked(lambda: self._stream.readline(size))

    def _checked(self, read: object) -> bytes:
        try:
            content: bytes = read()  # type: ignore[operator]
        except EOFError as error:
            raise FileRefused("truncated_gzip" if self._starts_like_gzip else "not_gzip") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused("corrupt_gzip" if self._starts_like_gzip else "not_gzip") from error
        self._given += len(content)
        if self._given > MAX_UNPACKED:
            raise FileRefused("too_large")
        if self._given > RATIO_FROM and self._given > MAX_RATIO * self._packed_bytes:
            raise FileRefused("compression_ratio")
        return content


class Bounded:
    """The next `length` bytes of a file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        content = self._file.read(min(size, self._left))
        self._left -= len(content)
        return content

    def readline(self, size: int) -> bytes:
        """Up to and including the next line end, at most `size` bytes."""
        content = self._file.readline(min(size, self._left)) if self._left else b""
        self._left -= len(content)
        return content


def line_blocks(stream: BinaryIO | Unpacked | Bounded, size: int, start: int = 0) -> Iterator[tuple[Block, list[bytes]]]:
    """Blocks of about `size` bytes from the stream's position on, each with the raw pieces it was made of (for hashing)."""
    while chunk := stream.read(size):
        pieces = [chunk]
        content = chunk
        if not chunk.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
            pieces.append(rest)
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_LINE_BYTES + 1)
                pieces.append(rest)
            content = chunk + b"".join(pieces[1:3]) if len(pieces) > 3 else b"".join(pieces)
            if len(pieces) > 3:  # the last line is longer than is read: keep enough of it to be refused
                begin = content.rfind(b"\n") + 1
                content = content[: begin + MAX_LINE_BYTES + 1] + b"\n"
        end = start + sum(map(len, pieces))
        yield Block(start, end, content), pieces
        start = end
