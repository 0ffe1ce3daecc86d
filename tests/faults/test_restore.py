"""The drill: a home that plans, backed up by the command, made again elsewhere by the command, and the same for every reader."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from oracle import driver

from pipelines.publish.reader import run_sql
from pipelines.settings import Home

QUESTIONS = (
    "select * from stock.on_hand order by all",
    "select * from core.fct_movements order by all",
    "select * from demand.daily order by all",
    "select * from plan.reorder_proposals order by all",
    "select delivery_id, rows_in, accepted, duplicate, corrected, quarantined, first_known_at from ops.deliveries order by all",
    "select * from ops.quarantine order by all",
    "select alert_id, state, first_seen_at from ops.alerts where alert_code <> 'gate_failed' order by all",
    "select ledger_hash from ops.publication",
)
COLUMNS_OF_THE_LEDGER = ("commit_id", "built_commit_id", "applied_at")
"""A ledger made anew counts its commits from the start and applies its deliveries now."""


def seen(home: Path) -> dict[str, Any]:
    answers = {}
    for question in QUESTIONS:
        found = run_sql(Home(home), question)
        kept = [place for place, name in enumerate(found.columns) if name not in COLUMNS_OF_THE_LEDGER]
        answers[question] = sorted(tuple(str(row[place]) for place in kept) for row in found.rows)
    return answers


@pytest.mark.timeout(600)
def test_a_home_made_from_its_backup_says_the_same(small_home: Path, tmp_path: Path) -> None:
    made = driver.call("backup", "--home", small_home, "--to", tmp_path / "backups", "--json")
    assert made.returncode == 0, made.stderr
    (told,) = json.loads(made.stdout)
    shutil.copytree(told["backup"], tmp_path / "elsewhere")  # another disk
    checked = driver.call("restore", tmp_path / "elsewhere", "--check", "--json")
    assert checked.returncode == 0, checked.stderr
    restored = driver.call("restore", tmp_path / "elsewhere", "--home", tmp_path / "home", "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)[0]["ledger_hash"] == told["ledger_hash"]
    assert seen(tmp_path / "home") == seen(small_home)
