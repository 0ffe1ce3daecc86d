"""How long after a file is dropped do readers see it? `python tests/bench/bench_freshness.py [--home DIR]`.

`parstock up` runs on a copy of a demo home (made first when none is given: a minute), dbt builds beside, files of pos
lines are renamed into `landing/pos/` several times a second, and a process of its own opens the published file again
and again and asks `stock.on_hand`. Each file sells one unit of an item of its own, so its stock says which files are
in. Prints p50, p95 and the greatest seconds between a rename and the first answer that shows it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
MARK = "BENCH-MARK"

READER = """
import sys, time, pathlib, duckdb
link, seen, last = pathlib.Path(sys.argv[1]), None, None
while True:
    target = link.resolve()
    if target != last:
        with duckdb.connect(str(target), read_only=True, config={"threads": 1}) as con:
            rows = con.execute("select sum(on_hand_units) from stock.on_hand join core.dim_item using (item_id) where item_code = 'BENCH-MARK'").fetchall()
        last = target
        if rows[0][0] is not None and rows[0][0] != seen:
            seen = rows[0][0]
            print(f"{time.time()} {-seen}", flush=True)
    time.sleep(0.02)
"""


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--home", type=Path, help="a home with the demo; it is copied")
    arguments.add_argument("--events", type=int, default=500, help="a second")
    arguments.add_argument("--files", type=float, default=3.0, help="a second")
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--build-seconds", type=float, default=5.0, help="pause between two builds of the marts")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="parstock-bench-") as folder:
        home = Path(folder) / "home"
        _make(home, given.home)
        codes = _codes(home)
        with _running(["up", "--home", home, "--build-seconds", given.build_seconds], Path(folder) / "up.log"):
            _drop(home, "reference/bench/items.csv", f"item_code,item_name,base_uom_code\n{MARK},Mark of a file,EA\n")
            _wait(lambda: _knows_mark(home), 120, Path(folder) / "up.log")
            sent, seen = _measure(home, codes, given)
        builds = (Path(folder) / "up.log").read_text().count(" built ")
    _report(sent, seen, given, builds)


def _make(home: Path, demo: Path | None) -> None:
    """A home of its own with the demo in it."""
    if demo is None:
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "demo", "--home", str(home)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    else:
        # Published views name the home's own files: what is published there is not copied.
        shutil.copytree(demo, home, ignore=shutil.ignore_patterns("published", "run"))
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "publish", "--home", str(home)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )


def _codes(home: Path) -> list[tuple[str, str]]:
    """Items and places that trade."""
    with duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
        found = con.execute("""
            select item_code, location_code from stock.on_hand join core.dim_item using (item_id) join core.dim_location using (location_id)
            where location_kind = 'store' group by all order by all limit 5000""").fetchall()
    return [(str(item), str(place)) for item, place in found]


@contextlib.contextmanager
def _running(arguments: list[object], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command beside us, ended as its user would."""
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "pipelines.cli", *map(str, arguments)], cwd=ROOT, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _drop(home: Path, name: str, text: str) -> float:
    """Rename a whole file into the landing folder; returns when."""
    target = home / "landing" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_text(text)
    temporary.rename(target)
    return time.time()


def _knows_mark(home: Path) -> bool:
    try:
        with duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
            return bool(con.execute("select count(*) from core.dim_item where item_code = ?", [MARK]).fetchall()[0][0])
    except duckdb.Error:
        return False


def _wait(is_so: object, seconds: float, log: Path) -> None:
    until = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > until:
            raise SystemExit(f"parstock up did not begin to work\n{log.read_text()}")
        time.sleep(0.5)


def _measure(home: Path, codes: list[tuple[str, str]], given: argparse.Namespace) -> tuple[list[float], list[tuple[float, int]]]:
    """When each file was renamed in, and when which number of files was seen."""
    draw = random.Random(1)
    lines = round(given.events / given.files)
    with tempfile.TemporaryFile("w+") as answers:
        reader = subprocess.Popen([sys.executable, "-c", READER, str(home / "published" / "parstock.duckdb")], stdout=answers)
        sent = []
        started = time.monotonic()
        while time.monotonic() - started < given.seconds:
            sent.append(_drop(home, f"pos/bench/{len(sent):06d}.jsonl", "".join(_lines(draw, codes, lines, len(sent)))))
            time.sleep(max(0.0, started + len(sent) / given.files - time.monotonic()))
        time.sleep(10)
        reader.terminate()
        reader.wait()
        answers.seek(0)
        return sent, [(float(at), int(count)) for at, count in (line.split() for line in answers)]


def _lines(draw: random.Random, codes: list[tuple[str, str]], count: int, number: int) -> Iterator[str]:
    """Lines of one file; the last one sells the mark."""
    now = dt.datetime.now(dt.UTC).isoformat()
    for line in range(count):
        item, place = (MARK, codes[0][1]) if line == count - 1 else draw.choice(codes)
        yield json.dumps({
            "event_kind": "sale", "location_code": place, "register_no": "9", "document_id": f"B{number}", "document_line": str(line),
            "occurred_at": now, "item_code": item, "quantity": 1,
        }) + "\n"  # fmt: skip


def _report(sent: list[float], seen: list[tuple[float, int]], given: argparse.Namespace, builds: int) -> None:
    waits = []
    for number, at in enumerate(sent, 1):
        first = next((moment for moment, count in seen if count >= number), None)
        waits.append(first - at if first is not None else float("inf"))
    lost = sum(wait == float("inf") for wait in waits)
    waits.sort()
    p95 = waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    print(
        f"{len(sent)} files, {given.events} events/s, {builds} builds beside, {os.cpu_count()} cores: "
        f"p50 {statistics.median(waits):.2f} s, p95 {p95:.2f} s, max {waits[-1]:.2f} s" + (f", {lost} never seen" if lost else "")
    )
    raise SystemExit(p95 > 2.0)


if __name__ == "__main__":
    main()
