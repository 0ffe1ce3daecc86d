"""Beside a standing stream a command's folder goes through the pipeline that runs there: the same spool, the same report."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from feeds.landed import AS_OF

from pipelines.errors import UserError
from pipelines.ingest import beside, pipeline
from pipelines.ingest.beside import ask_stream
from pipelines.ingest.pipeline import ingest_batch, ingest_stream
from pipelines.ingest.report import IngestReport, Progress
from pipelines.ingest.sources.files import landing_of
from pipelines.ingest.standing import Counter
from pipelines.settings import Home, Settings
from tests.ingest.test_pipelines import content, prepared, samples

pytestmark = pytest.mark.timeout(180)
AT_ONCE = Settings(settle_seconds=0)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a stream over its (empty) landing folder."""
    home = prepared(tmp_path_factory.mktemp("standing") / "home")
    stop = threading.Event()
    counter = Counter(home, AT_ONCE, stop.is_set)
    stream = threading.Thread(
        target=ingest_stream,
        args=(home, [landing_of(home, AT_ONCE)]),
        kwargs={"clock": AS_OF, "settings": AT_ONCE, "should_stop": stop.is_set, "handed": counter.handed},
    )
    stream.start()
    yield home
    stop.set()
    stream.join(60)
    counter.close()
    assert not stream.is_alive()


def ask(
    home: Home, folder: Path, settings: Settings = AT_ONCE, told: Callable[[Progress], None] = lambda progress: None, **more: object
) -> IngestReport | None:
    options = {"feeds": None, "adapter": None} | more
    return ask_stream(home, folder, clock=lambda: AS_OF, settings=settings, on_progress=told, **options)  # type: ignore[arg-type]


def test_spool_and_report_are_those_of_a_pass_of_its_own(standing: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing = samples(tmp_path / "landing")
    alone = prepared(tmp_path / "alone")
    wanted = ingest_batch(alone, [landing_of(alone, AT_ONCE, landing)], clock=AS_OF, engine="direct", settings=AT_ONCE)
    seen: list[int] = []
    monkeypatch.setattr(pipeline, "_run_units", None)  # a pipeline of its own would fail

    report = ask(standing, landing, told=lambda progress: seen.append(progress.units_done))

    assert report is not None
    assert {**dataclasses.asdict(report), "units": sorted(report.units)} == {**dataclasses.asdict(wanted), "units": sorted(wanted.units)}
    assert content(standing.root) == content(alone.root)
    assert seen == list(range(1, len(wanted.units) + 1))
    again = ask(standing, landing)
    assert again is not None
    assert (again.new_deliveries, again.units, again.rows_in) == ([], [], 0)
    assert sorted(again.deliveries) == sorted(wanted.deliveries)


def test_one_file_is_there_in_a_moment(standing: Home, tmp_path: Path) -> None:
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    times = []
    for number in range(5):
        (tmp_path / "landing" / "pos" / f"{number}.jsonl").write_text(f'{{"event_kind":"sale","document_id":"{number}"}}\n')
        started = time.monotonic()
        report = ask(standing, tmp_path / "landing")
        times.append(time.monotonic() - started)
        assert report is not None
        assert report.rows_in == 1
    assert min(times) < 1


def test_what_is_wrong_is_said_as_ever(standing: Home, tmp_path: Path) -> None:
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    with pytest.raises(UserError) as alone:
        landing_of(standing, AT_ONCE, tmp_path / "landing", feeds=["till"])
    with pytest.raises(UserError) as beside:
        ask(standing, tmp_path / "landing", feeds=["till"])
    assert (str(beside.value), beside.value.exit_code) == (str(alone.value), alone.value.exit_code)


def test_the_command_does_itself_what_is_much_or_goes_by_other_settings(standing: Home, tmp_path: Path) -> None:
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    (tmp_path / "landing" / "pos" / "day.jsonl").write_text('{"event_kind":"sale"}\n' * 10)
    assert ask(standing, tmp_path / "landing", Settings(settle_seconds=0.1)) is None
    assert ask(standing, tmp_path / "landing", Settings(settle_seconds=0, unit_bytes=40)) is None
    assert ask(standing, tmp_path / "nowhere") is None


def test_what_was_taken_long_ago_does_not_count_as_much(standing: Home, tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "pos"
    folder.mkdir(parents=True)
    (folder / "old.jsonl").write_text('{"event_kind":"sale","document_id":"old"}\n' * 10)
    assert ask(standing, tmp_path / "landing") is not None
    (folder / "new.jsonl").write_text('{"event_kind":"sale","document_id":"new"}\n')
    assert beside._is_small(tmp_path / "landing", 200, since=(standing.spool / "deliveries").stat().st_mtime)
    assert not beside._is_small(tmp_path / "landing", 200, since=0)


def test_the_command_does_itself_what_nobody_takes_to_the_end(tmp_path: Path) -> None:
    home = prepared(tmp_path / "home")
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    (tmp_path / "landing" / "pos" / "day.jsonl").write_text('{"event_kind":"sale"}\n')
    assert ask(home, tmp_path / "landing") is None
    stop = threading.Event()
    counter = Counter(home, AT_ONCE, stop.is_set)  # with no stream behind it
    threading.Timer(0.5, stop.set).start()
    assert ask(home, tmp_path / "landing") is None
    counter.close()
    assert ask(home, tmp_path / "landing") is None
