"""RFID readers and other EPCIS sources. Who sends it: the reader's middleware or a partner, in EPCIS 1.2 or 2.0.

    {"type": "ObjectEvent", "eventID": "urn:uuid:…", "action": "OBSERVE", "bizStep": "cycle_counting",
     "eventTime": "2026-03-08T07:30:00.000+01:00", "eventTimeZoneOffset": "+01:00",
     "readPoint": {"id": "urn:epc:id:sgln:3012345.00002.0"}, "epcList": ["urn:epc:id:sgtin:3600529.000001.1001"]}

A file is a document (`EPCISDocument` or `EPCISQueryDocument`, in JSON, JSON-LD or XML), a list of events, or one event
per line (`.json`, `.jsonld`, `.jsonl`, `.xml`, each also `.gz`). One row per event; its EPCs travel in `epcs`, each in one spelling (its GS1
Digital Link, whether sent as URN, link, tag URN or bits in hexadecimal), its event
kind is type and action (`object_observe`, `aggregation_add` …). `quantity` is the tags and the pieces by class together;
where there are neither, what was measured, in `uom_code`. Identity is `eventID`, else the event hash of the CBV. The
location is `bizLocation`, else `readPoint`, as GLN. Observations are compared with the ledger; they do not post.

EPCIS has no event for an RFID count as a whole: that it took place, and how far it got. Send this line when the count ends:

    {"event_kind": "count_session", "location_code": "S01", "document_id": "INV-7", "occurred_at": "2026-03-08T07:00:00+01:00",
     "ended_at": "2026-03-08T07:45:00+01:00", "expected_zones": 4, "read_zones": 4, "read_rate": 0.98}

`occurred_at` is when it began. Leaving out `read_zones` means that all were read. The count is complete when all zones were
read: then an item not read between its beginning and its end is not there. Location and number are its identity, a correction is a
higher `source_revision`. `read_rate` is the share of the tags that the reader's maker expects it to catch (0 to 1).
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Extra, Feed, Kind

_ACTIONS = ("observe", "add", "delete")

COUNT_SESSION = "count_session"
"""The kind that is no event of EPCIS but a flat line."""

RFID = Feed(
    name="rfid",
    title="RFID readers: EPCIS events",
    kinds=(
        *(
            Kind(f"{what}_{action}", quantity="optional")
            for what in ("object", "aggregation", "transaction", "association")
            for action in _ACTIONS
        ),
        Kind("transformation", quantity="optional"),
        Kind(
            COUNT_SESSION,
            required=("location_code", "document_id"),
            quantity="optional",
            defaults=(("document_kind", "count"),),
            extra=(
                Extra("ended_at", "instant", required=True, not_below="occurred_at"),
                Extra("expected_zones", "integer", low=1, high=10_000),
                Extra("read_zones", "integer", low=0, high=10_000),
                Extra("read_rate", "decimal", low=0, high=1),
            ),
        ),
    ),
    required=("event_kind", "source_event_id", "occurred_at"),
    natural_key=None,
    lateness=timedelta(hours=1),
    syntax="epcis",
    expectations=(expect.not_null("source_event_id"), expect.not_before("occurred_at", FIRST_DAY)),
)
