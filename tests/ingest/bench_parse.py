"""What the parse stage costs: CPU microseconds per POS event, step by step.

    python tests/ingest/bench_parse.py [EVENTS]

Best of seven over one unit of 8 MB of made-up tickets in JSON Lines; the survey is the first pass over the whole file.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.feeds.parse import known_fields
from pipelines.feeds.reading import jsonfast
from pipelines.feeds.reading.derive import Context, derive
from pipelines.feeds.registry import FEED_BY_NAME
from pipelines.ingest.stage import parquet_bytes
from pipelines.ingest.survey import survey

UNIT = 8 << 20


def tickets(events: int, path: Path) -> None:
    """Write ticket lines as a till would: some lines a ticket, compact JSON, money as numbers."""
    random.seed(7)
    ticket = written = 0
    with path.open("w") as file:
        while written < events:
            ticket += 1
            place, register, second = random.randint(1, 300), random.randint(1, 12), random.randint(28_800, 72_000)
            at = f"2026-03-{1 + ticket % 28:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+01:00"
            for line in range(1, random.randint(2, 9)):
                written += 1
                file.write(
                    f'{{"event_kind":"sale","location_code":"S{place:03d}","register_no":"{register}","document_id":"T{ticket:07d}","document_line":{line},'
                    f'"occurred_at":"{at}","item_code":"SKU{random.randint(1, 20_000):05d}","quantity":{random.choice((1, 1, 1, 2, 3))},'
                    f'"unit_price_amount":{random.randint(0, 90)}.{random.randint(10, 99)},"currency_code":"EUR"}}\n'
                )


def cpu_us(run: Callable[[], object], events: int, rounds: int = 7) -> float:
    """Least CPU time of some rounds, in microseconds per event."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return best / events * 1e6


def main(events: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.jsonl"
        tickets(events, path)
        whole = path.read_bytes()
        block = whole[: whole.rfind(b"\n", 0, UNIT) + 1]
        rows = block.count(b"\n")
        known, renames = known_fields("pos", None)
        feed, context = FEED_BY_NAME["pos"], Context("pos", b"k" * 32)
        raw = jsonfast._read_fast(block, 1, rows, known, renames)
        parsed = derive(raw, feed, context)
        steps = {
            "read and prove": lambda: jsonfast._read_fast(block, 1, rows, known, renames),
            "check, type, keys, hashes": lambda: derive(raw, feed, context),
            "Parquet": lambda: parquet_bytes(parsed.events),
        }
        costs = {name: cpu_us(step, rows) for name, step in steps.items()}
        costs["together"] = sum(costs.values())
        costs["first pass (hash, lines)"] = cpu_us(lambda: survey(str(path), "pos", None, UNIT), whole.count(b"\n"), 3)
        print(f"{len(block) / rows:.0f} bytes an event, {len(parquet_bytes(parsed.events)) / rows:.0f} in the segment")
        for name, cost in costs.items():
            print(f"{name:28s}{cost:6.2f} µs CPU per event")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
