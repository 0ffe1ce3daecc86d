"""Whatever stands in a document, an adapter makes lines or refusals of it: nothing else ever comes out."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from feeds.adapters.amazon_documents import parsed, sample
from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.registry import ADAPTER_BY_NAME, ADAPTERS, UNUSABLE
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.reasons import REASONS

DOCUMENTS: Final = [
    *(("marketplace", sample("marketplace", name)) for name in ("orders.json", "orders-v0.json", "vendor-orders.json", "vendor-status.json", "vendor-confirmation.json")),
    *(("marketplace", note) for note in sample("marketplace", "notifications.jsonl")),
    ("wms", sample("wms", "fba-inventory.json")), *(("wms", note) for note in sample("wms", "fba-availability.jsonl")),
]  # fmt: skip
OTHER: Final = (None, 0, -1, 10**17, 10**30, "", "x", "2026-13-01T00:00:00Z", True, [], {}, [None], [[]], {"a": 1}, {"payload": []}, "\x00")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, one in inner for found in places(one, (*path, name)))]


def broken(document: Any, dice: random.Random) -> Any:
    """The document with something else in one or two of its places."""
    made = copy.deepcopy(document)
    for _ in range(dice.choice((1, 1, 2))):
        path = dice.choice(places(made))
        value = copy.deepcopy(dice.choice(OTHER))
        if not path:
            return value
        holder = made
        for step in path[:-1]:
            holder = holder[step]
        if dice.random() < 0.2 and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
    return made


def adapted(adapter: Adapter, document: Any) -> Iterator[Line | Refused]:
    """An adapter's lines of a document; a refusal of all of it as one."""
    try:
        yield from adapter.lines(document, Place(None))
    except Refused as refused:
        yield refused


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_broken_document_makes_lines_or_refusals_also_when_its_format_is_named(number: int) -> None:
    _, document = DOCUMENTS[number]
    adapter = next(one for one in ADAPTERS if one.recognises(document))
    dice = random.Random(number)
    for _ in range(300):
        made = broken(document, dice)
        for one in (*ADAPTERS, *UNUSABLE):
            assert one.recognises(made) in (True, False)
        for line in adapted(ADAPTER_BY_NAME[adapter.name], made):
            assert line.code in REASONS if isinstance(line, Refused) else line["event_kind"]


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_what_is_made_of_a_broken_document_can_be_judged(number: int) -> None:
    feed, document = DOCUMENTS[number]
    dice = random.Random(100 + number)
    for _ in range(15):
        assert set(parsed(feed, [broken(document, dice), document]).rejects["reason_code"]) <= set(REASONS)
