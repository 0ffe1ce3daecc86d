"""Beam: batch and stream give the same bytes as the stage called directly, and a kill leaves nothing that a retry does not fix."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from feeds.landed import AS_OF, ROOT, SAMPLES, land

from ingest.killed import pass_over
from pipelines.ingest.pipeline import Progress, ingest_batch, ingest_stream
from pipelines.ingest.sources.files import landing_of
from pipelines.ingest.sources.registry import open_sources
from pipelines.settings import Home, Settings
from pipelines.spool import Manifest, Spool

KEY = "5" * 64
QUICK = Settings(settle_seconds=0.05, poll_seconds=0.05, unit_bytes=700)


def prepared(home: Path) -> Home:
    made = Home(home).make()
    (home / "customer.key").write_text(KEY)
    return made


def samples(landing: Path) -> Path:
    for feed in ("pos", "wms", "marketplace", "rfid", "supply", "reference"):
        shutil.copytree(SAMPLES / feed, landing / feed)
    return landing


def content(home: Path) -> dict[str, str]:
    """Names and hashes of everything in the spool."""
    return {
        path.relative_to(home / "spool").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (home / "spool").rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("direct")
    landing = samples(folder / "landing")
    home = prepared(folder / "home")
    ingest_batch(home, [landing_of(home, QUICK, landing)], clock=AS_OF, engine="direct", settings=QUICK)
    return landing, content(folder / "home")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("threads", [1, 2])
def test_beam_writes_what_the_stage_writes(threads: int, direct: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    landing, expected = direct
    seen: list[int] = []

    def watch(progress: Progress) -> None:
        seen.append(progress.units_done)

    settings = dataclasses.replace(QUICK, parse_threads=threads)
    home = prepared(tmp_path / "home")
    report = ingest_batch(home, [landing_of(home, settings, landing)], clock=AS_OF, settings=settings, on_progress=watch)
    assert content(tmp_path / "home") == expected
    assert seen == list(range(1, len(report.units) + 1))


@pytest.mark.timeout(120)
def test_reference_units_of_one_look_reach_the_spool_in_their_turn(tmp_path: Path) -> None:
    home, landing = prepared(tmp_path / "home"), tmp_path / "landing"
    for name, lines in (
        ("uoms-2", 400),
        ("uoms", 1),
        ("units/uoms", 200),
        ("items", 300),
    ):  # a big file first, were they parsed side by side
        path = landing / "reference" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = "item_code,uom_code,numerator,denominator" if "uoms" in name else "item_code,item_name,item_kind,base_uom_code"
        path.write_text(f"{columns}\n" + "".join(f"I{line},{'CS,6,1' if 'uoms' in name else 'Thing,stock,EA'}\n" for line in range(lines)))
    (landing / "pos").mkdir()
    shutil.copy(next((SAMPLES / "pos").glob("*.jsonl")), landing / "pos" / "a.jsonl")
    settings = dataclasses.replace(QUICK, parse_threads=2)
    ingest_batch(home, [landing_of(home, settings, landing)], clock=AS_OF, settings=settings)
    written = sorted((path.stat().st_mtime_ns, path.stem) for path in (home.spool / "manifests").iterdir())
    reference = [m for m in (Spool(home.spool).read_manifest(name) for _, name in written) if m.feed == "reference"]
    assert len({m.source_uri for m in reference}) == 4
    assert len(reference) > 4
    assert [m.turn for m in reference] == sorted(m.turn for m in reference)


@pytest.mark.timeout(120)
def test_the_stream_writes_what_the_batch_writes(direct: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    landing, expected = direct
    home = prepared(tmp_path / "home")
    (tmp_path / "landing").mkdir()
    wanted = sum(name.startswith("manifests/") for name in expected)
    seen: list[Manifest] = []
    until = time.monotonic() + 60
    stream = threading.Thread(
        target=ingest_stream,
        args=(home, [landing_of(home, QUICK, tmp_path / "landing")]),
        kwargs={
            "clock": AS_OF, "settings": QUICK, "hold_seconds": 1.0, "on_manifest": seen.append,
            "should_stop": lambda: len(seen) >= wanted or time.monotonic() > until,
        },
    )  # fmt: skip
    stream.start()
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        goal = tmp_path / "landing" / path.relative_to(landing)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, goal.with_name(f".{goal.name}"))
        goal.with_name(f".{goal.name}").rename(goal)
    stream.join(90)
    assert not stream.is_alive()
    assert content(tmp_path / "home") == expected


@pytest.mark.timeout(60)
def test_a_dropped_file_is_parsed_within_a_second_of_being_still(tmp_path: Path) -> None:
    home = prepared(tmp_path / "home")
    seen: list[float] = []
    stop = threading.Event()
    stream = threading.Thread(
        target=ingest_stream,
        args=(home, open_sources(home, Settings())),
        kwargs={"clock": lambda: datetime.now(UTC), "should_stop": stop.is_set, "on_manifest": lambda _: seen.append(time.monotonic())},
    )
    stream.start()
    try:
        (home.landing / "pos").mkdir(exist_ok=True)
        delays = []
        for number in range(4):
            partial = home.landing / "pos" / f".{number}.jsonl"
            partial.write_text('{"event_kind":"sale"}\n' * (number + 1))
            partial.rename(home.landing / "pos" / f"{number}.jsonl")
            dropped = time.monotonic()
            while len(seen) <= number and time.monotonic() < dropped + 15:
                time.sleep(0.01)
            delays.append(seen[number] - dropped)
        assert sorted(delays[1:])[1] < 2.0, delays  # the first pays for starting Beam
    finally:
        stop.set()
        stream.join(30)
    assert not stream.is_alive()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ["after_segment", "after_segment:5", "after_manifest", "after_manifest:4"])
def test_a_kill_is_fixed_to_the_same_bytes(point: str, direct: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    landing, expected = direct
    home = prepared(tmp_path / "home").root
    killed = pass_over(home, landing, fail_at=point)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert content(home) != expected
    again = pass_over(home, landing)
    again.join()
    assert again.exitcode == 0
    assert content(home) == expected


@pytest.mark.timeout(120)
def test_random_kills_are_fixed_to_the_same_bytes(direct: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    landing, expected = direct
    home = prepared(tmp_path / "home").root
    killed = 0
    for number in range(6):
        process = pass_over(home, landing)
        process.join(0.05 + 0.07 * number)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed > 0
    again = pass_over(home, landing)
    again.join()
    assert again.exitcode == 0
    left = {name for name in content(home) if name.endswith(".tmp")}
    assert {name: value for name, value in content(home).items() if name not in left} == expected


def test_importing_ingest_does_not_load_beam() -> None:
    script = "import sys, pipelines.ingest.pipeline; print('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_a_manifest_stands_only_for_files_that_are_there(tmp_path: Path) -> None:
    landed = land(tmp_path / "home", SAMPLES)
    spool = Spool(tmp_path / "home" / "spool")
    for manifest in landed.manifests:
        if manifest.segment:
            bytes_of = spool.segment_path(manifest.feed, manifest.segment).read_bytes()
            assert hashlib.sha256(bytes_of).hexdigest() == manifest.segment_sha256
        if manifest.rejects:
            assert spool.rejects_path(manifest.rejects).exists()
    by_delivery = {one.delivery_id: one for one in landed.deliveries}
    for delivery in by_delivery.values():
        assert sum(one.rows_in for one in landed.manifests if one.delivery_id == delivery.delivery_id) == delivery.rows_in
