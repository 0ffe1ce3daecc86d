"""A command that ingests says what became of every row, those that the owner set aside included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import stages
from pipelines.cli.account import show_ingest
from pipelines.cli.main import call
from pipelines.cli.output import Output
from pipelines.quality.gates import GateBlocked
from pipelines.stages import IngestResult
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos, wms

SOLD = "2026-03-02T10:00:00"


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory) -> list[IngestResult]:
    """Two passes over a home: one with every end that a row may have, one in which a waiting row goes on."""
    folder = tmp_path_factory.mktemp("account")
    home = SmallHome(folder)
    lines = [
        pos("T1", 1, "sale", SOLD, "TEE", 1),
        pos("T1", 2, "sale", SOLD, "CAP", 1),  # waits for its item
        pos("T1", 3, "sale", SOLD, "MUG", 1),
        pos("T1", 3, "sale", SOLD, "MUG", 1),  # a copy
        pos("T1", 3, "sale", SOLD, "MUG", 2),  # says otherwise
        pos("T1", 4, "sale", SOLD, "MUG", 0),  # refused for its form
        pos("T1", 5, "sale", SOLD, "MUG", "0.5"),  # refused by the owner
        pos("T1", 1, "sale", SOLD, "TEE", 3, source_revision=1),
    ]
    landing = folder / "account"
    (landing / "pos").mkdir(parents=True)
    (landing / "wms").mkdir()
    (landing / "pos" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (landing / "pos" / "link.jsonl").symlink_to(landing / "pos" / "a.jsonl")
    (landing / "wms" / "a.jsonl").write_text(json.dumps(wms("O1", "opening", SOLD, "PAR", "TEE", 9)) + "\n")
    first = stages.ingest(home.home, landing, clock=lambda: KNOWN_AT, engine="direct")
    (landing / "reference").mkdir()
    (landing / "reference" / "items-2.csv").write_text("item_code,item_kind\nCAP,stock\n")
    return [first, stages.ingest(home.home, landing, clock=lambda: KNOWN_AT, engine="direct")]


def test_every_row_ends_somewhere_in_the_account(passes: list[IngestResult]) -> None:
    (feed, warehouse), resumed = passes[0].account.feeds, passes[0].account.resumed
    counts = (feed.rows_in, feed.accepted, feed.duplicate, feed.corrected, feed.waiting, feed.refused, feed.conflicting)
    assert (feed.feed, *counts) == ("pos", 9, 2, 1, 1, 1, 3, 1)
    assert (warehouse.feed, warehouse.rows_in, warehouse.accepted, resumed) == ("wms", 1, 1, 0)


def test_a_later_pass_tells_of_its_own_rows_and_of_those_that_went_on(passes: list[IngestResult]) -> None:
    account = passes[1].account
    assert [(feed.feed, feed.rows_in, feed.accepted) for feed in account.feeds] == [("reference", 1, 1)]
    assert (account.resumed, account.set_aside) == (1, 0)


def test_people_read_it_in_sentences_with_the_place_to_look(passes: list[IngestResult], capsys: pytest.CaptureFixture[str]) -> None:
    show_ingest(Output(), passes[0])
    told = capsys.readouterr().out
    assert "rows        10 read: 3 accepted, 1 duplicates, 1 corrected by a later revision, 1 waiting, 3 refused, 1 conflicting" in told
    assert "  wms  1 read: 1 accepted, 0 waiting, 0 refused" in told
    assert "set aside   5 rows (1 of them goes on by itself): parstock rejects" in told
    assert "unreadable  pos/link.jsonl: skipped: not a regular file" in told
    show_ingest(Output(), passes[1])
    assert "went on     1 row that had waited" in capsys.readouterr().out


def test_machines_read_the_same_figures(passes: list[IngestResult], capsys: pytest.CaptureFixture[str]) -> None:
    show_ingest(Output(as_json=True), passes[0])
    [told] = json.loads(capsys.readouterr().out)
    ends = {name: told[name] for name in ("rows_in", "accepted", "duplicate", "corrected", "waiting", "refused", "conflicting")}
    assert list(ends.values()) == [10, 3, 1, 1, 1, 3, 1]
    assert told["rows_in"] == sum(ends.values()) - told["rows_in"]


@pytest.mark.parametrize(("number", "code"), [(0, 1), (1, 0)])
def test_strict_ends_with_1_where_a_row_was_set_aside(
    number: int, code: int, passes: list[IngestResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "ingest", lambda *_, **__: passes[number])
    assert call(["ingest", "--home", str(tmp_path), "--json"]) == 0
    assert call(["ingest", "--home", str(tmp_path), "--strict", "--json"]) == code


def test_rows_for_approval_do_not_go_on_by_themselves_and_a_file_read_anew_resumes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = SmallHome(tmp_path)
    till = tmp_path / "till" / "pos" / "till"
    till.mkdir(parents=True)
    (till / "day.csv").write_text(
        "ticket;no;time;sku;qty;other\nT1;1;2026-03-02 10:00:00;MUG;3000000;3000000\nT1;2;2026-03-02 10:00:00;CAP;1;2\n"
    )

    def passed(quantity: str) -> stages.IngestResult:
        (till / "mapping.toml").write_text(
            'feed = "pos"\nunmapped = "drop"\n[file]\ndelimiter = ";"\n[values]\ntime_zone = "Europe/Paris"\n[columns]\n'
            'event_kind = { value = "sale" }\nlocation_code = { value = "PAR" }\ndocument_id = "ticket"\ndocument_line = "no"\n'
            f'item_code = "sku"\nquantity = "{quantity}"\noccurred_at = {{ column = "time", format = "%Y-%m-%d %H:%M:%S" }}\n'
        )
        return stages.ingest(home.home, tmp_path / "till", clock=lambda: KNOWN_AT, engine="direct")

    for quantity in ("qty", "other"):
        account = passed(quantity).account
        assert (account.total("waiting"), account.for_approval, account.resumed) == (2, 1, 0)
    show_ingest(Output(), passed("qty"))
    assert "set aside   2 rows (1 of them goes on by itself, 1 for approval): parstock rejects" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["ingest", "run"])
def test_the_account_is_told_though_a_gate_blocks_what_follows(
    command: str, passes: list[IngestResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def blocked(*_: object, on_ingested: Callable[[IngestResult], None], **__: object) -> None:
        on_ingested(passes[0])
        raise GateBlocked([])

    monkeypatch.setattr(stages, command, blocked)
    assert call([command, "--home", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "rows        10 read: 3 accepted" in said.out
    assert "a gate blocks" in said.err
