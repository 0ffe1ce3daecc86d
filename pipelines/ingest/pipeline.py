"""Ingest as a whole: one pass over the sources (`ingest_batch`), and the standing stream (`ingest_stream`).

Both run the same stages on Beam's embedded runner, which is named: what `DirectRunner` means depends on the network.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.ingest import live
from pipelines.ingest.report import IngestReport, OnProgress, Progress
from pipelines.ingest.secret import read_secret, secret_file
from pipelines.ingest.sources.source import Clock, Found, Polled, Source, now_of
from pipelines.ingest.stage import parse_unit
from pipelines.ingest.unit import WorkUnit, in_turn
from pipelines.settings import Home, Settings
from pipelines.spool import Manifest, Spool

HOLD_SECONDS = 60.0
"""How long the hub stays in one bundle: the embedded runner keeps about 20 KB a bundle for ever."""
_PATIENCE_SECONDS = 30.0
"""How long one pass waits for files that are still being written."""


def ingest_batch(
    home: Home,
    sources: Sequence[Source],
    *,
    clock: Clock,
    on_progress: OnProgress | None = None,
    settings: Settings | None = None,
    engine: str = "beam",
    hand_over: Callable[[list[WorkUnit]], Iterable[Manifest]] | None = None,
) -> IngestReport:
    """Take what the sources have once, and close them; returns when every unit is in the spool.

    `hand_over` gives the units to a pipeline that runs already, and brings their manifests.
    `engine="direct"` runs the stage without Beam, for tests and tools; the result is the same to the byte.
    Raises UserError when a unit could not be written.
    """
    settings = settings or Settings()
    spool = Spool(home.spool).make()
    spool.sweep()
    secret = secret_file(home, settings)
    progress = Progress()

    def count(manifest: Manifest) -> None:
        progress.add(manifest)
        if on_progress:
            on_progress(progress)

    with contextlib.closing(Polled(sources, spool)) as polled:
        found = _found_when_still(polled, clock)
        progress.units = len(found.units)
        if found.units and hand_over is not None:
            for manifest in hand_over(found.units):
                count(manifest)
        elif found.units:
            with live.running(live.Run(count)) as run_id:
                _run_units(found.units, spool, secret, run_id, settings, engine)
        missing = polled.acknowledge()
    if missing:
        raise UserError(
            f"{len(missing)} of {len(found.units)} units did not reach the spool",
            where=missing[0].origin.source_uri, next_step="parstock ingest", exit_code=3,
        )  # fmt: skip
    return IngestReport(
        found.deliveries, found.new_deliveries, [unit.unit_id for unit in found.units],
        progress.rows, progress.rows_parsed, progress.rows_rejected, found.waiting, found.unreadable,
        found.left_out,
    )  # fmt: skip


def _found_when_still(polled: Polled, clock: Clock) -> Found:
    """One look at the sources; waits for what is still being written, but not for ever. One `known_at` for all."""
    fixed = now_of(clock)
    found = polled.poll(fixed)
    until = time.monotonic() + _PATIENCE_SECONDS
    while found.waiting and time.monotonic() < until:
        time.sleep(0.05)
        found.waiting.clear()
        found.unreadable.clear()
        found.add(polled.poll(fixed))
    return found


def _run_units(units: list[WorkUnit], spool: Spool, secret: Path, run_id: str, settings: Settings, engine: str) -> None:
    if engine == "direct":
        key = read_secret(secret)
        for unit in chain.from_iterable(in_turn(units)):
            live.report(run_id, parse_unit(unit, spool, key))
        return
    beam = import_beam()
    from pipelines.ingest.transforms import ParseUnits

    pipeline = beam.Pipeline(options=_options(settings, len(units)))
    # without the shuffle (of units, which are small) all of them are one bundle, and one thread parses them
    _ = pipeline | "Units" >> beam.Create(in_turn(units), reshuffle=True) | ParseUnits(spool.root, secret, run_id)
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:
        what = f"a unit could not be read or written: {error}"
        raise UserError(what, where=str(spool.root), next_step="check the disk, then run it again", exit_code=3) from error


def ingest_stream(
    home: Home,
    sources: Sequence[Source],
    *,
    clock: Clock,
    should_stop: Callable[[], bool],
    on_manifest: Callable[[Manifest], None] | None = None,
    settings: Settings | None = None,
    hold_seconds: float = HOLD_SECONDS,
    on_unreadable: Callable[[str], None] | None = None,
    handed: live.Handed | None = None,
) -> None:
    """Watch the sources until `should_stop()`, and close them; each file that is whole is parsed into the spool within a second.

    `on_manifest` hears of each parsed unit, `on_unreadable` once of each thing that cannot be read. Blocks; run it in a
    process or thread of its own. `clock` is called (or read) whenever something new is found. Units that are `handed` to it
    go the same way.
    """
    settings = settings or Settings()
    spool = Spool(home.spool).make()
    spool.sweep()
    secret = secret_file(home, settings)
    told: set[str] = set()
    handed = handed or live.Handed()
    beam = import_beam()
    from pipelines.ingest.transforms import ParseUnits, WatchSources

    with contextlib.closing(Polled(sources, spool)) as polled:

        def poll() -> list[WorkUnit]:
            found = polled.poll(clock)
            for what in found.unreadable:
                if what not in told and on_unreadable:
                    on_unreadable(what)
                told.add(what)
            return [*found.units, *handed.take()]

        with live.running(live.Run(on_manifest, poll, should_stop, handed.wait)) as run_id:
            pipeline = beam.Pipeline(options=_options(settings, None))
            units = pipeline | "Run" >> beam.Create([run_id], reshuffle=False) | WatchSources(settings.poll_seconds, hold_seconds)
            _ = units | ParseUnits(spool.root, secret, run_id)
            pipeline.run().wait_until_finish()
        polled.acknowledge()


def import_beam() -> Any:
    """Beam, imported late and with its noise turned down (it takes seconds, and logs much at levels below error)."""
    for name in ("apache_beam", "root"):
        logger = logging.getLogger(None if name == "root" else name)
        logger.setLevel(max(logger.level, logging.ERROR))
    import apache_beam

    return apache_beam


def _options(settings: Settings, units: int | None) -> Any:
    from apache_beam.options.pipeline_options import PipelineOptions

    arguments = ["--runner=FnApiRunner"]
    if units is None:
        arguments.append("--streaming")
    elif units > 1 and settings.parse_threads > 1:
        arguments += ["--direct_running_mode=multi_threading", f"--direct_num_workers={settings.parse_threads}"]
    return PipelineOptions(arguments)
