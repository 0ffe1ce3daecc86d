"""Shopify's own examples of its documents, read in place: each becomes lines, or is refused by what it is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.adapters.documents import count_rows
from pipelines.feeds.adapters.registry import ADAPTERS
from pipelines.feeds.parse import How, Parsed, Task, parse_block
from pipelines.feeds.reading.derive import Context
from pipelines.feeds.reading.rows import Refused
from real.test_real_documents import real

# Lists of bare numbers, which say nothing by which they could be told.
NAMELESS = {"collection_listing_product_ids.json", "product_listing_product_ids.json"}


def documents() -> list[Path]:
    """All example files."""
    return sorted((real("payloads_shopify_fixtures") / "test" / "fixtures").glob("*.json"))


def read(path: Path, feed: str) -> Parsed | Refused:
    """A file as ingest reads it, or why it is refused as a whole."""
    content = path.read_bytes()
    try:
        rows = count_rows(content, feed, Place("shopify"), None)
    except Refused as refused:
        return refused
    parsed = parse_block(Task(feed, How("document"), Context("shopify", b"k" * 32)), content, 1, rows)
    assert parsed.events.height + parsed.rejects.height == rows, path.name
    return parsed


def expected_kinds(value: Any) -> Counter[str]:
    """Kinds of the events that a document must give, counted in the JSON itself."""
    found: Counter[str] = Counter()
    for name, inner in value.items() if isinstance(value, dict) else ():
        for body in inner if isinstance(inner, list) else [inner]:
            if name in ("order", "orders"):
                found["order_placed"] += len(body.get("line_items", ()))
            elif name in ("refund", "refunds") and "id" in body:
                found["refund"] += len(body["refund_line_items"])
            elif name in ("inventory_level", "inventory_levels"):
                found["snapshot"] += 1
    return +found


def test_every_example_becomes_its_lines_or_is_refused_by_name() -> None:
    paths = documents()
    assert len(paths) == 100
    taken: Counter[str] = Counter()
    for path in paths:
        value = json.loads(path.read_text())
        kinds = expected_kinds(value)
        feed = "wms" if "snapshot" in kinds else "marketplace"
        result = read(path, feed)
        assert isinstance(result, Parsed), path.name
        events = Counter(result.events["event_kind"].to_list()) if result.events.height else Counter()
        assert events == kinds, path.name
        taken += events
        reasons = set(result.rejects["reason_code"].to_list())
        if path.name in NAMELESS:
            assert reasons == {"unusable_document"}
        elif not kinds and path.name != "orders.json":
            assert reasons in ({"unusable_document"}, {"other_feed"}), path.name  # the other: what items are called, for reference
            assert all(reason.startswith("Shopify ") for reason in result.rejects["reason"]), path.name
    assert taken == {"order_placed": 3, "refund": 2, "snapshot": 7}


def test_an_order_that_was_asked_for_without_its_lines_is_refused_by_its_path() -> None:
    path = next(path for path in documents() if path.name == "orders.json")
    result = read(path, "marketplace")
    assert isinstance(result, Parsed)
    assert result.rejects["reason"].to_list() == ["orders[0].line_items: a required field is missing"]


def test_an_example_is_the_same_order_wrapped_and_bare() -> None:
    path = next(path for path in documents() if path.name == "order.json")
    bare = json.dumps(json.loads(path.read_text())["order"]).encode()
    task = Task("marketplace", How("document"), Context("shopify", b"k" * 32))
    wrapped = read(path, "marketplace")
    assert isinstance(wrapped, Parsed)
    identity = ["key_hi", "key_lo", "payload_hash"]
    assert parse_block(task, bare, 1, 3).events.select(identity).rows() == wrapped.events.select(identity).rows()


def test_nobody_in_an_example_is_known_afterwards() -> None:
    for path in documents():
        for feed in ("marketplace", "wms"):
            result = read(path, feed)
            if isinstance(result, Parsed):
                said = json.dumps([result.events.rows(), result.rejects.rows()], default=str)
                assert [word for word in ("Norman", "hostmail", "Chestnut", "625-1199", "0.0.0.0", "207119551") if word in said] == [], (
                    path.name
                )


@pytest.mark.parametrize("feed", ["marketplace", "wms", "pos", "supply"])
def test_an_example_in_another_folder_is_refused_and_says_where_it_belongs(feed: str) -> None:
    homes = {adapter.title: adapter.feed for adapter in ADAPTERS if adapter.title.startswith("Shopify")}
    told = 0
    for path in documents():
        result = read(path, feed)
        assert isinstance(result, Parsed)
        for code, reason in result.rejects.select("reason_code", "reason").rows():
            if code == "other_feed":
                told += 1
                assert homes[reason.split(" '")[0]] != feed
    assert told == {"marketplace": 12, "wms": 13, "pos": 16, "supply": 16}[feed]
