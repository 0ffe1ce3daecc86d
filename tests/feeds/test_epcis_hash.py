"""The event hash of the CBV: what is hashed, and what makes no difference to it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from pipelines.feeds.epcis.hashid import event_hash, pre_hash
from pipelines.feeds.epcis.jsonform import event_from_json
from pipelines.feeds.epcis.names import prefixes_of
from pipelines.feeds.reading.gs1links import canonical_link
from pipelines.feeds.reading.jsonlines import decode

PREFIXES = prefixes_of({"ex": "https://ns.example.com/epcis/"})
EVENT: dict[str, Any] = {
    "type": "ObjectEvent", "eventTime": "2026-03-08T07:30:00.1235+01:00", "eventTimeZoneOffset": "+01:00", "action": "ADD", "bizStep": "receiving",
    "epcList": ["urn:epc:id:sgtin:3600529.000001.2", "urn:epc:id:sgtin:3600529.000001.1"], "disposition": "urn:epcglobal:cbv:disp:in_progress",
    "persistentDisposition": {"unset": ["completeness_inferred"], "set": ["completeness_verified"]},
    "readPoint": {"id": "urn:epc:id:sgln:3012345.00002.G3", "ex:gate": 3.0}, "bizLocation": {"id": "https://shop.example.com/414/3012345000024"},
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000002.L1", "quantity": 12.50, "uom": "KGM"}],
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:3012345.00001.7"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:3012345.00001"}],
    "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:3012345.00002.0"}],
    "sensorElementList": [{"sensorMetadata": {"bizRules": "https://example.com/rules", "time": "2026-03-08T06:00:00Z"},
                           "sensorReport": [{"uom": "CEL", "value": 4.50, "type": "Temperature"}, {"type": "gs1:Mass", "value": "07", "component": "x"}]}],
    "ilmd": {"ex:grade": "A", "cbvmda:lotNumber": "L1"}, "ex:line": [{"ex:no": 8}, {"ex:no": 7}], "rdfs:comment": "not hashed", "recordTime": "2026-03-08T09:00:00Z",
    "eventID": "urn:uuid:1", "errorDeclaration": {"declarationTime": "2026-03-09T09:00:00Z"},
}  # fmt: skip

# by hand, from the standard's order of fields
WRITTEN = (
    "eventType=ObjectEvent" "eventTime=2026-03-08T06:30:00.124Z" "eventTimeZoneOffset=+01:00"
    "epcList" "epc=https://id.gs1.org/01/03600529000016/21/1" "epc=https://id.gs1.org/01/03600529000016/21/2"
    "quantityList" "quantityElement" "epcClass=https://id.gs1.org/01/03600529000023/10/L1" "quantity=12.5" "uom=KGM"
    "action=ADD" "bizStep=https://ref.gs1.org/cbv/BizStep-receiving" "disposition=https://ref.gs1.org/cbv/Disp-in_progress"
    "persistentDisposition" "set=https://ref.gs1.org/cbv/Disp-completeness_verified" "unset=https://ref.gs1.org/cbv/Disp-completeness_inferred"
    "readPoint" "id=https://id.gs1.org/414/3012345000024/254/G3" "{https://ns.example.com/epcis/}gate=3"
    "bizLocation" "id=https://id.gs1.org/414/3012345000024"
    "sensorElementList" "sensorElement" "sensorMetadata" "time=2026-03-08T06:00:00.000Z" "bizRules=https://example.com/rules"
    "sensorReport" "type=https://gs1.org/voc/Mass" "value=7" "component=https://ref.gs1.org/cbv/Comp-x"
    "sensorReport" "type=https://gs1.org/voc/Temperature" "value=4.5" "uom=CEL"
    "bizTransactionList" "type=https://ref.gs1.org/cbv/BTT-po" "bizTransaction=https://id.gs1.org/253/30123450000177"
    "destinationList" "type=https://ref.gs1.org/cbv/SDT-location" "destination=https://id.gs1.org/414/3012345000024"
    "ilmd" "{https://ns.example.com/epcis/}grade=A" "{urn:epcglobal:cbv:mda}lotNumber=L1"
    "sourceList" "type=https://ref.gs1.org/cbv/SDT-owning_party" "source=https://id.gs1.org/417/3012345000017"
    "{https://ns.example.com/epcis/}line" "{https://ns.example.com/epcis/}no=7" "{https://ns.example.com/epcis/}line" "{https://ns.example.com/epcis/}no=8"
)  # fmt: skip


def inner(event: dict[str, Any]) -> dict[str, Any]:
    return event_from_json(decode(json.dumps(event).encode()), PREFIXES)


def hashed(event: dict[str, Any]) -> str:
    return event_hash(inner(event))


def test_the_text_that_is_hashed_is_the_standards() -> None:
    assert pre_hash(inner(EVENT)) == WRITTEN
    assert hashed(EVENT) == f"ni:///sha-256;{hashlib.sha256(WRITTEN.encode()).hexdigest()}?ver=CBV2.0"


@pytest.mark.parametrize(
    "change",
    [
        {"epcList": EVENT["epcList"][::-1]},
        {"epcList": ["https://example.com/gtin/3600529000016/ser/1?a=b", "https://id.gs1.org/01/03600529000016/10/L/21/2"]},
        {"eventTime": "2026-03-08T06:30:00.124Z"},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-receiving"},
        {"disposition": "cbv:Disp-in_progress"},
        {"eventID": "x", "recordTime": "2027-01-01T00:00:00Z"},
        {"quantityList": [{"uom": "KGM", "quantity": "12.5", "epcClass": "https://id.gs1.org/01/03600529000023/10/L1"}]},
        {"ex:line": [{"ex:no": "7.0"}, {"https://ns.example.com/epcis/no": 8}]},
        {"ilmd": {"urn:epcglobal:cbv:mda:lotNumber": "L1", "ex:grade": "A"}} | {"ilmd": {"cbvmda:lotNumber": "L1", "ex:grade": "A"}},
        {"childEPCs": [], "parentID": None, "rdfs:comment": "another"},
    ],
    ids=str,
)
def test_what_does_not_change_the_meaning_does_not_change_the_hash(change: dict[str, Any]) -> None:
    assert hashed({**EVENT, **change}) == hashed(EVENT)


@pytest.mark.parametrize(
    "change",
    [
        {"epcList": EVENT["epcList"][:1]}, {"eventTime": "2026-03-08T06:30:00.125Z"}, {"bizStep": "arriving"}, {"action": "DELETE"}, {"ex:line": "7"},
        {"eventTimeZoneOffset": "+02:00"}, {"readPoint": {"id": "urn:epc:id:sgln:3012345.00002.G3"}}, {"ilmd": {"ex:grade": "B", "cbvmda:lotNumber": "L1"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_the_meaning_changes_the_hash(change: dict[str, Any]) -> None:
    assert hashed({**EVENT, **change}) != hashed(EVENT)


@pytest.mark.parametrize(
    ("urn", "link"),
    [
        ("urn:epc:id:sscc:3012345.0000000001", "00/030123450000000017"),
        ("urn:epc:id:sgtin:3600529.000001.32a%2Fb(1)", "01/03600529000016/21/32a%2Fb%281%29"),
        ("urn:epc:id:itip:3600529.000001.01.02.9", "8006/036005290000160102/21/9"),
        ("urn:epc:id:upui:3600529.000001.9", "01/03600529000016/235/9"),
        ("urn:epc:id:grai:3012345.55555.987", "8003/03012345555555987"),
        ("urn:epc:id:giai:3012345.a:1", "8004/3012345a%3A1"),
        ("urn:epc:id:gsrn:3012345.0000000001", "8018/301234500000000015"),
        ("urn:epc:id:gsrnp:3012345.0000000001", "8017/301234500000000015"),
        ("urn:epc:id:sgcn:3012345.55555.1", "255/30123455555551"),
        ("urn:epc:id:ginc:3012345.xyz", "401/3012345xyz"),
        ("urn:epc:id:gsin:3012345.000000001", "402/30123450000000017"),
        ("urn:epc:id:cpi:3012345.5PQ7.12", "8010/30123455PQ7/8011/12"),
        ("urn:epc:idpat:sgtin:3600529.000001.*", "01/03600529000016"),
    ],
)
def test_every_key_has_one_canonical_link(urn: str, link: str) -> None:
    assert canonical_link(urn) == f"https://id.gs1.org/{link}"
    assert canonical_link(f"https://shop.example.com/some/path/{link}") == f"https://id.gs1.org/{link}"
