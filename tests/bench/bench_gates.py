"""What a look at what is new costs beside a look at everything: `python tests/bench/bench_gates.py [--rows N] [--new N]`.

Makes a home whose spool holds N till lines in segments of a million (one file under many names), looks at all of them,
then at one more segment of 100,000 (each look is what `check_feeds` does), and prints the medians and their ratio. Then
Great Expectations validates a look at the new rows and writes its report, in this process, as it does later in its own.
The promises: the look at the new rows takes at most a tenth of the look at all, and a look at one row at most 0.3 s of CPU.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.cli.main import leave
from pipelines.processes.validation import validate_waiting
from pipelines.quality import gates
from pipelines.quality.batch import waiting
from pipelines.settings import Home
from pipelines.spool import Manifest, Spool

PER_SEGMENT = 1_000_000
_LINE = """
select hash(i) as key_hi, hash(i + 1) as key_lo, hash(i + 2) as payload_hash, 0::integer as source_revision,
    timestamp '2025-01-01' + to_seconds((i * 37) % 30000000) as occurred_at, 60::smallint as occurred_offset_minutes, 'sale' as event_kind,
    'ITEM-' || (i % 5000) as item_code, 'sku' as item_code_kind, (1 + i % 7)::decimal(18,4) as quantity,
    'SHOP-' || (i % 40) as location_code, 'own' as location_code_kind, 'store' as channel_code, 'ticket' as document_kind,
    'T' || (i // 4) as document_id, (i % 4)::varchar as document_line, '1' as register_no,
    (0.5 + (i % 900) / 10)::decimal(18,4) as unit_price_amount, 'EUR' as currency_code, (i % {rows})::uinteger as source_line
from range({first}, {first} + {rows}) t(i)"""


def add_segment(home: Home, number: int, rows: int) -> None:
    """A unit of `rows` till lines, as ingest leaves it."""
    spool, unit = Spool(home.spool).make(), f"{number:032x}"
    path = spool.segment_path("pos", f"{unit}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    model = home.root / f"{rows}.parquet"
    if not model.exists():
        duckdb.sql(f"copy ({_LINE.format(first=number * PER_SEGMENT, rows=rows)}) to '{model}' (format parquet, compression zstd)")
    path.hardlink_to(model)
    spool.write_manifest(Manifest(
        unit_id=unit, delivery_id=unit, feed="pos", source_system="till", source_uri=f"pos/{number}.jsonl", entity=None,
        known_at="2026-03-01T00:00:00.000000Z", content_sha256="", units_in_delivery=1, first_line=1, rows_in=rows, rows_parsed=rows,
        rows_rejected=0, segment=path.name, segment_sha256=None, rejects=None, columns=[], occurred_min=None, occurred_max=None, unknown_columns=[],
    ))  # fmt: skip


class Stopwatch:
    """Looks at a home, each an hour after the last."""

    def __init__(self, home: Home) -> None:
        self._home, self._now = home, datetime(2026, 3, 1, tzinfo=UTC)

    def look(self) -> tuple[float, float]:
        """Seconds that a look at what is new takes, by the clock and of CPU."""
        self._now += timedelta(hours=1)
        started, used = time.perf_counter(), time.process_time()
        [run] = gates.check_feeds(self._home, clock=lambda: self._now)
        seconds = time.perf_counter() - started, time.process_time() - used
        assert not run.is_blocked, run.failed
        return seconds

    def validate(self) -> float:
        """Seconds of CPU that the library takes for what waits."""
        used = time.process_time()
        assert validate_waiting(self._home) == 1
        return time.process_time() - used


def forget(home: Home) -> None:
    """Make everything new again."""
    for path in (home.spool / "gates").glob("seen-*.json"):
        path.unlink()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000_000)
    parser.add_argument("--new", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-gates-"))
    try:
        home, segments = Home(folder).make(), asked.rows // PER_SEGMENT
        for number in range(segments):
            add_segment(home, number, PER_SEGMENT)
        watch = Stopwatch(home)
        watch.look()
        everything, new, least = [], [], []
        for _ in range(asked.times):
            forget(home)
            everything.append(watch.look()[0])
            for rows, seconds, unit in ((asked.new, new, 0), (1, least, 1)):
                add_segment(home, segments, rows)
                segments += 1
                seconds.append(watch.look()[unit])
        for batch in waiting(home):
            shutil.rmtree(batch)
        library = []
        for _ in range(2):
            add_segment(home, segments, asked.new)
            segments += 1
            watch.look()
            library.append(watch.validate())
        whole, part = statistics.median(everything), statistics.median(new)
        print(f"all {asked.rows:>12,} rows    {whole:6.2f} s")
        print(f"new {asked.new:>12,} rows    {part:6.2f} s   {part / whole:.1%} of all (promise: at most 10%)")
        print(f"new            1 row     {statistics.median(least):6.2f} s of CPU (promise: at most 0.3 s)")
        print(f"the library, afterwards  {library[0]:6.2f} s of CPU with its import, {library[1]:.2f} s without; nobody waits for it")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
    leave(0)  # as the command does: the engines take a while to fall apart
