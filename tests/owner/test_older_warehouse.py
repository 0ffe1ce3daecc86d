"""A warehouse that an earlier version made gets what is new when it is opened, and goes on."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.worlds.small_home import SmallHome, pos, wms


def test_columns_and_tables_that_are_new_are_added_and_all_files_written_anew(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/1.jsonl": [wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60)]})
    before = home.current
    with duckdb.connect(str(home.home.warehouse_file)) as con:
        con.execute("drop table ledger.relations; drop table item_merges")
        for table in ("ledger.movements", "code_items", "kit_components", "counts"):
            con.execute(f"alter table {table} drop column named_item_id")
    home.deliver(
        **{
            "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "DUO", 1)],
            "wms/2.jsonl": [wms("2", "count", "2026-03-03T06:00:00", "DC", "MUG", 58)],
        }
    )

    now = home.current
    assert (before["generation"], now["generation"]) == (1, 2)
    assert all("/g0002-" in file["path"] for table in now["tables"].values() for file in table["files"])
    assert now["tables"].keys() == before["tables"].keys()
    assert home.on_hand() == {
        ("MUG", "DC", "sellable_not_accessible"): 58, ("MUG", "PAR", "sellable_accessible"): -2, ("TEE", "PAR", "sellable_accessible"): -1,
    }  # fmt: skip
    fresh = SmallHome(tmp_path / "fresh")
    fresh.deliver(**{"wms/1.jsonl": [wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60)]})
    fresh.deliver(
        **{
            "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "DUO", 1)],
            "wms/2.jsonl": [wms("2", "count", "2026-03-03T06:00:00", "DC", "MUG", 58)],
        }
    )
    assert now["ledger_hash"] == fresh.current["ledger_hash"]
