"""EPCIS read many at once: exactly what one by one gives, and what is not certain goes one by one."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.feeds.epcis import gather, read
from pipelines.feeds.epcis.document import count_names, decode_document, is_told_once, open_document
from pipelines.feeds.epcis.fast import Picked
from pipelines.feeds.reading.derive import Context, derive
from pipelines.feeds.reading.jsonlines import numbered_lines
from pipelines.feeds.reading.rows import Parsed, RawRows
from pipelines.feeds.registry import FEED_BY_NAME

PLAIN: dict[str, Any] = {
    "type": "ObjectEvent", "eventID": "urn:uuid:1", "action": "OBSERVE", "bizStep": "cycle_counting", "disposition": "sellable_accessible",
    "eventTime": "2026-03-08T07:30:00.000+01:00", "eventTimeZoneOffset": "+01:00", "readPoint": {"id": "urn:epc:id:sgln:3012345.00002.0"},
    "bizLocation": {"id": "urn:epc:id:sgln:3012345.00002.0"}, "epcList": ["urn:epc:id:sgtin:3600529.000001.1002", "urn:epc:id:sgtin:3600529.000001.1001"],
}  # fmt: skip
CHILDREN: dict[str, Any] = {
    **{name: value for name, value in PLAIN.items() if name not in ("epcList", "readPoint")}, "type": "AggregationEvent", "action": "ADD",
    "parentID": "urn:epc:id:sscc:3012345.0000000001", "childEPCs": PLAIN["epcList"],
}  # fmt: skip

# changes of one field, right and wrong, plain and not
CHANGES: list[tuple[str, Any]] = [
    ("eventID", "urn:uuid:2"), ("eventID", ""), ("eventID", None), ("-eventID", None), ("eventID", 7), ("action", "ADD"), ("action", "LOOK"), ("action", ["ADD"]),
    ("bizStep", "urn:epcglobal:cbv:bizstep:receiving"), ("bizStep", "folding"), ("bizStep", "https://example.com/fold"), ("bizStep", ""), ("bizStep", 1.5),
    ("disposition", "cbv:Disp-in_transit"), ("disposition", None), ("disposition", {"id": "x"}), ("eventTime", "2026-03-08T06:30:00Z"),
    ("eventTime", "2026-03-08T06:30:00"), ("eventTime", "2026-02-30T06:30:00Z"), ("eventTime", "1999-03-08T06:30:00Z"), ("eventTime", "now"), ("eventTime", None),
    ("eventTime", "2026-03-08 06:30Z"), ("eventTime", "2026-03-08T06:30:00.123456789Z"), ("eventTimeZoneOffset", "-05:00"), ("eventTimeZoneOffset", "+15:00"),
    ("eventTimeZoneOffset", "Z"), ("eventTimeZoneOffset", None), ("eventTimeZoneOffset", "+0100"), ("recordTime", "2026-03-08T09:00:00Z"), ("recordTime", "soon"),
    ("readPoint", None), ("readPoint", "urn:epc:id:sgln:3012345.00002.0"), ("readPoint", {"id": "urn:epc:id:sgln:3012345.0002.0"}), ("readPoint", {"id": "gate 3"}),
    ("readPoint", {"id": "https://id.gs1.org/414/3012345000024/254/A7"}), ("readPoint", {"id": "urn:epc:id:sgln:3012345.00002.G3"}), ("readPoint", {"id": "cbv:x"}),
    ("readPoint", {"id": "urn:epc:id:sgln:3012345.00002.0", "ex:gate": "3"}), ("readPoint", {"id": "urn:epc:id:sgln:0012345.11111.400"}), ("readPoint", {}),
    ("bizLocation", None), ("bizLocation", {"id": "https://example.com/shop/7"}), ("bizLocation", {"id": ["x"]}), ("bizLocation", {"id": "mailto:jean@example.org"}),
    ("epcs", []), ("epcs", None), ("epcs", "urn:epc:id:sgtin:3600529.000001.1"), ("epcs", [1]), ("epcs", ["urn:epc:id:sgtin:3600529.01.1001"]), ("epcs", ["4711"]),
    ("epcs", ["https://id.gs1.org/01/03600529000016/21/1"]), ("epcs", ["https://id.gs1.org/01/03600529000017/21/1"]), ("epcs", ["urn:epc:id:sscc:3012345.0000000001"]),
    ("epcs", ["urn:epc:id:sgtin:3600529.000001.1"] * 2), ("epcs", ["urn:epc:id:grai:4012345.55555.987"]), ("epcs", ["urn:epc:id:sgtin:3600529.000001.été"]),
    ("parentID", "urn:epc:id:sgtin:3600529.000001.1"), ("parentID", None), ("parentID", "box 7"), ("parentID", "https://id.gs1.org/00/030123450000000010"),
    ("type", "ShelfEvent"), ("type", ["ObjectEvent", "ex:Special"]), ("type", None), ("ex:note", "a"), ("isA", "ObjectEvent"), ("quantityList", []),
    ("bizTransactionList", [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:3012345000024:7"}]), ("ilmd", {"ex:lot": 1.50}), ("customerName", "Jean Petit"),
]  # fmt: skip


def one_by_one(lines: list[bytes]) -> RawRows:
    seen, gathered = gather.Seen(), gather.Gathered()
    for number, line in numbered_lines(b"\n".join(lines), 1):
        read.read_line(number, line, seen, gathered)
    return gathered.raw_rows(seen)


def derived(raw: RawRows) -> Parsed:
    return derive(raw, FEED_BY_NAME["rfid"], Context("rfid", b"k" * 32))


def assert_same(one: RawRows, other: RawRows) -> None:
    first, second = derived(one), derived(other)
    names = sorted({*first.events.columns} | {*second.events.columns})
    assert names == sorted(first.events.columns) == sorted(second.events.columns)
    if first.events.height:
        order = [pl.col(name) for name in names]
        assert_frame_equal(first.events.select(order).sort("source_line"), second.events.select(order).sort("source_line"))
    assert_frame_equal(first.rejects.sort("line_no"), second.rejects.sort("line_no"))
    assert (first.unknown_columns, first.dropped_columns) == (second.unknown_columns, second.dropped_columns)


def changed(event: dict[str, Any], change: tuple[str, Any]) -> dict[str, Any]:
    name, value = change
    if name == "epcs":
        name = "epcList" if event["type"] == "ObjectEvent" else "childEPCs"
    if name.startswith("-"):
        return {each: copy.deepcopy(value) for each, value in event.items() if each != name[1:]}
    return {**copy.deepcopy(event), name: value}


@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.tuples(st.sampled_from([PLAIN, CHILDREN]), st.lists(st.sampled_from(CHANGES), max_size=2)), min_size=1, max_size=12))
def test_many_at_once_gives_what_one_by_one_gives(drawn: list[tuple[dict[str, Any], list[tuple[str, Any]]]]) -> None:
    events = []
    for event, changes in drawn:
        for change in changes:
            event = changed(event, change) if type(event.get("type")) is str else event
        events.append(event)
    lines = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    assert_same(one_by_one(lines), read.read_event_lines(b"\n".join(lines) + b"\n", 1))
    document = json.dumps({"type": "EPCISDocument", "epcisBody": {"eventList": events}}, indent=1).encode()
    assert_same(gather.read_honestly(decode_document(document)), read.read_document(document))


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_each_single_change_is_read_the_same_both_ways(change: tuple[str, Any]) -> None:
    lines = [json.dumps(changed(event, change)).encode() for event in (PLAIN, CHILDREN)] + [json.dumps(PLAIN).encode()]
    assert_same(one_by_one(lines), read.read_event_lines(b"\n".join(lines), 1))


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"ObjectEvent","eventID":"a","eventID":"b"}',
        json.dumps(PLAIN).encode().replace(b'"action"', b'"eventID": "urn:uuid:9", "action"'),
        json.dumps(PLAIN).encode().replace(b'{"id": "urn', b'{"id": "urn:x", "id": "urn'),
        json.dumps(PLAIN).encode().replace(b"urn:uuid:1", b"urn:uuid:\\u00001"),
        json.dumps(PLAIN).encode().replace(b"urn:uuid:1", b"urn:uuid:\x7f1"),
        json.dumps(PLAIN).encode().replace(b"urn:uuid:1", b"urn:uuid:\xff1"),
        json.dumps(PLAIN).encode().replace(b'"action":', b'"action" :'),
        b"{",
        b"[]",
        b"NaN",
        b"[" * 2_000,
    ],
)
def test_a_line_that_a_quick_reader_would_pass_is_judged_with_care(line: bytes) -> None:
    lines = [json.dumps(PLAIN).encode(), line]
    assert_same(one_by_one(lines), read.read_event_lines(b"\n".join(lines), 1))


def test_plain_events_are_read_many_at_once_and_others_not() -> None:
    picked = Picked()
    events = [PLAIN, CHILDREN, {**PLAIN, "ex:note": "a"}]
    assert picked.take((number, json.dumps(event).encode()) for number, event in enumerate(events, 1)) == [3]
    assert picked.doubtful() == []
    frame = picked.frame()
    assert frame is not None and frame.height == 2


def test_a_document_that_names_a_field_twice_is_not_read_the_quick_way() -> None:
    document = json.dumps({"type": "EPCISDocument", "epcisBody": {"eventList": [PLAIN, CHILDREN]}}).encode()
    opened = open_document(document)
    assert opened is not None and opened[1] == [json.dumps(event).encode() for event in (PLAIN, CHILDREN)]
    assert is_told_once(document, *opened, sum(map(count_names, opened[1])))
    twice = document.replace(b'"type": "EPCISDocument"', b'"type": "x", "type": "EPCISDocument"')
    opened = open_document(twice)
    assert opened is not None and not is_told_once(twice, *opened, sum(map(count_names, opened[1])))
    doubled = document.replace(b'"parentID"', b'"eventID": "urn:uuid:3", "parentID"')
    raw = read.read_document(doubled)
    assert raw.frame.height == 1
    assert [(one.line_no, one.reason) for one in raw.rejects] == [(2, "epcisBody.eventList[1].eventID: the object has a field twice")]


def test_a_document_with_two_lists_of_events_is_read_as_one_value() -> None:
    document = {"type": "EPCISDocument", "eventList": [CHILDREN], "epcisBody": {"eventList": [PLAIN]}}
    assert open_document(json.dumps(document).encode()) is None
    assert read.read_document(json.dumps(document).encode()).frame["source_event_id"].to_list() == [PLAIN["eventID"]]
    assert read.count_events(json.dumps(document).encode()) == 1


def test_the_order_of_lines_does_not_depend_on_how_each_was_read() -> None:
    events = [PLAIN, {**PLAIN, "eventID": "x", "ex:note": "a"}, {**CHILDREN, "eventID": "y"}] * 5
    random.Random(3).shuffle(events)
    raw = read.read_event_lines(b"\n".join(json.dumps(event).encode() for event in events), 1)
    assert raw.frame["source_line"].to_list() == list(range(1, 16))
