"""What was set aside, for people: once a reason with how to fix it, once a file, and the fields that a feed does not list."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import stages
from pipelines.cli.main import call
from pipelines.cli.rejects import REMEDIES
from pipelines.feeds.reasons import MEANING, REASONS, WAITS
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms

pytestmark = pytest.mark.timeout(900)  # the fixture builds a whole home
HEADER = "event_kind,location_code,register_no,document_id,document_line,occurred_at,item_code"


def table(tickets: range, *, columns: str, values: str) -> str:
    """Sales of one shirt each, with more columns."""
    lines = (f"sale,PAR,1,T{ticket},1,2026-03-02T10:05:00+01:00,TEE{values}" for ticket in tickets)
    return "\n".join([HEADER + columns, *lines]) + "\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without its quantities, one with a field too many, and lines of two items that nobody knows."""
    small = SmallHome(tmp_path_factory.mktemp("rejects"))
    small.deliver(**{"pos/without.csv": table(range(500), columns=",unit_price_amount,currency_code", values=",9.90,EUR")})
    small.deliver(**{"pos/tier.csv": table(range(500, 503), columns=",quantity,loyalty_tier,cashier_name", values=",1,gold,Jeanne")})
    small.deliver(**{"pos/unknown.jsonl": [pos(f"U{n}", 1, "sale", "2026-03-02T11:00:00", f"NEW-{n % 2}", 1) for n in range(6)]})
    small.deliver(**{"wms/much.jsonl": [wms("A1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 2_000_000_000)]})
    stages.build(small.home, clock=lambda: KNOWN_AT + timedelta(days=1))
    return small.home.root


def shown(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    capsys.readouterr()
    assert call([str(word) for word in arguments]) == 0
    return capsys.readouterr().out


def test_a_file_without_a_required_column_is_one_line_with_a_count(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "rejects", "pos", "--home", home)
    by_reason, by_file = out.split("\n\n")[:2]
    (line,) = [line for line in by_reason.splitlines() if "missing_column" in line]
    assert line.split()[2:6] == ["500", "0", "refused", "pos/without.csv:2"]
    (line,) = [line for line in by_file.splitlines() if "missing_column" in line]
    assert line.split()[:4] == ["pos", "pos/without.csv", "2", "500"]
    assert "quantity: the header lacks a required column" in " ".join(by_file.split())


def test_each_reason_says_what_heals_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_reason = shown(capsys, "rejects", "--home", home).split("\n\n")[0]
    (line,) = [line for line in by_reason.splitlines() if "unknown_item" in line]
    assert line.split()[2:5] == ["6", "6", "waits"]
    assert line.endswith("a row in reference items")


def test_for_machines_every_row_is_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(capsys, "rejects", "pos", "--csv", "--home", home))))
    assert len(rows) == 506
    assert {row["line_no"] for row in rows if row["reason_code"] == "missing_column"} == {str(line) for line in range(2, 502)}


def test_feeds_names_the_fields_that_a_feed_does_not_list_or_lacks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "feeds", "--home", home)
    assert "pos: fields that it does not list, kept in extra: loyalty_tier" in out.splitlines()
    assert "cashier" not in out  # personal fields are dropped, and the ledger says so (ops.feed_fields)
    (kind,) = csv.DictReader(
        io.StringIO(
            shown(capsys, "sql", "select field_kind from ops.feed_fields where field_name = 'cashier_name'", "--csv", "--home", home)
        )
    )
    assert kind["field_kind"] == "dropped_personal"
    (row,) = [row for row in csv.DictReader(io.StringIO(shown(capsys, "feeds", "--csv", "--home", home))) if row["feed"] == "pos"]
    # the file without quantities was followed by two with them
    assert (row["unknown_fields"], row["missing_fields"]) == ("loyalty_tier", "")


def test_a_row_for_approval_says_so_and_is_taken_once_somebody_accepts_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in shown(capsys, "rejects", "wms", "--home", home).split("\n\n")[0].splitlines() if "absurd_quantity" in line]
    assert "  for approval  wms/much.jsonl:1  parstock rejects --accept" in line
    assert call(["rejects", "--accept", "wms/much.jsonl:1", "--home", str(home)]) == 2  # why is part of it
    out = shown(capsys, "rejects", "--accept", "wms/much.jsonl:1", "--reason", "a full ship", "--author", "ann", "--home", home)
    assert "Decided: accept_row by ann, a full ship" in out
    assert shown(capsys, "rejects", "wms", "--home", home) == "No row is quarantined.\n"
    asked = "select kind, author, reason, is_in_force, on_hand_units from plan.decisions, stock.on_hand where on_hand_units > 1000"
    (row,) = csv.DictReader(io.StringIO(shown(capsys, "sql", asked, "--csv", "--home", home)))
    assert list(row.values()) == ["accept_row", "ann", "a full ship", "true", "2000000000"]
    (row,) = csv.DictReader(io.StringIO(shown(capsys, "decisions", "--csv", "--home", home)))
    assert (row["kind"], row["author"], row["is_in_force"]) == ("accept_row", "ann", "true")
    shown(capsys, "undo", row["decision_id"][:10], "--reason", "the wrong ship", "--home", home)
    assert "absurd_quantity" in shown(capsys, "rejects", "wms", "--home", home)
    (row,) = csv.DictReader(
        io.StringIO(shown(capsys, "sql", "select is_in_force from plan.decisions where kind <> 'undo'", "--csv", "--home", home))
    )
    assert row["is_in_force"] == "false"


def test_every_reason_that_waits_has_its_own_words_and_none_is_made_up() -> None:
    assert WAITS <= REMEDIES.keys() <= {*REASONS, *MEANING}
