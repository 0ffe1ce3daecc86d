"""Promotions. Who sends it: marketing's campaign plan, one line per item of a campaign, channel and location.

    {"event_kind": "promo_plan", "campaign_code": "SPRING-26", "channel_code": "web", "item_code": "TEE-M",
     "occurred_at": "2026-03-01T09:00:00+01:00", "starts_on": "2026-03-20", "ends_on": "2026-04-05", "uplift_rate": "0.30",
     "unit_price_amount": "14.90", "currency_code": "EUR"}

Known quirks: plans change until the day before, each change needs a `source_revision`; prices
with and without tax are mixed. Without a channel or a location the campaign is everywhere. Days are local to where it runs, first and last
included. `uplift_rate` is what marketing expects on top of ordinary demand (0.30: 30 % more), `quantity` the units it
expects in all; either may be missing and is then unknown. Sales carry the same `campaign_code`. `promo_cancelled` ends the
line before it began or from its day on.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, ABSURD_QUANTITY, FIRST_DAY, Extra, Feed, Kind

PROMO = Feed(
    name="promo",
    title="promotions: what is planned for which days",
    kinds=(
        Kind(
            "promo_plan",
            quantity="optional",
            extra=(
                Extra("starts_on", "date", required=True),
                Extra("ends_on", "date", required=True, not_below="starts_on"),
                Extra("uplift_rate", "decimal", low=-1, high=100),
            ),
        ),
        Kind("promo_cancelled", quantity="optional"),
    ),
    required=("event_kind", "campaign_code", "occurred_at", "item_code"),
    natural_key=("campaign_code", "channel_code", "location_code", "item_code", "event_kind"),
    lateness=timedelta(days=7),
    defaults=(("document_kind", "campaign"),),
    is_optional=True,
    is_of_the_offer=True,
    expectations=(
        expect.not_null("campaign_code", "item_code"),
        expect.between("quantity", 0, ABSURD_QUANTITY),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        expect.between("unit_price_amount", 0, ABSURD_PRICE, at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
