"""A mapping the whole way: what it wrongly refused is accepted once it is corrected, and the ledger is the same from the spool alone."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from feeds.landed import AS_OF, SAMPLES
from feeds.mapped import COLUMNS, ROW, mapping_text, put, table

from pipelines import stages
from pipelines.cli.checks import Finding, _sources
from pipelines.cli.main import call
from pipelines.ledger.files import read_current
from pipelines.settings import Home, Settings

AT_ONCE = Settings(settle_seconds=0)
DAY = table(ROW.format("A"), ROW.format("B").replace(";2;", ";1.000;"), ROW.format("C").replace("9,90", "8,90"), "TOTAL")
LEAVING = '[leave_out]\nlines = ["^TOTAL"]'
DOTS = 'decimal = ","\nthousands = "."\ndatetime = "%d/%m/%Y %H:%M"\ntime_zone = "Europe/Paris"'


def rows(home: Home, query: str) -> list[tuple[object, ...]]:
    """A question to the ledger's files."""
    tables = json.loads((home.ledger / "current.json").read_text())["tables"]
    with duckdb.connect() as con:
        for name, files in tables.items():
            con.execute(f"create view {name} as from read_parquet({[str(home.ledger / file['path']) for file in files['files']]})")
        return con.execute(query).fetchall()


def ends(home: Home) -> list[tuple[object, ...]]:
    """Accepted, duplicate, corrected and quarantined rows of each delivery of the till, in the order in which they came."""
    return rows(
        home,
        """select sum(accepted)::INT, sum(duplicate)::INT, sum(corrected)::INT, sum(quarantined)::INT from deliveries
        where source_uri = 'pos/till/day.csv' group by delivery_id order by min(first_known_at)""",
    )


def on_mappings(home: Home) -> list[Finding]:
    """What doctor finds of the mappings."""
    return [one for one in _sources(home) if one.check == "mapping"]


@pytest.mark.timeout(180)
def test_a_corrected_mapping_fixes_what_it_refused_and_what_it_read_wrongly(tmp_path: Path) -> None:
    home, landing = Home(tmp_path / "home"), tmp_path / "landing"
    shutil.copytree(SAMPLES / "reference", landing / "reference")
    put(landing, "pos/till/day.csv", DAY)

    def take(hours: int, **parts: str) -> stages.IngestResult:
        put(landing, "pos/till/mapping.toml", mapping_text(rest=LEAVING, **parts).encode())
        return stages.ingest(home, landing, clock=lambda: AS_OF + timedelta(hours=hours), engine="direct", settings=AT_ONCE)

    first = take(0)
    assert (first.rows_left_out, first.left_out) == (1, {"pos/till/day.csv": 1})
    assert ends(home) == [(2, 0, 0, 1)]
    take(1, values=DOTS)
    assert ends(home) == [(2, 0, 0, 1), (1, 2, 0, 0)]
    take(2, values=DOTS, columns=COLUMNS.replace('"Prix"', '{ value = "5" }'))
    assert ends(home)[2:] == [(0, 0, 3, 0)]
    take(3, values=DOTS, columns=COLUMNS.replace('"Prix"', '{ value = "5" }') + 'source_revision = { value = "1" }\n')
    assert ends(home)[3:] == [(0, 0, 3, 0)]
    broken = take(4, values='decimal = "?"')
    assert broken.rows_in == 0 and len(broken.unreadable_files) == 1

    again = Home(tmp_path / "again").make()
    shutil.rmtree(again.spool)
    shutil.copytree(home.spool, again.spool)
    stages.flush(again, clock=lambda: AS_OF + timedelta(days=1))
    current, anew = read_current(home), read_current(again)
    assert current is not None and anew is not None and current.ledger_hash == anew.ledger_hash
    assert ends(again) == ends(home)


def test_doctor_names_a_mapping_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home").make()
    assert on_mappings(home) == []
    put(home.landing, "pos/till/mapping.toml", mapping_text().encode())
    assert [(one.level, one.what) for one in on_mappings(home)] == [("ok", "1 mappings can be used")]
    put(home.landing, "wms/old/mapping.toml", mapping_text().encode())
    (fault,) = on_mappings(home)
    assert (fault.level, fault.is_data) == ("fail", True) and fault.what.startswith("wms/old/mapping.toml: ")
    assert call(["ingest", "--home", str(home.root), "--format", str(tmp_path / "none.toml")]) == 2
    assert "the mapping cannot be read: No such file" in capsys.readouterr().err
