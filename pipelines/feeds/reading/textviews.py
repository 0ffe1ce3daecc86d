"""Columns of text that are cut out of a block of bytes without copying it, sixteen bytes at a time.

Belongs here: Arrow's string views, made and read with NumPy. Does not belong here: what a text means.

A view is sixteen bytes: the text's length in four, then the text itself where it has at most twelve bytes, else its first
four, the number of the buffer it lies in (always 0 here) and where in it. Two little-endian words, so this is for machines
that write numbers that way round, as Arrow's own views are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
"""Rows of two."""

Windows = npt.NDArray[np.void]

PAD: Final = 32
"""Zero bytes that must follow a block: whoever looks at its last byte looks at sixteen."""

SHORTEST_OPENING: Final = 4
"""A text must have so many bytes before it in its block: its view is made from them on."""

_INLINE: Final = 12
_LENGTH: Final = np.uint64(0xFFFFFFFF)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_REST: Final = np.uint64(0xFFFFFFFF00000000)
_HALF: Final = np.uint64(32)
_KEEP: Final = np.array([[(1 << 8 * max(0, min(8, n - 8 * half))) - 1 for half in (0, 1)] for n in range(17)], dtype=np.uint64)
"""Masks that keep the first n bytes of sixteen."""


def windows(buffer: Bytes) -> Windows:
    """The sixteen bytes from each place of a buffer on."""
    return np.ndarray(shape=(len(buffer) - 15,), dtype="V16", buffer=buffer, strides=(1,))


def sixteen(window: Windows, places: Places) -> Words:
    """A copy of the sixteen bytes at each place, as two words."""
    return window[places].view(np.uint64).reshape(-1, 2)


def stands(window: Windows, places: Places, text: bytes) -> bool:
    """Whether this text stands at every place.

    >>> stands(windows(np.frombuffer(b"a:1;a:2;" + bytes(PAD), np.uint8)), np.array([0, 4]), b"a:")
    True
    """
    for begin in range(0, len(text), 16):
        begin = min(begin, max(0, len(text) - 16))  # the last sixteen may be looked at twice: then no byte behind them is
        part = text[begin : begin + 16]
        found = sixteen(window, places + begin if begin else places)
        for half, wanted in enumerate(np.frombuffer(part.ljust(16, b"\0"), np.uint64)):
            kept = _KEEP[len(part), half]
            if kept and ((found[:, half] if kept == _ALL else found[:, half] & kept) != wanted).any():
                return False
    return True


def views(window: Windows, starts: Places, sizes: Places) -> Words:
    """Views of the texts that begin at `starts` and have these sizes in bytes."""
    found = sixteen(window, starts - SHORTEST_OPENING)  # four bytes for the length, then the first twelve of the text
    least, most = int(sizes.min()), int(sizes.max())
    if least > _INLINE:
        found[:, 0] &= _REST
        found[:, 1] = starts.view(np.uint64) << _HALF
    elif least == most:
        found[:, 0] &= _KEEP[most + 4, 0] & _REST
        found[:, 1] &= _KEEP[most + 4, 1]
    else:
        found &= _KEEP[np.minimum(sizes, _INLINE) + 4]
        found[:, 0] &= _REST
        if most > _INLINE:
            found[:, 1] = np.where(sizes > _INLINE, starts.view(np.uint64) << _HALF, found[:, 1])
    found[:, 0] |= np.uint64(most) if least == most else sizes.view(np.uint64)
    return found


def series(found: Words, buffer: Bytes) -> pl.Series:
    """The column of views into a buffer, which lives as long as the column does."""
    array = pa.Array.from_buffers(pa.string_view(), len(found), [None, pa.py_buffer(found), pa.py_buffer(buffer)])
    return pl.Series(pl.from_arrow(array))


def of_one_width(text: pl.Series) -> tuple[Bytes, Places, int] | None:
    """Buffer, places and size of texts that all have one size above twelve and lie in one buffer; null where they do not."""
    if text.null_count() or not len(text):
        return None
    array = text.to_arrow(compat_level=pl.CompatLevel.newest())
    if isinstance(array, pa.ChunkedArray) or array.type != pa.string_view():
        return None
    buffers = array.buffers()
    if len(buffers) != 3:
        return None
    found = np.frombuffer(buffers[1], np.uint64)[2 * array.offset : 2 * (array.offset + len(array))].reshape(-1, 2)
    size = int(found[0, 0] & _LENGTH)
    if size <= _INLINE or ((found[:, 0] & _LENGTH) != size).any() or (found[:, 1] & _LENGTH).any():
        return None
    return np.frombuffer(buffers[2], np.uint8), (found[:, 1] >> _HALF).astype(np.int64), size
