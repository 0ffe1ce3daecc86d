"""Costs. Who sends it: accounting, one line per booking that logistics has to bear.

    {"event_kind": "cost_rent", "document_id": "KB-2026-03-17", "document_line": 1, "location_code": "DC1",
     "occurred_at": "2026-03-31T18:00:00+02:00", "amount": "4200.00", "currency_code": "EUR", "period_from": "2026-03-01",
     "period_to": "2026-03-31"}

Known quirks: a month's rent is booked on its last day, so the line says which days it is for (both included; without them it
is for the day of the booking); a credit note is a negative amount. `amount` is of the whole line, before tax, unless it
has a `quantity`: then it is the price of one. Without a location or a channel it is of the whole house. `labour_hours` are
the hours paid, from which productivity can be computed.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import ABSURD_PRICE, ABSURD_QUANTITY, FIRST_DAY, Extra, Feed, Kind

_PERIOD = (Extra("period_from", "date"), Extra("period_to", "date", not_below="period_from"))
_MOST_HOURS = 1_000_000

COST = Feed(
    name="cost",
    title="costs: rent, labour, packaging, transport",
    kinds=(
        Kind("cost_labour", quantity="optional", extra=(*_PERIOD, Extra("labour_hours", "decimal", low=0, high=_MOST_HOURS))),
        *(
            Kind(f"cost_{name}", quantity="optional", extra=_PERIOD)
            for name in ("rent", "packaging", "transport", "handling", "insurance", "capital", "returns", "other")
        ),
    ),
    required=("event_kind", "document_id", "document_line", "occurred_at", "unit_price_amount", "currency_code"),
    natural_key=("document_id", "document_line", "event_kind"),
    lateness=timedelta(days=35),
    defaults=(("document_kind", "booking"),),
    renames=(("amount", "unit_price_amount"),),
    is_optional=True,
    names_its_day=True,
    reports_on_days=True,
    is_of_the_offer=True,
    expectations=(
        expect.not_null("document_id", "document_line", "unit_price_amount", "currency_code"),
        expect.between("quantity", 0, ABSURD_QUANTITY),
        expect.between("unit_price_amount", -ABSURD_PRICE, ABSURD_PRICE),
        # Most of what is booked is paid; a delivery of credit notes alone is strange, and no reason to stop anything.
        expect.between("unit_price_amount", 0, ABSURD_PRICE, at_least=0.5),
        expect.not_before("occurred_at", FIRST_DAY),
    ),
)
