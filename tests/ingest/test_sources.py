"""A source is one module and one line: whatever it is, its rows reach the ledger once, and it hears of it when they are safe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from feeds.landed import ROOT

from ingest.journal import JOURNAL, NAME, JournalSource
from pipelines.cli.checks import _sources
from pipelines.ingest import sources
from pipelines.ingest.pipeline import ingest_batch, ingest_stream
from pipelines.ingest.sources import registry
from pipelines.ingest.sources.registry import SOURCES, open_sources
from pipelines.ingest.sources.source import Found, Polled, SourceKind
from pipelines.ingest.stage import parse_unit
from pipelines.owner.owner import Owner
from pipelines.settings import Home, Settings
from pipelines.spool import Spool
from tests.worlds.small_home import KNOWN_AT, SmallHome, pos

AT = KNOWN_AT + timedelta(hours=9)
QUICK = Settings(settle_seconds=0, poll_seconds=0.05, parse_threads=1)


def append(home: Home, *tickets: int) -> None:
    """The sender adds a sale of one mug for each ticket."""
    with (home.root / "journal.log").open("a") as file:
        for ticket in tickets:
            file.write(json.dumps(pos(f"T{ticket}", 1, "sale", "2026-03-02T11:00:00", "MUG", 1)) + "\n")


def journal_of(small: SmallHome) -> list[tuple[Any, ...]]:
    """Of each range of the journal its name and rows_in, accepted, and whether it is complete, in order of position."""
    with Owner(small.home, clock=lambda: AT) as owner:
        owner.ask("flush")
    found = small.rows("""
        select source_uri, sum(rows_in)::INT, sum(accepted)::INT, max(applied_at) is not null from deliveries
        where source_uri like 'journal/%' group by source_uri""")
    return sorted(found, key=lambda row: int(row[0].removeprefix(NAME).split("-")[0]))


@pytest.mark.timeout(120)
def test_a_journal_beside_the_landing_folders_streams_through_beam_to_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SmallHome(tmp_path)
    home = small.home
    append(home, 1, 2, 3, 4)
    monkeypatch.setattr(registry, "SOURCES", (*SOURCES, JOURNAL))
    _landing, journal = opened = open_sources(home, QUICK)
    assert isinstance(journal, JournalSource)
    until = time.monotonic() + 60

    def is_over() -> bool:
        return (journal.forgotten == (home.root / "journal.log").stat().st_size and small_file_is_parsed()) or time.monotonic() > until

    def small_file_is_parsed() -> bool:
        return any(one.source_uri == "pos/a.jsonl" for one in Spool(home.spool).new_manifests())

    stream = threading.Thread(
        target=ingest_stream, args=(home, opened), kwargs={"clock": AT, "should_stop": is_over, "settings": QUICK, "hold_seconds": 1.0}
    )
    stream.start()
    while journal.forgotten == 0 and time.monotonic() < until:
        time.sleep(0.02)
    append(home, 5, 6)
    (home.landing / "pos").mkdir(exist_ok=True)
    (home.landing / "pos" / "a.jsonl").write_text(json.dumps(pos("T9", 1, "sale", "2026-03-02T11:00:00", "TEE", 1)) + "\n")
    stream.join(90)
    assert not stream.is_alive() and journal.is_closed
    assert [row[1:] for row in journal_of(small)] == [(3, 3, True), (1, 1, True), (2, 2, True)]
    assert small.on_hand() == {("MUG", "PAR", "sellable_accessible"): -6, ("TEE", "PAR", "sellable_accessible"): -1}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("point", "parsed"), [("after_segment:2", 1), ("after_manifest:2", 2)])
def test_a_source_that_was_killed_cuts_the_same_ranges_again_and_goes_on_behind_them(point: str, parsed: int, tmp_path: Path) -> None:
    small = SmallHome(tmp_path)
    home, spool = small.home, Spool(small.home.spool)
    append(home, *range(1, 9))
    before = spool.manifest_ids()
    script = (
        "import sys, datetime, pathlib\n"
        "from ingest.journal import JournalSource\n"
        "from pipelines.ingest.pipeline import ingest_batch\n"
        "from pipelines.settings import Home, Settings\n"
        "home = Home(pathlib.Path(sys.argv[1]))\n"
        "ingest_batch(home, [JournalSource(home)], clock=datetime.datetime.fromisoformat(sys.argv[2]), settings=Settings(parse_threads=1))\n"
    )
    environment = {**os.environ, "PARSTOCK_FAIL_AT": point, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    killed = subprocess.run([sys.executable, "-c", script, str(home.root), AT.isoformat()], cwd=ROOT, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    known = {one.delivery_id for one in spool.read_deliveries() if one.source_uri.startswith(NAME)}
    assert len(known) == 3 and len(spool.manifest_ids() - before) == parsed
    assert JournalSource(home).forgotten == 0, "nobody was left to tell the source"

    append(home, 9, 10)
    source = JournalSource(home)
    report = ingest_batch(home, [source], clock=AT + timedelta(hours=1), settings=QUICK)
    assert len(report.units) == 3 - parsed + 1 and len(report.new_deliveries) == 1
    assert known < set(report.deliveries)
    assert source.forgotten == (home.root / "journal.log").stat().st_size
    assert [row[1:] for row in journal_of(small)] == [(3, 3, True), (3, 3, True), (2, 2, True), (2, 2, True)]
    assert small.on_hand() == {("MUG", "PAR", "sellable_accessible"): -10}


def test_a_unit_is_acknowledged_once_its_manifest_is_there_and_not_before(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    append(home, 1, 2, 3, 4)
    spool = Spool(home.spool).make()
    source = JournalSource(home)
    polled = Polled([source], spool)
    first, second = polled.poll(AT).units
    assert [unit.unit_id for unit in polled.acknowledge()] == [first.unit_id, second.unit_id] and source.forgotten == 0
    parse_unit(second, spool, b"k" * 32)
    assert polled.acknowledge() == [first] and source.forgotten == 0, "what lies before is not safe yet"
    parse_unit(first, spool, b"k" * 32)
    assert polled.poll(AT) == Found() and polled.acknowledge() == []
    assert source.forgotten == (home.root / "journal.log").stat().st_size


def test_what_an_earlier_run_parsed_and_could_not_tell_is_acknowledged_at_the_next_look(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    append(home, 1)
    spool = Spool(home.spool).make()
    (unit,) = JournalSource(home).poll(AT).units
    parse_unit(unit, spool, b"k" * 32)
    source = JournalSource(home)
    assert source.forgotten == 0
    assert Polled([source], spool).poll(AT).units == []
    assert source.forgotten == (home.root / "journal.log").stat().st_size


def test_a_range_that_is_gone_from_its_source_is_refused_row_by_row(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    append(home, 1, 2)
    spool = Spool(home.spool).make()
    (unit,) = JournalSource(home).poll(AT).units
    (home.root / "journal.log").write_text("")
    manifest = parse_unit(unit, spool, b"k" * 32)
    assert (manifest.rows_in, manifest.rows_rejected) == (2, 2)


def test_every_kind_of_source_is_in_the_list_and_doctor_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import pkgutil

    declared = [
        value
        for module in pkgutil.iter_modules(sources.__path__)
        for value in vars(importlib.import_module(f"{sources.__name__}.{module.name}")).values()
        if isinstance(value, SourceKind)
    ]
    assert {kind.name for kind in declared} == {kind.name for kind in SOURCES}
    home = Home(tmp_path).make()
    monkeypatch.setattr(registry, "SOURCES", (*SOURCES, JOURNAL))
    assert [(one.check, one.level, one.what) for one in _sources(home)] == [("source landing", "ok", "files in landing/<feed>/")]
    append(home, 1)
    assert [one.check for one in _sources(home)] == ["source landing", "source journal", "journal"]
