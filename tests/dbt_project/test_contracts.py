"""A model's contract is held against what was built: its types, what is too much, what is missing; and its order is what readers get."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.build.build import build_marts
from pipelines.errors import UserError
from pipelines.marts.build_files import build_folders
from pipelines.settings import DBT_PROJECT
from tests.worlds.small_marts import make_home, write_ledger
from tests.worlds.tiny_dbt import write_project

pytestmark = pytest.mark.timeout(180)

PROMISED = """
models:
  - name: counted
    config: {contract: {enforced: true}}
    columns: [{name: counted_at, data_type: timestamptz}, {name: item_id, data_type: bigint}, {name: price, data_type: "decimal(18,4)"}]
  - name: seen
    config: {contract: {enforced: true}}
    columns: [{name: item_id, data_type: bigint}]
"""
SOUND_TABLE = (
    "{{ config(schema='stock') }} select 1::bigint as item_id, 2::decimal(18,4) as price, timestamptz '2026-03-01 00:00Z' as counted_at"
)
SOUND_VIEW = "{{ config(materialized='view', schema='stock') }} select 1::bigint as item_id"


def _project(folder: Path, **models: str) -> Path:
    """The tiny project with our materializations, two promises, and these models."""
    project = write_project(folder, **{f"models__{name}": sql for name, sql in models.items()})
    for name in ("materializations", "contracts"):
        shutil.copy(DBT_PROJECT / "macros" / f"{name}.sql", project / "macros")
    (project / "models" / "_promised.yml").write_text(PROMISED)
    settings = project / "dbt_project.yml"
    settings.write_text(settings.read_text() + 'on-run-end: "{{ check_contracts(results) }}"\n')
    return project


def test_a_kept_contract_gives_readers_its_order_and_a_broken_one_is_named_whole(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    write_ledger(home, commit=1)
    sound = build_marts(home, project=_project(tmp_path / "sound", counted=SOUND_TABLE, seen=SOUND_VIEW))
    columns = duckdb.sql(f"describe from '{sound.folder}/stock.counted.parquet'").fetchall()
    assert [column[0] for column in columns] == ["counted_at", "item_id", "price"]

    wrong_type = SOUND_TABLE.replace("decimal(18,4)", "double").replace(" as counted_at", " as counted_at, 5 as leftover")
    broken = _project(tmp_path / "broken", counted=wrong_type, seen=SOUND_VIEW.replace("bigint", "integer"))
    with pytest.raises(UserError, match="contracts are broken") as refused:
        build_marts(home, project=broken)
    assert "counted.leftover: promised nothing, is INTEGER" in str(refused.value)
    assert "counted.price: promised DECIMAL(18,4), is DOUBLE" in str(refused.value)
    assert "seen.item_id: promised BIGINT, is INTEGER" in str(refused.value)
    assert refused.value.exit_code == 1

    missing = _project(
        tmp_path / "missing",
        counted=SOUND_TABLE.replace("2::decimal(18,4) as price, ", ""),
        seen=SOUND_VIEW,
    )
    with pytest.raises(UserError, match="counted") as lacking:
        build_marts(home, project=missing)
    assert "price" in str(lacking.value)
    assert [folder.name for folder in build_folders(home)] == [sound.name]
