"""Every row counts once and ends somewhere, by whatever way it came."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources.files import landing_of
from pipelines.owner.apply import bulk
from pipelines.owner.apply.apply import Applier
from pipelines.owner.client import OwnerClient
from pipelines.owner.owner import Owner
from pipelines.owner.schema import open_warehouse
from pipelines.settings import Settings
from pipelines.spool import Spool
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms


def test_of_the_same_content_under_another_name_accepted_rows_are_duplicates_and_refused_ones_are_shown_again(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    rows = [
        pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 1),
        pos("T1", 2, "sale", "2026-03-02T11:00:00", "TEE", 1) | {"quantity": 1.5},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows) + "half a li\n"
    home.deliver(**{"pos/a.jsonl": text})
    assert home.counted("pos/a.jsonl") == (3, 1, 0, 0, 2)
    home.deliver(**{"pos/b.jsonl": text})
    assert home.counted("pos/b.jsonl") == (3, 0, 1, 0, 2)
    shown = home.rows(
        "select source_uri, reason_code, line_no::INT from quarantine join (select distinct delivery_id, source_uri from deliveries) using (delivery_id)"
    )
    assert sorted(shown) == [(f"pos/{name}.jsonl", *why) for name in "ab" for why in (("fractional_quantity", 2), ("not_json", 3))]


def test_a_table_that_is_read_for_two_entities_shows_what_each_refuses(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    table = "sku,name,from,days,pack\nTEE,T-shirt,SUP,5,6\nMUG,Mug,SUP,5,2.5\nCUP,Cup,SUP,-99,6\n"
    mapping = (
        'feed = "reference"\n[columns.items]\nitem_code = "sku"\nitem_name = "name"\n'
        '[columns.terms]\nsupplier_code = "from"\nitem_code = "sku"\nlocation_code = { value = "*" }\n'
        'lead_time_days = "days"\nmultiple_units = "pack"\n'
    )
    home.deliver(**{"reference/erp/items.csv": table, "reference/erp/terms.csv": table, "reference/erp/mapping.toml": mapping})
    assert home.counted("reference/erp/items.csv") == (3, 3, 0, 0, 0)
    assert home.counted("reference/erp/terms.csv") == (3, 1, 0, 0, 2)
    assert [(reason, line) for reason, line, _ in home.set_aside()] == [("not_whole", 3), ("quantity_negative", 4)]


def test_the_first_of_two_contents_stands_and_the_other_is_set_aside(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    row = wms("21", "adjust", "2026-03-08T16:00:00", "DC", "TEE", -1, reason_code="damage")
    home.deliver(**{"wms/1.jsonl": [row, {**row, "quantity": -3}, row]})
    assert home.counted("wms/1.jsonl") == (3, 1, 1, 0, 1)
    assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -1}


def test_the_corrected_copy_of_a_refused_row_is_new(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    row = wms("5", "receipt", "2026-03-08T16:00:00", "DC", "TEE", 1, supplier_code="SUP")
    home.deliver(**{"wms/1.jsonl": [{**row, "quantity": "2.5"}]})
    home.deliver(**{"wms/2.jsonl": [{**row, "quantity": 2}]})
    assert home.counted("wms/2.jsonl") == (1, 1, 0, 0, 0)
    assert home.on_hand() == {("TEE", "DC", "in_progress"): 2}


def test_rows_wait_for_reference_data_and_then_count_as_if_it_had_been_there(tmp_path: Path) -> None:
    late, early = SmallHome(tmp_path / "late"), SmallHome(tmp_path / "early")
    lamp = "item_code,item_name,item_kind,base_uom_code\nLAMP,Lamp,stock,EA\n"
    rows = [
        wms("22", "receipt", "2026-03-08T17:00:00", "DC", "LAMP", 5, supplier_code="SUP"),
        wms("23", "count", "2026-03-09T17:00:00", "DC", "LAMP", 4, stock_state="in_progress"),
    ]
    late.deliver(**{"wms/1.jsonl": rows})
    assert [reason for reason, _, _ in late.set_aside()] == ["unknown_item", "unknown_item"]
    late.deliver(**{"reference/items.csv": lamp})
    early.deliver(**{"reference/items.csv": lamp})
    early.deliver(**{"wms/1.jsonl": rows})
    assert late.on_hand() == early.on_hand() == {("LAMP", "DC", "in_progress"): 4}
    assert late.counted("wms/1.jsonl") == (2, 2, 0, 0, 0)
    assert late.current["ledger_hash"] == early.current["ledger_hash"]


def test_a_time_far_ahead_waits_until_it_has_come(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale", "2026-04-05T11:00:00", "MUG", 1)]})
    assert [reason for reason, _, _ in home.set_aside()] == ["future_time"]
    home.deliver(hours_later=24 * 5, **{"pos/2.jsonl": ""})
    assert home.set_aside() == []
    assert home.on_hand() == {("MUG", "PAR", "sellable_accessible"): -1}


def test_the_short_way_of_big_batches_and_the_long_way_write_the_same_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = random.Random(7)
    rows = [
        pos(
            f"T{n // 3}", n % 3 + 1, world.choice(["sale"] * 9 + ["return"]), f"2026-03-{n % 20 + 1:02d}T11:00:00",
            world.choice(["MUG", "TEE", "DUO"]), 1 + n % 3,
        ) for n in range(400)
    ]  # fmt: skip
    rows += rows[:20] + [{**row, "event_kind": "sale_void"} for row in rows[30:40] if row["event_kind"] == "sale"]
    counts = [wms("c1", "opening", "2026-03-01T00:00:00", "PAR", "MUG", 900), wms("c2", "count", "2026-03-10T23:00:00", "PAR", "MUG", 500)]
    found = []
    for name, threshold in (("long", 10**9), ("short", 50)):
        monkeypatch.setattr(bulk, "BULK_ROWS", threshold)
        home = SmallHome(tmp_path / name)
        home.deliver(**{"wms/1.jsonl": counts, "pos/1.jsonl": rows})
        is_bulk = any("-bulk-" in file["path"] for file in home.current["tables"]["movements"]["files"])
        assert is_bulk == (name == "short")
        found.append((home.current["ledger_hash"], home.on_hand(), home.counted("pos/1.jsonl")))
    assert found[0] == found[1]


def test_applying_a_unit_again_changes_nothing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    known_at = home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 1)]})
    spool = Spool(home.home.spool)
    con = open_warehouse(home.home.warehouse_file, threads=1, memory_limit="500MB")
    try:
        applier = Applier(con, spool, home.home.ledger, lambda: known_at)
        before = applier.commit_id
        assert applier.apply(list(spool.new_manifests())) is None
        assert applier.commit_id == before
    finally:
        con.close()


def test_a_second_owner_is_told_who_has_the_home_and_a_client_can_ask_the_first(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    with Owner(home.home):
        with pytest.raises(UserError, match="another process owns this home"):
            Owner(home.home).start()
        assert OwnerClient(home.home).ask("status")["pending_units"] == 0
    with pytest.raises(LookupError):
        OwnerClient(home.home)


def test_small_flushes_are_merged_and_lose_nothing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    for number in range(12):
        home.deliver(**{f"pos/{number}.jsonl": [pos(f"T{number}", 1, "sale", "2026-03-02T11:00:00", "MUG", 1)]})
    assert home.on_hand() == {("MUG", "PAR", "sellable_accessible"): -12}
    assert len(home.current["tables"]["movements"]["files"]) <= 4


def test_a_listing_that_shows_the_later_reference_file_only_does_not_change_which_version_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = SmallHome(tmp_path)
    landing = tmp_path / "landing" / "reference"
    landing.mkdir(parents=True)
    (landing / "uoms-1.csv").write_text("item_code,uom_code,numerator,denominator\nTEE,BOX,10,1\n")
    (landing / "uoms-2.csv").write_text("item_code,uom_code,numerator,denominator,valid_from\nTEE,BOX,12,1,2026-03-05T00:00:00Z\n")
    known_at = KNOWN_AT + timedelta(hours=9)
    ingest_batch(home.home, [landing_of(home.home, Settings(), landing.parent)], clock=known_at, engine="direct")
    spool = Spool(home.home.spool)
    earlier = {m.unit_id for m in spool.new_manifests() if m.source_uri == "reference/uoms-1.csv"}
    whole, listings = Spool.manifest_ids, []

    def growing(self: Spool) -> set[str]:
        listings.append(1)
        return whole(self) - earlier if len(listings) == 1 else whole(self)

    monkeypatch.setattr(Spool, "manifest_ids", growing)
    with Owner(home.home, clock=lambda: known_at) as owner:
        owner.ask("flush")
    found = home.rows("select numerator::INT, version_no from uoms where uom_code = 'BOX' order by version_no")
    assert found == [(10, 1), (12, 2)]
