"""Web shop and marketplaces. Who sends it: the shop, the marketplace connector or the order management system.

    {"event_kind": "order_placed", "channel_code": "web", "document_id": "WEB-1", "document_line": 1,
     "occurred_at": "2026-03-04T08:00:00+01:00", "item_code": "TEE-M", "quantity": 2}

Known quirks: order numbers of two channels can meet; a second cancellation or shipment of the same line needs its own
`source_event_id`; what the marketplace shows is known only by its acknowledgements. `publish_no` becomes the document
of a stock message (document_kind `publication`). A line may be changed to 0: nothing of it is wanted any more.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, FIRST_DAY, Feed, Kind

_ORDER = ("document_id", "document_line")
_SO = (("document_kind", "so"),)
_STOCK_KEY = ("channel_code", "item_code", "document_id", "event_kind")
_LISTING_KEY = ("channel_code", "item_code", "event_kind", "occurred_at")
_PUBLICATION = (("document_kind", "publication"),)

MARKETPLACE = Feed(
    name="marketplace",
    title="web shop and marketplaces: orders, listings, published stock",
    kinds=(
        *(
            Kind(name, required=_ORDER, defaults=_SO, not_before_event=("due_at", "promised_at"))
            for name in ("order_placed", "backorder_accepted", "preorder_accepted")
        ),
        *(Kind(name, required=_ORDER, defaults=_SO) for name in ("order_cancelled", "order_shipped", "order_delivered")),
        Kind("order_line_changed", required=_ORDER, quantity="not_negative", defaults=_SO, not_long_before_event=("promised_at",)),
        *(Kind(name, required=_ORDER, defaults=_SO) for name in ("return_requested", "refund")),
        *(Kind(name, quantity="optional", natural_key=_LISTING_KEY, is_of_the_offer=True) for name in ("listing_on", "listing_off")),
        *(
            Kind(name, required=("document_id",), quantity="stated", natural_key=_STOCK_KEY, defaults=_PUBLICATION, is_of_the_offer=True)
            for name in ("stock_published", "stock_ack", "stock_publish_failed")
        ),
    ),
    required=("event_kind", "channel_code", "occurred_at", "item_code", "quantity"),
    natural_key=("channel_code", "document_id", "document_line", "event_kind"),
    lateness=timedelta(hours=1),
    renames=(("publish_no", "document_id"),),
    orders_find_their_place=True,
    sells=("order_placed", "order_line_changed", "backorder_accepted", "preorder_accepted"),
    has_days_of_its_channel=True,
    expectations=(
        expect.not_null("channel_code", "item_code"),
        expect.between("quantity", 0, 10_000),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.between("unit_price_amount", 0, ABSURD_PRICE, on_fail="stop", at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)  # fmt: skip
