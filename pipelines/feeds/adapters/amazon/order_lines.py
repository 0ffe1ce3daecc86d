"""What every Amazon document about customers' orders says of a line, as events.

Belongs here: the rules by which several documents of one order (pages of either version of the Orders API, order
notifications) give the same events. Does not belong here: where a document keeps these facts.

| fact | event | identity and revision |
|---|---|---|
| the line was ordered | `order_placed` | order and item; revision 2 when the document says who fulfils it, +1 when it gives a price |
| the k-th unit was shipped | `order_shipped` of 1 | order/item/shipped/k; the earliest time told stands |
| the k-th unit was cancelled | `order_cancelled` of 1 | order/item/cancelled/k; the earliest time told stands |
| nothing of the line is wanted any more | `order_line_changed` to 0 | order and item; the earliest time told stands |

Amazon tells running totals (shipped so far) and mostly no time for them but that of the order's last update. One event a
unit makes every document say the same of a unit, whatever came before it and in whatever order they arrive: as many units
are shipped as any document shows, each at the first time that shows it. A package that is taken back later takes back no
unit. Where two documents give a line other prices, the first stands and the other is refused as a conflict. Amazon sets the
ordered quantity of a cancelled item to 0 and does not say what it was: hence the change to 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from pipelines.feeds.adapters.adapter import Line
from pipelines.feeds.adapters.amazon.common import first_told, seconds, to_the_second
from pipelines.feeds.reading.rows import Refused

MAX_UNITS: Final = 10_000
"""More units shipped or cancelled in one line of an order are refused: each would be an event."""


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """An order as a document has it.

    `placed_at` is null where the document does not say it; `told_at` is the time of what the document tells.
    `is_amazons`: whether Amazon ships it from its own stock; null where the document does not say it.
    """

    channel_code: str
    order_id: str
    placed_at: str | None
    told_at: str
    is_amazons: bool | None
    location_code: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class OrderItem:
    """An item of it: units ordered, cancelled, and shipped (a time for each unit that has one of its own)."""

    line: str
    what: Line
    money: Line
    ordered: int
    shipped: int
    cancelled: int
    shipped_at: tuple[str, ...] = ()
    reason: str | None = None


def order_lines(order: Order, item: OrderItem, path: str, placed_path: str) -> Iterator[Line | Refused]:
    """The events of one item; `path` is where it stands, `placed_path` where the order's time is missed. Raises Refused."""
    line: Line = {
        "channel_code": order.channel_code, "document_id": order.order_id, "document_line": item.line,
        **item.what, "recorded_at": order.told_at,
    }  # fmt: skip
    if order.location_code is not None:
        line["location_code"] = order.location_code
    if item.ordered == 0:
        yield line | _told("order_line_changed", order.told_at, path) | {"quantity": "0"}
    elif order.placed_at is None:
        yield Refused("missing_field", placed_path)
    else:
        revision = 2 * (order.is_amazons is not None) + bool(item.money)
        yield line | item.money | {
            "event_kind": "order_placed", "occurred_at": order.placed_at, "quantity": str(item.ordered), "source_revision": str(revision),
        }  # fmt: skip
    if max(item.shipped, item.cancelled) > MAX_UNITS:
        yield Refused("too_many_units", path)
        return
    for number, shipped_at in enumerate(_times(order, item, path), 1):
        unit = {"source_event_id": f"{order.order_id}/{item.line}/shipped/{number}", "quantity": "1"}
        yield line | _told("order_shipped", shipped_at, path) | unit
    for number in range(1, item.cancelled + 1):
        unit = {"source_event_id": f"{order.order_id}/{item.line}/cancelled/{number}", "quantity": "1"}
        reason = {"reason_code": item.reason} if item.reason else {}
        yield line | _told("order_cancelled", order.told_at, path) | unit | reason


def _told(kind: str, when: str, path: str) -> Line:
    return {"event_kind": kind, "occurred_at": to_the_second(when), "source_revision": str(first_told(when, path))}


def _times(order: Order, item: OrderItem, path: str) -> list[str]:
    """A time for each unit shipped, the earliest first: its own, else that of the document."""
    times = [*item.shipped_at, *[order.told_at] * (item.shipped - len(item.shipped_at))]
    return sorted(times, key=lambda when: seconds(when, path)) if item.shipped_at else times
