"""EPCIS in XML and in JSON: one event is one event, whichever way it is written; and XML that is not safe is not read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from feeds.landed import SAMPLES, land_file
from pipelines.feeds.epcis.read import read_document
from pipelines.feeds.reading.rows import Refused

PLACE = "urn:epc:id:sgln:3012345.00002.0"
HEAD = (
    '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:cbvmda="urn:epcglobal:cbv:mda" xmlns:ex="https://ns.example.com/epcis/"'
    ' xmlns:gs1="https://gs1.org/voc/" schemaVersion="2.0" creationDate="2026-03-08T09:00:00Z"><EPCISBody><EventList>'
)
TAIL = "</EventList></EPCISBody></epcis:EPCISDocument>"
TIME = "<eventTime>2026-03-08T07:30:00+01:00</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset>"
AT = {"eventTime": "2026-03-08T06:30:00Z", "eventTimeZoneOffset": "+01:00"}


def document(*events: dict[str, Any], **more: Any) -> bytes:
    context = ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", {"ex": "https://ns.example.com/epcis/"}]
    envelope = {"@context": context, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-08T09:00:00Z"}
    return json.dumps({**envelope, "epcisBody": {"eventList": list(events)}, **more}).encode()


PAIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "an object event with all that may be in it": (
        f"""<ObjectEvent>{TIME}<certificationInfo>https://example.com/cert/1</certificationInfo><epcList><epc>urn:epc:id:sgtin:3600529.000001.2</epc>
        <epc>urn:epc:id:sgtin:3600529.000001.1</epc></epcList><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
        <disposition>urn:epcglobal:cbv:disp:active</disposition><readPoint><id>{PLACE}</id><ex:gate>3</ex:gate></readPoint><bizLocation><id>{PLACE}</id></bizLocation>
        <bizTransactionList><bizTransaction type="urn:epcglobal:cbv:btt:po">urn:epcglobal:cbv:bt:3012345000024:7</bizTransaction></bizTransactionList>
        <extension><quantityList><quantityElement><epcClass>urn:epc:class:lgtin:3600529.000002.L1</epcClass><quantity>12.0</quantity></quantityElement>
        <quantityElement><epcClass>urn:epc:idpat:sgtin:3600529.000001.*</epcClass></quantityElement></quantityList>
        <sourceList><source type="urn:epcglobal:cbv:sdt:location">{PLACE}</source></sourceList>
        <sensorElementList><sensorElement><sensorMetadata time="2026-03-08T06:00:00Z" ex:by="robot"/><sensorReport type="gs1:Temperature" value="4.50" uom="CEL"/>
        <sensorReport exception="gs1:ALARM_CONDITION"/></sensorElement></sensorElementList>
        <persistentDisposition><set>urn:epcglobal:cbv:disp:completeness_verified</set></persistentDisposition>
        <ilmd><cbvmda:lotNumber>L1</cbvmda:lotNumber><ex:grade>A</ex:grade></ilmd></extension><ex:line speed="2"><ex:no>7</ex:no>
        <ex:no>8</ex:no></ex:line></ObjectEvent>""",
        {
            **AT, "type": "ObjectEvent", "certificationInfo": ["https://example.com/cert/1"], "action": "ADD", "bizStep": "commissioning",
            "disposition": "cbv:Disp-active",
            "epcList": ["urn:epc:id:sgtin:3600529.000001.1", "urn:epc:id:sgtin:3600529.000001.2"], "readPoint": {"id": PLACE, "ex:gate": "3"},
            "bizLocation": {"id": PLACE}, "bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:3012345000024:7", "type": "po"}],
            "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:3600529.000001.*"}, {"epcClass": "urn:epc:class:lgtin:3600529.000002.L1", "quantity": 12}],
            "sourceList": [{"type": "location", "source": PLACE}], "persistentDisposition": {"set": ["completeness_verified"]},
            "sensorElementList": [{"sensorMetadata": {"time": "2026-03-08T06:00:00Z", "ex:by": "robot"},
                                   "sensorReport": [{"exception": "ALARM_CONDITION"}, {"type": "Temperature", "value": 4.5, "uom": "CEL"}]}],
            "ilmd": {"cbvmda:lotNumber": "L1", "https://ns.example.com/epcis/grade": "A"}, "ex:line": {"speed": "2", "ex:no": ["8", "7"]},
        },
    ),
    "an aggregation": (
        f"""<AggregationEvent>{TIME}<parentID>urn:epc:id:sscc:3012345.0000000002</parentID><childEPCs><epc>urn:epc:id:sgtin:3600529.000001.1</epc></childEPCs><action>ADD</action>
        <bizLocation><id>{PLACE}</id></bizLocation><extension><childQuantityList><quantityElement><epcClass>urn:epc:class:lgtin:3600529.000002.L1</epcClass><quantity>2.5</quantity>
        <uom>KGM</uom></quantityElement></childQuantityList></extension></AggregationEvent>""",
        {
            **AT, "isA": "AggregationEvent", "parentID": "urn:epc:id:sscc:3012345.0000000002", "childEPCs": ["urn:epc:id:sgtin:3600529.000001.1"], "action": "ADD",
            "bizLocation": {"@id": PLACE}, "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000002.L1", "quantity": 2.50, "uom": "KGM"}],
        },
    ),
    "a transaction": (
        f"""<TransactionEvent>{TIME}<bizTransactionList><bizTransaction type="urn:epcglobal:cbv:btt:desadv">urn:epcglobal:cbv:bt:3012345000024:9</bizTransaction>
        </bizTransactionList>
        <epcList><epc>urn:epc:id:sscc:3012345.0000000002</epc></epcList><action>DELETE</action></TransactionEvent>""",
        {
            **AT, "@type": "TransactionEvent",
            "bizTransactionList": [{"type": "https://ref.gs1.org/cbv/BTT-desadv", "bizTransaction": "urn:epcglobal:cbv:bt:3012345000024:9"}],
            "epcList": ["urn:epc:id:sscc:3012345.0000000002"], "action": "DELETE",
        },
    ),
    "a transformation in the wrapper of 1.2": (
        f"""<extension><TransformationEvent>{TIME}<inputEPCList><epc>urn:epc:id:sgtin:3600529.000001.1</epc></inputEPCList>
        <outputQuantityList><quantityElement><epcClass>urn:epc:class:lgtin:3600529.000004.L9</epcClass><quantity>4</quantity></quantityElement></outputQuantityList>
        <readPoint><id>{PLACE}</id></readPoint></TransformationEvent></extension>""",
        {
            **AT, "type": ["TransformationEvent"], "inputEPCList": ["urn:epc:id:sgtin:3600529.000001.1"], "readPoint": PLACE,
            "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000004.L9", "quantity": 4}],
        },
    ),
    "an association that was an error": (
        f"""<AssociationEvent>{TIME}<baseExtension><eventID>urn:uuid:7</eventID><errorDeclaration><declarationTime>2026-03-09T09:00:00Z</declarationTime>
        <reason>urn:epcglobal:cbv:er:incorrect_data</reason><correctiveEventIDs><correctiveEventID>urn:uuid:8</correctiveEventID></correctiveEventIDs></errorDeclaration></baseExtension>
        <parentID>urn:epc:id:grai:3012345.55555.987</parentID><childEPCs><epc>urn:epc:id:giai:3012345.12345</epc></childEPCs><action>ADD</action></AssociationEvent>""",
        {
            **AT, "type": "epcis:AssociationEvent", "eventID": "urn:uuid:7", "parentID": "urn:epc:id:grai:3012345.55555.987",
            "childEPCs": ["urn:epc:id:giai:3012345.12345"], "action": "ADD",
            "errorDeclaration": {"declarationTime": "2026-03-09T09:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:8"]},
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of all pairs, from one document in XML and one in JSON."""
    xml = HEAD + "".join(pair[0] for pair in PAIRS.values()) + TAIL
    one = land_file(tmp_path_factory.mktemp("xml"), "rfid/a.xml", xml)
    other = land_file(tmp_path_factory.mktemp("json"), "rfid/a.json", document(*(pair[1] for pair in PAIRS.values())))
    assert one.rejects()["reason"].to_list() == other.rejects()["reason"].to_list() == []
    return one.events().rows(named=True), other.events().rows(named=True)


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=list(PAIRS))
def test_an_event_is_the_same_event_in_xml_and_in_json(number: int, both: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    from_xml, from_json = both[0][number], both[1][number]
    assert from_xml == from_json
    assert from_xml["key_hi"] is not None and from_xml["payload_hash"] is not None


def test_what_has_no_column_is_kept_under_its_full_name(both: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    event = both[0][0]
    extra = json.loads(event["extra"])
    assert extra["https://ns.example.com/epcis/line"] == {"https://ns.example.com/epcis/no": ["7", "8"], "speed": "2"}
    assert extra["ilmd"] == {"https://ns.example.com/epcis/grade": "A", "urn:epcglobal:cbv:mda:lotNumber": "L1"}
    assert extra["sensorElementList"][0]["sensorReport"] == [
        {"exception": "ALARM_CONDITION"},
        {"type": "Temperature", "uom": "CEL", "value": "4.5"},
    ]
    assert extra["sourceList"] == [{"source": PLACE, "type": "location"}] and extra["readPoint"]["id"] == PLACE
    assert (event["document_kind"], event["document_id"]) == ("po", "7")


def test_a_namespace_without_its_last_slash_says_the_same(tmp_path: Path) -> None:
    xml = (
        HEAD
        + PAIRS["a transaction"][0].replace("</TransactionEvent>", "<eventID>urn:uuid:9</eventID><ex:dock>4</ex:dock></TransactionEvent>")
        + TAIL
    )
    with_slash = land_file(tmp_path / "a", "rfid/a.xml", xml).events()
    assert_frame_equal(with_slash, land_file(tmp_path / "b", "rfid/a.xml", xml.replace("example.com/epcis/", "example.com/epcis")).events())
    assert "https://ns.example.com/epcis/dock" in with_slash["extra"][0]


def test_tags_and_pieces_by_class_count_together_and_what_is_measured_does_not(
    both: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    found, packed, _, made, _ = both[0]
    assert (found["quantity"], found["epcs"]) == (
        14,
        ["https://id.gs1.org/01/03600529000016/21/1", "https://id.gs1.org/01/03600529000016/21/2"],
    )
    assert (packed["quantity"], packed.get("uom_code")) == (1, None)
    assert made["quantity"] == 5


def test_goods_that_are_only_measured_count_in_their_unit() -> None:
    one = {**AT, "type": "ObjectEvent", "eventID": "urn:uuid:1", "action": "OBSERVE"}
    weighed = [
        {"epcClass": "urn:epc:class:lgtin:3600529.000002.L1", "quantity": weight, "uom": unit}
        for weight, unit in ((1.25, "KGM"), (0.5, "KGM"), (3, "LTR"))
    ]
    rows = read_document(
        document({**one, "quantityList": weighed[:2]}, {**one, "quantityList": weighed}, {**one, "quantityList": [{"epcClass": PLACE}]})
    ).frame
    assert rows["quantity"].to_list() == ["1.75", None, None] and rows["uom_code"].to_list() == ["KGM", None, None]


def test_a_declared_error_is_a_revision_with_its_reason(both: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    event = both[0][4]
    assert (event["source_revision"], event["is_correction"], event["error_reason"], event["corrects_event_id"]) == (
        1,
        True,
        "incorrect_data",
        "urn:uuid:7",
    )
    assert json.loads(event["extra"])["errorDeclaration"] == {
        "correctiveEventIDs": ["urn:uuid:8"],
        "declarationTime": "2026-03-09T09:00:00Z",
    }


def test_a_query_document_is_read_as_a_capture_document_is(tmp_path: Path) -> None:
    event = PAIRS["a transaction"][1]
    query = {
        "@context": [],
        "type": "EPCISQueryDocument",
        "epcisBody": {"queryResults": {"queryName": "q", "resultsBody": {"eventList": [event]}}},
    }
    xml = (
        '<q:EPCISQueryDocument xmlns:q="urn:epcglobal:epcis-query:xsd:1" schemaVersion="1.2" creationDate="2026-03-08T09:00:00Z"><EPCISBody><q:QueryResults>'
        f"<queryName>q</queryName><resultsBody><EventList>{PAIRS['a transaction'][0]}</EventList></resultsBody></q:QueryResults></EPCISBody></q:EPCISQueryDocument>"
    )
    captured = land_file(tmp_path / "a", "rfid/a.json", document(event)).events()
    assert_frame_equal(captured, land_file(tmp_path / "b", "rfid/a.json", json.dumps(query)).events())
    assert_frame_equal(captured, land_file(tmp_path / "c", "rfid/a.xml.gz", gzip.compress(xml.encode())).events())


def test_a_document_in_one_very_long_line_is_read_whole(tmp_path: Path) -> None:
    events = [{**PAIRS["an aggregation"][1], "eventID": f"urn:uuid:{number}", "ex:filler": "x" * 2_000} for number in range(600)]
    landed = land_file(tmp_path, "rfid/a.json", document(*events))
    assert (landed.manifests[0].rows_in, landed.manifests[0].rows_parsed) == (600, 600)


def test_headers_are_passed_over_and_said_to_be(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "rfid/document-1.2.xml", (SAMPLES / "rfid" / "document-1.2.xml").read_bytes())
    assert landed.events()["event_kind"].to_list() == ["object_observe", "transformation"]
    assert landed.events()["quantity"].to_list() == [24, 2]
    assert landed.manifests[0].unknown_columns == ["EPCISHeader"]


def test_nothing_personal_is_kept_of_an_extension_whatever_its_namespace(tmp_path: Path) -> None:
    named = {**PAIRS["a transaction"][1], "ex:operatorName": "Jean Petit", "ex:note": "call +33 6 12 34 56 78", "ex:street": "x"}
    landed = land_file(tmp_path, "rfid/a.json", document(named))
    extra = landed.events()["extra"][0]
    assert "Jean" not in extra and "12 34" not in extra and "[masked]" in extra
    assert landed.manifests[0].dropped_columns == ["https://ns.example.com/epcis/operatorName", "https://ns.example.com/epcis/street"]


def test_a_place_whose_number_looks_like_a_telephones_is_kept() -> None:
    event = {**AT, "type": "ObjectEvent", "action": "OBSERVE", "epcList": ["urn:epc:id:sgtin:3600529.000001.1"]}
    event |= {"readPoint": {"id": "urn:epc:id:sgln:0012345.11111.400"}, "bizLocation": {"id": PLACE}}
    assert "0012345.11111.400" in read_document(document(event)).frame["extra"][0]


@pytest.mark.parametrize("event", ["&#38;lt;", "<![CDATA[<script>]]>", "<?php echo 1 ?>", "<!-- &nobody; -->"])
def test_harmless_signs_of_xml_do_not_stop_it(event: str) -> None:
    assert (
        read_document(f"<!DOCTYPE project>{HEAD}<TransactionEvent>{event}</TransactionEvent>{TAIL}".encode()).rejects[0].reason_code
        == "missing_field"
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (f"<!DOCTYPE a [<!ELEMENT a ANY>]>{HEAD}{TAIL}", "unsafe_xml"),
        (f"<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1/x'> %x;]>{HEAD}{TAIL}", "unsafe_xml"),
        (f"<!DOCTYPE a PUBLIC '-//a' 'http://127.0.0.1/x'>{HEAD}{TAIL}", "unsafe_xml"),
        (f"<!DOCTYPE a>{HEAD}<ObjectEvent>&x;</ObjectEvent>{TAIL}", "not_xml"),
        (f"{HEAD}{'<a>' * 100}{'</a>' * 100}{TAIL}", "too_deep"),
        (f"{HEAD}<ObjectEvent>{TAIL}", "not_xml"),
        (f"{HEAD}<ObjectEvent>{'<a/>' * 500_001}</ObjectEvent>{TAIL}", "too_large"),
        ("<html/>", "unknown_document"),
        ("<", "not_xml"),
    ],
)  # fmt: skip
def test_xml_that_could_do_more_than_say_something_is_not_read(content: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_document(content.encode())
    assert refused.value.code == code


def test_the_whole_of_a_step_beside_its_parts_is_noted_and_taken() -> None:
    event = {**AT, "type": "ObjectEvent", "action": "OBSERVE", "epcList": ["urn:epc:id:sgtin:3600529.000001.1"], "readPoint": {"id": PLACE}}
    steps = [{**event, "eventID": step, "bizStep": step} for step in ("receiving", "accepting")]
    elsewhere = [steps[0], {**steps[1], "readPoint": {"id": "urn:epc:id:sgln:3012345.00001.0"}}]
    for events, notes in ((steps, ["bizStep: receiving beside arriving or accepting"]), (steps[:1], []), (elsewhere, [])):
        raw = read_document(document(*events))
        assert (raw.frame.height, raw.rejects, raw.unknown_columns) == (len(events), [], notes)
