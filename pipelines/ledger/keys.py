"""Keys of events in the engine's SQL: from halves to UUID, back to the low half, and the id of a revision.

Belongs here: these expressions, once. Does not belong here: how a key is made (`pipelines.feeds.reading.identity`).
"""

from __future__ import annotations

from typing import Final

_GOLDEN: Final = "11400714819323198485::UHUGEINT"  # odd, so that no two revisions of a key meet
LOW_MASK: Final = "18446744073709551615::UHUGEINT"


def key_sql(prefix: str = "", name: str = "key") -> str:
    """SQL of the 128-bit key whose halves stand in `<name>_hi` and `<name>_lo`; null where they are.

    >>> key_sql("e.", "target")
    '((e.target_hi::UHUGEINT << 64) | e.target_lo)::UUID'
    """
    return f"(({prefix}{name}_hi::UHUGEINT << 64) | {prefix}{name}_lo)::UUID"


def low_sql(key: str) -> str:
    """SQL of the low half of a key."""
    return f"({key}::UHUGEINT & {LOW_MASK})::UBIGINT"


def revised_low_sql(low: str, revision: str) -> str:
    """SQL of the low half of a revision's id, from that of its key; the high half stays."""
    return f"xor({low}, (({revision}::UHUGEINT * {_GOLDEN}) & {LOW_MASK})::UBIGINT)"


def event_id_sql(key: str, revision: str) -> str:
    """SQL of the id of a revision of a key: the key itself for revision 0."""
    low = revised_low_sql(low_sql(key), revision)
    return f"case when {revision} = 0 then {key} else ((({key}::UHUGEINT >> 64) << 64) | {low})::UUID end"
