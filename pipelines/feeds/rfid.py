"""RFID readers and other EPCIS sources. Who sends it: the reader's middleware or a partner, in EPCIS 1.2 or 2.0.

    {"type": "ObjectEvent", "eventID": "urn:uuid:…", "action": "OBSERVE", "bizStep": "cycle_counting",
     "eventTime": "2026-03-08T07:30:00.000+01:00", "eventTimeZoneOffset": "+01:00",
     "readPoint": {"id": "urn:epc:id:sgln:3012345.00002.0"}, "epcList": ["urn:epc:id:sgtin:3600529.000001.1001"]}

A file is a document (`EPCISDocument` or `EPCISQueryDocument`, in JSON, JSON-LD or XML), a list of events, or one event
per line (`.json`, `.jsonld`, `.jsonl`, `.xml`, each also `.gz`). One row per event; its EPCs travel in `epcs`, its event
kind is type and action (`object_observe`, `aggregation_add` …). `quantity` is the tags and the pieces by class together;
where there are neither, what was measured, in `uom_code`. Identity is `eventID`, else the event hash of the CBV. The
location is `bizLocation`, else `readPoint`, as GLN. Observations are compared with the ledger, they do not post.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.feeds import expect
from pipelines.feeds.spec import FIRST_DAY, Feed, Kind

_ACTIONS = ("observe", "add", "delete")

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
    ),
    required=("event_kind", "source_event_id", "occurred_at"),
    natural_key=None,
    lateness=timedelta(hours=1),
    syntax="epcis",
    expectations=(expect.not_null("source_event_id"), expect.not_before("occurred_at", FIRST_DAY)),
)
