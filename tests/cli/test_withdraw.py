"""`parstock withdraw` takes back a delivery by its path or id, and says how to undo it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.cli.main import call
from tests.worlds.small_home import SmallHome, pos


def test_a_delivery_is_named_by_path_or_id_and_one_of_several_contents_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = SmallHome(tmp_path)
    root = str(home.home.root)
    for number in (1, 2):
        home.deliver(**{"pos/till/day.jsonl": [pos(f"T{number}", 1, "sale", "2026-03-02T11:00:00", "MUG", number)]})
    home.deliver(**{"pos/till/other.jsonl": [pos("T3", 1, "sale", "2026-03-02T11:00:00", "TEE", 1)]})
    capsys.readouterr()
    late = ["--home", root, "--as-of", "2026-05-01T12:00:00Z", "--reason", "the wrong till"]

    assert call(["withdraw", "landing/pos/till/other.jsonl", "--author", "ann", "--json", *late]) == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert (made["author"], made["kind"], made["reason"]) == ("ann", "withdraw", "the wrong till")
    assert home.on_hand() == {("MUG", "PAR", "sellable_accessible"): -3}
    assert call(["withdraw", made["delivery_id"], *late]) == 2
    assert "withdrawn already" in capsys.readouterr().err

    assert call(["withdraw", "pos/till/day.jsonl", *late]) == 2
    told = capsys.readouterr().err
    ids = [str(row[0]) for row in home.rows("select delivery_id from deliveries where source_uri = 'pos/till/day.jsonl' group by all")]
    assert all(one in told for one in ids) and "names 2 deliveries" in told
    first = home.rows(
        "select delivery_id from deliveries where source_uri = 'pos/till/day.jsonl' group by all order by min(first_known_at)"
    )[0][0]
    assert call(["withdraw", str(first)[:12], "--author", "ann", *late]) == 0
    said = capsys.readouterr()
    assert "Withdrawn: pos/till/day.jsonl, 1 rows" in said.out + said.err and "parstock undo" in said.out + said.err
    assert home.on_hand() == {("MUG", "PAR", "sellable_accessible"): -2}
    assert call(["withdraw", "nothing", *late]) == 2
