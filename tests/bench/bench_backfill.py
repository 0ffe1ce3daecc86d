"""How fast two million sales come in, the whole way and exactly once, beside three others over the same files.

    python -m tests.bench.bench_backfill [EVENTS] [ROUNDS]

Ours: `stages.ingest` on a home whose reference data is known and whose marts are built (empty) and published: segments
archived, identity checked, codes resolved, movements posted, and the events in the published file.
Peers: DuckDB's `insert into t select * from read_json(files, columns = {…})` into a new file, closed at the end; and dlt,
Arrow tables appended, and merged on the sales' natural key. dlt comes into an environment of its own beside this one
(`peers/`), for it is no part of parstock; where it cannot be installed the bench says so.
Imports and the making of the home are in nobody's time. Rounds are interleaved; medians are compared; CPU is beside.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import duckdb
import polars as pl

ITEMS, STORES, FILES = 3_000, 50, 4
KNOWN_AT = datetime(2026, 12, 1, tzinfo=UTC)
DLT = "1.31.0"
HOLD = {"plain insert": 0.35, "dlt append": 1.0, "dlt merge": 2.0}
HOLD_MB = 700


def write_world(folder: Path, events: int) -> None:
    """Reference files, and sales of tickets of three lines as a till would send them, in `FILES` files."""
    reference = folder / "reference"
    reference.mkdir(parents=True)
    items = "".join(f"SKU-{number:05d},Item {number},stock,EA\n" for number in range(ITEMS))
    stores = "".join(f"ST-{number:02d},Store {number},store,Europe/Paris\n" for number in range(STORES))
    (reference / "items.csv").write_text("item_code,item_name,item_kind,base_uom_code\n" + items)
    (reference / "locations.csv").write_text("location_code,location_name,location_kind,time_zone\n" + stores)
    pos = folder / "pos"
    pos.mkdir()
    per_file = events // FILES
    for file in range(FILES):
        number = pl.int_range(file * per_file, (file + 1) * per_file, eager=True).alias("n").to_frame()
        ticket = pl.col("n") // 3
        lines = number.select(
            pl.format(
                '{"event_kind":"sale","location_code":"ST-{}","register_no":"{}","document_id":"T{}","document_line":{},"occurred_at":"{}+01:00",'
                '"item_code":"SKU-{}","quantity":{},"unit_price_amount":"{}.{}","currency_code":"EUR"}'.replace("{", "{{").replace("}", "}}").replace("{{}}", "{}"),
                (ticket % STORES).cast(pl.String).str.zfill(2), ticket % 4, ticket.cast(pl.String).str.zfill(8), pl.col("n") % 3 + 1,
                (pl.lit(datetime(2026, 1, 5, 8)) + pl.duration(seconds=pl.col("n") * 2)).dt.strftime("%Y-%m-%dT%H:%M:%S"),
                (pl.col("n") * 7919 % ITEMS).cast(pl.String).str.zfill(5), pl.col("n") % 4 + 1, pl.col("n") % 90 + 1,
                (pl.col("n") % 100).cast(pl.String).str.zfill(2),
            ).alias("line")
        )  # fmt: skip
        (pos / f"part-{file}.jsonl").write_text("\n".join(lines["line"].to_list()) + "\n")


def plain_insert(folder: Path, events: int) -> tuple[float, float]:
    """Wall and CPU seconds of the peer."""
    path = folder.parent / "plain.duckdb"
    path.unlink(missing_ok=True)
    columns = {
        "event_kind": "VARCHAR", "location_code": "VARCHAR", "register_no": "VARCHAR", "document_id": "VARCHAR", "document_line": "INTEGER",
        "occurred_at": "TIMESTAMPTZ", "item_code": "VARCHAR", "quantity": "INTEGER", "unit_price_amount": "DECIMAL(18,4)", "currency_code": "VARCHAR",
    }  # fmt: skip
    listed = "{" + ", ".join(f"{name}: '{kind}'" for name, kind in columns.items()) + "}"
    begun, cpu = time.perf_counter(), _cpu()
    con = duckdb.connect(str(path))
    con.execute("set threads = 2")
    con.execute("create table sales (" + ", ".join(f"{name} {kind}" for name, kind in columns.items()) + ")")
    con.execute(f"insert into sales select * from read_json('{folder}/pos/*.jsonl', format = 'newline_delimited', columns = {listed})")
    rows = con.execute("select count(*) from sales").fetchall()[0][0]
    con.close()
    assert rows == events
    return time.perf_counter() - begun, _cpu() - cpu


def whole_way(folder: Path, home: Path, events: int) -> tuple[float, float]:
    """Wall and CPU seconds of ours; checks that every event is there once, in the published file."""
    from pipelines import stages
    from pipelines.settings import Home

    begun, cpu = time.perf_counter(), _cpu()
    result = stages.ingest(Home(home), folder, clock=lambda: KNOWN_AT, feeds=["pos"])
    took = time.perf_counter() - begun, _cpu() - cpu
    assert (result.rows_parsed, result.rows_rejected) == (events, 0)
    con = duckdb.connect(str(home / "published" / "parstock.duckdb"), read_only=True)
    lines, units = con.execute(
        "select count(distinct event_id), sum(delta_units)::BIGINT from core.fct_movements where leg_no = 2"
    ).fetchall()[0]
    con.close()
    assert lines == events, lines
    assert units == sum(n % 4 + 1 for n in range(4)) * events // 4
    return took


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _make_home(folder: Path, home: Path) -> None:
    """A home that knows the reference data and has been built and published, but for its events."""
    from pipelines import stages
    from pipelines.build.process import MartsProcess
    from pipelines.settings import Home

    place = Home(home).make()
    stages.ingest(place, folder, clock=lambda: KNOWN_AT, feeds=["reference"])
    with MartsProcess(place) as builder:
        builder.build()
    stages.publish(place, clock=lambda: KNOWN_AT)


def _one_round(folder: Path, home: Path, events: int) -> dict[str, float]:
    """One round of ours in a process of its own, so that its memory is its own."""
    from pipelines import stages
    from pipelines.settings import Home

    # imports are in nobody's time: a home of its own takes the reference files, which loads what loads late
    with tempfile.TemporaryDirectory() as other:
        stages.ingest(Home(Path(other)), folder, clock=lambda: KNOWN_AT, feeds=["reference"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = whole_way(folder, home, events)
    return {"wall": wall, "cpu": cpu, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rss_before_mb": before / 1024}


def _peers_python() -> Path | None:
    """The Python of an environment that has dlt, made once; null where it cannot be."""
    place = Path(sys.prefix) / "peers"
    python = place / "bin" / "python"
    if (place / ".whole").exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True, capture_output=True)
        wanted = [f"dlt[duckdb]=={DLT}", *(f"{name}=={metadata.version(name)}" for name in ("duckdb", "pyarrow"))]
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True, capture_output=True
        )
    except subprocess.CalledProcessError as error:
        print(f"dlt is not measured, it cannot be installed: {error.stderr.decode().strip().splitlines()[-1:]}", flush=True)
        return None
    (place / ".whole").touch()
    return python


def _in_a_process(*command: str) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(events: int = 2_000_000, rounds: int = 3) -> None:
    """Measure and print."""
    events -= events % (4 * FILES)
    peers = _peers_python()
    with tempfile.TemporaryDirectory() as name:
        folder, home, made = Path(name) / "landing", Path(name) / "home", Path(name) / "made"
        write_world(folder, events)
        own = [sys.executable, "-m", "tests.bench.bench_backfill"]
        _in_a_process(*own, "--make", str(folder), str(home))
        home.rename(made)
        took: dict[str, list[dict[str, float]]] = {way: [] for way in ("plain insert", "whole way", "dlt append", "dlt merge")}
        for number in range(rounds):
            wall, cpu = plain_insert(folder, events)
            took["plain insert"].append({"wall": wall, "cpu": cpu, "rss_mb": 0})
            shutil.copytree(made, home, symlinks=True)
            took["whole way"].append(_in_a_process(*own, "--round", str(folder), str(home), str(events)))
            shutil.rmtree(home)
            for how in ("append", "merge") if peers else ():
                took[f"dlt {how}"].append(
                    _in_a_process(str(peers), str(Path(__file__).with_name("dlt_peer.py")), str(folder), how, str(events))
                )
            told = ", ".join(f"{way} {found[-1]['wall']:.2f} s" for way, found in took.items() if found)
            print(f"round {number + 1}: {told}", flush=True)
    _tell(events, took)


def _tell(events: int, took: dict[str, list[dict[str, float]]]) -> None:
    ours = statistics.median(one["wall"] for one in took["whole way"])
    for way, found in took.items():
        if not found:
            continue
        wall, cpu = (statistics.median(one[figure] for one in found) for figure in ("wall", "cpu"))
        text = f"{way:<13}{wall:6.2f} s  {cpu / events * 1e6:5.2f} µs CPU an event  {events / wall:>9,.0f} events/s"
        if found[0]["rss_mb"]:
            text += f"  {max(one['rss_mb'] for one in found):4.0f} MB resident"
        if way in HOLD:
            text += f"  whole way is {wall / ours:.2f} × as fast (hold ≥ {HOLD[way]})"
        print(text)
    print(f"{events:,} sales; whole way resident hold ≤ {HOLD_MB} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        _make_home(Path(sys.argv[2]), Path(sys.argv[3]))
        print("{}")
    elif sys.argv[1:2] == ["--round"]:
        print(json.dumps(_one_round(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        main(*(int(argument.replace("_", "")) for argument in sys.argv[1:]))
