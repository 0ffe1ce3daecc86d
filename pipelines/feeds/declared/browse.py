"""Browsing. Who sends it: web analytics, one line per item, channel and day.

    {"event_kind": "browse_daily", "channel_code": "web", "business_on": "2026-03-02", "occurred_at": "2026-03-03T00:00:00+01:00",
     "item_code": "MUG", "views": 120, "carts": 9, "searches": 14}

Known quirks: a day is sent again while visits are still being counted, each time with a higher `source_revision`; figures
may include bots. The line counts for `business_on`, or else for the day written in `occurred_at`. A day or item that is not
sent is unknown; send zeros for an item nobody viewed. Views of a bundle count for the bundle, not for its parts. Sessions and
visitors are not kept.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Extra, Feed, Kind

_MOST = 1_000_000_000
"""More in a day than there are people to look: a counter that never started at 0."""

BROWSE = Feed(
    name="browse",
    title="browsing: views, carts and searches a day",
    kinds=(
        Kind(
            "browse_daily",
            quantity="optional",
            extra=tuple(Extra(name, "integer", required=True, low=0, high=_MOST) for name in ("views", "carts", "searches")),
        ),
    ),
    required=("event_kind", "channel_code", "occurred_at", "item_code"),
    natural_key=("channel_code", "location_code", "item_code", "day", "event_kind"),
    lateness=timedelta(days=2),
    is_optional=True,
    names_its_day=True,
    reports_on_days=True,
    is_of_the_offer=True,
    expectations=(
        expect.not_null("channel_code", "item_code"),
        expect.not_before("occurred_at", FIRST_DAY),
        expect.not_before("business_on", FIRST_DAY),
    ),
)
