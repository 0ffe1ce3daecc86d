"""Times that all look alike, `2026-03-02T09:05:00` and one suffix: read by their digits, whole columns at a time.

Belongs here: local times of that one form. Does not belong here: what a suffix means, or any other form (`times.py`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.feeds.reading import textviews
from pipelines.feeds.reading.textviews import Words

_LOCAL: Final = b"0000-00-00T00:00:00"
_LONGEST: Final = 25
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)
_TO_1970: Final = 719_469  # days from the first of March of year 0, and one for days counting from 1

Numbers = npt.NDArray[np.int32]


class _Form(NamedTuple):
    """What eight bytes must be: digits where the form has 0, else as the form. As words: `same` under `high`, and `six` for the digits."""

    high: np.uint64
    same: np.uint64
    low: np.uint64
    six: np.uint64

    @classmethod
    def of(cls, text: bytes) -> _Form:
        """The form of eight bytes; of a digit its high half must be 3, and its low half no more than 9."""

        def word(of_digit: int, of_other: list[int]) -> np.uint64:
            made = bytes(of_digit if byte == ord("0") else other for byte, other in zip(text, of_other, strict=True))
            return np.uint64(int.from_bytes(made, "little"))

        return cls(word(0xF0, [0xFF] * 8), word(0x30, list(text)), word(0x0F, [0] * 8), word(6, [0] * 8))

    def fits(self, words: npt.NDArray[np.uint64]) -> bool:
        """Whether all of them are so; a digit's low half plus six stays below sixteen."""
        return bool(((words & self.high) == self.same).all() and not (((words & self.low) + self.six) & _SIXTEENS).any())


_SIXTEENS: Final = np.uint64(0x1010101010101010)
_FORMS: Final = tuple((begin, _Form.of(_LOCAL[begin : begin + 8])) for begin in (0, 8, 11))


def fixed_times(text: pl.Series, suffix: str) -> pl.Series | None:
    """The local times of a column; null unless each is a time of whole seconds, in 19 characters, followed by this suffix."""
    found = textviews.of_one_width(text)
    size = len(_LOCAL) + len(suffix)
    if found is None or found[2] != size or size > _LONGEST:
        return None
    buffer, places, _ = found
    if int(places.max()) + _LONGEST + textviews.PAD > len(buffer):
        buffer = np.concatenate([buffer, np.zeros(_LONGEST + textviews.PAD, np.uint8)])
    window = textviews.windows(buffer)
    if suffix and not textviews.stands(window, places + len(_LOCAL), suffix.encode()):
        return None
    first, second = textviews.sixteen(window, places), textviews.sixteen(window, places + 3)
    (_, start), (_, middle), (_, end) = _FORMS
    if not (start.fits(first[:, 0]) and middle.fits(first[:, 1]) and end.fits(second[:, 1])):
        return None
    return _instants(first, second, text.name)


def _instants(first: Words, second: Words, name: str) -> pl.Series | None:
    """The times of characters 0 to 15 and 3 to 18; null where a part is out of its range."""
    d = (first.view(np.uint8).reshape(-1, 16) & 15).astype(np.int32).T
    e = (second.view(np.uint8).reshape(-1, 16)[:, 14:] & 15).astype(np.int32).T
    year, month, day = d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3], d[5] * 10 + d[6], d[8] * 10 + d[9]
    hour, minute, second_ = d[11] * 10 + d[12], d[14] * 10 + d[15], e[0] * 10 + e[1]
    is_in_range = year.min() >= 1 and month.min() >= 1 and month.max() <= 12 and day.min() >= 1
    if not (is_in_range and hour.max() <= 23 and minute.max() <= 59 and second_.max() <= 59):
        return None
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if (day > _MONTH_DAYS[month] + ((month == 2) & is_leap)).any():
        return None
    micros = (_days(year, month, day).astype(np.int64) * 86_400 + (hour * 3600 + minute * 60 + second_)) * 1_000_000
    return pl.Series(name, micros).cast(pl.Datetime("us"))


def _days(year: Numbers, month: Numbers, day: Numbers) -> Numbers:
    """Days since 1970: years begin in March here, so that the leap day is a year's last."""
    since = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day
    days: Numbers = since * 365 + since // 4 - since // 100 + since // 400 + of_year - _TO_1970
    return days
