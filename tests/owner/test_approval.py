"""What is unlikely waits for a person and harms nobody else; what is only much is taken; order changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import deciding
from pipelines.errors import UserError
from pipelines.owner.apply import resolve
from tests.worlds.small_home import KNOWN_AT, REFERENCE, SmallHome, pos, wms

BARCODE = 40_170_725
"""An EAN-8, scanned into the quantity."""

GOODS = (
    "item_code,item_name,item_kind,base_uom_code,max_line_units\nSCREW,Screw,stock,EA,\nFLOUR,Flour,stock,GRM,\nRING,Ring,stock,EA,100\n"
    "BULK,Bulk,stock,GRM,5000000000\n"
)
PACKS = "item_code,uom_code,numerator,denominator\nFLOUR,KGM,1000,1\nSCREW,PAL,500000,1\nBULK,TNE,1000000,1\n"


def clock(hours: int) -> Callable[[], datetime]:
    return lambda: KNOWN_AT + timedelta(hours=hours)


def waits(home: SmallHome) -> list[tuple[Any, ...]]:
    return home.rows("select reason_code, line_no::INT, is_waiting from quarantine group by all having sum(sign) > 0 order by all")


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """A home with bulk goods, and lines of every size of them."""
    home = SmallHome(tmp_path_factory.mktemp("goods"))
    home.deliver(**{"reference/items-bulk.csv": GOODS, "reference/uoms-bulk.csv": PACKS})
    home.deliver(**{"wms/much.jsonl": [
        wms("B1", "receipt", "2026-03-02T09:00:00", "DC", "SCREW", 1_200_000),
        wms("B2", "receipt", "2026-03-02T09:00:00", "DC", "SCREW", 7, uom_code="PAL"),
        wms("B3", "opening", "2026-03-01T08:00:00", "DC", "FLOUR", 1_500_000),
        wms("B4", "count", "2026-03-02T20:00:00", "DC", "FLOUR", 1_500, uom_code="KGM"),
        wms("B5", "adjust", "2026-03-02T21:00:00", "DC", "FLOUR", -2_000_000, reason_code="spilled"),
        wms("B6", "receipt", "2026-03-02T09:00:00", "DC", "BULK", 4_000, uom_code="TNE"),
    ]})  # fmt: skip
    home.deliver(**{"wms/absurd.jsonl": [
        wms("C1", "receipt", "2026-03-02T09:00:00", "DC", "SCREW", 4_006_381_333_931),
        wms("C2", "adjust", "2026-03-02T09:00:00", "DC", "SCREW", -4_006_381_333_931, reason_code="lost"),
        wms("C3", "receipt", "2026-03-02T09:00:00", "DC", "RING", 101),
        wms("C4", "receipt", "2026-03-02T09:00:00", "DC", "RING", 100),
        wms("C5", "receipt", "2026-03-02T09:00:00", "DC", "BULK", 5_001, uom_code="TNE"),
        wms("C6", "receipt", "2026-03-02T09:00:00", "DC", "FLOUR", 99_999_999_999_999, uom_code="KGM"),
    ]})  # fmt: skip
    home.deliver(**{"pos/days.jsonl": [
        pos("T1", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, business_on="2026-03-04"),
        pos("T2", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, business_on="2026-02-28"),
        pos("T3", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, business_on="2026-03-05"),
        pos("T4", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, business_on="2025-03-02"),
        # by the place's clock a day later than as written
        {**pos("T5", 1, "sale", "2026-03-02T10:00:00", "TEE", 1, business_on="2026-03-05"), "occurred_at": "2026-03-02T23:30:00Z"},
        pos("T6", 1, "sale", "2026-03-02T10:00:00", "TEE", BARCODE),
    ]})  # fmt: skip
    return home


def test_much_is_taken_at_once(goods: SmallHome) -> None:
    assert goods.counted("wms/much.jsonl") == (6, 6, 0, 0, 0)
    stock = goods.on_hand()
    assert stock["SCREW", "DC", "in_progress"] == 1_200_000 + 7 * 500_000
    assert stock["FLOUR", "DC", "sellable_not_accessible"] == 1_500_000 - 2_000_000
    assert stock["BULK", "DC", "in_progress"] == 4_000_000_000  # its reference row says how many one line may have


def test_what_is_absurd_for_its_item_waits_alone(goods: SmallHome) -> None:
    assert goods.counted("wms/absurd.jsonl") == (6, 1, 0, 0, 5)
    ((delivery,),) = goods.rows("select distinct delivery_id from deliveries where source_uri = 'wms/absurd.jsonl'")
    found = goods.rows("select line_no::INT, reason_code, is_waiting from quarantine where delivery_id = ? order by 1", delivery)
    assert found == [(line, "absurd_quantity", True) for line in (1, 2, 3, 5)] + [(6, "quantity_too_large", False)]


def test_a_trading_day_far_from_its_instant_waits_alone(goods: SmallHome) -> None:
    assert goods.counted("pos/days.jsonl") == (6, 3, 0, 0, 3)
    ((delivery,),) = goods.rows("select distinct delivery_id from deliveries where source_uri = 'pos/days.jsonl'")
    found = goods.rows("select line_no::INT, reason_code from quarantine where delivery_id = ? order by 1", delivery)
    assert found == [(3, "business_day_far"), (4, "business_day_far"), (6, "absurd_quantity")]


def test_what_a_till_counts_of_all_its_goods_is_no_line_of_one(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    closed = {**pos("Z1", 1, "till_close", "2026-03-02T20:00:00", "", 2_500_000), "item_code": None}
    home.deliver(**{"pos/z.jsonl": [closed, {**closed, "document_line": 2, "quantity": 3_000_000_000}]})
    assert waits(home) == [("absurd_quantity", 2, True)]


def test_of_a_report_only_the_day_that_has_not_been_waits(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    rent = {"event_kind": "cost_rent", "document_id": "KB-1", "location_code": "DC", "occurred_at": "2026-03-20T09:00:00+01:00",
            "amount": "4200.00", "currency_code": "EUR"}  # fmt: skip
    days = [rent | {"document_line": line, "business_on": day} for line, day in enumerate(("2026-02-01", "2027-03-02"), start=1)]
    home.deliver(**{"cost/1.jsonl": days})
    assert waits(home) == [("business_day_far", 2, True)]


def test_a_smaller_bound_holds_for_what_comes_after_it_and_takes_nothing_back(tmp_path: Path) -> None:
    smaller = "item_code,item_name,item_kind,base_uom_code,max_line_units\nMUG,Mug,stock,EA,10\n"
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/1.jsonl": [wms("A1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 500)]})
    home.deliver(**{"reference/items-bound.csv": smaller})
    home.deliver(**{"wms/2.jsonl": [wms("A2", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 11)]})
    # a row that changes what its lines mean has them read again
    home.deliver(**{"reference/locations-new.csv": REFERENCE["locations"].replace("Warehouse,dc", "Warehouse,store")})
    assert waits(home) == [("absurd_quantity", 1, True)]
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 500}
    home.deliver(**{"reference/items-none.csv": REFERENCE["items"].replace("Mug", "Cup")})
    assert waits(home) == []
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 511}


def test_a_bound_of_the_reference_lets_pass_what_waited_in_any_order(tmp_path: Path) -> None:
    """The line, the bound that allows it, and a sale that has nothing to do with either."""
    tills = {"pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T10:00:00", "MUG", BARCODE)]}
    bound = {"reference/items-bound.csv": "item_code,item_name,item_kind,base_uom_code,max_line_units\nMUG,Mug,stock,EA,50000000\n"}
    other = {"pos/2.jsonl": [pos("T2", 1, "sale", "2026-03-02T11:00:00", "MUG", 1)]}
    hashes = set()
    for number, order in enumerate(itertools.permutations((tills, bound, other))):
        home = SmallHome(tmp_path / str(number))
        for files in order:
            home.deliver(**files)
        assert waits(home) == []
        assert home.counted("pos/1.jsonl") == (1, 1, 0, 0, 0)
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_what_has_been_taken_is_not_taken_away_for_being_unlikely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that was corrected makes a line absurd, and a version before took any trading day."""
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/1.jsonl": [wms("A1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 2, uom_code="CS")]})
    with monkeypatch.context() as before:
        before.setattr(resolve, "FAR_DAYS", 400)
        home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T10:00:00", "MUG", 1, business_on="2026-05-02")]})
    home.deliver(**{"reference/uoms-new.csv": "item_code,uom_code,numerator,denominator,valid_from\nMUG,CS,1000000000,1,2000-01-01\n"})
    stock = {("MUG", "DC", "in_progress"): 2_000_000_000, ("MUG", "PAR", "sellable_accessible"): -1}
    assert home.on_hand() == stock
    assert waits(home) == []
    # known from the first, the line would have waited: it is held against what was known when it came
    again = SmallHome(tmp_path / "again")
    again.deliver(**{"wms/1.jsonl": [wms("A1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 2, uom_code="CS")]},
                  **{"reference/uoms-new.csv": "item_code,uom_code,numerator,denominator,valid_from\nMUG,CS,1000000000,1,2000-01-01\n"})  # fmt: skip
    assert waits(again) == [("absurd_quantity", 1, True)]


TERMS = (
    "supplier_code,item_code,location_code,lead_time_days,moq_units,unit_cost_amount,currency_code\n"
    "SUP,TEE,*,36000,1,2.00,EUR\nSUP,MUG,*,14,6,1.50,EUR\nSUP,DUO,*,730,1,1.00,EUR\n"
)


def test_terms_that_cannot_be_meant_wait_alone_and_hold_once_accepted(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"reference/terms.csv": TERMS})
    stored = "select item_code, lead_time_days from terms order by item_code"
    assert home.rows(stored) == [("DUO", 730), ("MUG", 14)]
    assert waits(home) == [("implausible_terms", 2, True)]
    ((reason,),) = home.rows("select reason from quarantine")
    assert reason == "lead_time_days 36,000: more than 730, which somebody has to say is right"
    (made,) = deciding.accept_rows(home.home, "implausible_terms", reason="made to order", author="ann", clock=clock(20))
    assert home.rows(stored) == [("DUO", 730), ("MUG", 14), ("TEE", 36_000)]
    assert waits(home) == []
    assert home.counted("reference/terms.csv") == (3, 3, 0, 0, 0)
    with pytest.raises(UserError, match="cannot be undone"):
        deciding.undo(home.home, made["decision_id"], reason="x", author="ann", clock=clock(21))


def test_rows_are_accepted_by_line_by_file_and_by_reason(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    lines = [wms(f"A{n}", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 2_000_000_000 + n) for n in range(3)]
    home.deliver(**{"wms/1.jsonl": lines[:2], "wms/2.jsonl": lines[2:]})

    def accept(what: str, feed: str = "") -> int:
        return len(deciding.accept_rows(home.home, what, feed=feed, reason="a silo", author="ann", clock=clock(20)))

    with pytest.raises(UserError, match=r"no row that 'wms/1\.jsonl:9' names"):
        accept("wms/1.jsonl:9")
    with pytest.raises(UserError, match="no row that 'all' names"):
        accept("all", feed="pos")
    assert accept("wms/1.jsonl:2") == 1
    assert home.counted("wms/1.jsonl") == (2, 1, 0, 0, 1)
    assert accept("wms/2.jsonl") == 1
    assert accept("absurd_quantity", feed="wms") == 1
    assert waits(home) == []
    assert home.on_hand()["MUG", "DC", "in_progress"] == 6_000_000_003
