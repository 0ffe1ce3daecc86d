"""Every example that Amazon publishes of its Selling Partner API is taken, or refused by what it is."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from feeds.adapters.amazon_documents import lines

from pipelines.feeds.reading.rows import Refused

REAL = os.environ.get("PARSTOCK_REAL_DATA")
FOLDER = Path(REAL or "/nowhere") / "payloads_amazon_spapi" / "examples"
if not FOLDER.is_dir():
    pytest.skip(f"real data 'payloads_amazon_spapi' is not here: PARSTOCK_REAL_DATA is {REAL or 'not set'}", allow_module_level=True)
FILES = sorted(FOLDER.rglob("*.json"))


def found(value: Any, name: str) -> list[Any]:
    """Every list of that name anywhere in a document, joined."""
    if isinstance(value, dict):
        here = value[name] if isinstance(value.get(name), list) else []
        return here + [one for inner in value.values() for one in found(inner, name)]
    return [one for inner in value for one in found(inner, name)] if isinstance(value, list) else []


def made(file: Path) -> tuple[list[dict[str, Any]], list[Refused]]:
    every = lines("marketplace", json.loads(file.read_text()), folder=None)
    return [line for line in every if isinstance(line, dict)], [line for line in every if isinstance(line, Refused)]


def test_every_file_becomes_lines_or_is_refused_by_name() -> None:
    assert len(FILES) > 180
    taken, refused = 0, Counter[str]()
    for file in FILES:
        good, bad = made(file)
        assert all(one.code in ("unusable_document", "missing_field") for one in bad), file.name
        assert all(one.field for one in bad), file.name
        taken += bool(good)
        refused.update(str(one.field) for one in bad if one.code == "unusable_document")
    assert taken == 14
    assert refused["error answer"] == sum(
        "__400__" in file.name and "errors" in json.loads(file.read_text()).get("response", json.loads(file.read_text())) for file in FILES
    )


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "vendorOrders"], ids=lambda file: file.stem[-60:])
def test_every_item_of_a_vendor_order_is_placed_changed_or_refused(file: Path) -> None:
    document = json.loads(file.read_text())
    good, bad = made(file)
    items = found(document, "itemStatus") or ([] if found(document, "acknowledgements") else found(document, "items"))
    standing = {
        (line["document_id"], line["document_line"]) for line in good if line["event_kind"] in ("order_placed", "order_line_changed")
    }
    assert len(standing) == len(items)
    assert good or bad


def test_the_states_of_a_vendor_order_add_up_to_what_the_document_says() -> None:
    file = next(file for file in FILES if "purchaseOrdersStatus__get__responses__200__x-amzn-api-sandbox__static__0" in file.name)
    good, bad = made(file)
    units: Counter[str] = Counter()
    for line in good:
        units[line["event_kind"]] += int(line["quantity"])
    assert bad == []
    assert units == {"order_placed": 1 + 20 + 5, "order_line_changed": 20, "order_cancelled": 5 + 5, "order_delivered": 1 + 10}
