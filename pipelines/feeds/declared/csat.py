"""Satisfaction. Who sends it: the survey tool, one line per answer.

    {"event_kind": "csat", "channel_code": "web", "document_id": "SV-100", "occurred_at": "2026-03-06T18:00:00+01:00",
     "score": 4, "score_max": 5, "ref_document_kind": "so", "ref_document_id": "WEB-1"}

Known quirks: one tool asks for 1 to 5, the next for 0 to 10, so each answer says what the best score is; an answer changed
by the customer comes again with a `source_revision`. The order is named in `ref_document_*` where the survey knows it. Comments
are not kept: they can identify people.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Extra, Feed, Kind

CSAT = Feed(
    name="csat",
    title="satisfaction: answers to surveys",
    kinds=(
        Kind(
            "csat",
            quantity="optional",
            extra=(
                Extra("score", "integer", required=True, low=0),
                Extra("score_max", "integer", required=True, low=1, high=100, not_below="score"),
            ),
        ),
    ),
    required=("event_kind", "channel_code", "document_id", "occurred_at"),
    natural_key=("channel_code", "document_id", "event_kind"),
    lateness=timedelta(days=2),
    defaults=(("document_kind", "survey"),),
    is_optional=True,
    is_of_the_offer=True,
    expectations=(expect.not_null("channel_code", "document_id"), expect.not_before("occurred_at", FIRST_DAY)),
)
