"""An item that turns out to be another: nothing is lost, counts stay what they were of, and what was known stays known."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.worlds.small_home import SmallHome, pos, wms

MERGE = "item_code,related_item_code,relation_kind,valid_from\nCUP,MUG,merge,2026-03-05T00:00:00Z\n"
BACK = "item_code,related_item_code,relation_kind,valid_from,valid_to\nCUP,MUG,merge,2026-03-05T00:00:00Z,2026-03-05T00:00:00Z\n"
CUP = "item_code,item_name,item_kind,base_uom_code,gtin\nCUP,Cup (a mug under its old number),stock,EA,03600529000023\n"
SIX = "item_code,uom_code,numerator,denominator\nCUP,BOX,4,1\n"
SHELF = "sellable_not_accessible"

# both items are received and counted, each under its own number, before the day on which they became one
WEEK: list[dict[str, Any]] = [
    wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60),
    wms("2", "opening", "2026-03-01T06:00:00", "DC", "CUP", 20),
    wms("3", "scrap", "2026-03-02T10:00:00", "DC", "CUP", 1, uom_code="BOX"),
    wms("4", "count", "2026-03-03T20:00:00", "DC", "MUG", 58),
    wms("5", "count", "2026-03-03T20:00:00", "DC", "CUP", 15),
    wms("6", "scrap", "2026-03-06T10:00:00", "DC", "CUP", 3),
    wms("7", "count", "2026-03-07T20:00:00", "DC", "MUG", 69),
]


def home_with_cups(folder: Path) -> SmallHome:
    home = SmallHome(folder)
    home.deliver(**{"reference/items-more.csv": CUP, "reference/uoms-more.csv": SIX})
    return home


def on_hand_as_known(home: SmallHome, known_at: datetime) -> dict[str, int]:
    return dict(home.rows("select item, sum(delta)::INT from codes where not is_virtual and known_at <= ? group by 1", known_at))


def test_a_merge_brings_stock_together_and_counts_before_it_stay_those_of_one_number(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    home.deliver(**{"reference/relations.csv": MERGE, "wms/week.jsonl": WEEK})
    assert home.on_hand() == {("MUG", "DC", SHELF): 69}
    counted = home.rows("select occurred_at, -sum(delta)::INT from codes where place = 'ADJUSTMENT' group by 1 order by 1")
    assert [units for _, units in counted] == [-3, -1]  # 60 → 58 and 16 → 15 apart; then 58 + 15 - 3 = 70 → 69 together
    assert {item for (item,) in home.rows("select distinct item from codes")} == {"MUG"}


def test_a_merge_known_late_gives_the_ledger_of_one_known_at_first_and_takes_back_no_answer(tmp_path: Path) -> None:
    early, late = home_with_cups(tmp_path / "early"), home_with_cups(tmp_path / "late")
    early.deliver(**{"reference/relations.csv": MERGE, "wms/week.jsonl": WEEK})
    before = late.deliver(**{"wms/week.jsonl": WEEK})
    assert on_hand_as_known(late, before) == {"MUG": 69, "CUP": 12}
    after = late.deliver(**{"reference/relations.csv": MERGE})

    assert late.current["ledger_hash"] == early.current["ledger_hash"]
    assert late.on_hand() == early.on_hand()
    assert on_hand_as_known(late, before) == {"MUG": 69, "CUP": 12}
    assert on_hand_as_known(late, after) == {"MUG": 69, "CUP": 0}
    # until the day of the merge nothing is won or lost: the same goods, under one number
    evening = "select sum(delta)::INT from codes where not is_virtual and occurred_at < '2026-03-05' and known_at <= ?"
    assert late.rows(evening, before) == late.rows(evening, after) == [(73,)]


def test_the_order_in_which_the_week_and_the_merge_come_does_not_matter(tmp_path: Path) -> None:
    hashes = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(range(4)), 0, 24, 9)):
        home = home_with_cups(tmp_path / str(number))
        for piece in order:
            home.deliver(**({"reference/relations.csv": MERGE} if piece == 3 else {f"wms/{piece}.jsonl": WEEK[piece::3]}))
        assert home.on_hand() == {("MUG", "DC", SHELF): 69}
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_merge_that_is_taken_back_leaves_the_ledger_as_if_it_had_never_been(tmp_path: Path) -> None:
    home, never = home_with_cups(tmp_path / "1"), home_with_cups(tmp_path / "2")
    never.deliver(**{"wms/week.jsonl": WEEK})
    home.deliver(**{"reference/relations.csv": MERGE, "wms/week.jsonl": WEEK})
    assert home.current["ledger_hash"] != never.current["ledger_hash"]
    home.deliver(**{"reference/relations.csv": BACK})
    assert home.current["ledger_hash"] == never.current["ledger_hash"]
    assert home.on_hand() == never.on_hand() == {("MUG", "DC", SHELF): 69, ("CUP", "DC", SHELF): 12}


def test_another_day_of_a_merge_changes_what_the_counts_are_of(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    home.deliver(**{"reference/relations.csv": MERGE, "wms/week.jsonl": WEEK})
    home.deliver(**{"reference/relations.csv": MERGE.replace("2026-03-05", "2026-03-08")})
    assert home.on_hand() == {("MUG", "DC", SHELF): 69 + 12}  # the count of the 7th was of the mugs alone


def test_goods_on_their_way_and_open_orders_of_a_merged_item_are_those_of_what_it_became(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    order = {
        "event_kind": "order_placed", "channel_code": "web", "document_id": "W1", "document_line": 1, "item_code": "CUP", "quantity": 2,
        "occurred_at": "2026-03-04T08:00:00+01:00",
    }  # fmt: skip
    notice = {
        "event_kind": "asn", "document_id": "A7", "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "quantity": 24,
        "item_code": "CUP", "occurred_at": "2026-03-04T10:00:00+01:00",
    }  # fmt: skip
    line = {"document_kind": "so", "document_id": "W1", "document_line": 1}
    home.deliver(**{
        "marketplace/1.jsonl": [order], "supply/1.jsonl": [notice],
        "wms/1.jsonl": [
            wms("1", "pick", "2026-03-04T12:00:00", "DC", "CUP", 2, **line),
            wms("2", "receipt", "2026-03-06T10:00:00", "DC", "MUG", 20, document_kind="asn", document_id="A7", document_line=1),
            wms("3", "ship", "2026-03-06T17:00:00", "DC", "MUG", 2, **line),
        ],
    })  # fmt: skip
    home.deliver(**{"reference/relations.csv": MERGE})
    transit = home.rows("select item, sum(delta)::INT from codes where place = 'TRANSIT' group by 1 having sum(delta) <> 0")
    assert transit == [("MUG", 4)]
    assert home.on_hand() == {("MUG", "DC", SHELF): -2, ("MUG", "DC", "in_progress"): 20}
    placed = home.rows("""
        select item_code, sum(sign * units)::INT from events join (select distinct item_id, item_code from items) using (item_id)
        where event_kind = 'order_placed' group by 1 having sum(sign) > 0""")
    assert placed == [("MUG", 2)]


def test_a_sale_by_the_old_barcode_and_of_a_bundle_with_the_old_item_are_of_what_it_became(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    bom = "kit_item_code,component_item_code,component_units\nDUO,CUP,1\n"
    sales = [
        pos("T1", 1, "sale", "2026-03-02T11:00:00", "3600529000023", 1, item_code_kind="gtin"),
        pos("T1", 2, "sale", "2026-03-02T11:00:00", "DUO", 1),
    ]
    home.deliver(**{"reference/bom-more.csv": bom, "pos/1.jsonl": sales})
    assert home.on_hand() == {
        ("TEE", "PAR", "sellable_accessible"): -1,
        ("MUG", "PAR", "sellable_accessible"): -2,
        ("CUP", "PAR", "sellable_accessible"): -2,
    }
    home.deliver(**{"reference/relations.csv": MERGE})
    assert home.on_hand() == {("TEE", "PAR", "sellable_accessible"): -1, ("MUG", "PAR", "sellable_accessible"): -4}


def test_a_merge_that_cannot_be_leaves_items_as_they_are(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    wrong = {"CASE": "MUG", "LOST": "JUG", "BOTH": "DUO", "ONE": "TWO", "TWO": "ONE"}  # another unit, an unknown, a bundle, a circle
    items = "".join(f"{code},{code},stock,{'CS' if code == 'CASE' else 'EA'},\n" for code in wrong)
    merges = "".join(f"{code},{into},merge,2026-03-05T00:00:00Z\n" for code, into in wrong.items())
    home.deliver(
        **{
            "reference/items-more.csv": CUP.splitlines()[0] + "\n" + items,
            "reference/relations.csv": MERGE.splitlines()[0] + "\n" + merges,
            "wms/1.jsonl": [wms(code, "opening", "2026-03-01T06:00:00", "DC", code, 20) for code in wrong],
        }
    )
    assert home.on_hand() == {(code, "DC", SHELF): 20 for code in wrong}


def test_merges_chain_and_a_count_is_of_what_lay_together_at_its_time(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    home.deliver(**{"reference/items-pot.csv": "item_code,item_name,item_kind,base_uom_code\nPOT,Pot,stock,EA\n"})
    rows = [
        wms("1", "opening", "2026-03-01T06:00:00", "DC", "CUP", 10),
        wms("2", "opening", "2026-03-01T06:00:00", "DC", "POT", 20),
        wms("3", "opening", "2026-03-01T06:00:00", "DC", "MUG", 30),
        wms("4", "count", "2026-03-06T06:00:00", "DC", "POT", 29),  # cups and pots lie together, mugs do not yet
        wms("5", "count", "2026-03-09T06:00:00", "DC", "CUP", 58),  # all do
    ]
    home.deliver(**{"wms/1.jsonl": rows})
    chain = "item_code,related_item_code,relation_kind,valid_from\nCUP,POT,merge,2026-03-05\nPOT,MUG,merge,2026-03-08\n"
    home.deliver(**{"reference/relations.csv": chain})
    assert home.on_hand() == {("MUG", "DC", SHELF): 58}
    found = home.rows(
        "select occurred_at::DATE::VARCHAR, sum(delta)::INT from codes where place = 'ADJUSTMENT' group by 1 having sum(delta) <> 0 order by 1"
    )
    assert found == [("2026-03-06", 1), ("2026-03-09", 1)]


def test_a_void_that_names_its_line_follows_a_sale_that_has_a_number_of_its_own(tmp_path: Path) -> None:
    home = home_with_cups(tmp_path)
    line = ("2026-03-02T11:00:00", "CUP", 2)
    home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale", *line, source_event_id="S1"), pos("T1", 1, "sale_void", *line)]})
    home.deliver(**{"reference/relations.csv": MERGE})
    assert home.on_hand() == {}
    assert home.rows("select item, sum(delta)::INT from codes where not is_virtual group by 1 having sum(delta) <> 0") == []
    assert home.rows("select count(*)::INT from movements where is_reversal and reverses_movement_id is null") == [(0,)]
