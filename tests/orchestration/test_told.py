"""How a gate looks in Dagster: what broke, and its report only once it is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dagster import AssetKey, MetadataValue

from orchestration.told import gate_check
from pipelines.quality.gates import GateResult, GateRun


def a_run(report: Path | None, *, is_met: bool = True) -> GateRun:
    result = GateResult("pos.quantity.between", "pos", "quantity", "block", is_met, 3, 0 if is_met else 1, "quantity lies in 0 … 5")
    return GateRun("look-pos", "feed", "pos", datetime(2026, 3, 8, tzinfo=UTC), 7, not is_met, 3, (result,), report)


def test_a_report_is_linked_once_great_expectations_has_written_it(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    before = gate_check(a_run(page), asset_key=AssetKey("events"), check_name="gate_pos").metadata["report"]
    assert before == MetadataValue.text(f"not there yet, or no longer: {page}")
    page.write_text("met")
    after = gate_check(a_run(page), asset_key=AssetKey("events"), check_name="gate_pos").metadata["report"]
    assert after == MetadataValue.path(str(page))
    off = gate_check(a_run(None), asset_key=AssetKey("events"), check_name="gate_pos")
    assert off.passed and "report" not in off.metadata
    assert not gate_check(a_run(None, is_met=False), asset_key=AssetKey("events"), check_name="gate_pos").passed
