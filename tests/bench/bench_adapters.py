"""How fast documents of others become events: rates on one core, beside what merely decoding them costs.

    python tests/bench/bench_adapters.py [EVENTS]

Belongs here: one function per kind of document, each giving its lines of results. Best of three; CPU time, not wall.
A ratio tells how many times the bare decoder's time the whole step takes.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson

from pipelines.feeds.epcis.hashid import event_hash
from pipelines.feeds.epcis.jsonform import event_from_json
from pipelines.feeds.parse import Context, How, Task, parse_block
from pipelines.feeds.reading.jsonlines import decode
from pipelines.ingest.survey import survey

CONTEXT = Context("rfid", b"k" * 32)


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """Least CPU seconds of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return best


def reads(events: int) -> list[dict[str, object]]:
    """Plain reads as a reader's middleware sends them: one to five tags of a shop's goods, the shop's place."""
    random.seed(11)
    found: list[dict[str, object]] = []
    for number in range(events):
        place = f"urn:epc:id:sgln:3012345.{random.randint(1, 300):05d}.0"
        at = f"2026-03-{1 + number % 28:02d}T{random.randint(8, 19):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}.{number % 1000:03d}+01:00"
        tags = {f"urn:epc:id:sgtin:3600529.{random.randint(1, 900):06d}.{random.randint(1, 10**9)}" for _ in range(random.randint(1, 5))}
        found.append(
            {
                "type": "ObjectEvent",
                "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
                "action": "OBSERVE",
                "bizStep": "cycle_counting",
                "disposition": "sellable_accessible",
                "eventTime": at,
                "eventTimeZoneOffset": "+01:00",
                "readPoint": {"id": place},
                "bizLocation": {"id": place},
                "epcList": sorted(tags),
            }
        )
    return found


def packed(events: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same with what sends an event the long way: a purchase order, quantities by class, an extension."""
    return [
        {
            **event,
            "bizStep": "receiving",
            "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:3012345000024:{number}"}],
            "quantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000001.L1", "quantity": 12}],
            "https://example.com/ns/dock": str(number % 9),
        }
        for number, event in enumerate(events)
    ]


def as_xml(events: list[dict[str, object]]) -> bytes:
    """Plain reads as a document in XML."""
    parts = []
    for event in events:
        tags = "".join(f"<epc>{epc}</epc>" for epc in event["epcList"])  # type: ignore[attr-defined]
        place = event["bizLocation"]["id"]  # type: ignore[index]
        parts.append(
            f"<ObjectEvent><eventTime>{event['eventTime']}</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset><eventID>{event['eventID']}</eventID>"
            f"<epcList>{tags}</epcList><action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:cycle_counting</bizStep>"
            f"<readPoint><id>{place}</id></readPoint><bizLocation><id>{place}</id></bizLocation></ObjectEvent>\n"
        )
    head = '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-03-08T09:00:00Z"><EPCISBody><EventList>'
    return (head + "".join(parts) + "</EventList></EPCISBody></epcis:EPCISDocument>").encode()


def rfid(events: int) -> list[tuple[str, int, float, float]]:
    """EPCIS: (what, events, seconds, seconds of the bare decoder in the same run)."""
    plain = reads(events)
    long_way = packed(plain[: events // 10])
    nameless = [{name: value for name, value in event.items() if name != "eventID"} for event in plain[: events // 10]]

    def lines(some: list[dict[str, object]]) -> bytes:
        return b"".join(json.dumps(event).encode() + b"\n" for event in some)

    def document(some: list[dict[str, object]]) -> bytes:
        envelope = {"@context": [], "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-08T09:00:00Z"}
        return json.dumps({**envelope, "epcisBody": {"eventList": some}}).encode()

    results = []
    for what, form, content, count in (
        ("plain reads, a line each", "jsonl", lines(plain), events),
        ("plain reads, one document", "document", document(plain), events),
        ("with order, class and extension, a line each", "jsonl", lines(long_way), len(long_way)),
        ("with order, class and extension, one document", "document", document(long_way), len(long_way)),
        ("without eventID (hashed), a line each", "jsonl", lines(nameless), len(nameless)),
        ("plain reads, XML document", "document", as_xml(plain[: events // 10]), events // 10),
    ):
        task = Task("rfid", How(form), CONTEXT)  # type: ignore[arg-type]
        parsed = parse_block(task, content, 1, count)
        assert parsed.events.height == count, parsed.rejects
        bare = content if not content.startswith(b"<") else document(plain[:count])
        decoded = seconds(lambda bare=bare: [orjson.loads(line) for line in bare.splitlines()])  # type: ignore[misc]
        taken = seconds(lambda task=task, content=content, count=count: parse_block(task, content, 1, count))  # type: ignore[misc]
        results.append((what, count, taken, decoded))
    inner = [event_from_json(decode(orjson.dumps(event))) for event in nameless]
    results.append(("the hash alone", len(inner), seconds(lambda: [event_hash(event) for event in inner]), 0.0))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("reads.jsonl", lines(plain)), ("reads.json", document(plain))):
            path = Path(folder) / name
            path.write_bytes(content)
            results.append((f"first pass over {name}", events, seconds(lambda path=path: survey(str(path), "rfid", None, 8 << 20)), 0.0))  # type: ignore[misc]
    return results


def main(events: int) -> None:
    """Measure and print."""
    print(f"{'rfid (EPCIS)':50s}{'events/s':>12s}{'µs each':>10s}{'× decoder':>11s}")
    for what, count, taken, decoded in rfid(events):
        ratio = f"{taken / decoded:.1f}" if decoded else ""
        print(f"{what:50s}{count / taken:12,.0f}{taken / count * 1e6:10.2f}{ratio:>11s}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
