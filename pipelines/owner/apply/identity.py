"""Identity: has this event been seen before?

Belongs here: the filter over all keys and the judgement of the rows it cannot clear. Does not belong here: how a key
is made (`pipelines.feeds`).

Exact over all history, by key alone. Nearly every event is new, so the common answer must be cheap: sorted runs of
64-bit halves of all keys lie in memory (8 bytes an event), and only what they cannot clear is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

_GROWTH: Final = 4
"""Runs are merged when the older is less than this many times the newer: a handful of runs, each key moved rarely."""


class KeyFilter:
    """Which 64-bit keys may have been seen; never says no for one that was.

    >>> seen = KeyFilter(); seen.add(np.array([3, 1], dtype=np.uint64))
    >>> seen.hits(np.array([2, 3], dtype=np.uint64)).tolist()
    [False, True]
    """

    def __init__(self, runs: Iterable[Keys] = ()) -> None:
        self._runs: list[Keys] = []
        for run in runs:
            self.add(run)

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, keys: Keys) -> None:
        """Remember keys (in any order)."""
        if not len(keys):
            return
        self._runs.append(np.sort(keys, kind="stable"))  # of keys that are in order already it only looks
        while len(self._runs) > 1 and len(self._runs[-2]) < _GROWTH * len(self._runs[-1]):
            newer, older = self._runs.pop(), self._runs.pop()
            merged = np.concatenate([older, newer])
            merged.sort(kind="stable")  # radix or tim sort: merging two sorted runs is linear
            self._runs.append(merged)

    def hits(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """True where a key may have been seen; `keys` in ascending order, which is what makes it cheap."""
        hit = np.zeros(len(keys), dtype=np.bool_)
        for run in self._runs:
            position = np.searchsorted(run, keys)
            position[position == len(run)] = 0
            hit |= run[position] == keys
        return hit


def suspects(ordered: Keys, seen: KeyFilter) -> Keys:
    """Of keys in ascending order those that may have been seen before or that come more than once, each once.

    >>> seen = KeyFilter(); seen.add(np.array([3], dtype=np.uint64))
    >>> suspects(np.array([3, 4, 5, 5], dtype=np.uint64), seen).tolist()
    [3, 5]
    """
    doubt = seen.hits(ordered)
    if len(ordered) > 1:
        twin = ordered[1:] == ordered[:-1]
        doubt[1:] |= twin
    return np.unique(ordered[doubt])


def doubtful(keys: Keys, seen: KeyFilter) -> npt.NDArray[np.bool_]:
    """True for keys (in any order) that are suspect.

    >>> seen = KeyFilter(); seen.add(np.array([3], dtype=np.uint64))
    >>> doubtful(np.array([5, 3, 4, 5], dtype=np.uint64), seen).tolist()
    [True, True, False, True]
    """
    found = suspects(np.sort(keys), seen)
    return np.isin(keys, found) if len(found) else np.zeros(len(keys), dtype=np.bool_)


# SQL over `doubtful_rows` (unit_no, line_no, known_us, event_key, revision, payload_hash, is_refused), which holds the rows that
# the filter could not clear, and `identity`. One row each: outcome null means the event is new.
JUDGE_SQL: Final = """
with known as (
    select event_key, revision, payload_hash, min(known_us) as known_us from identity
    where event_key in (select event_key from doubtful_rows) group by all
),
ranked as (
    select d.*,
        exists (select 1 from known k where k.event_key = d.event_key and k.revision = d.revision and k.payload_hash = d.payload_hash) as is_copy,
        exists (select 1 from known k where k.event_key = d.event_key and k.revision = d.revision and k.payload_hash <> d.payload_hash) as is_conflict,
        row_number() over (partition by d.event_key, d.revision, d.payload_hash order by d.is_refused, d.known_us, d.unit_no, d.line_no) as copy_no
    from doubtful_rows d
),
candidates as (
    -- of copies in the batch the first stands for all; of different contents of one revision the first to come
    select *, first_value(payload_hash) over (
        partition by event_key, revision order by is_refused or is_copy or is_conflict, known_us, unit_no, line_no) as standing_hash
    from ranked where copy_no = 1
)
select r.unit_no, r.line_no, r.event_key, r.revision, r.payload_hash, r.known_us,
    case
        when r.is_copy then 'duplicate'
        when r.is_refused then 'refused'
        when r.is_conflict or c.standing_hash <> r.payload_hash then 'conflict'
        when r.copy_no > 1 then 'duplicate'
    end as outcome
from ranked r join candidates c using (event_key, revision, payload_hash)
"""
