"""What a look at what is new costs beside a look at everything: `python tests/bench/bench_gates.py [--rows N] [--new N]`.

Makes a home whose spool holds N till lines in segments of a million (one file under many names), looks at all of them,
then at one more segment of 100,000 (each look is what `check_feeds` does, its report apart), and prints the medians and
their ratio. The promises: the look at the new rows takes at most a tenth of the look at all, and at most 3 s with its
report, once the engine is loaded. The engine has a fixed cost a look, which is printed too (a look at one row): where N
is small, it is most of both looks.
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

from pipelines.quality import gates, looks
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
    """Looks at a home, each an hour after the last, with and without what the report takes."""

    def __init__(self, home: Home) -> None:
        self._home, self._now = home, datetime(2026, 3, 1, tzinfo=UTC)

    def look(self, *, with_report: bool) -> float:
        """Seconds that a look at what is new takes."""
        self._now += timedelta(hours=1) if with_report else timedelta(seconds=1)
        started = time.perf_counter()
        [run] = gates.check_feeds(self._home, clock=lambda: self._now)
        seconds = time.perf_counter() - started
        assert not run.is_blocked, run.failed
        return seconds


def forget(home: Home) -> None:
    """Make everything new again, with the last finding still there (a look that finds the same writes no report)."""
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
    looks.RETOLD_AFTER = timedelta(minutes=30)
    try:
        started = time.perf_counter()
        gates.preload()
        print(f"the engine loads in      {time.perf_counter() - started:6.2f} s, once a process")
        home, segments = Home(folder).make(), asked.rows // PER_SEGMENT
        for number in range(segments):
            add_segment(home, number, PER_SEGMENT)
        watch = Stopwatch(home)
        watch.look(with_report=True)
        everything, new, reported, least = [], [], [], []
        for _ in range(asked.times):
            forget(home)
            everything.append(watch.look(with_report=False))
            for rows, with_report, seconds in ((asked.new, False, new), (1, False, least), (asked.new, True, reported)):
                add_segment(home, segments, rows)
                segments += 1
                seconds.append(watch.look(with_report=with_report))
        whole, part = statistics.median(everything), statistics.median(new)
        print(f"all {asked.rows:>12,} rows    {whole:6.2f} s")
        print(f"new {asked.new:>12,} rows    {part:6.2f} s   {part / whole:.1%} of all (promise: at most 10%)")
        print(f"new            1 row     {statistics.median(least):6.2f} s   the engine's own share")
        print(f"the {asked.new:,} with report {statistics.median(reported):6.2f} s   (promise: at most 3 s)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
