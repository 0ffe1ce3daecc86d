"""Only the vendor that may have sent a document is asked, and the answer is the one that asking everybody in order gives."""

from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from feeds.adapters.recognised import asked_by_vendor, asked_in_order, documents_in, unmarked
from feeds.adapters.test_amazon_any_content import DOCUMENTS, broken
from feeds.landed import SAMPLES
from pipelines.feeds.adapters import registry
from pipelines.feeds.adapters.registry import VENDORS, adapter_for

FILES: Final = sorted(path for path in SAMPLES.rglob("*.json*") if path.suffix in (".json", ".jsonl"))
ODD: Final = [
    None, 0, "", "x", [], [[]], {}, {"payload": {}}, {"payload": [{"destinationId": 1, "resource": 1}]}, {"request": {}, "response": {}},
    {"request": {"parameters": {"body": {"value": {"any": 1}}}}}, {"orders": []}, {"orders": [], "pagination": {}}, {"order": {}}, {"Orders": []},
    {"detail-type": "x", "detail": {"NotificationType": "ORDER_CHANGE"}}, {"count": 3}, {"tags": []}, {"authors": ["A"]}, {"locations": []}, {"refund": {}},
    {"orders": [{"orderItems": 1, "orderId": 1, "salesChannel": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}]},
    {"order": {"orderItems": 1, "orderId": 1, "salesChannel": 1}, "more": 1}, {"orders": 1, "order": {"orderItems": 1, "orderId": 1, "salesChannel": 1}},
    {"orders": [{"purchaseOrderNumber": 1, "orderDetails": 1}]}, {"payload": {"transactionId": 1}, "more": 1},
]  # fmt: skip
SHOPIFY: Final = sorted(path for path in FILES if "shopify" in path.parts)


def test_every_sample_is_taken_by_whom_asking_everybody_finds() -> None:
    found: Counter[str] = Counter()
    for path in FILES:
        for document in documents_in(path):
            who = asked_in_order(document)
            assert (asked_by_vendor(document), unmarked(document)) == (who, []), path.name
            found[who] += 1
    assert found["shopify-orders"] > 3 and found["amazon-orders"] > 0 and found[""] > 50


@pytest.mark.parametrize("document", ODD, ids=json.dumps)
def test_an_odd_document_is_taken_by_whom_asking_everybody_finds(document: Any) -> None:
    assert (asked_by_vendor(document), unmarked(document)) == (asked_in_order(document), [])


@pytest.mark.parametrize("seed", range(3))
def test_a_broken_document_is_taken_by_whom_asking_everybody_finds(seed: int) -> None:
    dice = random.Random(seed)
    whole = [document for _, document in DOCUMENTS] + [document for path in SHOPIFY for document in documents_in(path)] + ODD[6:]
    for _ in range(700):
        document = broken(dice.choice(whole), dice)
        assert (asked_by_vendor(document), unmarked(document)) == (asked_in_order(document), []), document


@pytest.mark.parametrize("path", SHOPIFY, ids=lambda path: path.name)
def test_of_a_shopify_document_no_other_vendor_is_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(document: Any) -> bool:
        raise AssertionError("asked")

    others = [
        dataclasses.replace(
            vendor,
            adapters=tuple(dataclasses.replace(one, recognises=never) for one in vendor.adapters),
            unusable=tuple(dataclasses.replace(one, recognises=never) for one in vendor.unusable),
        )
        for vendor in VENDORS
        if vendor.name != "shopify"
    ]
    shopify = next(vendor for vendor in VENDORS if vendor.name == "shopify")
    monkeypatch.setattr(registry, "VENDORS", (*others, shopify))
    for document in documents_in(path):
        assert adapter_for(document, path.parent.parent.name).name.startswith("shopify-")
