"""Which files are taken, what counts as new, and when a thing was first known."""

from __future__ import annotations

import gzip
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from feeds.landed import AS_OF, Landed, land, land_file
from polars.testing import assert_frame_equal

from pipelines.errors import UserError
from pipelines.ingest import blocks
from pipelines.ingest.pipeline import IngestReport, ingest_batch
from pipelines.ingest.sources.files import Landing, landing_of
from pipelines.settings import Home, Settings
from pipelines.spool import Spool

LINE = '{"event_kind":"sale","location_code":"PAR","document_id":"A-%d","document_line":1,"occurred_at":"2026-03-02T10:05:00Z","item_code":"MUG","quantity":1}\n'


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    for feed in ("pos", "reference"):
        (tmp_path / "landing" / feed).mkdir(parents=True)
    return tmp_path / "landing"


def take(landing: Path, at: datetime = AS_OF) -> IngestReport:
    home, quick = Home(landing.parent / "home").make(), Settings(settle_seconds=0)
    return ingest_batch(home, [landing_of(home, quick, landing)], clock=at, engine="direct", settings=quick)


def spool_of(landing: Path) -> Spool:
    return Spool(landing.parent / "home" / "spool")


def test_the_same_content_under_its_path_is_taken_once(landing: Path) -> None:
    (landing / "pos" / "a.jsonl").write_text(LINE % 1)
    assert len(take(landing).new_deliveries) == 1
    again = take(landing, AS_OF + timedelta(days=1))
    assert (again.new_deliveries, again.units, len(again.deliveries)) == ([], [], 1)


def test_the_same_content_under_another_path_is_a_delivery_of_its_own(landing: Path) -> None:
    (landing / "pos" / "a.jsonl").write_text(LINE % 1)
    (landing / "pos" / "b.jsonl").write_text(LINE % 1)
    assert len(take(landing).new_deliveries) == 2


def test_a_file_packed_anew_has_the_content_it_had(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl.gz"
    path.write_bytes(gzip.compress((LINE % 1).encode(), mtime=1))
    take(landing)
    path.write_bytes(gzip.compress((LINE % 1).encode(), mtime=2))
    assert take(landing).new_deliveries == []


def test_a_changed_file_is_a_new_delivery(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl"
    path.write_text(LINE % 1)
    take(landing)
    path.write_text(LINE % 1 + LINE % 2)
    report = take(landing)
    assert len(report.new_deliveries) == 1 and report.rows_in == 2
    path.write_text(LINE % 1)
    assert take(landing).new_deliveries == []


def test_reference_content_that_returns_is_a_new_delivery(landing: Path) -> None:
    path = landing / "reference" / "items.csv"
    ids = []
    for price in ("1.00", "1.00", "2.00", "1.00", "1.00"):
        path.write_text(f"item_code,unit_cost_amount,currency_code\nMUG,{price},EUR\n")
        ids += take(landing).new_deliveries
    assert len(ids) == len(set(ids)) == 3
    assert sorted(one.sequence for one in spool_of(landing).read_deliveries()) == [0, 1, 2]


def test_files_first_seen_together_share_the_time_they_were_known(landing: Path) -> None:
    for number in range(3):
        (landing / "pos" / f"{number}.jsonl").write_text(LINE % number)
    take(landing)
    (landing / "pos" / "late.jsonl").write_text(LINE % 9)
    take(landing, AS_OF + timedelta(hours=1))
    known = {one.source_uri: one.first_known_at for one in spool_of(landing).read_deliveries()}
    assert known.pop("pos/late.jsonl") == "2026-03-09T01:00:00.000000Z"
    assert set(known.values()) == {"2026-03-09T00:00:00.000000Z"}
    assert {one.known_at for one in spool_of(landing).new_manifests() if one.source_uri != "pos/late.jsonl"} == {
        "2026-03-09T00:00:00.000000Z"
    }


def test_hidden_and_unfinished_names_are_never_taken(landing: Path) -> None:
    for name in (".a.jsonl", "a.jsonl.part", "a.jsonl.tmp", "b.JSONL.PART"):
        (landing / "pos" / name).write_text(LINE % 1)
    (landing / "pos" / ".hidden").mkdir()
    (landing / "pos" / ".hidden" / "a.jsonl").write_text(LINE % 1)
    assert take(landing).deliveries == []


def test_a_file_waits_until_it_has_been_still(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl"
    path.write_text(LINE % 1)
    source = Landing(landing, spool_of(landing).make(), Settings(settle_seconds=0.4))
    assert source.poll(AS_OF).waiting == ["pos/a.jsonl"]
    with path.open("a") as file:
        file.write(LINE % 2)
    assert source.poll(AS_OF).units == []
    time.sleep(0.45)
    (unit,) = source.poll(AS_OF).units
    assert unit.range.rows == 2
    assert source.poll(AS_OF).units == []


def test_a_file_that_is_old_enough_is_not_waited_for(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl"
    path.write_text(LINE % 1)
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert len(Landing(landing, spool_of(landing).make(), Settings(settle_seconds=0.4)).poll(AS_OF).units) == 1


def test_links_and_pipes_are_refused_not_followed(landing: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text(LINE % 1)
    (landing / "pos" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (landing / "pos" / "folder").symlink_to(tmp_path)
    os.mkfifo(landing / "pos" / "pipe.jsonl")
    report = take(landing)
    assert (len(report.new_deliveries), report.rows_in, report.rows_rejected) == (3, 3, 3)
    assert set(Landed(spool_of(landing)).rejects()["reason_code"]) == {"not_a_regular_file"}


@pytest.mark.parametrize(
    "name", ["*.jsonl", "[a].jsonl", "a'b\"c.jsonl", "a\nb.jsonl", "..jsonl.jsonl", "é\u202e.jsonl", "x" * 245 + ".jsonl"]
)
def test_a_hostile_name_is_only_a_name(name: str, landing: Path) -> None:
    (landing / "pos" / name.lstrip(".")).write_text(LINE % 1)
    (landing / "pos" / "a.jsonl").write_text(LINE % 2 + LINE % 3)
    assert take(landing).rows_parsed == 3


def test_a_name_that_is_no_text_is_shown_as_escapes(landing: Path) -> None:
    Path(os.fsdecode(os.fsencode(landing / "pos") + b"/caf\xe9.jsonl")).write_text(LINE % 1)
    take(landing)
    assert [one.source_uri for one in spool_of(landing).read_deliveries()] == ["pos/caf\\xe9.jsonl"]


def test_what_belongs_to_no_feed_is_reported(landing: Path) -> None:
    (landing / "tills").mkdir()
    assert take(landing).unreadable == ["tills: no feed has this name"]


def test_an_unknown_feed_or_folder_is_the_users_error(landing: Path) -> None:
    with pytest.raises(UserError, match="no feed is called 'till'"):
        landing_of(Home(landing.parent / "home"), Settings(), landing, feeds=["till"])
    with pytest.raises(UserError, match="no such folder"):
        landing_of(Home(landing.parent / "home"), Settings(), landing / "nowhere")


def test_only_the_feeds_that_are_asked_for_are_taken(landing: Path) -> None:
    (landing / "pos" / "a.jsonl").write_text(LINE % 1)
    (landing / "reference" / "items.csv").write_text("item_code\nMUG\n")
    home = Home(landing.parent / "home").make()
    quick = Settings(settle_seconds=0)
    report = ingest_batch(home, [landing_of(home, quick, landing, feeds=["reference"])], clock=AS_OF, engine="direct", settings=quick)
    assert report.rows_in == 1


def test_an_empty_file_is_a_delivery_of_no_rows(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "pos/a.jsonl", "")
    (manifest,) = landed.manifests
    assert (manifest.rows_in, manifest.segment, manifest.rejects, landed.deliveries[0].rows_in) == (0, None, None, 0)


def test_a_file_that_changes_before_it_is_read_is_accounted_for(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl"
    path.write_text(LINE % 1 + LINE % 2)
    spool = spool_of(landing).make()
    source = Landing(landing, spool, Settings(settle_seconds=0))
    (unit,) = source.poll(AS_OF).units
    path.write_text(LINE % 3)
    from pipelines.ingest.stage import parse_unit

    manifest = parse_unit(unit, spool, b"k" * 32)
    assert (manifest.rows_in, manifest.rows_rejected) == (2, 2)
    assert set(Landed(spool).rejects()["reason_code"]) == {"source_changed"}
    assert len(source.poll(AS_OF).units) == 1


def many(count: int) -> str:
    return "".join(LINE % number for number in range(count))


def test_a_cut_into_ranges_changes_nothing_but_the_segments(tmp_path: Path) -> None:
    text = "\n" + many(300) + "garbage\n" + many(5)
    whole = land_file(tmp_path / "1", "pos/a.jsonl", text)
    cut = land_file(tmp_path / "2", "pos/a.jsonl", text, unit_bytes=4_000)
    assert len(cut.manifests) > 8
    assert_frame_equal(whole.events(), cut.events())
    assert_frame_equal(whole.rejects(), cut.rejects())
    assert cut.rejects()["line_no"].to_list() == [302]
    assert {one.units_in_delivery for one in cut.manifests} == {len(cut.manifests)}


def test_a_table_is_cut_only_where_no_quote_spans_lines(tmp_path: Path) -> None:
    header = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity\n"
    rows = "".join(f"sale,PAR,A-{number},1,2026-03-02T10:05:00Z,MUG,1\n" for number in range(200))
    cut = land_file(tmp_path / "1", "pos/a.csv", header + rows, unit_bytes=2_000)
    assert len(cut.manifests) > 3
    assert cut.events()["source_line"].to_list() == list(range(2, 202))
    quoted = land_file(tmp_path / "2", "pos/a.csv", header + rows + 'sale,PAR,"A\n200",1,2026-03-02T10:05:00Z,MUG,1\n', unit_bytes=2_000)
    (manifest,) = quoted.manifests
    assert (manifest.rows_in, manifest.rows_parsed) == (201, 201)


def test_a_packed_file_says_what_the_plain_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.ingest.stage.BLOCK_BYTES", 3_000)
    text = many(200) + "garbage\n" + many(5)
    plain = land_file(tmp_path / "1", "pos/a.jsonl", text)
    packed = land_file(tmp_path / "2", "pos/a.jsonl.gz", gzip.compress(text.encode()))
    assert_frame_equal(plain.events(), packed.events())
    assert_frame_equal(plain.rejects(), packed.rejects())


def test_a_line_that_is_too_long_is_cut_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = b'{"event_kind":"' + b"x" * (6 << 20) + b'"}\n'
    monkeypatch.setattr("pipelines.ingest.stage.BLOCK_BYTES", 1 << 20)
    landed = land_file(tmp_path, "pos/a.jsonl", (LINE % 1).encode() + long + (LINE % 2).encode(), unit_bytes=1 << 20)
    assert landed.rejects()["reason_code"].to_list() == ["line_too_long"]
    assert landed.events()["source_line"].to_list() == [1, 3]


def test_a_file_too_large_when_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_UNPACKED", 10_000)
    landed = land_file(tmp_path, "pos/a.jsonl.gz", gzip.compress(many(200).encode()))
    assert landed.rejects()["reason_code"].to_list() == ["too_large"]


def test_a_fault_of_our_own_refuses_a_file_and_stops_no_other(landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (landing / "pos" / "a.jsonl").write_text(LINE % 1)
    (landing / "reference" / "items.csv").write_text("item_code\nMUG\n")
    monkeypatch.setattr("pipelines.feeds.parse.derive", lambda *_: 1 / 0)
    report = take(landing)
    assert (report.rows_parsed, report.rows_rejected) == (1, 1)
    assert Landed(spool_of(landing)).rejects()["reason_code"].to_list() == ["unreadable"]


def test_landing_is_left_as_it_was(landing: Path) -> None:
    path = landing / "pos" / "a.jsonl"
    path.write_text(LINE % 1)
    before = path.stat()
    take(landing)
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino, path.read_text()) == (after.st_mtime_ns, after.st_ino, LINE % 1)


def test_reference_rows_are_typed_and_dates_begin_at_midnight_utc(tmp_path: Path) -> None:
    landed = land_file(
        tmp_path,
        "reference/terms.csv",
        "supplier_code,item_code,location_code,lead_time_days,valid_from,valid_to,note\nS,MUG,*,4,2026-01-01,2026-02-01T00:00:00+01:00,x\n",
    )
    row = landed.events().row(0, named=True)
    assert row["lead_time_days"] == 4
    assert (str(row["valid_from"]), str(row["valid_to"])) == ("2026-01-01 00:00:00", "2026-01-31 23:00:00")
    assert row["extra"] == '{"note":"x"}' and landed.manifests[0].entity == "terms"
    assert landed.events().schema["lead_time_days"] == pl.Int64


def test_two_passes_over_one_home_and_two_roots_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "one" / "pos").mkdir(parents=True)
    (tmp_path / "two" / "pos").mkdir(parents=True)
    (tmp_path / "one" / "pos" / "a.jsonl").write_text(LINE % 1)
    (tmp_path / "two" / "pos" / "a.jsonl").write_text(LINE % 2)
    land(tmp_path / "home", tmp_path / "one")
    landed = land(tmp_path / "home", tmp_path / "two")
    assert landed.events().height == 2


def test_a_last_line_without_an_end_is_taken_where_somebody_says_that_it_is_whole(landing: Path) -> None:
    header = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity\n"
    row = "sale,PAR,A-1,{},2026-03-02T10:05:00Z,MUG,1"
    (landing / "pos" / "a.csv").write_text(f"{header}{row.format(1)}\n{row.format(2)}")
    (landing / "pos" / "b.csv").write_text(f"{header}{row.format(3)}\n")
    home = Home(landing.parent / "home").make()

    def taken(said: bool) -> tuple[int, int, int]:
        quick = Settings(settle_seconds=0, last_line="whole" if said else "refuse")
        source = landing_of(home, quick, landing)
        report = ingest_batch(home, [source], clock=AS_OF, engine="direct", settings=quick)
        return len(report.new_deliveries), report.rows_parsed, report.rows_rejected

    assert taken(said=False) == (2, 2, 1)
    [reason] = Landed(spool_of(landing)).rejects()["reason"]
    assert 'last_line = "whole"' in reason and "--last-line whole" in reason
    assert taken(said=True) == (1, 2, 0)  # the other file has its end, and is what it was
    assert taken(said=False) == (0, 0, 0)  # what was said of a file holds
    (landing / "pos" / "a.csv").write_text(f"{header}{row.format(1)}\n{row.format(2)}\n{row.format(4)}\n")
    assert taken(said=False) == (1, 3, 0)
    assert sorted(one.reading for one in Landed(spool_of(landing)).deliveries) == ["", "", "", "last-line:whole"]
