"""A row that waits for reference data ends, once that comes, exactly as if it had been there from the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.worlds.small_home import REFERENCE, SmallHome, pos, wms

LOCATIONS = "location_code,location_name,location_kind,time_zone{}\nDC,Warehouse,dc,Europe/Paris{}\nPAR,Shop,store,{}{}\n"
NO_ZONE = LOCATIONS.format("", "", "", "")


def local(line: dict[str, Any]) -> dict[str, Any]:
    """The line with its time as the clock on the wall shows it."""
    return line | {"occurred_at": line["occurred_at"].removesuffix("+01:00")}


def opened(item: str) -> dict[str, Any]:
    return wms(f"O-{item}", "opening", "2026-03-01T08:00:00", "PAR", item, 100)


CASES: dict[str, tuple[dict[str, str], dict[str, str], dict[str, list[dict[str, Any]]], str]] = {
    # what is known at first, what mends it, the lines, why they wait until then
    "a unit nobody knew": (
        {"reference/uoms.csv": REFERENCE["uoms"]},
        {"reference/uoms-more.csv": "item_code,uom_code,numerator,denominator\nMUG,PAL,240,1\n"},
        {"wms/1.jsonl": [wms("R1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 2, uom_code="PAL"), opened("MUG")]},
        "unknown_uom",
    ),
    "a zone that the place says later, from its beginning on": (
        {"reference/locations.csv": NO_ZONE},
        {"reference/locations-zone.csv": LOCATIONS.format(",valid_from", ",", "Europe/Paris", ",2000-01-01T00:00:00Z")},
        {"pos/1.jsonl": [local(pos("T1", 1, "sale", "2026-03-02T23:30:00", "TEE", 1)), pos("T2", 1, "sale", "2026-03-02T10:00:00", "TEE", 1)]},
        "zone_unknown",
    ),
    "a zone that the till declares": (
        {"reference/locations.csv": NO_ZONE},
        {"reference/sources.csv": "source_system,feed,time_zone,sends_picks\npos,pos,Europe/Paris,false\n"},
        {"pos/1.jsonl": [local(pos("T1", 1, "sale", "2026-03-02T23:30:00", "TEE", 1))]},
        "zone_unknown",
    ),
    "an item nobody knew, sold, voided and counted": (
        {"reference/items.csv": REFERENCE["items"]},
        {"reference/items-more.csv": "item_code,item_name,item_kind,base_uom_code\nCAP,Cap,stock,EA\n"},
        {
            "wms/1.jsonl": [opened("CAP"), wms("C1", "count", "2026-03-03T20:00:00", "PAR", "CAP", 98)],
            "pos/1.jsonl": [
                pos("T1", 1, "sale", "2026-03-02T10:00:00", "CAP", 3),
                pos("T1", 1, "sale_void", "2026-03-02T10:05:00", "CAP", 3),
                pos("T2", 1, "sale", "2026-03-02T11:00:00", "CAP", 1),
            ],
        },
        "unknown_item",
    ),
    "a place nobody knew": (
        {"reference/locations.csv": REFERENCE["locations"]},
        {"reference/locations-more.csv": "location_code,location_name,location_kind,time_zone\nLYS,Lyon,store,Europe/Paris\n"},
        {"wms/1.jsonl": [wms("A1", "adjust", "2026-03-02T09:00:00", "LYS", "MUG", 4, reason_code="found")]},
        "unknown_location",
    ),
}  # fmt: skip


def movements(home: SmallHome) -> list[tuple[Any, ...]]:
    """What has been posted and stands, without when it was known."""
    return home.rows("""
        select event_id, movement_kind, item_id, from_location_id, to_location_id, units, occurred_at, business_on, is_reversal, count(*)
        from movements group by all order by all""")


@pytest.mark.parametrize("case", CASES)
def test_what_waits_ends_as_if_it_had_been_right_at_first(case: str, tmp_path: Path) -> None:
    first, mended, lines, reason = CASES[case]
    reference = {f"reference/{name}.csv": text for name, text in REFERENCE.items()} | first
    late, early = SmallHome(tmp_path / "late", reference=False), SmallHome(tmp_path / "early", reference=False)
    for home in (late, early):
        home.deliver(**reference)
    late.deliver(**lines)
    assert reason in {code for code, _, _ in late.set_aside()}
    late.deliver(**mended)

    early.deliver(**mended)
    early.deliver(**lines)

    assert late.set_aside() == early.set_aside() == []
    assert movements(early)
    assert late.current["ledger_hash"] == early.current["ledger_hash"]
    assert movements(late) == movements(early)
    assert late.on_hand() == early.on_hand()
    for uri in lines:
        rows = sum(1 for _ in lines[uri])
        assert late.counted(uri) == early.counted(uri) == (rows, rows, 0, 0, 0)


def test_what_is_kept_of_a_row_does_not_tell_how_long_it_waited(tmp_path: Path) -> None:
    """Judged at once, or after its place, its supplier and then its item's unit were waited for: the same rows in quarantine."""
    lines = {
        "wms/1.jsonl": [
            wms("R1", "receipt", "2026-03-02T09:00:00", "DC", "LAMP", 2, supplier_code="SUP"),
            wms("R2", "receipt", "2026-03-02T09:00:00", "DC", "TEE", "1.5", supplier_code="SUP"),
        ]
    }
    reference = {f"reference/{name}.csv": text for name, text in REFERENCE.items()}
    shown = "select line_no, reason_code, reason, payload, is_waiting from quarantine group by all having sum(sign) > 0 order by all"

    at_once = SmallHome(tmp_path / "at_once", reference=False)
    at_once.deliver(**reference)
    at_once.deliver(**lines)
    waiting = SmallHome(tmp_path / "waiting", reference=False)
    waiting.deliver(**lines)
    for path in ("reference/suppliers.csv", "reference/locations.csv", "reference/items.csv"):
        waiting.deliver(**{path: reference[path]})
    assert waiting.rows(shown) == at_once.rows(shown)
    assert [(line, code) for line, code, *_ in waiting.rows(shown)] == [(1, "unknown_item"), (2, "fractional_quantity")]
