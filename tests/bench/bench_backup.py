"""What a backup and its restore cost, of ten million sales: `python -m tests.bench.bench_backup [EVENTS]`.

Makes a home of EVENTS till lines with its marts built, backs it up, and restores that into a new home: spool laid in, ledger
and marts made anew, the same hash. Peers in the same run: a plain copy of the backup's files for the backup, and the
first ingest with its build for the restore. The promise: backup and restore together within five minutes for ten million.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.bench_backfill import KNOWN_AT, write_world

LIMIT_SECONDS = 300.0


def timed(what: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the wall seconds that it takes."""
    begun = time.perf_counter()
    given = what()
    return given, time.perf_counter() - begun


def main(events: int) -> int:
    """Measure and print; 1 when the promise is broken."""
    from pipelines import keeping, stages
    from pipelines.settings import Home

    def clock() -> Any:
        return KNOWN_AT

    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        write_world(folder / "landing", events)
        home = Home(folder / "home").make()

        def first() -> None:
            stages.ingest(home, folder / "landing", clock=clock)
            stages.build(home, clock=clock)

        _, taken = timed(first)
        backup, saved = timed(lambda: keeping.back_up(home, folder / "backups", clock=clock))
        _, copied = timed(lambda: shutil.copytree(backup.folder, folder / "copy"))
        restored, made = timed(lambda: keeping.restore(Home(folder / "again"), backup.folder, clock=clock))
        assert restored.ledger_hash == backup.ledger_hash
        size = backup.size / 2**20
        print(f"{events:,} sales, {size:,.0f} MB in {len(backup.files):,} files")
        print(f"backup   {saved:7.1f} s   {saved / copied:5.1f} x a plain copy of them ({copied:.1f} s)")
        print(f"restore  {made:7.1f} s   {made / taken:5.1f} x the first ingest and build ({taken:.1f} s); the same ledger hash")
        print(f"together {saved + made:7.1f} s   (hold <= {LIMIT_SECONDS * max(events / 10_000_000, 0.1):.0f})")
        return 0 if saved + made <= LIMIT_SECONDS * max(events / 10_000_000, 0.1) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000))
