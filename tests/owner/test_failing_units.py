"""A unit on which our own code fails is set aside with its rows, and nothing that others sent waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import UserError
from pipelines.owner.apply import batch
from pipelines.owner.apply.failing import is_of_a_row
from pipelines.owner.reference.rows import ReferenceBook
from tests.worlds.small_home import SmallHome, homes, pos, wms


def failing_on(wanted: str, real: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """The step, failing where rows of a feed are among those brought together."""

    def brought(work: Any, units: Sequence[batch.Unit], **how: Any) -> Any:
        if any(unit.feed == wanted and not unit.is_retry for unit in units):
            raise error
        return real(work, units, **how)

    return brought


FILES: dict[str, Any] = {
    "pos/bad.jsonl": [pos("T1", 1, "sale", "2026-03-02T10:00:00", "TEE", 1), pos("T1", 2, "sale", "2026-03-02T10:00:00", "MUG", 2)],
    "wms/good.jsonl": [wms("O1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 100)],
    "supply/good.csv": "event_kind,document_id,document_line,supplier_code,occurred_at,item_code,quantity\n"
    "po_created,P1,1,SUP,2026-03-01T08:00:00+01:00,TEE,5\n",
}


@pytest.fixture(scope="module")
def hit(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    """A home to which three files came together, one of which could not be applied."""
    home = next(homes(tmp_path_factory.mktemp("failing")))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batch, "bring_together", failing_on("pos", batch.bring_together, OverflowError("date value out of range")))
        home.deliver(**FILES)
    return home


def test_the_others_are_applied_and_the_rows_of_the_failing_file_are_told_of(hit: SmallHome) -> None:
    assert hit.counted("wms/good.jsonl") == (1, 1, 0, 0, 0)
    assert hit.counted("supply/good.csv") == (1, 1, 0, 0, 0)
    assert hit.counted("pos/bad.jsonl") == (2, 0, 0, 0, 2)
    told = hit.rows("select line_no::INT, reason_code, reason, payload from quarantine order by 1")
    assert [(line, code) for line, code, _, _ in told] == [(1, "unit_failed"), (2, "unit_failed")]
    assert all("pos/bad.jsonl from line 1 on (OverflowError: date value out of range)" in reason for _, _, reason, _ in told)
    assert '"document_line":"2"' in told[1][3].replace(": ", ":")


def test_what_was_set_aside_holds_no_identity_so_that_the_lines_count_when_they_come_again(hit: SmallHome) -> None:
    hit.deliver(**{"pos/again.jsonl": FILES["pos/bad.jsonl"]})
    assert hit.counted("pos/again.jsonl") == (2, 2, 0, 0, 0)
    assert hit.on_hand()["TEE", "PAR", "sellable_accessible"] == 99


def test_a_waiting_row_that_cannot_be_tried_again_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = next(homes(tmp_path))
    home.deliver(**{"pos/a.jsonl": [pos("T1", 1, "sale", "2026-03-02T10:00:00", "CAP", 1)]})
    real = batch.bring_together

    def brought(work: Any, units: Sequence[batch.Unit], **how: Any) -> Any:
        if any(unit.is_retry for unit in units):
            raise ValueError("no")
        return real(work, units, **how)

    monkeypatch.setattr(batch, "bring_together", brought)
    home.deliver(**{
        "reference/items-2.csv": "item_code,item_kind\nCAP,stock\n",
        "wms/a.jsonl": [wms("O1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 7)],
    })  # fmt: skip
    assert home.counted("reference/items-2.csv") == (1, 1, 0, 0, 0)
    assert home.counted("wms/a.jsonl") == (1, 1, 0, 0, 0)
    assert home.set_aside() == [("unknown_item", 1, 1)]
    monkeypatch.undo()
    home.deliver(**{"reference/items-3.csv": "item_code,item_kind\nHAT,stock\n"})
    assert home.set_aside() == []


def test_reference_rows_that_cannot_be_taken_stop_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = next(homes(tmp_path))
    real = ReferenceBook.take

    def taking(self: ReferenceBook, rows: Any, commit_id: int) -> Any:
        found = list(rows)
        if any(row.cells.get("item_code") == "CAP" for row in found):
            raise KeyError("numerator")
        return real(self, found, commit_id)

    monkeypatch.setattr(ReferenceBook, "take", taking)
    home.deliver(**{
        "reference/items-2.csv": "item_code,item_kind\nCAP,stock\nHAT,stock\n",
        "reference/items-3.csv": "item_code,item_kind\nBAG,stock\n",
        "pos/a.jsonl": [pos("T1", 1, "sale", "2026-03-02T10:00:00", "BAG", 1), pos("T1", 2, "sale", "2026-03-02T10:00:00", "HAT", 1)],
    })  # fmt: skip
    assert home.counted("reference/items-2.csv") == (2, 0, 0, 0, 2)
    assert home.counted("reference/items-3.csv") == (1, 1, 0, 0, 0)
    assert home.counted("pos/a.jsonl") == (2, 1, 0, 0, 1)  # HAT waits until its file can be taken


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), MemoryError(), UserError("no"), KeyboardInterrupt(), duckdb.IOException("x")]
)
def test_a_fault_of_the_machine_is_never_taken_for_one_of_the_rows(error: BaseException) -> None:
    assert not is_of_a_row(error)
