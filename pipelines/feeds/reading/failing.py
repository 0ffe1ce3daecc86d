"""What is said of rows on which our own code fails: they are set aside, whatever else goes on.

Belongs here: telling a fault of the machine, which ends a pass, from one of our own, which must not; and naming it.
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.blanks import visible

_MAX_WORDS: Final = 160


def is_of_the_machine(error: BaseException) -> bool:
    """Whether an exception says that the machine fails (disk, memory), or that somebody ends the program.

    >>> is_of_the_machine(OSError(28, "No space left on device")), is_of_the_machine(OverflowError("date value out of range"))
    (True, False)
    """
    return isinstance(error, OSError | MemoryError | KeyboardInterrupt | SystemExit | GeneratorExit)


def words_of(error: BaseException) -> str:
    """What an exception says, in one line that may be stored.

    >>> words_of(OverflowError("date value out of range")), words_of(ValueError("jean@example.org is no number"))
    ('OverflowError: date value out of range', 'ValueError: [masked] is no number')
    """
    said = visible(privacy.mask(" ".join(str(error).split("\n", 1)[0].split())))
    words = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return words if len(words) <= _MAX_WORDS else words[: _MAX_WORDS - 1] + "…"
