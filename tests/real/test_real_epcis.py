"""GS1's own EPCIS examples, file by file and event by event; read in place, skipped where they are not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipelines.feeds.epcis.document import decode_document, events_of
from pipelines.feeds.epcis.hashid import Form, event_hash
from pipelines.feeds.epcis.jsonform import event_from_json, number_text
from pipelines.feeds.epcis.read import count_events, is_xml, read_document
from pipelines.feeds.epcis.row import Seen, row_of
from pipelines.feeds.epcis.vocabulary import WEB_TERM
from pipelines.feeds.epcis.xmlform import event_from_xml
from pipelines.feeds.epcis.xmlread import read_xml
from pipelines.feeds.reading.rows import Refused
from real.test_real_documents import REAL, real

EXAMPLES = REAL / "epcis_gs1" if REAL is not None and (REAL / "epcis_gs1").is_dir() else None
FILES = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for folder in ("JSON", "JSON-simple-context", "JSON-Schema/test", "XML")
    for path in (EXAMPLES / folder).rglob("*")
    if path.suffix in (".json", ".jsonld", ".xml") and path.parent.name != "schemas"
) if EXAMPLES is not None else []  # fmt: skip

# what is not taken, and why; everything else is taken event for event
REFUSED_FILES = {
    "JSON-simple-context/WithSensorData/SensorDataExample12.jsonld": ("bad_document", "schemaVersion"),
    "JSON-simple-context/WithSensorData/SensorDataExample17.jsonld": ("bad_document", "schemaVersion"),
    "XML/CBV/CBV-11.4-2020-06-16a.xml": ("master_data", None),
    "XML/Mimasu/Example-masterData.xml": ("master_data", None),
    "XML/WithFullCombinationOfFields/masterdata_all_possible_fields.xml": ("master_data", None),
    "XML/CaptureJob/Example-CaptureJobRunning.xml": ("unusable_document", "EPCIS capture job"),
    "XML/CaptureJob/Example-CaptureJobSuccess.xml": ("unusable_document", "EPCIS capture job"),
    "XML/CaptureJob/Example-CaptureJobWithErrorFile.xml": ("unusable_document", "EPCIS capture job"),
    "XML/CaptureJob/Example-CaptureJobWithErrors.xml": ("unusable_document", "EPCIS capture job"),
}
REFUSED_EVENTS = {
    # an event that names itself twice, and one of a kind of the sender's own: valid by the schema, and accounted for
    "JSON/AssociationEvent/AssociationEvent-h.jsonld": (1, "duplicate_key", "epcisBody.eventList[0].eventID: "),
    "JSON-simple-context/AssociationEvent/AssociationEvent-h.jsonld": (1, "duplicate_key", "epcisBody.eventList[0].eventID: "),
    "JSON-Schema/test/Extended-Event.json": (1, "unknown_kind", "type 'https://example.org/epcis/CustomEvent': "),
    # not valid by the schema either
    "JSON-simple-context/Example-TransactionEvents-2020_07_03y.jsonld": (2, "not_a_list", "epcisBody.eventList[1].sourceList: "),
    "JSON-simple-context/WithFullCombinationOfFields/object_event_all_possible_fields.jsonld": (1, "ilmd_not_allowed", "epcisBody.eventList[0].ilmd: "),
}  # fmt: skip
# terms as URNs, which JSON should not have and every sender of XML does; they are read
MORE_THAN_THE_SCHEMA = {"XML/WithEventHashID/event_with_identical_hash_id_7.json"}


def content_of(name: str) -> bytes:
    """A file of the set without its byte order mark."""
    return (real("epcis_gs1") / name).read_bytes().removeprefix(b"\xef\xbb\xbf")


def counted(content: bytes) -> int:
    """The events of a file, counted without the code under test."""
    if is_xml(content):
        return len(
            re.findall(
                rb"<(?:Object|Aggregation|Transaction|Transformation|Association)Event>",
                re.sub(rb"<!--.*?-->", b"", content, flags=re.DOTALL),
            )
        )
    document = json.loads(content)
    body = document.get("epcisBody", {})
    found = body.get("eventList", body.get("queryResults", {}).get("resultsBody", {}).get("eventList"))
    return 1 if found is None else len(found)


def inner(name: str) -> list[dict[str, Any]]:
    """The events of a file in the inner form."""
    content = content_of(name)
    if is_xml(content):
        return [event_from_xml(element, prefixes) for element, prefixes in read_xml(content, set())]
    events, _, prefixes = events_of(decode_document(content))
    return [event_from_json(event, prefixes) for event in events]


def test_the_set_is_whole() -> None:
    real("epcis_gs1")
    assert len(FILES) >= 130
    assert {*REFUSED_FILES, *REFUSED_EVENTS, *MORE_THAN_THE_SCHEMA} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_taken_event_for_event_or_refused_with_reason_and_path(name: str) -> None:
    content = content_of(name)
    if name in REFUSED_FILES:
        for read in (count_events, read_document):
            with pytest.raises(Refused) as refused:
                read(content)
            assert (refused.value.code, refused.value.field) == REFUSED_FILES[name]
        return
    raw = read_document(content)
    assert count_events(content) == counted(content) == raw.frame.height + len(raw.rejects) > 0
    expected = [REFUSED_EVENTS[name]] if name in REFUSED_EVENTS else []
    assert [(one.line_no, one.reason_code) for one in raw.rejects] == [one[:2] for one in expected]
    assert all(one.reason.startswith(words[2]) for one, words in zip(raw.rejects, expected, strict=True))
    if raw.frame.height:
        assert raw.frame.select("source_event_id", "occurred_at", "event_kind").null_count().sum_horizontal().item() == 0


def test_what_the_schema_accepts_is_accepted_and_what_it_refuses_is_refused() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = jsonschema.Draft7Validator(json.loads((real("epcis_gs1") / "EPCIS-JSON-Schema.json").read_text()))
    invalid = {name for name in FILES if not name.endswith(".xml") and not schema.is_valid(json.loads(content_of(name)))}
    accounted_for = {name for name, (_, code, _) in REFUSED_EVENTS.items() if code in ("duplicate_key", "unknown_kind")}
    refused = {name for name in {*REFUSED_FILES, *REFUSED_EVENTS} if not name.endswith(".xml")}
    assert refused - accounted_for == invalid - MORE_THAN_THE_SCHEMA
    assert len(invalid) == 5


PAIRS = [
    *(("XML/AssociationEvent/AssociationEventExamples.xml", number, f"JSON/AssociationEvent/AssociationEvent-{letter}.jsonld", 0) for number, letter in
      enumerate("abcdef")),
    *(("XML/Example_9.6.1-ObjectEvent-2020_06_18a.xml", number, "JSON/Example_9.6.1-ObjectEvent.jsonld", number) for number in (0, 1)),
    *(("XML/Example-TransactionEvent-2020_07_03y.xml", number, "JSON/Example-TransactionEvents-2020_07_03y.jsonld", number) for number in (0, 1)),
    ("XML/Mimasu/Example2.xml", 0, "JSON/Example_9.6.2-ObjectEvent.jsonld", 0),
    ("XML/Mimasu/Example3.xml", 0, "JSON/Example_9.6.3-AggregationEvent.jsonld", 0),
    ("XML/Mimasu/Example4.xml", 0, "JSON/Example_9.6.4-TransformationEvent.jsonld", 0),
    *(("XML/WithSensorData/SensorDataExamples.xml", number, f"JSON/WithSensorData/SensorDataExample{number + 1}.jsonld", 0) for number in (0, 1, 2, 4)),
    *(("XML/WithSensorData/SensorDataExamples.xml", number, f"JSON/WithSensorData/SensorDataExample{number + 2}.jsonld", 0) for number in (12, 13)),
    ("XML/WithEventHashID/event_with_identical_hash_id_1.xml", 0, "XML/WithEventHashID/event_with_identical_hash_id_7.json", 0),
]  # fmt: skip


@pytest.mark.parametrize(("xml", "number", "jsonld", "other"), PAIRS)
def test_a_pair_of_xml_and_json_is_one_event(xml: str, number: int, jsonld: str, other: int) -> None:
    rows = []
    for name, place in ((xml, number), (jsonld, other)):
        event = {field: value for field, value in inner(name)[place].items() if field != "eventID"}
        rows.append(row_of(event, 1, Seen()))
    assert rows[0] == rows[1]


def test_events_that_are_said_to_have_one_hash_have_one() -> None:
    hashes = {
        number: event_hash(inner(f"XML/WithEventHashID/event_with_identical_hash_id_{number}.{'json' if number == 7 else 'xml'}")[0])
        for number in range(1, 8)
    }
    # the second has another offset, which the standard hashes as a field of its own, and so do GS1's own numbers below
    assert hashes.pop(2) not in hashes.values()
    assert len(set(hashes.values())) == 1


@pytest.mark.parametrize(
    "name", [*(f"JSON/AssociationEvent/AssociationEvent-{letter}.jsonld" for letter in "abcde"), "JSON/Example_9.6.1-ObjectEvent.jsonld"]
)
def test_numbers_that_gs1_computed_from_a_draft_come_out_in_the_form_of_that_draft(name: str) -> None:
    # before the standard was published keys and terms were hashed as written in XML, and types stood behind their values
    urns = {
        "bizStep": "urn:epcglobal:cbv:bizstep:",
        "disposition": "urn:epcglobal:cbv:disp:",
        "bizTransactionList": "urn:epcglobal:cbv:btt:",
    }
    draft = Form({**WEB_TERM, **urns}, lambda text: number_text(text) if text.isdigit() else text, is_type_first=False)
    event = inner(name)[0]
    assert event["eventID"].startswith("ni:///sha-256;")
    assert event_hash(event, draft) == event["eventID"]
