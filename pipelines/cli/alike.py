"""Codes that differ only in case, in blanks or in signs that nobody sees: what a line may have meant, and what two rows may be twice.

Belongs here: finding and naming them. Does not belong here: making one code of two; a code is what its sender says it is.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipelines.feeds.reading.blanks import folded, visible

if TYPE_CHECKING:
    from pipelines.settings import Home

_FIELDS: Final = {
    "unknown_item": ("item", ("item_code",)),
    "unknown_location": ("location", ("location_code", "to_location_code")),
    "unknown_channel": ("channel", ("channel_code",)),
    "unknown_supplier": ("supplier", ("supplier_code",)),
}
"""Reason: what is unknown, and the fields whose code it may be."""

_CODES_SQL: Final = " union all ".join(f"select '{kind}', {kind}_code from core.dim_{kind}" for kind, _ in _FIELDS.values())

Codes = Mapping[tuple[str, str], Sequence[str]]
"""Kind and folded code: the codes that reference data has so."""


def known_codes(home: Home) -> Codes:
    """The codes of items, locations, channels and suppliers."""
    from pipelines.publish.reader import run_sql

    return by_fold(run_sql(home, _CODES_SQL).rows)


def by_fold(codes: Iterable[Sequence[str]]) -> Codes:
    """Pairs of kind and code, by what codes that look alike have in common."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, code in codes:
        found[kind, folded(code)].append(code)
    return found


def alike(codes: Codes) -> list[tuple[str, list[str]]]:
    """Kinds and codes of which there are several that look alike.

    >>> alike(by_fold([("item", "TEE-M"), ("item", "tee-m"), ("item", "MUG"), ("location", "MUG")]))
    [('item', ['TEE-M', 'tee-m'])]
    """
    return [(kind, sorted(same)) for (kind, _), same in sorted(codes.items()) if len(same) > 1]


def is_about_codes(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether any rejected row is about a code that nobody knows."""
    return any(row[4] in _FIELDS for row in rows)


def with_suggestions(rows: Sequence[tuple[Any, ...]], codes: Codes) -> list[tuple[Any, ...]]:
    """Rejected rows (`rejects.COLUMNS`), the reason of an unknown code with the known one that looks like it.

    >>> row = ("pos", "pos/a.csv", 2, True, "unknown_item", "no reference row names item tee-m", '{"item_code": "tee-m"}')
    >>> with_suggestions([row], by_fold([("item", "TEE-M")]))[0][5]
    'no reference row names item tee-m; did you mean TEE-M? It differs only in case, blanks or signs that nobody sees'
    """
    return [(*row[:5], f"{row[5]}{_suggestion(row[4], row[6], codes)}", *row[6:]) for row in rows]


def _suggestion(reason: str, payload: str | None, codes: Codes) -> str:
    kind, fields = _FIELDS.get(reason, ("", ()))
    if not fields or not payload:
        return ""
    try:
        cells = json.loads(payload)
    except ValueError:  # cut, as long ones are
        return ""
    for code in (cells.get(field) for field in fields):
        known = codes.get((kind, folded(code)), ()) if isinstance(code, str) else ()
        if known and code not in known:
            return f"; did you mean {' or '.join(map(visible, known))}? It differs only in case, blanks or signs that nobody sees"
    return ""
