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
        con.execute("drop table ledger.relations; drop table item_merges; drop table ledger.item_codes")
        con.execute("alter table ledger.events drop column expires_on; alter table waiting drop column local_fields")
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


def test_a_plan_of_an_earlier_version_is_taken_without_the_terms_it_did_not_keep(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    run = home.home.spool / "plans" / "20260402T060000Z-0123456789ab"
    run.mkdir(parents=True)
    with duckdb.connect() as con:
        at = "timestamptz '2026-04-02 06:00:00+00'"
        rows = {
            "plan_runs": f"'{run.name}' as run_id, {at} as as_of_at, date '2026-04-02' as as_of_on, 1::bigint as marts_commit_id, {at} as planned_at",
            "plan_items": f"'{run.name}' as run_id, 1::bigint as item_id, 2::bigint as location_id, 'simple' as method, 'because' as why",
            "plan_proposals": f"'{run.name}' as run_id, 'P1' as proposal_id, 12::bigint as order_units",
        }
        for table, columns in rows.items():
            con.execute(f"copy (select {columns}) to '{run / table}.parquet' (format parquet)")
    home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale", "2026-04-02T11:00:00", "TEE", 1)]})

    assert home.rows("select method, why, decision, settings_no from plan_items") == [("simple", "because", None, None)]
    assert home.rows("select order_units from plan_proposals") == [(12,)]
    assert home.rows("from plan_supply") == []
    assert home.rows("from plan_settings") == []
