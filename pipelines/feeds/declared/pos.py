"""Tills. Who sends it: the point-of-sale system, one line per ticket line, a day or a minute at a time.

    {"event_kind": "sale", "location_code": "PAR", "register_no": "1", "document_id": "P-100", "document_line": 1,
     "occurred_at": "2026-03-02T10:05:00+01:00", "item_code": "TEE-M", "quantity": 2, "unit_price_amount": "19.90",
     "currency_code": "EUR"}

Known quirks: tills restart ticket numbers each day, so the day belongs to the key; they write local time without a zone;
they send a whole day twice. A void carries the ticket and line numbers of the line that it takes
back, and how many units; several of one line need a `source_event_id` each. `till_close` has no item.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, FIRST_DAY, Feed, Kind

POS = Feed(
    name="pos",
    title="tills: sales, voids, returns",
    kinds=(
        Kind("sale"),
        Kind("sale_void", voids="sale"),
        Kind("return"),
        Kind("exchange"),
        Kind("price_only"),
        Kind("till_close", optional=("item_code",), quantity="not_negative"),
    ),
    required=("event_kind", "location_code", "document_id", "document_line", "occurred_at", "item_code", "quantity"),
    natural_key=("location_code", "register_no", "document_id", "day", "document_line", "event_kind"),
    lateness=timedelta(hours=6),
    defaults=(("channel_code", "store"), ("document_kind", "ticket")),
    names_its_day=True,
    sells=("sale",),
    most_line_units=1_000_000,  # over a counter: the barcode of another item, scanned into the quantity, has eight digits
    expectations=(
        expect.not_null("location_code", "document_id", "document_line"),
        expect.between("quantity", 0, 500),
        # Goods weighed in grams have big quantities; a whole delivery of them above this is pieces in a wrong unit.
        expect.between("quantity", 0, 50_000, on_fail="stop", at_least=0.5),
        expect.between("unit_price_amount", 0, 100_000),
        # Of coupons and deposits the lines that are taken, returns and voids; not most lines of a till.
        expect.between("unit_price_amount", 0, ABSURD_PRICE, on_fail="stop", at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
