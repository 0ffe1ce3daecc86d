"""Goods that lie with somebody other than their owner: who has how many, whatever the order in which it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worlds.small_home import SmallHome, pos, wms

PLACES = (
    "location_code,location_name,location_kind,time_zone\nDC,Warehouse,dc,Europe/Paris\nPAR,Shop,store,Europe/Paris\n"
    "VMI,Supplier's corner,consignment_in,Europe/Paris\nCLIENT,Client's site,consignment_out,Europe/Paris\n"
)
SHELF, STORED = "sellable_accessible", "sellable_not_accessible"
SHELVES = {"reference/locations.csv": PLACES}


def consigned(kind: str, line: int, at: str, place: str, units: int, owner: str = "SUP", **more: Any) -> dict[str, Any]:
    """A consignment line about mugs; `at` is local to Paris in winter."""
    return {
        "event_kind": f"consignment_{kind}", "document_id": "C1", "document_line": line, "occurred_at": f"{at}+01:00", "location_code": place,
        "item_code": "MUG", "quantity": units, "owner_code": owner, **more,
    }  # fmt: skip


def owned(home: SmallHome) -> dict[tuple[str, str, str], int]:
    """(place, state, whose) → mugs on hand."""
    found = home.rows("""select place, state, case when owner_id = 0 then 'ours' else 'theirs' end, sum(delta)::INT as units
        from codes where not is_virtual and item = 'MUG' group by all having units <> 0""")  # fmt: skip
    return {(place, state, whose): units for place, state, whose, units in found}


def balance(home: SmallHome, whose: str) -> dict[str, int]:
    """Virtual place → what an owner's mugs there add up to, 0 left out."""
    found = home.rows("""select place, sum(delta)::INT as units from codes where is_virtual and (owner_id = 0) = ?
        group by all having units <> 0""", whose == "ours")  # fmt: skip
    return dict(found)


def test_what_the_supplier_owns_becomes_ours_when_it_is_consumed_and_a_sale_takes_it_once(tmp_path: Path) -> None:
    lines = (
        ("supply/delivered.jsonl", consigned("deliver", 1, "2026-03-02T08:00:00", "PAR", 10)),
        ("pos/sold.jsonl", pos("T1", 1, "sale", "2026-03-03T11:00:00", "MUG", 3)),
        ("supply/consumed.jsonl", consigned("consume", 1, "2026-03-03T23:00:00", "PAR", 3)),
    )
    hashes = set()
    for number, order in enumerate((lines, lines[::-1])):
        home = SmallHome(tmp_path / str(number))
        for name, line in order:
            home.deliver(**{name: [line]})
        assert owned(home) == {("PAR", SHELF, "theirs"): 7}
        assert balance(home, "theirs") == {"SUPPLIER": -7}
        assert balance(home, "ours") == {"SUPPLIER": -3, "CUSTOMER": 3}
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_consumed_goods_lie_where_they_lay_in_their_lot(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    lot = {"lot_code": "L1", "stock_state": "held_back"}
    home.deliver(**{"supply/1.jsonl": [consigned("consume", 1, "2026-03-03T23:00:00", "PAR", 3, **lot)]})
    assert owned(home) == {("PAR", "held_back", "theirs"): -3, ("PAR", "held_back", "ours"): 3}
    assert home.rows("select distinct lot_code from movements") == [("L1",)]
    assert home.rows("select event_kind, units from events") == [("consignment_consume", 3)]


def test_our_goods_at_a_clients_site_are_ours_until_the_client_uses_them(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **SHELVES,
        **{
            "wms/1.jsonl": [wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 100)],
            "supply/1.jsonl": [
                consigned("deliver", 1, "2026-03-02T08:00:00", "DC", 40, "self", to_location_code="CLIENT"),
                consigned("consume", 1, "2026-03-05T08:00:00", "CLIENT", 25, "self"),
                consigned("return", 1, "2026-03-06T08:00:00", "CLIENT", 5, "self", to_location_code="DC", to_stock_state="returned"),
                consigned("loss", 1, "2026-03-07T08:00:00", "CLIENT", 2, "self", reason_code="damage", liable_party="CLIENT-7"),
                consigned("loss", 2, "2026-03-07T09:00:00", "CLIENT", 1, "self", reason_code="theft", liable_party="self"),
            ],
        },
    )
    assert owned(home) == {("DC", STORED, "ours"): 60, ("CLIENT", STORED, "ours"): 7, ("DC", "returned", "ours"): 5}
    assert balance(home, "ours") == {"OPENING": -100, "CUSTOMER": 25, "SCRAP": 2, "ADJUSTMENT": 1}
    lost = home.rows("select reason_code, extra from events where event_kind = 'consignment_loss' order by document_line")
    assert lost == [("damage", '{"liable_party":"CLIENT-7"}'), ("theft", '{"liable_party":"self"}')]


def test_a_delivery_that_names_only_the_clients_site_ends_the_transfer_of_its_document(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    transfer = {"document_kind": "to", "document_id": "T9", "document_line": 1}
    home.deliver(
        **SHELVES,
        **{
            "wms/1.jsonl": [wms("1", "transfer_ship", "2026-03-02T08:00:00", "DC", "MUG", 12, to_location_code="CLIENT", **transfer)],
            "supply/1.jsonl": [consigned("deliver", 1, "2026-03-04T08:00:00", "CLIENT", 10, "self") | transfer],
        },
    )
    assert owned(home) == {("DC", STORED, "ours"): -12, ("CLIENT", STORED, "ours"): 10}
    assert home.rows("select document_id, sum(delta)::INT from codes where place = 'TRANSIT' group by 1") == [("T9", 2)]


def test_what_goes_back_to_its_owner_leaves_our_place(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **SHELVES,
        **{
            "supply/1.jsonl": [
                consigned("deliver", 1, "2026-03-02T08:00:00", "VMI", 30),
                consigned("deliver", 2, "2026-03-03T08:00:00", "VMI", 12, to_location_code="PAR"),
                consigned("return", 1, "2026-03-06T08:00:00", "VMI", 4),
            ]
        },
    )
    assert owned(home) == {("VMI", STORED, "theirs"): 14, ("PAR", SHELF, "theirs"): 12}
    assert balance(home, "theirs") == {"SUPPLIER": -26}


def test_a_joint_count_sets_the_owners_level_and_is_posted_again_when_a_late_line_comes(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **{
            "supply/1.jsonl": [
                consigned("deliver", 1, "2026-03-02T08:00:00", "PAR", 30),
                consigned("joint_count", 1, "2026-03-06T20:00:00", "PAR", 24),
            ],
            "wms/1.jsonl": [wms("1", "count", "2026-03-06T20:00:00", "PAR", "MUG", 5)],
        }
    )
    before = home.deliver(**{"pos/empty.jsonl": ""})
    home.deliver(**{"supply/late.jsonl": [consigned("consume", 1, "2026-03-05T20:00:00", "PAR", 4)]})
    counted = home.rows(
        "select movement_kind, units, is_reversal from movements where movement_kind like '%count' order by movement_kind, known_at, is_reversal desc"
    )
    # 6 were missing of theirs, of which 4 had been consumed; 4 more were ours, so that of ours only 1 was found instead of 5
    assert counted == [
        ("consignment_joint_count", 6, False), ("consignment_joint_count", 6, True), ("consignment_joint_count", 2, False),
        ("count", 5, False), ("count", 5, True), ("count", 1, False),
    ]  # fmt: skip
    assert owned(home) == {("PAR", SHELF, "theirs"): 24, ("PAR", SHELF, "ours"): 5}
    assert home.rows("select sum(delta)::INT from codes where place = 'PAR' and known_at <= ?", before) == [(29,)]


def test_joint_counts_of_one_instant_go_by_document_and_line(tmp_path: Path) -> None:
    at = "2026-03-06T20:00:00"
    lines = [consigned("joint_count", 2, at, "PAR", 9), consigned("joint_count", 1, at, "PAR", 4)]
    hashes = set()
    for name, order in (("up", lines), ("down", lines[::-1])):
        home = SmallHome(tmp_path / name)
        for number, line in enumerate(order):
            home.deliver(**{f"supply/{number}.jsonl": [line]})
        assert owned(home) == {("PAR", SHELF, "theirs"): 9}
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_higher_revision_replaces_what_was_consumed_whichever_comes_first(tmp_path: Path) -> None:
    first = consigned("consume", 1, "2026-03-05T20:00:00", "PAR", 4)
    second = first | {"quantity": 6, "source_revision": 1}
    hashes = set()
    for name, order in (("up", [first, second]), ("down", [second, first])):
        home = SmallHome(tmp_path / name)
        for number, line in enumerate(order):
            home.deliver(**{f"supply/{number}.jsonl": [line]})
        assert owned(home) == {("PAR", SHELF, "theirs"): -6, ("PAR", SHELF, "ours"): 6}
        assert home.counted("supply/1.jsonl") == (1, 0, 0, 1, 0)
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_place_that_turns_out_to_be_a_clients_has_what_it_consumed_posted_again(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"supply/1.jsonl": [consigned("consume", 1, "2026-03-05T20:00:00", "PAR", 4)]})
    header, *_ = PLACES.splitlines()
    clients = f"{header},valid_from\nPAR,Client's site,consignment_out,Europe/Paris,2026-03-01T00:00:00Z\n"
    home.deliver(**{"reference/locations.csv": clients})
    assert owned(home) == {("PAR", STORED, "theirs"): -4}
    assert balance(home, "theirs") == {"CUSTOMER": 4} and balance(home, "ours") == {}


def test_a_return_goes_where_its_reason_or_its_line_says(tmp_path: Path) -> None:
    says = [
        ("scrap", None, "SCRAP"), ("recycle", None, "SCRAP"), ("donate", None, "DONATION"), ("recondition", None, "non_sellable_other"),
        ("liquidate", None, "non_sellable_other"), ("recondition", "damaged", "damaged"), ("conform", STORED, STORED), (None, STORED, STORED),
    ]  # fmt: skip
    home = SmallHome(tmp_path)
    home.deliver(
        **{
            "wms/1.jsonl": [
                wms(str(number), "return_disposition", "2026-03-05T10:00:00", "DC", "MUG", number, reason_code=reason, to_stock_state=state)
                for number, (reason, state, _) in enumerate(says, start=1)
            ]
        }
    )
    found = home.rows("select coalesce(state, place) from codes where delta > 0 order by delta")
    assert [end for (end,) in found] == [end for _, _, end in says]


def test_a_return_of_which_nothing_says_where_it_goes_is_refused(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **{
            "wms/1.jsonl": [wms("1", "return_disposition", "2026-03-05T10:00:00", "DC", "MUG", 1, reason_code="size")],
            "supply/1.jsonl": [consigned("return", 1, "2026-03-06T08:00:00", "PAR", 5, "self")],
        }
    )
    assert home.set_aside() == [("missing_field", 1, 2)]
    assert home.rows("select count(*) from movements") == [(0,)]
