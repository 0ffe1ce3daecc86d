"""Rows that were set aside, laid out for people: by reason with how to fix it, and one line where a whole file has one reason.

Belongs here: counting, folding, and the words for what to do. Does not belong here: why a row is set aside
(`pipelines.feeds.reasons`), or the command (`look`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pipelines.feeds.reasons import APPROVAL, FILE_REASONS

COLUMNS: Final = ("feed", "source_uri", "line_no", "is_waiting", "reason_code", "reason", "payload")
"""What a rejected row is made of, in this order."""

REMEDIES: Final[dict[str, str]] = {
    "unknown_item": "a row in reference items",
    "unknown_uom": "a row in reference uoms: how many base units it is",
    "unknown_location": "a row in reference locations",
    "unknown_channel": "a row in reference channels",
    "unknown_supplier": "a row in reference suppliers",
    "zone_unknown": "a time_zone in reference locations, channels, sources or suppliers",
    "future_time": "nothing to do: its time comes",
    "void_without_target": "the line that it voids",
    "void_exceeds_sale": "more units of the line that it voids, or a correction of one of its voids",
    "ambiguous_order": "the line again with its channel_code, as a higher source_revision",
    "kit_without_bom": "its components in reference bom",
    "unreadable": "a parstock that can read it: please report it",
    "unit_failed": "a parstock that can apply it, then parstock rebuild: please report it",
    "discount_line": "nothing to do where it is a discount; goods that came back: the line as a return",
    "absurd_quantity": "parstock rejects --accept, if it is right; or max_line_units in reference items",
    "business_day_far": "parstock rejects --accept, if it is right; else the line again, corrected",
    "implausible_terms": "parstock rejects --accept, if it is right; else the row again, corrected",
    "missing_column": "the file again, with that column in its header",
    "conflicting_payload": "the line again with a higher source_revision, if it is the right one",
}
"""Reason: what has to come, where that is not simply the line or the file again, corrected."""


def remedy(code: str) -> str:
    """What has to come for rows with this reason to count; a corrected copy of a refused row is a new row.

    >>> remedy("unknown_item"), remedy("bad_number"), remedy("truncated_gzip")
    ('a row in reference items', 'the line again, corrected', 'the file again, corrected')
    """
    return REMEDIES.get(code) or ("the file again, corrected" if code in FILE_REASONS else "the line again, corrected")


def state(code: str, *, is_waiting: bool) -> str:
    """Whether a row waits, is for approval, or is refused.

    >>> state("unknown_item", is_waiting=True), state("absurd_quantity", is_waiting=True), state("bad_number", is_waiting=False)
    ('waits', 'for approval', 'refused')
    """
    if not is_waiting:
        return "refused"
    return "for approval" if code in APPROVAL else "waits"


def for_approval(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether one of the rows waits for somebody's approval."""
    return any(is_waiting and code in APPROVAL for _, _, _, is_waiting, code, _, _ in rows)


def by_reason(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """One row a feed and reason, the most frequent first: rows, how many of them wait, their state, the first of them, how to fix it.

    >>> by_reason([("pos", "pos/a.csv", 2, True, "unknown_item", "no item X", None), ("pos", "pos/a.csv", 7, True, "unknown_item", "no item Y", None)])
    [('pos', 'unknown_item', 2, 2, 'waits', 'pos/a.csv:2', 'a row in reference items')]
    """
    found: dict[tuple[str, str], list[Any]] = {}
    for feed, uri, line, is_waiting, code, _, _ in rows:
        counted = found.setdefault((feed, code), [0, 0, state(code, is_waiting=bool(is_waiting)), f"{uri}:{line}", remedy(code)])
        counted[0] += 1
        counted[1] += bool(is_waiting)
    return [(*key, *counted) for key, counted in sorted(found.items(), key=lambda one: (-one[1][0], one[0]))]


def folded(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of one file with one and the same reason as one: the first line, how many, the first payload.

    >>> folded([("pos", "pos/a.csv", 2, False, "missing_column", "quantity: …", "x"), ("pos", "pos/a.csv", 3, False, "missing_column", "quantity: …", "y")])
    [('pos', 'pos/a.csv', 2, 2, False, 'missing_column', 'quantity: …', 'x')]
    """
    found: dict[tuple[Any, ...], list[Any]] = {}
    for feed, uri, line, is_waiting, code, reason, payload in rows:
        one = found.setdefault((feed, uri, is_waiting, code, reason), [line, 0, payload])
        one[1] += 1
    return [
        (feed, uri, line, count, is_waiting, code, reason, payload)
        for (feed, uri, is_waiting, code, reason), (line, count, payload) in found.items()
    ]
