"""Transport. Who sends it: the transport management system or the carriers' tracking, one line per status of a parcel.

    {"event_kind": "delivered", "document_id": "6A12345678901", "occurred_at": "2026-03-04T10:12:00+01:00", "carrier_code": "LP"}

Known quirks: a carrier scans the same parcel at several hubs, so the time belongs to the key; statuses come late and out
of order, and after `delivery_failed` a parcel is delivered all the same. Only the handover must name the order
(`ref_document_*`, kind `so` by default): the carrier knows only the parcel. A transfer is handed over with kind `to`.
It never moves stock: the goods left with the warehouse's shipment.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_QUANTITY, FIRST_DAY, Extra, Feed, Kind

_CARRIER = (Extra("carrier_code"),)

TRANSPORT = Feed(
    name="transport",
    title="transport: what carriers say of parcels",
    kinds=(
        Kind(
            "handed_over",
            required=("ref_document_id",),
            quantity="optional",
            defaults=(("ref_document_kind", "so"),),
            extra=(Extra("carrier_code", required=True),),
        ),
        *(Kind(name, quantity="optional", extra=_CARRIER) for name in ("in_transit", "delivered", "delivery_failed", "returned_to_sender")),
    ),
    required=("event_kind", "document_id", "occurred_at"),
    natural_key=("document_id", "document_line", "event_kind", "occurred_at"),
    lateness=timedelta(days=2),
    defaults=(("document_kind", "parcel"),),
    is_optional=True,
    expectations=(
        expect.not_null("document_id"),
        expect.between("quantity", 0, ABSURD_QUANTITY),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
