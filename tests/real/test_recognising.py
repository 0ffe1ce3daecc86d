"""The vendors' own examples: each is taken by whom asking everybody in order finds, though only its vendor is asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from feeds.adapters.recognised import asked_by_vendor, asked_in_order, documents_in, unmarked

from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.adapters.documents import read_documents
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.registry import known_fields
from pipelines.ingest.survey import survey
from real.test_real_documents import REAL, real

OURS = (".md", ".sh", ".pl", ".js", ".xsd", ".SOURCE", ".txt", ".parquet")
"""Endings of files that come with the examples and are no documents."""


@pytest.mark.parametrize("name", ["payloads_amazon_spapi", "payloads_shopify_fixtures"])
def test_every_example_is_taken_by_whom_asking_everybody_finds(name: str) -> None:
    found: Counter[str] = Counter()
    for path in sorted(real(name).rglob("*.json")):
        for document in documents_in(path):
            who = asked_in_order(document)
            assert (asked_by_vendor(document), unmarked(document)) == (who, []), path.name
            found[who] += 1
    assert found.total() > 100


def kinds_of(path: Path) -> set[str]:
    """What a file is refused as: codes of reasons; none where it is read."""
    feed = "rfid" if "epcis_gs1" in path.parts else "marketplace"
    found = survey(str(path), feed, None, 8 << 20, Place(None))
    if found.how.refusal is not None:
        return {found.how.refusal if found.how.detail else f"{found.how.refusal} without a name"}
    if found.how.form != "document" or feed == "rfid":
        return set()
    content = path.read_bytes().removeprefix(BOM)
    return {one.reason_code for one in read_documents(content, feed, Place(None), None, *known_fields(feed, None)).rejects}


def test_every_example_of_every_set_is_read_or_refused_by_its_name() -> None:
    root = REAL or real("epcis_gs1")
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix and path.suffix not in OURS]
    assert len(files) > 400
    told = {path: kinds_of(path) for path in files}
    nameless = {"unknown_document", "unknown_format without a name"}
    assert [path.name for path, kinds in told.items() if kinds & nameless] == ["NonEdi.edi"]  # nothing can name it
    assert sum("interchange" in kinds for kinds in told.values()) > 10
