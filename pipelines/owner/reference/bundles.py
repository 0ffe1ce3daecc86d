"""What one bundle or kit is made of, with the bundles inside it taken apart: pure functions.

Belongs here: the components of one, given the bills of materials that hold. Does not belong here: when which one holds
(`code_tables.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

_MOST_LEVELS: Final = 20
_MOST_UNITS: Final = 1_000_000_000
"""Of one component in one bundle: with more, a line of them could not be counted exactly."""


def take_apart(code: str, boms: Mapping[str, Mapping[str, int]], bundles: Collection[str]) -> dict[str, int] | None:
    """Units of each component in one `code`; a component that is one of `bundles` is replaced by its own, at every level.

    Null where one of them has no bill of materials, or is inside itself: nobody can put that together.

    >>> boms = {"SET": {"DUO": 2, "TEE": 1}, "DUO": {"TEE": 1, "MUG": 2}, "SNAKE": {"SNAKE": 1}}
    >>> take_apart("SET", boms, {"SET", "DUO"}), take_apart("SET", boms, {"SET"})
    ({'TEE': 3, 'MUG': 4}, {'DUO': 2, 'TEE': 1})
    >>> take_apart("SNAKE", boms, {"SNAKE"}), take_apart("BAG", boms, {"BAG"})
    (None, None)
    """
    parts: dict[str, int] = defaultdict(int)
    opened = {code: 1}
    for _ in range(_MOST_LEVELS):
        inside: dict[str, int] = defaultdict(int)
        for kit, times in opened.items():
            if not boms.get(kit):
                return None
            for component, units in boms[kit].items():
                (inside if component in bundles else parts)[component] += times * units
        if any(units > _MOST_UNITS for found in (parts, inside) for units in found.values()):
            return None
        if not inside:
            return dict(parts)
        opened = inside
    return None
