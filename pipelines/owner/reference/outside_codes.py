"""GTINs and GLNs: what each names, and from when it may name another.

Belongs here: that such a code names one thing at a time. Does not belong here: what it means when (`code_tables.py`).

A code goes on to another item or place only when its owner no longer has it, and from that time on: two owners at one
instant would post an event twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pipelines.feeds.reasons import MEANING
from pipelines.ledger.instants import instant

KINDS: Final = ("gtin", "gln")
_Row = tuple[str, tuple[str, ...]]


class OutsideCodes:
    """Who has which code, as the newest rows say."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, str], set[_Row]] = {}
        self._named: dict[tuple[str, _Row], str] = {}
        self._former: dict[tuple[str, str], tuple[str, int]] = {}  # the last owner, and from when the code is free

    def give(self, entity: str, key: tuple[str, ...], cells: Mapping[str, Any], starts_us: int, *, is_last: bool) -> None:
        """Note what a new version of a row names; codes it names no more are free from its start.

        `is_last`: no version of the row starts later; otherwise that one may still have the code, and it stays taken.
        """
        row = (entity, key)
        for kind in KINDS:
            code, before = cells.get(kind), self._named.get((kind, row))
            if before is not None and before != code and is_last:
                rows = self._holders[kind, before]
                rows.discard(row)
                del self._named[kind, row]
                if not rows:
                    _, free_us = self._former.get((kind, before), ("", starts_us))
                    self._former[kind, before] = (key[0], max(starts_us, free_us))
            if code:
                self._holders.setdefault((kind, code), set()).add(row)
                self._named[kind, row] = code

    def taken(self, owner: str, cells: Mapping[str, Any], starts_us: int) -> tuple[str, str] | None:
        """Why a row may not have its codes, as (reason code, reason); null where it may."""
        for kind in KINDS:
            code = cells.get(kind)
            if not code:
                continue
            names = {key[0] for _, key in self._holders.get((kind, code), ())}
            if names - {owner}:
                return f"{kind}_taken", MEANING[f"{kind}_taken"].format(code=code, holder=min(names - {owner}))
            former, free_us = self._former.get((kind, code), (owner, starts_us))
            if former != owner and starts_us < free_us:
                return (
                    f"{kind}_taken",
                    f"{kind} {code} names {former} until {instant(free_us).isoformat()}: name it in a version that is valid from then on",
                )
        return None

    def was_anothers(self, owner: str, cells: Mapping[str, Any]) -> bool:
        """Whether one of the row's codes named something else before."""
        return any(self._former.get((kind, cells.get(kind) or ""), (owner, 0))[0] != owner for kind in KINDS)
