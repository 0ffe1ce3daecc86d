"""The Beam transforms, which only wire: a unit of work goes in, the id of its manifest comes out.

Importing this module imports Beam (seconds). Rows never pass through Beam: they go from the file to the spool.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from pipelines.ingest import live
from pipelines.ingest.stage import parse_unit
from pipelines.ingest.unit import WorkUnit, in_turn
from pipelines.spool import Spool

log = logging.getLogger("parstock.ingest")
_ENDLESS = 2**62


class _ParseUnit(beam.DoFn):  # type: ignore[misc]
    """Parse a run of units into the spool, one after the other; yields their ids."""

    def __init__(self, spool_root: str, secret_file: str, run_id: str | None) -> None:
        self._spool_root, self._secret_file, self._run_id = spool_root, secret_file, run_id

    def setup(self) -> None:
        from pipelines.ingest.secret import read_secret

        self._spool = Spool(Path(self._spool_root))
        self._secret = read_secret(Path(self._secret_file))

    def process(self, units: tuple[WorkUnit, ...]) -> Iterator[str]:
        for unit in units:
            live.report(self._run_id, parse_unit(unit, self._spool, self._secret))
            yield unit.unit_id


class ParseUnits(beam.PTransform):  # type: ignore[misc]
    """Runs of units (`in_turn`) to ids of manifests. `run_id` names the run in this process that wants to hear of progress, if any."""

    def __init__(self, spool_root: Path, secret_file: Path, run_id: str | None = None) -> None:
        super().__init__()
        self._arguments = (str(spool_root), str(secret_file), run_id)

    def expand(self, units: beam.PCollection) -> beam.PCollection:
        """Wire the stage."""
        return units | "Parse" >> beam.ParDo(_ParseUnit(*self._arguments))


class _EndlessTracker(OffsetRestrictionTracker):  # type: ignore[misc]
    def is_bounded(self) -> bool:
        return False


class _Endless(RestrictionProvider):  # type: ignore[misc]
    """One endless range of positions; a position is only a claim to go on."""

    def initial_restriction(self, element: str) -> OffsetRange:
        return OffsetRange(0, _ENDLESS)

    def create_tracker(self, restriction: OffsetRange) -> _EndlessTracker:
        return _EndlessTracker(restriction)

    def restriction_size(self, element: str, restriction: OffsetRange) -> int:
        return 1


class _WatchSources(beam.DoFn):  # type: ignore[misc]
    """The hub: polls every source of a run and yields new units, until the run is told to stop.

    It blocks inside `process` and defers about once a minute, because the embedded runner neither waits between
    bundles nor forgets them.
    """

    def __init__(self, poll_seconds: float, hold_seconds: float) -> None:
        self._poll, self._hold = poll_seconds, hold_seconds

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        run_id: str,
        tracker: OffsetRestrictionTracker = beam.DoFn.RestrictionParam(_Endless()),  # noqa: B008  (Beam's way)
        watermark: ManualWatermarkEstimator = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[TimestampedValue]:
        run = live.run_of(run_id)
        position = tracker.current_restriction().start
        until = time.monotonic() + self._hold
        while time.monotonic() < until:
            if run.is_stopped():
                # claiming the last position ends the restriction, and with it the pipeline
                tracker.try_claim(_ENDLESS - 1)
                watermark.set_watermark(Timestamp.of(time.time()))
                return
            units = run.poll()
            for one_run in in_turn(units):
                if not tracker.try_claim(position):
                    return
                position += 1
                yield TimestampedValue(one_run, Timestamp.of(time.time()))
            if not units:
                run.wait(self._poll)
            watermark.set_watermark(Timestamp.of(time.time()))
        tracker.defer_remainder(Duration.of(0.01))


class WatchSources(beam.PTransform):  # type: ignore[misc]
    """Ids of runs (of this process) to the units that their sources bring (`in_turn`), without end."""

    def __init__(self, poll_seconds: float, hold_seconds: float) -> None:
        super().__init__()
        self._arguments = (poll_seconds, hold_seconds)

    def expand(self, runs: beam.PCollection) -> beam.PCollection:
        """Wire the hub."""
        return runs | "Watch" >> beam.ParDo(_WatchSources(*self._arguments))
