"""The ledger hash: two sums modulo 2^64 over the effective movements.

Belongs here: mixing a movement's content to 64 bits. Does not belong here: which movements are effective.

A sum does not depend on the order, and a reversal takes out what its movement put in; so the hash of a set of events
is the same in whatever order, cut and number of copies they came, and keeping it costs nothing.
Ids stand for codes: they are hashes of them, equal on every machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_MULTIPLIERS: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SEEDS: Final = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)
_MASK: Final = (1 << 64) - 1


def _mix(words: npt.NDArray[np.uint64], multiplier: int) -> npt.NDArray[np.uint64]:
    words = words ^ (words >> np.uint64(30))
    words = words * np.uint64(multiplier)
    return words ^ (words >> np.uint64(27))


def hash_sums(columns: list[npt.NDArray[np.uint64]], signs: npt.NDArray[np.int8]) -> tuple[int, int]:
    """Both sums over rows given column by column; a row of sign −1 is taken out.

    >>> one = [np.array([5], dtype=np.uint64), np.array([7], dtype=np.uint64)]
    >>> both = [np.array([5, 5], dtype=np.uint64), np.array([7, 7], dtype=np.uint64)]
    >>> hash_sums(both, np.array([1, -1], dtype=np.int8))
    (0, 0)
    >>> hash_sums(one, np.array([1], dtype=np.int8)) != (0, 0)
    True
    """
    if not len(signs):
        return 0, 0
    sums = []
    for seed, multiplier in zip(_SEEDS, _MULTIPLIERS, strict=True):
        state = np.full(len(signs), seed, dtype=np.uint64)
        for column in columns:
            state = _mix(state ^ column, multiplier) + np.uint64(seed)
        state = np.where(signs < 0, np.uint64(0) - state, state)
        sums.append(int(state.sum(dtype=np.uint64)))
    return sums[0], sums[1]


def add(a: int, b: int) -> int:
    """Sum modulo 2^64."""
    return (a + b) & _MASK


def hash_text(a: int, b: int) -> str:
    """The ledger hash as shown: 32 hex digits."""
    return f"{a:016x}{b:016x}"
