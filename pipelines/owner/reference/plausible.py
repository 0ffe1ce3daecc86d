"""Reference rows that are well formed and yet so unlikely that a person has to say that they are right.

Belongs here: the bounds, and what is said of a row beyond one. Does not belong here: what cannot be right, which ingest refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pipelines.feeds.spec import ABSURD_PRICE, MOST_LINE_UNITS

MOST_LEAD_TIME_DAYS: Final = 730
"""Two years: what takes longer is made to order, and somebody knows it."""

_BOUNDS: Final[dict[str, dict[str, int]]] = {
    "terms": {
        "lead_time_days": MOST_LEAD_TIME_DAYS,
        "moq_units": MOST_LINE_UNITS,
        "multiple_units": MOST_LINE_UNITS,
        "unit_cost_amount": ABSURD_PRICE,
        "order_cost_amount": ABSURD_PRICE,
    }
}
"""Entity: the column, and the most that nobody has to approve."""


def implausible(entity: str, cells: Mapping[str, Any]) -> str | None:
    """What is unlikely about a row, in words; null where nothing is.

    >>> implausible("terms", {"lead_time_days": 999_999, "moq_units": 6})
    'lead_time_days 999,999: more than 730, which somebody has to say is right'
    >>> implausible("terms", {"lead_time_days": 14}), implausible("items", {"item_code": "MUG"})
    (None, None)
    """
    for column, most in _BOUNDS.get(entity, {}).items():
        value = cells.get(column)
        if value is not None and value > most:
            return f"{column} {value:,}: more than {most:,}, which somebody has to say is right"
    return None
