"""One tag is one text, however it is spelled."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from feeds.landed import land_file
from pipelines.feeds.reading.tags import canonical_epc, canonical_epcs, pure_uri

SHIRT = "https://id.gs1.org/01/80614141123458/21/6789"
PALLET = "https://id.gs1.org/00/106141412345678908"


@pytest.mark.parametrize(
    ("spelling", "link"),
    [
        ("urn:epc:id:sgtin:0614141.812345.6789", SHIRT),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", SHIRT),
        ("URN:EPC:ID:SGTIN:0614141.812345.6789", SHIRT),
        ("urn:EPC:tag:SGTIN-96:3.0614141.812345.6789", SHIRT),
        ("HTTPS://ID.GS1.ORG/01/80614141123458/21/6789", SHIRT),
        ("URN:EPC:ID:SGTIN:0614141.712345.32aB", "https://id.gs1.org/01/70614141123451/21/32aB"),
        ("urn:epc:tag:sgtin-198:1.0614141.812345.6789", SHIRT),
        ("urn:epc:raw:96.x3074257BF7194E4000001A85", SHIRT),
        ("3074257BF7194E4000001A85", SHIRT),
        ("3074257bf7194e4000001a85", SHIRT),
        ("0x3074257BF7194E4000001A85", SHIRT),
        ("3074257BF7194E4000001A850000", SHIRT),
        ("https://id.gs1.org/01/80614141123458/21/6789", SHIRT),
        ("http://shop.example.com/some/path/01/80614141123458/21/6789", SHIRT),
        ("https://shop.example.com/gtin/80614141123458/lot/L1/ser/6789?exp=270101#top", SHIRT),
        ("https://id.gs1.org/01/80614141123458/21/6789/10/L1", SHIRT),
        ("https://id.gs1.org/01/80614141123458/22/2A/10/L1/21/%36789", SHIRT),
        ("urn:epc:id:sscc:0614141.1234567890", PALLET),
        ("urn:epc:tag:sscc-96:3.0614141.1234567890", PALLET),
        ("https://example.org/00/106141412345678908", PALLET),
        # a serial of signs, in its own 198 bits and as others escape it
        ("urn:epc:id:sgtin:0614141.712345.32a%2Fb", "https://id.gs1.org/01/70614141123451/21/32a%2Fb"),
        ("urn:epc:tag:sgtin-198:3.0614141.712345.32a%2fb", "https://id.gs1.org/01/70614141123451/21/32a%2Fb"),
        ("3674257BF6B7A659B2C2BF1000000000000000000000000000", "https://id.gs1.org/01/70614141123451/21/32a%2Fb"),
        ("urn:epc:id:sgtin:3600529.000001.A(1)", "https://id.gs1.org/01/03600529000016/21/A%281%29"),
        ("https://id.gs1.org/01/03600529000016/21/A(1)", "https://id.gs1.org/01/03600529000016/21/A%281%29"),
        # classes of goods
        ("urn:epc:class:lgtin:3600529.000001.LOT1", "https://id.gs1.org/01/03600529000016/10/LOT1"),
        ("https://example.org/01/3600529000016/10/LOT1", "https://id.gs1.org/01/03600529000016/10/LOT1"),
        ("urn:epc:idpat:sgtin:3600529.000001.*", "https://id.gs1.org/01/03600529000016"),
        # what is no key of GS1, or of a scheme that nobody here knows, stays as it is
        ("https://example.com/po/17", "https://example.com/po/17"),
        ("urn:uuid:6f1a2f0e-7d0c-4c8e-9c57-0b7a3c1d9041", "urn:uuid:6f1a2f0e-7d0c-4c8e-9c57-0b7a3c1d9041"),
        ("E2801160600002054CC2096F", "E2801160600002054CC2096F"),
    ],
)
def test_every_spelling_of_a_key_is_one_link(spelling: str, link: str) -> None:
    assert canonical_epc(spelling) == link
    assert canonical_epc(link) == link
    assert canonical_epcs(pl.Series([spelling, None, link])).to_list() == [link, None, link]


@pytest.mark.parametrize(
    ("bits", "urn"),
    [
        ("3034257BF400B7800004CB2F", "urn:epc:id:sgtin:0614141.000734.314159"),
        ("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890"),
        ("3274257BF46072000000162E", "urn:epc:id:sgln:0614141.12345.5678"),
        ("3374257BF40C0E400000162E", "urn:epc:id:grai:0614141.12345.5678"),
        ("3474257BF40000000000162E", "urn:epc:id:giai:0614141.5678"),
        ("2C74257BF46072000000162E", "urn:epc:id:gdti:0614141.12345.5678"),
        ("2D74257BF4499602D2000000", "urn:epc:id:gsrn:0614141.1234567890"),
        # a partition that no prefix has, and a prefix of more digits than its partition says
        ("307C257BF7194E4000001A85", "307C257BF7194E4000001A85"),
        ("3077FFFFFFFFFFFFFFFFFFFF", "3077FFFFFFFFFFFFFFFFFFFF"),
    ],
)
def test_bits_are_read_by_the_scheme_that_they_name(bits: str, urn: str) -> None:
    assert pure_uri(bits) == urn


def test_one_tag_in_two_spellings_of_one_list_is_one_and_its_event_is_the_same_again(tmp_path: Path) -> None:
    event = {
        "type": "AggregationEvent", "eventID": "urn:uuid:1", "action": "OBSERVE", "eventTime": "2026-03-08T07:30:00+01:00", "eventTimeZoneOffset": "+01:00",
        "parentID": "urn:epc:id:sscc:0614141.1234567890",
    }  # fmt: skip
    both = {**event, "childEPCs": ["urn:epc:id:sgtin:0614141.812345.6789", SHIRT]}
    bits = {**event, "parentID": PALLET, "childEPCs": ["3074257BF7194E4000001A85"]}
    rows = land_file(tmp_path, "rfid/a.jsonl", json.dumps(both) + "\n" + json.dumps(bits) + "\n").events().rows(named=True)
    assert [(row["epcs"], row["quantity"], json.loads(row["extra"])["parentID"]) for row in rows] == [([SHIRT], 1, PALLET)] * 2
    assert rows[0]["payload_hash"] == rows[1]["payload_hash"]


@pytest.mark.parametrize("epc", ["400", "E2801160600002054CC2096F", "307C257BF7194E4000001A85", "urn:epc:tag:sgtin-96:3.0614141.12.1"])
def test_bits_of_no_known_scheme_are_no_tag(epc: str, tmp_path: Path) -> None:
    event = {
        "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-03-08T07:30:00+01:00", "eventTimeZoneOffset": "+01:00", "epcList": [epc],
    }  # fmt: skip
    assert land_file(tmp_path, "rfid/a.jsonl", json.dumps(event) + "\n").rejects()["reason_code"].to_list() == ["bad_epc"]
