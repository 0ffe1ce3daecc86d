"""Lots and expiries of EPCIS reach the event's own columns, from master data and from keys."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from feeds.landed import land_file

BASE: dict[str, Any] = {
    "type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning", "eventTime": "2026-03-08T07:30:00+01:00", "eventTimeZoneOffset": "+01:00",
}  # fmt: skip
LINK = "https://id.gs1.org/01/03600529000016"
TAG = {"epcList": ["urn:epc:id:sgtin:3600529.000001.1"]}
DAY = dt.date(2027, 2, 28)


def of(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"quantityList": [{"quantity": 1, **element} for element in elements]}


@pytest.mark.parametrize(
    ("said", "lot", "expires_on"),
    [
        (TAG | {"ilmd": {"cbvmda:lotNumber": "A123", "cbvmda:itemExpirationDate": "2027-02-28"}}, "A123", DAY),
        (TAG | {"ilmd": {"cbvmda:lotNumber": "A123", "cbvmda:itemExpirationDate": "2027-02-28T00:00:00Z"}}, "A123", DAY),
        (TAG | {"ilmd": {"urn:epcglobal:cbv:mda#lotNumber": "A123"}}, "A123", None),
        (TAG | {"ilmd": {"gs1:hasBatchLotNumber": "A123", "gs1:expirationDate": "2027-02-28"}}, "A123", DAY),
        (TAG | {"ilmd": {"cbvmda:lotNumber": 4711, "cbvmda:itemExpirationDate": 20270228}}, "4711", DAY),
        (TAG | {"ilmd": {"cbvmda:lotNumber": "A123", "cbvmda:itemExpirationDate": "270200"}}, "A123", DAY),
        (of({"epcClass": f"{LINK}/10/LOT1"}, {"epcClass": "urn:epc:idpat:sgtin:3600529.000002.*"}), None, None),
        (TAG | of({"epcClass": "urn:epc:class:lgtin:3600529.000001.LOT1"}), None, None),
        (TAG | {"ilmd": {"cbvmda:lotNumber": ["A123", "B7"], "cbvmda:itemExpirationDate": "soon"}}, None, None),
        (of({"epcClass": "urn:epc:class:lgtin:3600529.000001.LOT1"}), "LOT1", None),
        (of({"epcClass": "urn:epc:class:lgtin:3600529.000001.A%2F1"}), "A/1", None),
        (of({"epcClass": f"{LINK}/10/LOT1?17=270228"}), "LOT1", DAY),
        (of({"epcClass": f"{LINK}/10/LOT1"}, {"epcClass": f"{LINK}/10/LOT2"}), None, None),
        ({"epcList": [f"{LINK}/10/LOT1/21/1?17=270200", f"{LINK}/21/2/10/LOT1"]}, "LOT1", DAY),
        ({"epcList": ["https://shop.example/gtin/03600529000016/lot/L%201/ser/1?exp=270228"]}, "L 1", DAY),
        ({"epcList": [f"{LINK}/21/1?17=271341"]}, None, None),
        (TAG, None, None),
    ],
)
def test_lot_and_expiry_are_what_the_event_says(said: dict[str, Any], lot: str | None, expires_on: dt.date | None, tmp_path: Path) -> None:
    landed = land_file(tmp_path, "rfid/a.jsonl", json.dumps(BASE | said) + "\n")
    (row,) = landed.events().rows(named=True)
    assert (row.get("lot_code"), row.get("expires_on")) == (lot, expires_on)


def test_the_lot_of_xml_is_that_of_json(tmp_path: Path) -> None:
    xml = """<?xml version="1.0"?><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" xmlns:cbvmda="urn:epcglobal:cbv:mda" schemaVersion="1.2"
      creationDate="2023-04-01T08:45:16Z"><EPCISBody><EventList><ObjectEvent><eventTime>2023-03-31T08:00:00Z</eventTime>
      <eventTimeZoneOffset>-05:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:3600529.000001.1</epc></epcList><action>ADD</action>
      <extension><ilmd><cbvmda:lotNumber>A123</cbvmda:lotNumber><cbvmda:itemExpirationDate>2027-02-28</cbvmda:itemExpirationDate></ilmd></extension>
      </ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"""
    (row,) = land_file(tmp_path, "rfid/a.xml", xml).events().rows(named=True)
    assert (row["lot_code"], row["expires_on"]) == ("A123", DAY)
