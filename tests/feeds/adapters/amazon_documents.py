"""Amazon's documents in the tests: small ones made in place, samples, and what becomes of them."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import polars as pl

from feeds.landed import SAMPLES
from pipelines.feeds.adapters import documents
from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.parse import How, Task, parse_block
from pipelines.feeds.reading.derive import Context
from pipelines.feeds.reading.rows import Parsed, Refused

MARKETPLACE: Final = "A13V1IB3VIYZZH"
CHANNEL: Final = f"amazon-{MARKETPLACE}"
POOL: Final = f"{CHANNEL}-AFN"


def sample(feed: str, name: str) -> Any:
    """The value of a sample, or the list of values of a sample of lines."""
    text = (SAMPLES / feed / "amazon" / name).read_text()
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def lines(feed: str, document: Any, folder: str | None = "amazon") -> list[dict[str, Any] | Refused]:
    """What the adapters make of a document, in its order; a refusal of all of it stands alone."""
    try:
        return [made.line for made in documents._lines(json.dumps(document).encode(), feed, Place(folder), None)]
    except Refused as refused:
        return [refused]


def told(feed: str, document: Any, *names: str) -> list[tuple[Any, ...]]:
    """The named fields of every line; of a refused one its code and path."""
    return [
        (line.code, line.field) if isinstance(line, Refused) else tuple(line.get(name) for name in names) for line in lines(feed, document)
    ]


def parsed(feed: str, document: Any, folder: str = "amazon") -> Parsed:
    """A document as a file of its own, parsed and judged."""
    return parse_block(Task(feed, How("document"), Context(folder, b"k" * 32)), json.dumps(document).encode(), 1, 0)


def facts(events: pl.DataFrame) -> set[tuple[Any, ...]]:
    """Who each event is, in which revision, and what it says."""
    revision = pl.col("source_revision").fill_null(0) if "source_revision" in events.columns else pl.lit(0).alias("source_revision")
    return set(events.select("key_hi", "key_lo", revision, "payload_hash").rows())


def standing(*several: pl.DataFrame) -> set[tuple[Any, ...]]:
    """What stands of several deliveries: of each key the highest revision; fails where one revision says two things."""
    best: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    said: dict[tuple[Any, ...], Any] = {}
    for frame in several:
        for high, low, revision, payload in facts(frame):
            assert said.setdefault((high, low, revision), payload) == payload, "one revision says two things"
            best[high, low] = max(best.get((high, low), (-1,)), (revision, payload))
    return {(*key, *value) for key, value in best.items()}


def changed(document: Any, *path: Any, to: Any) -> Any:
    """A copy with one value replaced; `to` null removes it."""
    made = copy.deepcopy(document)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return made
