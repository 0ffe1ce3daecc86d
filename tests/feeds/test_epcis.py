"""EPCIS: the same events from a document, a list or lines, and an identity that does not depend on how they are written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from feeds.landed import land_file

EVENT: dict[str, Any] = {
    "type": "ObjectEvent", "eventID": "urn:uuid:6f1a2f0e-7d0c-4c8e-9c57-0b7a3c1d2e01", "action": "OBSERVE", "bizStep": "cycle_counting",
    "disposition": "sellable_accessible", "eventTime": "2026-03-08T07:30:00.000+01:00", "eventTimeZoneOffset": "+01:00",
    "bizLocation": {"id": "urn:epc:id:sgln:3012345.00002.0"}, "epcList": ["urn:epc:id:sgtin:3600529.000001.1001", "urn:epc:id:sgtin:3600529.000001.1002"],
}  # fmt: skip
OTHER = {**EVENT, "eventID": "urn:uuid:2", "eventTime": "2026-03-08T06:31:00Z"}


def test_a_document_a_list_and_lines_give_the_same_events(tmp_path: Path) -> None:
    document = {"type": "EPCISDocument", "epcisBody": {"eventList": [EVENT, OTHER]}}
    lines = json.dumps(EVENT) + "\n" + json.dumps(OTHER) + "\n"
    forms = {
        "a.json": json.dumps(document, indent=2), "b.jsonl": json.dumps(document), "c.jsonld": json.dumps([EVENT, OTHER], indent=1), "d.jsonl": lines,
        "e.json.gz": gzip.compress(json.dumps(document, indent=2).encode()), "f.jsonl.gz": gzip.compress(lines.encode()),
    }  # fmt: skip
    first, *others = [land_file(tmp_path / name, f"rfid/{name}", content).events() for name, content in forms.items()]
    assert first["source_line"].to_list() == [1, 2]
    for other in others:
        assert_frame_equal(first, other)


def test_one_event_over_many_lines_is_one_event(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "rfid/a.json", json.dumps(EVENT, indent=2))
    assert (landed.manifests[0].rows_in, landed.manifests[0].rows_parsed) == (1, 1)


def test_an_event_keeps_its_place_its_tags_and_its_zone(tmp_path: Path) -> None:
    first, second = land_file(tmp_path, "rfid/a.jsonl", json.dumps(EVENT) + "\n" + json.dumps(OTHER) + "\n").events().rows(named=True)
    assert (first["event_kind"], first["location_code"], first["location_code_kind"]) == ("object_observe", "3012345000024", "gln")
    assert (str(first["occurred_at"]), first["occurred_offset_minutes"]) == ("2026-03-08 06:30:00", 60)
    assert (str(second["occurred_at"]), second["occurred_offset_minutes"]) == ("2026-03-08 06:31:00", 60)
    assert first["epcs"] == [f"https://id.gs1.org/01/03600529000016/21/{serial}" for serial in (1001, 1002)] and first["quantity"] == 2
    assert (first["biz_step"], first["stock_state"]) == ("cycle_counting", "sellable_accessible")


@pytest.mark.parametrize(
    "change",
    [
        {"epcList": EVENT["epcList"][::-1]},
        {"eventTime": "2026-03-08T06:30:00Z"},
        {"bizStep": "urn:epcglobal:cbv:bizstep:cycle_counting"},
        {"disposition": "https://ref.gs1.org/cbv/Disp-sellable_accessible"},
        {"recordTime": "2026-03-08T09:00:00Z"},
    ],
)
def test_an_event_without_a_number_is_known_by_what_it_says(change: dict[str, Any], tmp_path: Path) -> None:
    unnumbered = {name: value for name, value in EVENT.items() if name != "eventID"}
    events = land_file(tmp_path, "rfid/a.jsonl", json.dumps(unnumbered) + "\n" + json.dumps({**unnumbered, **change}) + "\n").events()
    assert events["key_hi"].n_unique() == 1
    assert events["payload_hash"].n_unique() == 1  # a duplicate, no contradiction


def test_another_tag_is_another_event(tmp_path: Path) -> None:
    unnumbered = {name: value for name, value in EVENT.items() if name != "eventID"}
    other = {**unnumbered, "epcList": EVENT["epcList"][:1]}
    assert land_file(tmp_path, "rfid/a.jsonl", json.dumps(unnumbered) + "\n" + json.dumps(other) + "\n").events()["key_hi"].n_unique() == 2


def test_an_error_declaration_is_a_higher_revision_of_its_event(tmp_path: Path) -> None:
    declared = {**EVENT, "errorDeclaration": {"declarationTime": "2026-03-09T09:00:00Z", "reason": "incorrect_data"}}
    first, second = land_file(tmp_path, "rfid/a.jsonl", json.dumps(EVENT) + "\n" + json.dumps(declared) + "\n").events().rows(named=True)
    assert first["key_hi"] == second["key_hi"] and second["source_revision"] == 1
    assert (second["is_correction"], second["error_reason"]) == (True, "incorrect_data")


@pytest.mark.parametrize("number", ["ASN-7", "urn:epcglobal:cbv:bt:3012345000017:ASN-7", "urn:epc:id:gdti:3012345.00001.ASN-7"])
def test_the_document_is_the_notice_before_the_order_under_the_senders_own_number(number: str, tmp_path: Path) -> None:
    transactions = [{"type": "po", "bizTransaction": "PO-7"}, {"type": "urn:epcglobal:cbv:btt:desadv", "bizTransaction": number}]
    (event,) = (
        land_file(tmp_path, "rfid/a.jsonl", json.dumps({**EVENT, "bizTransactionList": transactions}) + "\n").events().rows(named=True)
    )
    assert (event["document_kind"], event["document_id"]) == ("asn", "ASN-7")
