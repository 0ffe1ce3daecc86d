"""A warehouse that an earlier version made gets what is new when it is opened, and goes on."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.cli.main import call
from pipelines.ledger.compare import Difference, differences, figures_of
from pipelines.ledger.files import read_current
from pipelines.owner import schema
from pipelines.owner.schema import SCHEMA_VERSION, tables_in_short
from tests.worlds.small_home import SmallHome, pos, wms


def test_the_version_of_the_tables_goes_with_them() -> None:
    """Whoever changes a table raises `SCHEMA_VERSION` and writes down here what `tables_in_short` says now."""
    assert (SCHEMA_VERSION, tables_in_short()) == (2, "174da376c1ba")


def test_an_older_program_leaves_a_newer_home_alone_and_says_so_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = SmallHome(tmp_path)
    with duckdb.connect(str(home.home.warehouse_file)) as con:
        con.execute(f"update home set schema_version = {SCHEMA_VERSION + 1}")
        con.execute("alter table identity add column of_tomorrow integer")
    assert call(["ingest", "--home", str(home.home.root)]) == 3
    said = capsys.readouterr().err
    assert said.splitlines()[0] == "error: a newer parstock made this home"
    assert "use the newer parstock" in said
    with duckdb.connect(str(home.home.warehouse_file)) as con:
        assert con.execute("select count(of_tomorrow) from identity").fetchall() == [(0,)]


def test_columns_and_tables_that_are_new_are_added_and_all_files_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(schema.log, "warning", lambda text, *_: told.append(text))
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/1.jsonl": [wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60)]})
    before = home.current
    with duckdb.connect(str(home.home.warehouse_file)) as con:
        con.execute("drop table ledger.relations; drop table item_merges; drop table ledger.item_codes")
        con.execute("alter table ledger.events drop column expires_on; alter table waiting drop column local_fields")
        for table in ("ledger.movements", "code_items", "kit_components", "counts"):
            con.execute(f"alter table {table} drop column named_item_id")
        con.execute("update home set schema_version = 1")
    home.deliver(
        **{
            "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "DUO", 1)],
            "wms/2.jsonl": [wms("2", "count", "2026-03-03T06:00:00", "DC", "MUG", 58)],
        }
    )

    assert [text.partition(" made ")[0] for text in told] == ["an earlier parstock"]  # once
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


def test_what_two_states_of_a_ledger_say_differently_is_told_by_rule(tmp_path: Path) -> None:
    opened = wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60)
    strict, lenient = SmallHome(tmp_path / "strict"), SmallHome(tmp_path / "lenient")
    strict.deliver(**{"wms/1.jsonl": [opened], "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "NEW", 2)]})
    lenient.deliver(**{"wms/1.jsonl": [opened], "pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "TEE", 2)]})
    before, now = (figures_of(home.home, state) for home in (strict, lenient) if (state := read_current(home.home)) is not None)
    assert differences(before, now) == [
        Difference("movement sale", 0, 1, 0, 2),
        Difference("set aside, unknown_item", 1, 0, 0, 0),
    ]
    assert before["movement opening"] == (1, 60)


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
