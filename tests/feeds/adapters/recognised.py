"""Who takes a document, asked of everybody in order: what asking only the vendors that may have sent it is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.feeds.adapters.registry import ADAPTERS, NAMERS, UNUSABLE, VENDORS, adapter_for
from pipelines.feeds.reading.rows import Refused


def asked_in_order(document: Any) -> str:
    """The name of the adapter or the title of the unusable document; empty when nobody knows it."""
    for adapter in ADAPTERS:
        if adapter.recognises(document):
            return adapter.name
    titles = [known.title for known in UNUSABLE if known.recognises(document)]
    return next(iter([*titles, *(title for name_of in NAMERS if (title := name_of(document)))]), "")


def asked_by_vendor(document: Any) -> str:
    """The same, of those that `adapter_for` asks."""
    feeds = sorted({adapter.feed for adapter in ADAPTERS})
    for feed in feeds:
        try:
            return adapter_for(document, feed).name
        except Refused as refused:
            if refused.code == "unusable_document":
                return str(refused.field)
            if refused.code == "unknown_document":
                return ""
    raise AssertionError(f"refused by each of {feeds}")


def unmarked(document: Any) -> list[str]:
    """Who recognises a document that has none of their marks: nobody may."""
    return [
        getattr(known, "name", known.title)
        for vendor in VENDORS
        for known in (*vendor.adapters, *vendor.unusable)
        if known.recognises(document) and all(known.marks.isdisjoint(one) for one in vendor.objects(document))
    ]


def documents_in(path: Path) -> Iterator[Any]:
    """The JSON values of a file, and the elements of those that are lists; none of a file that is no JSON."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for part in [text, *text.splitlines()] if path.suffix == ".jsonl" else [text]:
        try:
            value = json.loads(part)
        except (ValueError, RecursionError):
            continue
        yield value
        if isinstance(value, list):
            yield from value
