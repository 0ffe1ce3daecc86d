"""A delivery is taken back: what it posted ends, what has its keys counts as new, and undoing it posts again what nothing replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import deciding, stages
from pipelines.errors import UserError
from pipelines.owner.apply import bulk
from pipelines.settings import Home
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms

SHELF, ROOM = ("PAR", "sellable_accessible"), ("DC", "sellable_not_accessible")
CUP = {"reference/items-cup.csv": "item_code,item_name,item_kind,base_uom_code\nCUP,Cup,stock,EA\n"}


def clock(hours: int) -> Callable[[], datetime]:
    return lambda: KNOWN_AT + timedelta(hours=hours)


def id_of(home: SmallHome, uri: str) -> str:
    return str(
        home.rows("select delivery_id from deliveries where source_uri = ? group by all order by min(first_known_at) desc", uri)[0][0]
    )


def withdraw(home: SmallHome, uri: str, *, hours: int = 30) -> str:
    """Take back the newest delivery of a path; returns the decision's id."""
    acts = [{"kind": "withdraw", "delivery_id": id_of(home, uri), "reason": "the wrong day"}]
    return str(deciding.decide(home.home, acts, author="ann", clock=clock(hours))[0]["decision_id"])


def undo(home: SmallHome, decision: str, *, hours: int = 40) -> None:
    deciding.undo(home.home, decision, reason="it was right", author="bob", clock=clock(hours))


def stands(home: SmallHome) -> list[tuple[object, ...]]:
    """Movements and documents that stand."""
    moved = home.rows("""
        select movement_kind, item, place, state, sum(delta)::INT as units from codes group by all having units <> 0 order by all""")
    said = home.rows("select event_kind, document_id, units, sum(sign)::INT as n from events group by all having n <> 0 order by all")
    return [*moved, *said]


def from_spool(home: SmallHome, folder: Path) -> SmallHome:
    """The home made anew from the spool alone."""
    again = SmallHome(folder, reference=False)
    shutil.rmtree(again.home.spool)
    shutil.copytree(home.home.spool, again.home.spool)
    stages.flush(Home(again.home.root), clock=clock(100))
    return again


BEFORE: dict[str, Any] = {
    "wms/1.jsonl": [
        wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60),
        wms("2", "receipt", "2026-03-03T10:00:00", "DC", "MUG", 30, document_kind="po", document_id="P7", document_line=1),
        wms("3", "ship", "2026-03-04T10:00:00", "DC", "MUG", 3, document_kind="so", document_id="W1", document_line=1),
        wms("4", "count", "2026-03-06T20:00:00", "DC", "MUG", 50),
    ],
    "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "TEE", 2)],
}  # fmt: skip
WRONG: dict[str, Any] = {
    "wms/2.jsonl": [
        wms("12", "pick", "2026-03-04T09:00:00", "DC", "MUG", 3, document_kind="so", document_id="W1", document_line=1),
        wms("13", "scrap", "2026-03-05T09:00:00", "DC", "MUG", 4),
        wms("14", "count", "2026-03-07T20:00:00", "DC", "MUG", 44),
        wms("15", "scrap", "2026-03-05T09:00:00", "DC", "CUP", 1),
        wms("16", "scrap", "2026-03-05T09:00:00", "DC", "TEE", 1) | {"quantity": "1.5"},
        wms("17", "receipt", "2026-03-05T09:00:00", "DC", "TEE", 9),
    ],
    "supply/2.jsonl": [{
        "event_kind": "asn", "document_id": "A7", "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "quantity": 30, "item_code": "MUG",
        "occurred_at": "2026-03-02T10:00:00+01:00", "ref_document_kind": "po", "ref_document_id": "P7", "ref_document_line": 1,
    }],
    "marketplace/2.jsonl": [{
        "event_kind": "order_placed", "channel_code": "web", "document_id": "W1", "document_line": 1, "occurred_at": "2026-03-04T08:00:00+01:00",
        "item_code": "MUG", "quantity": 3,
    }],
    "pos/2.jsonl": [pos("T1", 1, "sale_void", "2026-03-02T11:05:00", "TEE", 2), pos("T2", 1, "sale", "2026-03-02T12:00:00", "DUO", 1)],
}  # fmt: skip


def test_the_ledger_is_as_if_it_had_never_come_and_undone_as_if_it_had_never_gone(tmp_path: Path) -> None:
    without, home = SmallHome(tmp_path / "without"), SmallHome(tmp_path / "with")
    without.deliver(**BEFORE)
    home.deliver(**BEFORE)
    then = home.deliver(**WRONG)
    before, hash_before, aside = stands(home), home.current["ledger_hash"], home.set_aside()
    assert aside == [("fractional_quantity", 5, 1), ("unknown_item", 4, 1)]
    decisions = [withdraw(home, uri) for uri in WRONG]

    assert stands(home) == stands(without)
    assert home.set_aside() == [("fractional_quantity", 5, 1)]  # what waits goes with it
    assert home.counted("wms/2.jsonl") == (6, 4, 0, 0, 2)  # counts stay
    known = "select item, place, state, sum(delta)::INT as n from codes where not is_virtual and known_at <= ? group by all having n <> 0 order by all"
    assert [row for row in home.rows(known, then) if row[:3] == ("TEE", "DC", "in_progress")] == [("TEE", "DC", "in_progress", 9)]
    home.deliver(hours_later=35, **CUP)
    assert ("CUP", *ROOM) not in home.on_hand()

    again = from_spool(home, tmp_path / "again")
    assert again.current["ledger_hash"] == home.current["ledger_hash"]
    assert [again.counted(uri) for uri in WRONG] == [home.counted(uri) for uri in WRONG]
    assert again.set_aside() == home.set_aside()
    for decision in decisions:
        undo(home, decision)
    assert home.on_hand()["CUP", *ROOM] == -1  # it needs to wait no longer
    assert [row for row in stands(home) if "CUP" not in row] == before
    assert home.counted("wms/2.jsonl") == (6, 5, 0, 0, 1)
    late = SmallHome(tmp_path / "late")
    for files in (BEFORE, WRONG, CUP):
        late.deliver(**files)
    assert home.current["ledger_hash"] == late.current["ledger_hash"] != hash_before


def test_what_has_since_come_or_comes_with_its_keys_counts_as_new(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    lines = [pos("T1", line, "sale", "2026-03-02T11:00:00", "MUG", 1) for line in (1, 2, 3)]
    home.deliver(**{"pos/a.jsonl": lines})
    home.deliver(**{"pos/b.jsonl": [lines[0], lines[1] | {"quantity": 5}]})
    assert home.counted("pos/b.jsonl") == (2, 0, 1, 0, 1)
    assert home.set_aside() == [("conflicting_payload", 2, 1)]
    decision = withdraw(home, "pos/a.jsonl")
    assert home.on_hand() == {("MUG", *SHELF): -6}
    assert home.counted("pos/b.jsonl") == (2, 2, 0, 0, 0)
    assert home.set_aside() == []
    home.deliver(hours_later=31, **{"pos/c.jsonl": [lines[2] | {"quantity": 7}]})
    assert home.counted("pos/c.jsonl") == (1, 1, 0, 0, 0)
    assert home.on_hand() == {("MUG", *SHELF): -13}

    undo(home, decision)  # every line of it has been replaced
    assert home.on_hand() == {("MUG", *SHELF): -13}
    assert home.counted("pos/a.jsonl") == (3, 0, 1, 0, 2)
    assert [aside[:2] for aside in home.set_aside()] == [("conflicting_payload", 2), ("conflicting_payload", 3)]


def test_a_lower_revision_stands_again_when_the_higher_is_taken_back(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    row = wms("1", "adjust", "2026-03-08T16:00:00", "DC", "TEE", -1, reason_code="damage")
    home.deliver(**{"wms/1.jsonl": [row]})
    home.deliver(**{"wms/2.jsonl": [row | {"quantity": -3, "source_revision": 1}]})
    withdraw(home, "wms/2.jsonl")
    assert home.on_hand() == {("TEE", *ROOM): -1}
    home.deliver(hours_later=31, **{"wms/3.jsonl": [row | {"quantity": -4, "source_revision": 2}]})
    assert home.on_hand() == {("TEE", *ROOM): -4}
    assert home.counted("wms/3.jsonl") == (1, 0, 0, 1, 0)


def test_a_waiting_row_waits_again_when_the_revision_that_overtook_it_is_taken_back(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    row = wms("1", "receipt", "2026-03-08T16:00:00", "DC", "CUP", 2)
    home.deliver(**{"wms/1.jsonl": [row], "wms/2.jsonl": [row | {"quantity": 3, "source_revision": 1}]})
    assert (home.counted("wms/1.jsonl"), home.counted("wms/2.jsonl")) == ((1, 0, 0, 1, 0), (1, 0, 0, 0, 1))
    withdraw(home, "wms/2.jsonl")
    assert home.counted("wms/1.jsonl") == (1, 0, 0, 0, 1)
    home.deliver(hours_later=31, **CUP)
    assert (home.counted("wms/1.jsonl"), home.on_hand()) == ((1, 1, 0, 0, 0), {("CUP", "DC", "in_progress"): 2})


def test_a_void_waits_when_its_sale_goes_and_takes_it_back_when_it_comes_again(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    sale = pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 2)
    home.deliver(**{"pos/a.jsonl": [sale]})
    then = home.deliver(**{"pos/b.jsonl": [pos("T1", 1, "sale_void", "2026-03-02T11:05:00", "MUG", 2)]})
    withdraw(home, "pos/a.jsonl")
    assert home.on_hand() == {}
    assert home.set_aside() == [("void_without_target", 1, 1)]
    assert home.counted("pos/b.jsonl") == (1, 0, 0, 0, 1)
    assert home.rows("select sum(delta)::INT from codes where not is_virtual and known_at <= ?", then) == [(0,)]
    home.deliver(hours_later=31, **{"pos/c.jsonl": [sale]})
    assert home.on_hand() == {}
    assert home.set_aside() == []
    assert home.counted("pos/b.jsonl") == (1, 1, 0, 0, 0)


def test_a_big_delivery_that_went_the_short_way_is_taken_back_and_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BULK_ROWS", 5)
    home = SmallHome(tmp_path)
    lines = [pos(f"T{number}", 1, "sale", "2026-03-02T11:00:00", "MUG", 1) for number in range(20)]
    home.deliver(**{"pos/a.jsonl": lines})
    withdraw(home, "pos/a.jsonl")
    assert home.on_hand() == {}
    home.deliver(hours_later=31, **{"pos/b.jsonl": [line | {"quantity": 2} for line in lines]})  # to an owner that was started anew
    assert home.on_hand() == {("MUG", *SHELF): -40}
    assert home.counted("pos/b.jsonl") == (20, 20, 0, 0, 0)


def test_what_cannot_be_taken_back_is_told_before_anything_is_written(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/a.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 2)]})
    with pytest.raises(UserError, match="reference data cannot be withdrawn"):
        withdraw(home, "reference/items.csv")
    with pytest.raises(UserError, match="there is no delivery nothing"):
        deciding.decide(home.home, [{"kind": "withdraw", "delivery_id": "nothing", "reason": "x"}], author="ann", clock=clock(20))
    withdraw(home, "pos/a.jsonl")
    with pytest.raises(UserError, match="withdrawn already"):
        withdraw(home, "pos/a.jsonl")
    assert home.rows("select count(*) from decisions") == [(1,)]


def test_an_acceptance_of_a_withdrawn_row_can_be_undone_and_comes_back_to_nothing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path / "home")
    much = pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 3_000_000)
    home.deliver(**{"pos/a.jsonl": [much, pos("T1", 2, "sale", "2026-03-02T11:00:00", "MUG", 1)]})
    [accepted] = deciding.accept_rows(home.home, "all", reason="a silo", author="ann", clock=clock(20))
    withdrawn = withdraw(home, "pos/a.jsonl", hours=21)
    undo(home, accepted["decision_id"], hours=22)
    assert (home.on_hand(), home.set_aside(), home.counted("pos/a.jsonl")) == ({}, [], (2, 2, 0, 0, 0))  # counts stay
    with pytest.raises(UserError, match="no row that 'all' names"):
        deciding.accept_rows(home.home, "all", reason="a silo", author="ann", clock=clock(23))
    undo(home, withdrawn, hours=24)
    assert home.on_hand() == {("MUG", *SHELF): -1}
    assert [row[:2] for row in home.set_aside()] == [("absurd_quantity", 1)]
    assert home.counted("pos/a.jsonl") == (2, 1, 0, 0, 1)
    again = from_spool(home, tmp_path / "again")
    assert again.current["ledger_hash"] == home.current["ledger_hash"]
