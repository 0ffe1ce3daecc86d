"""Reservations. Who sends it: the checkout or the order management system, one line each time something is reserved, released or used up.

    {"event_kind": "reserve", "channel_code": "web", "document_id": "CART-9", "document_line": 1,
     "occurred_at": "2026-03-04T08:00:00+01:00", "due_at": "2026-03-04T08:30:00+01:00", "item_code": "TEE-M", "quantity": 2}

Known quirks: carts are abandoned without a message, hence `due_at`: from that time on the line reserves nothing,
whether or not an `expire` comes. Without it the line holds until it is ended. A longer hold is the same `reserve` with a
`source_revision`; a second `reserve`, `release`, `expire` or `consume` of a line needs its own `source_event_id`, and their
quantities add. An order or a shipment that names the line in `ref_document_*` (kind `reservation`, number and line) uses it
up: from then on the order reserves. Numbers of two systems must not meet. Reservations are observed here, never made.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Feed, Kind

RESERVATION = Feed(
    name="reservation",
    title="reservations: held, released, expired, used up",
    kinds=(
        # At a location, or at the one that serves the channel first.
        Kind("reserve", any_of=("location_code", "channel_code"), not_before_event=("due_at",)),
        *(Kind(name) for name in ("release", "expire", "consume")),
    ),
    required=("event_kind", "document_id", "document_line", "occurred_at", "item_code", "quantity"),
    natural_key=("document_id", "document_line", "event_kind"),
    lateness=timedelta(minutes=15),
    defaults=(("document_kind", "reservation"),),
    is_optional=True,
    orders_find_their_place=True,
    expectations=(
        expect.not_null("document_id", "document_line", "item_code"),
        expect.between("quantity", 0, 1_000),
        expect.not_before("occurred_at", FIRST_DAY),
        expect.not_before("due_at", FIRST_DAY),
    ),
)
