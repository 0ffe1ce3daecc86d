"""A void takes back as many units as it says; voids of a line add up; one that asks for more than is left waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.worlds.small_home import REFERENCE, SmallHome, pos, wms

ITEMS = ("PART", "TWICE", "MORE", "LATER", "LOWER", "RAISED", "EARLY", "REVISED", "CASE", "SHIP", "PICKED", "OTHER", "FULL", "RECIPE")


def sale(ticket: str, units: int, **more: Any) -> dict[str, Any]:
    return pos(ticket, 1, "sale", "2026-03-02T10:00:00", ticket, units, **more)


def void(ticket: str, units: int, minute: int = 5, **more: Any) -> dict[str, Any]:
    return pos(ticket, 1, "sale_void", f"2026-03-02T10:{minute:02}:00", ticket, units, **more)


def shipment(number: str, item: str, units: int, **more: Any) -> dict[str, Any]:
    return wms(
        number, "ship", "2026-03-04T17:00:00", "DC", item, units, document_kind="so", document_id=f"O-{item}", document_line=1, **more
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """Tickets named after their item: what is said of one does not touch another."""
    home = SmallHome(tmp_path_factory.mktemp("voids"))
    items = REFERENCE["items"] + "".join(f"{item},{item},stock,EA\n" for item in ITEMS)
    home.deliver(
        **{
            "reference/items.csv": items,
            "reference/uoms.csv": "item_code,uom_code,numerator,denominator\nCASE,CS,6,1\n",
            "pos/first.jsonl": [
                sale("PART", 3), void("PART", 1),
                sale("TWICE", 5), void("TWICE", 1, source_event_id="T1"), void("TWICE", 2, 6, source_event_id="T2"),
                sale("MORE", 3), void("MORE", 4),
                sale("LATER", 3), void("LATER", 2, 30, source_event_id="L2"),
                sale("LOWER", 3, source_event_id="S-LOWER"), void("LOWER", 2),
                sale("RAISED", 1, source_event_id="S-RAISED"), void("RAISED", 2),
                void("EARLY", 1),
                sale("REVISED", 5), void("REVISED", 4, source_event_id="V-REVISED"),
                sale("CASE", 2, uom_code="CS"), void("CASE", 1, uom_code="CS"),
                sale("FULL", 4), void("FULL", 4),
                pos("DUO", 1, "sale", "2026-03-02T10:00:00", "DUO", 3), pos("DUO", 1, "sale_void", "2026-03-02T10:05:00", "DUO", 1),
            ],
            "wms/first.jsonl": [
                shipment("SH", "SHIP", 3), wms("SH-V", "void_ship", "2026-03-05T09:00:00", "DC", "SHIP", 1, ref_document_id="SH"),
                wms("PK", "pick", "2026-03-04T15:00:00", "DC", "PICKED", 4, document_kind="so", document_id="O-PICKED", document_line=1),
                shipment("PK1", "PICKED", 3), wms("PK1-V", "void_ship", "2026-03-04T18:00:00", "DC", "PICKED", 1, ref_document_id="PK1"),
                wms("PK2", "ship", "2026-03-04T19:00:00", "DC", "PICKED", 3, document_kind="so", document_id="O-PICKED", document_line=1),
            ],
        }
    )  # fmt: skip
    home.deliver(
        **{
            "pos/second.jsonl": [
                void("LATER", 2, 10, source_event_id="L1"),
                sale("LOWER", 1, source_event_id="S-LOWER", source_revision=1),
                sale("RAISED", 4, source_event_id="S-RAISED", source_revision=1),
                sale("EARLY", 3),
                void("REVISED", 1, source_event_id="V-REVISED", source_revision=1),
            ],
        }
    )  # fmt: skip
    return home


def shelf(home: SmallHome, item: str, place: str = "PAR", state: str = "sellable_accessible") -> int:
    return home.on_hand().get((item, place, state), 0)


@pytest.mark.parametrize(
    ("item", "units"),
    {
        "PART": -2, "TWICE": -2, "MORE": -3, "FULL": 0, "EARLY": -2, "CASE": -6,
        # of two voids that ask for more than was sold together, the earlier counts, whichever came first
        "LATER": -1,
        # a line revised to fewer units than its void asks for: the void waits; to more: it counts
        "LOWER": -1, "RAISED": -2,
        "REVISED": -4,
    }.items(),
)  # fmt: skip
def test_a_void_takes_back_what_it_says_and_no_more(home: SmallHome, item: str, units: int) -> None:
    assert shelf(home, item) == units


def test_a_bundle_is_voided_in_part_by_its_components(home: SmallHome) -> None:
    assert (shelf(home, "TEE"), shelf(home, "MUG")) == (-2, -4)


def test_a_shipment_is_voided_in_part_and_what_was_picked_stays_shipped(home: SmallHome) -> None:
    assert shelf(home, "SHIP", "DC", "sellable_not_accessible") == -2
    # 4 picked; 3 shipped, of which 1 came back; 3 shipped after that take the 2 that are left and 1 off the shelf
    assert shelf(home, "PICKED", "DC", "allocated_picked") == 0
    assert shelf(home, "PICKED", "DC", "sellable_not_accessible") == -5


def test_voids_of_more_than_is_left_wait_with_a_reason_and_are_counted_so(home: SmallHome) -> None:
    waiting = home.rows("""
        select reason_code, payload->>'item_code', arg_max(reason, commit_id) from quarantine where is_waiting group by all having sum(sign) > 0 order by 2""")
    assert [(code, item) for code, item, _ in waiting] == [("void_exceeds_sale", item) for item in ("LATER", "LOWER", "MORE")]
    assert all("fewer units left than" in reason and "{" not in reason for *_, reason in waiting)
    assert home.counted("pos/first.jsonl") == (22, 19, 0, 0, 3)
    assert home.counted("pos/second.jsonl") == (5, 2, 0, 3, 0)


def test_a_reversal_names_the_movement_of_which_it_takes_a_part(home: SmallHome) -> None:
    unnamed = home.rows("select count(*) from movements where is_reversal and reverses_movement_id is null")
    assert unnamed == [(0,)]


def test_what_voids_post_is_the_same_in_any_order(home: SmallHome, tmp_path: Path) -> None:
    rows = [
        sale("LATER", 3), void("LATER", 2, 30, source_event_id="L2"), void("LATER", 2, 10, source_event_id="L1"),
        sale("LOWER", 3, source_event_id="S"), void("LOWER", 2), sale("LOWER", 1, source_event_id="S", source_revision=1),
        sale("RAISED", 1, source_event_id="R"), void("RAISED", 2), sale("RAISED", 4, source_event_id="R", source_revision=1),
    ]  # fmt: skip
    hashes, waiting = set(), set()
    for name, order in (("at_once", [rows]), ("one_by_one", [[row] for row in rows]), ("backwards", [[row] for row in reversed(rows)])):
        other = SmallHome(tmp_path / name)
        other.deliver(**{"reference/items.csv": REFERENCE["items"] + "".join(f"{item},{item},stock,EA\n" for item in ITEMS)})
        for number, some in enumerate(order):
            other.deliver(**{f"pos/{number}.jsonl": some})
        hashes.add(other.current["ledger_hash"])
        waiting.add(tuple(sorted(other.rows("select payload->>'item_code' from quarantine group by all having sum(sign) > 0"))))
    assert len(hashes) == 1
    assert waiting == {(("LATER",), ("LOWER",))}


def test_a_void_of_a_shipment_without_a_document_takes_no_other_line_with_it(tmp_path: Path) -> None:
    of_an_order = {"document_kind": "so", "document_id": "O-1", "document_line": 1}
    rows = [
        wms("r1", "receipt", "2026-03-02T08:00:00", "DC", "TEE", 10), wms("r2", "receipt", "2026-03-02T08:00:00", "DC", "MUG", 20),
        wms("s1", "ship", "2026-03-02T09:00:00", "DC", "TEE", 5), wms("s2", "ship", "2026-03-02T09:00:00", "DC", "MUG", 6),
        wms("s3", "ship", "2026-03-02T09:00:00", "DC", "MUG", 4, **of_an_order), wms("v1", "void_ship", "2026-03-02T10:00:00", "DC", "TEE", 2, ref_document_id="s1"),
    ]  # fmt: skip
    expected = {("TEE", "DC", "in_progress"): 10, ("MUG", "DC", "in_progress"): 20}
    expected |= {("TEE", "DC", "sellable_not_accessible"): -3, ("MUG", "DC", "sellable_not_accessible"): -10}
    for name, deliveries in (("at_once", [rows]), ("in_two", [rows[:3], rows[3:]]), ("backwards", [[row] for row in reversed(rows)])):
        home = SmallHome(tmp_path / name)
        for number, some in enumerate(deliveries):
            home.deliver(**{f"wms/{number}.jsonl": some})
        assert home.on_hand() == expected, name
        assert home.set_aside() == []
