"""The states that stock can be in.

Belongs here: their names, and which of them can be sold. Does not belong here: which event moves stock from one to another
(`pipelines.owner.posting`). Imports nothing: commands that only show stock need no engine for it.
"""

from __future__ import annotations

from typing import Final

# CBV dispositions used as stock states, and which of them can be sold.
STOCK_STATES: Final[dict[str, bool]] = {
    "sellable_accessible": True,
    "sellable_not_accessible": True,
    "in_progress": False,
    "in_transit": False,
    "returned": False,
    "damaged": False,
    "expired": False,
    "recalled": False,
    "non_sellable_other": False,
    "allocated_picked": False,
    "held_back": False,
    "unknown": False,
}

SELLABLE_STATES: Final = tuple(state for state, can_be_sold in STOCK_STATES.items() if can_be_sold)
