"""The vendors' own examples: each is taken by whom asking everybody in order finds, though only its vendor is asked."""

from __future__ import annotations

from collections import Counter

import pytest
from feeds.adapters.recognised import asked_by_vendor, asked_in_order, documents_in, unmarked

from real.test_real_documents import real


@pytest.mark.parametrize("name", ["payloads_amazon_spapi", "payloads_shopify_fixtures"])
def test_every_example_is_taken_by_whom_asking_everybody_finds(name: str) -> None:
    found: Counter[str] = Counter()
    for path in sorted(real(name).rglob("*.json")):
        for document in documents_in(path):
            who = asked_in_order(document)
            assert (asked_by_vendor(document), unmarked(document)) == (who, []), path.name
            found[who] += 1
    assert found.total() > 100
