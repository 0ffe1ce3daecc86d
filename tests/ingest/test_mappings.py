"""Which mapping a file is read through, what waits for one that is of no use, and what a changed one brings."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from feeds.landed import AS_OF, SAMPLES, Landed
from feeds.mapped import COLUMNS, ROW, mapping_text, put, table
from polars.testing import assert_frame_equal

from pipelines.errors import UserError
from pipelines.ingest.pipeline import IngestReport, ingest_batch
from pipelines.ingest.sources.files import Landing, landing_of
from pipelines.ingest.sources.mappings import examine
from pipelines.ingest.stage import parse_unit
from pipelines.settings import Home, Settings
from pipelines.spool import Spool

QUICK = Settings(settle_seconds=0)
DAY = table(ROW.format("A"), ROW.format("B"))
CANONICAL = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity\nsale,PAR,C,1,2026-03-02T10:05:00Z,MUG,1\n"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def spool_of(landing: Path) -> Spool:
    return Spool(Home(landing.parent / "home").spool)


def take(landing: Path, hours: float = 0, **options: object) -> IngestReport:
    home = Home(landing.parent / "home").make()
    sources = [landing_of(home, QUICK, landing, **options)]  # type: ignore[arg-type]
    return ingest_batch(home, sources, clock=AS_OF + timedelta(hours=hours), engine="direct", settings=QUICK)


def put_mapping(landing: Path, folder: str = "pos/till", **parts: str) -> Path:
    return put(landing, f"{folder}/mapping.toml", mapping_text(**parts).encode())


def test_a_mapping_holds_for_tables_beside_and_below_it_and_is_no_delivery(landing: Path) -> None:
    put_mapping(landing)
    for name in ("a.csv", "b.txt", "c/d/e.tsv"):
        put(landing, f"pos/till/{name}", table(ROW.format(name)))
    put(landing, "pos/till/lines.jsonl", CANONICAL)
    put(landing, "pos/other/c.csv", CANONICAL)
    report = take(landing)
    assert (report.rows_in, report.rows_parsed) == (6, 4)  # the two lines of the .jsonl are no JSON
    readings = {one.source_uri: bool(one.mapping) for one in spool_of(landing).read_deliveries()}
    assert readings == {
        "pos/till/a.csv": True,
        "pos/till/b.txt": True,
        "pos/till/c/d/e.tsv": True,
        "pos/till/lines.jsonl": False,
        "pos/other/c.csv": False,
    }


def test_the_nearest_mapping_counts(landing: Path) -> None:
    put_mapping(landing, "pos")
    put_mapping(landing, "pos/till", columns=COLUMNS.replace('"Magasin"', '{ value = "LIS" }'))
    put(landing, "pos/a.csv", DAY)
    put(landing, "pos/till/x/b.csv", DAY)
    take(landing)
    events = Landed(spool_of(landing)).events()
    assert sorted(events["location_code"].to_list()) == ["LIS", "LIS", "PAR", "PAR"]


def test_another_toml_is_refused_and_told_what_a_mapping_is_called(landing: Path) -> None:
    put(landing, "pos/till/mappings.toml", mapping_text().encode())
    take(landing)
    assert Landed(spool_of(landing)).rejects()["reason"].to_list()[0].startswith("a mapping must be called mapping.toml: ")


def test_files_wait_for_a_mapping_of_no_use_and_for_one_that_is_no_file(landing: Path) -> None:
    path = put_mapping(landing, values='decimal = ";"')
    put(landing, "pos/till/a.csv", DAY)
    put(landing, "pos/till/b.csv", table(ROW.format("C")))
    put(landing, "pos/till/c.jsonl", "{}\n")
    report = take(landing)
    assert (report.rows_in, report.waiting) == (1, [])
    (problem,) = report.unreadable
    assert problem == "pos/till/mapping.toml: the mapping cannot be used: values.decimal ';': one of '.', ','; files that wait for it: 2"
    assert list(examine(landing)) == [("pos/till/mapping.toml", "the mapping cannot be used: values.decimal ';': one of '.', ','")]
    path.unlink()
    path.symlink_to(put(landing.parent, "elsewhere.toml", mapping_text().encode()))
    assert "a link is not followed" in take(landing).unreadable[0]
    path.unlink()
    put_mapping(landing)
    assert take(landing).rows_parsed == 3
    assert list(examine(landing)) == [("pos/till/mapping.toml", None)]


def test_files_wait_until_their_mapping_has_been_still(landing: Path) -> None:
    put(landing, "pos/till/a.csv", DAY)
    os.utime(landing / "pos/till/a.csv", (time.time() - 60, time.time() - 60))
    path = put_mapping(landing)
    source = Landing(landing, spool_of(landing).make(), Settings(settle_seconds=0.4))
    assert source.poll(AS_OF).waiting == ["pos/till/a.csv"]
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert [unit.range.rows for unit in source.poll(AS_OF).units] == [2]


def test_a_stream_takes_what_waited_once_the_mapping_is_corrected(landing: Path) -> None:
    put(landing, "pos/till/a.csv", DAY)
    put_mapping(landing, file='delimiter = "::"')
    source = Landing(landing, spool_of(landing).make(), QUICK)
    assert [len(source.poll(AS_OF).unreadable) for _ in range(2)] == [1, 1]
    put_mapping(landing)
    assert [len(source.poll(AS_OF).units) for _ in range(2)] == [1, 0]
    put_mapping(landing, top="# a remark changes nothing")
    assert source.poll(AS_OF).units == []
    put_mapping(landing, top='unmapped = "drop"')
    assert [len(source.poll(AS_OF).units) for _ in range(2)] == [1, 0]


def test_a_changed_mapping_reads_its_files_anew_and_so_does_one_that_returns(landing: Path) -> None:
    put(landing, "pos/till/a.csv", DAY.replace("2;9,90", "1.000;9,90"))
    first = put_mapping(landing).read_bytes()
    assert take(landing).rows_rejected == 2
    put_mapping(landing, values='decimal = ","\nthousands = "."\ndatetime = "%d/%m/%Y %H:%M"')
    report = take(landing, 1)
    assert (len(report.new_deliveries), report.rows_parsed) == (1, 2)
    put(landing, "pos/till/mapping.toml", first)
    assert len(take(landing, 2).new_deliveries) == 1  # the newest reading is the one that counts
    assert take(landing, 3).new_deliveries == [] == take(landing, 3).units
    assert sorted(one.sequence for one in spool_of(landing).read_deliveries()) == [0, 1, 2]


def test_a_file_read_through_a_mapping_stays_so_when_the_mapping_is_gone(landing: Path) -> None:
    put(landing, "pos/till/a.csv", DAY)
    path = put_mapping(landing)
    take(landing)
    path.unlink()
    assert take(landing, 1).new_deliveries == []
    put(landing, "pos/till/a.csv", table(ROW.format("C")))  # the same file, grown
    put(landing, "pos/till/b.csv", CANONICAL)
    report = take(landing, 2)
    assert (len(report.new_deliveries), report.rows_parsed) == (2, 2)


def test_a_mapping_may_be_named_for_files_elsewhere(landing: Path) -> None:
    named = put(landing.parent, "till.toml", mapping_text(rest='[leave_out]\nlines = ["^TOTAL"]').encode())
    put(landing, "pos/till/a.csv", DAY + "TOTAL;4\n")
    put(landing, "pos/till/a.jsonl", "{}\n")
    put(landing, "reference/items.csv", "item_code\nMUG\n")
    report = take(landing, adapter=str(named))
    assert (report.rows_parsed, report.rows_rejected, report.left_out) == (3, 1, {"pos/till/a.csv": 1})
    assert take(landing, 1).new_deliveries == []  # it stays so
    with pytest.raises(UserError, match="the mapping cannot be read: No such file"):
        take(landing, adapter=str(named) + ".toml")
    put(landing.parent, "till.toml", mapping_text(feed="till").encode())
    with pytest.raises(UserError, match="no such feed; a mapping names one of"):
        take(landing, adapter=str(named))


def test_reference_files_are_mapped_by_entity_and_read_anew_when_the_mapping_changes(landing: Path) -> None:
    text = 'feed = "reference"\n[file]\ndelimiter = ";"\n[values]\ndecimal = ","\n[columns.items]\nitem_code = "Code"\nitem_name = "Nom"\n'
    put(landing, "reference/erp/mapping.toml", text.encode())
    put(landing, "reference/erp/items.csv", b"Code;Nom;PA;Dev\nMUG;Tasse;3,50;EUR\n")
    put(landing, "reference/erp/locations.csv", b"location_code\nPAR\n")
    assert take(landing).rows_parsed == 2
    put(landing, "reference/erp/mapping.toml", (text + 'unit_cost_amount = "PA"\ncurrency_code = "Dev"\n').encode())
    report = take(landing, 1)
    assert (len(report.new_deliveries), report.rows_parsed) == (1, 1)
    put(landing, "reference/erp/mapping.toml", text.encode())
    assert len(take(landing, 2).new_deliveries) == 1  # what stood there before is what stands there now: a new version again
    assert take(landing, 3).new_deliveries == []
    sequences = [one.sequence for one in spool_of(landing).read_deliveries() if one.entity == "items"]
    assert sorted(sequences) == [0, 1, 2]


def test_a_worker_needs_no_mapping_and_a_retry_writes_the_same_bytes(landing: Path) -> None:
    put(landing, "pos/till/a.csv", DAY + "bad\n")
    path = put_mapping(landing)
    spool = spool_of(landing).make()
    (unit,) = Landing(landing, spool, QUICK).poll(AS_OF).units
    path.unlink()

    def written() -> dict[str, bytes]:
        parse_unit(unit, spool, b"k" * 32)
        return {file.name + file.parent.name: file.read_bytes() for file in spool.root.rglob("*") if file.is_file()}

    first = written()
    assert len(first) == 4 and first == written()
    # a process that was killed before it parsed: the next one finds delivery and mapping in the spool
    (spool.manifests / f"{unit.unit_id}.json").unlink()
    (again,) = Landing(landing, spool, QUICK).poll(AS_OF + timedelta(hours=1)).units
    assert again == unit


def test_the_sample_of_the_southern_tills_reads_as_its_canonical_twin(tmp_path: Path) -> None:
    for path in (SAMPLES / "pos" / "till-south").iterdir():
        put(tmp_path / "landing", f"pos/till-south/{path.name}", path.read_bytes())
    report = take(tmp_path / "landing")
    assert (report.rows_in, report.rows_parsed, report.left_out) == (6, 6, {"pos/till-south/2026-03-02.csv": 3})
    head = "event_kind,location_code,register_no,document_id,document_line,occurred_at,item_code,quantity,unit_price_amount,currency_code,Libellé\n"
    lines = """\
sale,PAR,4,S-301,1,2026-03-02T18:02:11+01:00,MUG,2,9.90,EUR,"Tasse, émaillée"
sale,PAR,4,S-301,2,2026-03-02T18:02:11+01:00,TEA,12,5.50,EUR,Thé vert 100 g
return,PAR,4,S-302,1,2026-03-02T18:10:00+01:00,TEE-M,1,19.90,EUR,"T-shirt ""M""
coton"
sale,PAR,4,S-303,1,2026-03-02T18:15:30+01:00,WRAP,1,1250.00,EUR,Emballage de séminaire
sale,PAR,4,S-303,2,2026-03-02T18:15:30+01:00,TEA,1,5.50,EUR,Thé vert 100 g
sale,PAR,4,S-304,1,2026-03-02T18:21:05+01:00,MUG,1,9.90,EUR,"Tasse, émaillée"
"""
    twin = tmp_path / "twin" / "landing"
    put(twin, "pos/till-south/2026-03-02.csv", (head + lines).encode())
    take(twin)
    mapped, canonical = (Landed(spool_of(root)).events() for root in (tmp_path / "landing", twin))
    assert_frame_equal(mapped.drop("source_line"), canonical.drop("source_line"))
    assert mapped["source_line"].to_list() == [4, 5, 7, 9, 10, 11]
    assert mapped.schema["source_line"] == pl.UInt32
