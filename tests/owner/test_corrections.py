"""A master-data fix heals the past: the ledger is as if it had been right at first, and what was known stays known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.worlds.small_home import SmallHome, pos, wms

ALWAYS = "2001-01-01T00:00:00Z"
CASE, PALLET = "13600529000020", "23600529000027"
UNITS = "item_code,uom_code,numerator,denominator,gtin,valid_from\n"
ITEMS = "item_code,item_name,item_kind,base_uom_code,gtin,valid_from\n"
SHELF = ("PAR", "sellable_accessible")


def received(home: SmallHome, known_at: datetime) -> int:
    return int(home.rows("select coalesce(sum(delta), 0)::INT from codes where not is_virtual and known_at <= ?", known_at)[0][0])


def test_a_pack_that_was_told_too_small_and_a_barcode_of_another_level_are_put_right(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        wms("1", "receipt", "2026-03-02T10:00:00", "DC", "MUG", 2, uom_code="CS", supplier_code="SUP"),
        wms("2", "receipt", "2026-03-03T10:00:00", "DC", PALLET, 1, item_code_kind="gtin", supplier_code="SUP"),
        wms("3", "count", "2026-03-04T10:00:00", "DC", "MUG", 5, uom_code="CS", stock_state="in_progress"),
    ]
    right = UNITS + f"MUG,CS,12,1,{CASE},\nMUG,PAL,48,1,{PALLET},\n"
    at_first = SmallHome(tmp_path / "right", reference=False)
    at_first.deliver(**{"reference/uoms.csv": right, **_others()})
    at_first.deliver(**{"wms/1.jsonl": lines})

    late = SmallHome(tmp_path / "wrong", reference=False)
    wrong = UNITS + f"MUG,CS,6,1,{PALLET},\nMUG,PAL,48,1,,\n"
    late.deliver(**{"reference/uoms.csv": wrong, **_others()})
    before = late.deliver(**{"wms/1.jsonl": lines})
    assert received(late, before) == 5 * 6
    fixed = UNITS + f"MUG,CS,12,1,{CASE},{ALWAYS}\nMUG,PAL,48,1,{PALLET},{ALWAYS}\n"
    late.deliver(**{"reference/uoms.csv": fixed})

    assert late.on_hand() == at_first.on_hand() == {("MUG", "DC", "in_progress"): 60}
    assert late.current["ledger_hash"] == at_first.current["ledger_hash"]
    assert received(late, before) == 30
    counted = "select -sum(delta)::INT from codes where place = 'ADJUSTMENT'"
    assert late.rows(counted) == at_first.rows(counted) == [(60 - 24 - 48,)]


def _others() -> dict[str, str]:
    from tests.worlds.small_home import REFERENCE

    return {f"reference/{name}.csv": text for name, text in REFERENCE.items() if name != "uoms"}


def test_a_barcode_that_named_the_wrong_item_goes_to_the_right_one_with_all_it_sold(tmp_path: Path) -> None:
    sales = [pos("T1", line, "sale", "2026-03-02T11:00:00", "03600529000023", 3, item_code_kind="gtin") for line in (1, 2)]
    at_first, late = SmallHome(tmp_path / "right"), SmallHome(tmp_path / "wrong")
    at_first.deliver(
        **{
            "reference/items-b.csv": ITEMS + f"TEE,T-shirt,stock,EA,,{ALWAYS}\nMUG,Mug,stock,EA,03600529000023,{ALWAYS}\n",
            "pos/1.jsonl": sales,
        }
    )
    late.deliver(**{"reference/items-b.csv": ITEMS + f"TEE,T-shirt,stock,EA,03600529000023,{ALWAYS}\n"})
    before = late.deliver(**{"pos/1.jsonl": sales})
    assert late.on_hand() == {("TEE", *SHELF): -6}
    # another cannot have it while it is taken
    late.deliver(**{"reference/items-c.csv": ITEMS + f"MUG,Mug,stock,EA,03600529000023,{ALWAYS}\n"})
    assert late.counted("reference/items-c.csv") == (1, 0, 0, 0, 1)
    late.deliver(**{"reference/items-d.csv": ITEMS + f"TEE,T-shirt,stock,EA,,{ALWAYS}\n"})
    assert late.on_hand() == {}
    late.deliver(**{"reference/items-e.csv": ITEMS + f"MUG,Mug,stock,EA,03600529000023,{ALWAYS}\n"})

    assert late.on_hand() == at_first.on_hand() == {("MUG", *SHELF): -6}
    assert late.current["ledger_hash"] == at_first.current["ledger_hash"]
    assert received(late, before) == -6
    assert late.rows("select distinct item from codes where known_at <= ?", before) == [("TEE",)]


def test_a_barcode_goes_on_to_another_item_only_from_when_it_is_free(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"reference/items-b.csv": ITEMS + f"TEE,T-shirt,stock,EA,03600529000023,{ALWAYS}\n"})
    home.deliver(**{"reference/items-c.csv": ITEMS + "TEE,T-shirt,stock,EA,,2026-03-05\nMUG,Mug,stock,EA,03600529000023,2026-03-01\n"})
    assert home.rows("select reason_code, line_no::INT from quarantine") == [("gtin_taken", 3)]
    home.deliver(**{"reference/items-c.csv": ITEMS + "TEE,T-shirt,stock,EA,,2026-03-05\nMUG,Mug,stock,EA,03600529000023,2026-03-05\n"})
    home.deliver(**{
        "pos/1.jsonl": [
            pos("T1", 1, "sale", "2026-03-04T11:00:00", "03600529000023", 1, item_code_kind="gtin"),
            pos("T2", 1, "sale", "2026-03-06T11:00:00", "03600529000023", 1, item_code_kind="gtin"),
        ]
    })  # fmt: skip
    assert home.on_hand() == {("TEE", *SHELF): -1, ("MUG", *SHELF): -1}
