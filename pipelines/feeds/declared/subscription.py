"""Subscriptions. Who sends it: the subscription system or the shop, one line per delivery that is to come.

    {"event_kind": "subscription_schedule", "channel_code": "web", "document_id": "SUB-7", "document_line": 1,
     "occurred_at": "2026-03-01T08:00:00+01:00", "due_at": "2026-04-01T08:00:00+02:00", "item_code": "TEA", "quantity": 2}

Known quirks: the same subscription is due again and again, so the time it is due belongs to the key; a changed delivery
needs a `source_revision`. A delivery that is left out keeps its line and gets a `subscription_skipped` beside it.
`subscription_cancelled` ends everything that is due from its `due_at` on. A delivery reserves nothing: it becomes an order,
which names it in `ref_document_*`.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, FIRST_DAY, Extra, Feed, Kind

SUBSCRIPTION = Feed(
    name="subscription",
    title="subscriptions: deliveries that are due, skipped, ended",
    kinds=(
        Kind("subscription_schedule", extra=(Extra("interval_days", "integer", low=1, high=3_660),)),
        Kind("subscription_skipped", quantity="optional"),
        Kind("subscription_cancelled", quantity="optional"),
    ),
    required=("event_kind", "channel_code", "document_id", "document_line", "due_at", "occurred_at", "item_code", "quantity"),
    natural_key=("channel_code", "document_id", "document_line", "due_at", "event_kind"),
    lateness=timedelta(days=1),
    defaults=(("document_kind", "subscription"),),
    is_optional=True,
    expectations=(
        expect.not_null("channel_code", "document_id", "document_line", "due_at", "item_code"),
        expect.between("quantity", 0, 1_000),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.not_before("occurred_at", FIRST_DAY),
        expect.not_before("due_at", FIRST_DAY),
    ),
)
