"""A receipt or shipment that names no document is revised like any other line."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.small_home import SmallHome, wms


def test_of_a_receipt_and_a_shipment_without_document_the_higher_revision_stands(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    lines = [wms("R1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 5), wms("S1", "ship", "2026-03-02T10:00:00", "DC", "MUG", 2)]
    home.deliver(**{"wms/1.jsonl": lines})
    home.deliver(**{"wms/2.jsonl": [line | {"quantity": 7, "source_revision": 1} for line in lines]})
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 7, ("MUG", "DC", "sellable_not_accessible"): -7}
