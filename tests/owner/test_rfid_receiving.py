"""A reader that is authoritative receives goods; the warehouse's receipt of the same line is matched, not added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worlds.small_home import SmallHome, wms

REFERENCE = {
    "reference/items.csv": "item_code,item_kind,base_uom_code,gtin\nTEE,stock,EA,03600529000016\nMUG,stock,EA,\n",
    "reference/uoms.csv": "item_code,uom_code,numerator,denominator,gtin\nTEE,CS,6,1,13600529000013\n",
    "reference/locations.csv": "location_code,location_kind,gln,time_zone,rfid_posting\nDC,dc,3012345000017,Europe/Paris,authoritative\n"
    "PAR,store,3012345000024,Europe/Paris,\n",
    "reference/suppliers.csv": "supplier_code\nSUP\n",
}
DOCK = ("TEE", "DC", "in_progress")
EACH, CASE, SSCC = "urn:epc:id:sgtin:3600529.000001.", "urn:epc:id:sgtin:3600529.100001.", "urn:epc:id:sscc:3012345.0000000001"


def tags(*serials: int) -> list[str]:
    return [f"{EACH}{serial}" for serial in serials]


def read(
    number: int, at: str, epcs: list[str], *, document: tuple[str, str] | None = ("desadv", "A7"), place: str = "00001", **more: Any
) -> dict[str, Any]:
    """What a reader at a place received, `at` local to Paris in winter; observed, unless more is said."""
    sgln = f"urn:epc:id:sgln:3012345.{place}.0"
    transactions = [{"type": document[0], "bizTransaction": document[1]}] if document else []
    return {
        "type": "ObjectEvent", "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012d}", "action": "OBSERVE", "bizStep": "receiving",
        "disposition": "in_progress", "eventTime": f"{at}+01:00", "eventTimeZoneOffset": "+01:00", "bizLocation": {"id": sgln},
        "epcList": epcs, "bizTransactionList": transactions,
    } | more  # fmt: skip


def receipt(number: str, at: str, units: int, **more: Any) -> dict[str, Any]:
    document = {"document_kind": "asn", "document_id": "A7", "document_line": 1}
    return wms(number, "receipt", at, "DC", "TEE", units, **(document | more))


NOTICE = {
    "event_kind": "asn", "document_id": "A7", "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "quantity": 24, "item_code": "TEE",
    "occurred_at": "2026-03-05T10:00:00+01:00", "ref_document_kind": "po", "ref_document_id": "P7", "ref_document_line": 1,
}  # fmt: skip


def a_home(folder: Path) -> SmallHome:
    home = SmallHome(folder, reference=False)
    home.deliver(**REFERENCE)
    return home


def units(home: SmallHome) -> dict[str, int]:
    """Place → units of shirts, places without any left out."""
    return dict(home.rows("select place, sum(delta)::INT as u from codes where item = 'TEE' group by 1 having u <> 0"))


def test_the_readers_word_stands_whatever_comes_first(tmp_path: Path) -> None:
    lines = {
        "supply/notice.jsonl": [NOTICE],
        "rfid/dock.jsonl": [read(1, "2026-03-07T10:00:00", tags(*range(22)), document=("desadv", "urn:epcglobal:cbv:bt:3012345000017:A7"))],
        "wms/receipt.jsonl": [receipt("W1", "2026-03-07T12:00:00", 24, lot_code="L1", document_kind="po", document_id="P7")],
    }
    hashes = set()
    for number, order in enumerate((list(lines), ["wms/receipt.jsonl", "supply/notice.jsonl", "rfid/dock.jsonl"])):
        home = a_home(tmp_path / str(number))
        known = [home.deliver(**{name: lines[name]}) for name in order]
        assert home.on_hand() == {DOCK: 22}
        assert units(home) == {"DC": 22, "SUPPLIER": -24, "TRANSIT": 2}
        stands = home.rows("""
            select sum(case when is_reversal then -units else units end)::INT as u, source_feed, lot_code, document_id, document_line, ref_document_id
            from movements where movement_kind = 'receipt' group by all having u <> 0""")
        assert stands == [(22, "rfid", "L1", "A7", "1", "P7")]  # the lot is what the warehouse wrote of the same goods
        if order[2].startswith("rfid"):
            assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", known[1]) == [(24,)]
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_tag_is_received_once_and_only_where_a_reader_is_authoritative(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    home.deliver(
        **{
            "rfid/1.jsonl": [
                read(1, "2026-03-07T10:00:00", tags(1, 2)),
                read(2, "2026-03-07T10:05:00", tags(2, 3), action="ADD"),
                read(
                    3, "2026-03-07T11:00:00", [], type="AggregationEvent", action="DELETE", parentID=SSCC, childEPCs=[f"{CASE}1", *tags(3)]
                ),
                read(4, "2026-03-07T12:00:00", tags(4), bizStep="shipping"),
                read(5, "2026-03-07T12:00:00", tags(5), bizStep="cycle_counting"),
                read(6, "2026-03-07T12:00:00", tags(6), document=None),
                read(7, "2026-03-07T12:00:00", tags(7), place="00002"),
                read(8, "2026-03-07T12:00:00", tags(8), action="DELETE"),
                read(9, "2026-03-07T12:00:00", [SSCC]),
            ]
        }
    )
    assert home.on_hand() == {DOCK: 3 + 6}
    assert home.rows("select count(*) from events where feed = 'rfid'") == [(12,)]


def test_a_receipt_that_meets_no_read_is_of_other_goods(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    home.deliver(
        **{
            "rfid/1.jsonl": [read(1, "2026-03-07T10:00:00", tags(*range(10)), document=("po", "P7"))],
            "wms/1.jsonl": [
                receipt("W1", "2026-03-07T09:00:00", 6, document_kind="po", document_id="P7"),
                receipt("W2", "2026-03-07T12:00:00", 6, document_kind="po", document_id="P7"),
                receipt("W3", "2026-03-09T12:00:00", 8, document_kind="po", document_id="P7"),
                receipt("W4", "2026-03-07T12:00:00", 5, document_id="A9"),
            ],
        }
    )
    assert home.on_hand() == {DOCK: 10 + 8 + 5}


def test_a_read_that_is_declared_an_error_takes_back_what_it_posted(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    wrong = read(1, "2026-03-07T10:00:00", tags(1, 2))
    home.deliver(**{"supply/1.jsonl": [NOTICE], "rfid/1.jsonl": [wrong], "wms/1.jsonl": [receipt("W1", "2026-03-07T12:00:00", 24)]})
    before = home.deliver(**{"pos/empty.jsonl": ""})
    assert home.on_hand() == {DOCK: 2}
    home.deliver(**{"rfid/2.jsonl": [wrong | {"errorDeclaration": {"declarationTime": "2026-03-08T09:00:00Z", "reason": "did_not_occur"}}]})
    # without a reader's word the warehouse's stands
    assert home.on_hand() == {DOCK: 24} and units(home) == {"DC": 24, "SUPPLIER": -24}
    assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", before) == [(2,)]
    assert home.rows("select epc from events where feed = 'rfid' group by 1 having sum(sign) > 0") == [(None,)]


def test_a_tag_of_an_unknown_class_posts_once_the_class_is_known(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    home.deliver(**{"rfid/1.jsonl": [read(1, "2026-03-07T10:00:00", ["urn:epc:id:sgtin:3600529.000002.1", *tags(1)])]})
    before = home.deliver(**{"pos/empty.jsonl": ""})
    assert home.on_hand() == {DOCK: 1}
    home.deliver(
        **{"reference/items.csv": "item_code,item_kind,base_uom_code,gtin,valid_from\nMUG,stock,EA,03600529000023,2026-03-01T00:00:00Z\n"}
    )
    assert home.on_hand() == {DOCK: 1, ("MUG", "DC", "in_progress"): 1}
    assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", before) == [(1,)]
    assert home.rows("select count(*) from (select epc, item_id from events group by all having sum(sign) = 1)") == [(2,)]


def test_a_place_that_turns_out_to_be_authoritative_has_its_receipts_matched(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    reads = [read(1, "2026-03-07T10:00:00", tags(1, 2, 3), place="00002")]
    lines = [wms("W1", "receipt", "2026-03-07T12:00:00", "PAR", "TEE", 5, document_kind="asn", document_id="A7", document_line=1)]
    home.deliver(**{"rfid/1.jsonl": reads, "wms/1.jsonl": lines})
    assert home.on_hand() == {("TEE", "PAR", "in_progress"): 5}
    header = "location_code,location_kind,gln,time_zone,rfid_posting,valid_from\n"
    home.deliver(**{"reference/locations.csv": f"{header}PAR,store,3012345000024,Europe/Paris,authoritative,2026-03-01T00:00:00Z\n"})
    assert home.on_hand() == {("TEE", "PAR", "in_progress"): 3}
    home.deliver(**{"reference/locations.csv": f"{header}PAR,store,3012345000024,Europe/Paris,none,2026-03-01T00:00:00Z\n"})
    assert home.on_hand() == {("TEE", "PAR", "in_progress"): 5}


def test_goods_of_another_owner_are_his_when_a_reader_receives_them(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    home.deliver(**{"supply/1.jsonl": [NOTICE | {"owner_code": "SUP"}], "rfid/1.jsonl": [read(1, "2026-03-07T10:00:00", tags(1, 2))]})
    assert home.rows("select place, sum(delta)::INT from codes where owner_id <> 0 group by 1 order by 1") == [
        ("DC", 2), ("SUPPLIER", -24), ("TRANSIT", 22),
    ]  # fmt: skip


def of_class(quantity: float | None, lot: str, **more: Any) -> dict[str, Any]:
    """A part of a quantity list: shirts of a lot."""
    return {"epcClass": f"urn:epc:class:lgtin:3600529.000001.{lot}"} | ({} if quantity is None else {"quantity": quantity}) | more


def test_goods_by_class_are_received_with_their_lots_beside_tags_and_alone(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    lists = {
        "rfid/1.jsonl": [
            read(1, "2026-03-07T10:00:00", tags(1), quantityList=[of_class(5, "L1"), of_class(2, "L2")]),
            read(2, "2026-03-07T10:05:00", [], quantityList=[of_class(5, "L1")]),
            # a case is six; an amount that is not stated, or measured in another unit, is no number of pieces
            read(3, "2026-03-07T10:10:00", [], quantityList=[
                {"epcClass": "https://id.gs1.org/01/13600529000013/10/L3?17=270200", "quantity": 2}, of_class(None, "L9"), of_class(2.5, "L9", uom="KGM")]),
            read(4, "2026-03-07T10:15:00", [], type="AggregationEvent", action="DELETE", parentID=SSCC, childQuantityList=[of_class(1, "L2")]),
            read(5, "2026-03-07T12:00:00", [], quantityList=[of_class(7, "L1")], document=None),
            read(6, "2026-03-07T12:00:00", [], quantityList=[of_class(7, "L1")], place="00002"),
            read(7, "2026-03-07T12:00:00", [], quantityList=[{"epcClass": "urn:epc:idpat:sgtin:3600529.000002.*", "quantity": 4}]),
        ]
    }  # fmt: skip
    home.deliver(**lists)
    by_lot = "select coalesce(lot_code, ''), sum(delta)::INT from codes where place = 'DC' and item = 'TEE' group by 1 order by 1"
    assert home.rows(by_lot) == [("", 1), ("L1", 10), ("L2", 3), ("L3", 12)]
    assert home.rows("select count(*) from movements where item_id is null") == [(0,)]
    observed = (
        "select units::INT, lot_code from events where feed = 'rfid' and epc is null and event_kind = 'object_observe' order by lot_code, 1"
    )
    assert home.rows(observed) == [(4, ""), (5, "L1"), (5, "L1"), (7, "L1"), (7, "L1"), (2, "L2"), (12, "L3"), (None, "L9"), (None, "L9")]
    for table in ("events where event_kind = 'object_observe' and", "movements where"):
        assert home.rows(f"select distinct expires_on::VARCHAR from {table} lot_code = 'L3'") == [("2027-02-28",)]
    # once the class is known its goods come in; and what the warehouse writes of the same line is matched
    home.deliver(
        **{"reference/items.csv": "item_code,item_kind,base_uom_code,gtin,valid_from\nMUG,stock,EA,03600529000023,2026-03-01T00:00:00Z\n"}
    )
    assert home.on_hand() == {DOCK: 26, ("MUG", "DC", "in_progress"): 4}
    home.deliver(**{"supply/1.jsonl": [NOTICE | {"quantity": 26}], "wms/1.jsonl": [receipt("W1", "2026-03-07T13:00:00", 26)]})
    assert home.on_hand() == {DOCK: 26, ("MUG", "DC", "in_progress"): 4}
    assert home.rows(by_lot) == [("", 1), ("L1", 10), ("L2", 3), ("L3", 12)]
