"""Back in stock. Who sends it: the shop or its mailing tool, one line per customer who wants a message when an item is back.

    {"event_kind": "back_in_stock_signup", "channel_code": "web", "document_id": "BIS-1", "item_code": "TEE-M",
     "occurred_at": "2026-03-04T20:15:00+01:00", "customer_id": "C-4711"}

Known quirks: people sign up twice for the same item, under two numbers; a mail that was sent is not a mail that was read.
`quantity` is how many are wanted; left out means unknown. The customer becomes a pseudonym; mail address and name are never
stored. A wish is a signal of demand, never a reservation.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Feed, Kind

BACK_IN_STOCK = Feed(
    name="back_in_stock",
    title="back in stock: customers who want a message",
    kinds=tuple(Kind(f"back_in_stock_{name}", quantity="optional") for name in ("signup", "cancelled", "notified")),
    required=("event_kind", "channel_code", "document_id", "occurred_at", "item_code"),
    natural_key=("channel_code", "document_id", "event_kind"),
    lateness=timedelta(days=1),
    defaults=(("document_kind", "signup"),),
    is_optional=True,
    is_of_the_offer=True,
    expectations=(
        expect.not_null("channel_code", "document_id", "item_code"),
        expect.between("quantity", 0, 100),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
