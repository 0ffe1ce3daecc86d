"""What asking the past costs: `python tests/bench/bench_as_known.py [--movements N] [--items N] [--places N] [--pairs N] [--seed S]`.

Makes a ledger of N movements (twice as many legs) over two years in a temporary home, in files as a first load, flushes
and their merging leave them, with some lines known days or weeks late; builds the (empty) marts with dbt and publishes.
Then asks the published file, for random past pairs of instants, for stock as of the first and as known at the second:
all of it, and of one item. Prints medians and the worst in wall clock and processor time, and ratios to a plain sum over
the same files. The promise is 1 s for each, at 10 M legs on two quiet cores.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.build.build import build_marts
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.publish.reader import open_published
from pipelines.publish.snapshot import Publication, Publisher
from pipelines.settings import Home
from tests.worlds.small_ledger import SmallLedger, number

PROMISE_SECONDS = 1.0
DAYS = 730
FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
# a first load in two big batches, months of days merged, then ever smaller flushes: shares of the movements
FILES = (0.4, 0.36, 0.18, 0.05, 0.008, 0.002)
MACROS = {"as of": "core.on_hand_as_of('{ts}')", "as known": "core.on_hand_as_known('{ts}', '{known}')"}

_MOVEMENTS = """
    select range as n, hash(range) as h, hash(range * 3 + 1) as h2,
        -- few items sell most, as everywhere
        {items}[1 + cast(floor({n_items} * pow((hash(range * 7 + 1) % 1000000) / 1e6, 3)) as bigint)] as item_id,
        {places}[1 + cast(hash(range * 5 + 2) % {n_places} as bigint)] as place_id,
        timestamptz '{first}' + to_seconds(cast(range * {seconds} / {total} + hash(range * 11) % 43200 as bigint)) as occurred_at
    from range({low}, {high})"""
_COLUMNS = {
    "movement_id": "cast(h >> 1 as bigint)",
    "event_id": "md5(cast(n as varchar))::uuid",
    "movement_kind": "case when h % 20 = 0 then 'receipt' when h % 20 = 1 then 'count' when h % 20 = 2 then 'putaway' else 'sale' end",
    "from_location_id": "case when h % 20 = 0 then {supplier} when h % 20 = 1 then {adjustment} else place_id end",
    "from_stock_state": "case when h % 20 in (0, 1) then null when h % 20 = 2 then 'in_progress' else 'sellable_accessible' end",
    "to_location_id": "case when h % 20 < 3 then place_id else {customer} end",
    "to_stock_state": "case when h % 20 = 0 then 'in_progress' when h % 20 in (1, 2) then 'sellable_accessible' end",
    "owner_id": "0",
    "lot_code": "''",
    "units": "1 + h2 % 7",
    "business_on": "cast(occurred_at as date)",
    # most within the hour, one in fifty days or weeks late
    "known_at": "occurred_at + case when h2 % 50 = 7 then to_hours(cast(24 * (1 + h2 % 60) as integer)) else to_seconds(cast(60 + h2 % 3600 as bigint)) end",
    "source_feed": "case when h % 20 < 3 then 'wms' else 'pos' end",
    "is_reversal": "false",
    "document_kind": "'ticket'",
    "document_id": "'T' || cast(n // 3 as varchar)",
    "document_line": "cast(1 + n % 3 as varchar)",
    "commit_id": "{commit}",
}  # fmt: skip


def make_home(folder: Path, movements: int, items: int, places: int) -> Home:
    """A home with dbt's marts of an empty ledger, and a published file over `movements` movements that came since."""
    home = Home(folder).make()
    ledger = SmallLedger(folder)
    for place in range(places):
        ledger.location(f"P{place}")
    for item in range(items):
        ledger.item(f"I{item}")
    ledger.commit()
    listed = home.ledger / "current.json"
    current = json.loads(listed.read_text(encoding="utf-8")) | {"generation": 1}
    listed.write_text(json.dumps(current), encoding="utf-8")
    marts = build_marts(home)
    current["tables"]["movements"]["files"] += write_movements(home, movements, items, places)
    current["commit_id"] = 1 + len(FILES)
    newest = FIRST + dt.timedelta(days=DAYS)
    with Publisher(home) as publisher:
        told = Publication(newest, newest, newest, current["commit_id"], "bench")
        publisher.publish(version=1, ledger=current, tail={}, marts=marts, publication=told)
    return home


def write_movements(home: Home, movements: int, items: int, places: int) -> list[dict[str, object]]:
    """Write the files, in the order in which their rows became known; returns them as `current.json` lists them."""
    named = {
        "items": [number(f"I{item}") for item in range(items)],
        "places": [number(f"P{place}") for place in range(places)],
        **{kind.lower(): number(kind) for kind in ("SUPPLIER", "ADJUSTMENT", "CUSTOMER")},
        "n_items": items,
        "n_places": places,
        "first": FIRST.isoformat(),
        "seconds": (DAYS - 1) * 86400,
        "total": movements,
    }
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    files, low = [], 0
    for at, share in enumerate(FILES):
        commit, high = at + 2, movements if at == len(FILES) - 1 else low + round(movements * share)
        columns = ", ".join(
            f"cast({_COLUMNS.get(name, name if name in ('item_id', 'occurred_at') else 'null').format(**named, commit=commit)} as {kind}) as {name}"
            for name, kind in LEDGER_TABLES["movements"].items()
        )
        path = f"movements/{commit:06d}.parquet"
        rows = _MOVEMENTS.format(**named, low=low, high=high)
        con.execute(f"copy (select {columns} from ({rows})) to '{home.ledger / path}' (format parquet, compression lz4_raw)")
        files.append({"path": path, "rows": high - low, "min_commit_id": commit, "max_commit_id": commit})
        low = high
    con.close()
    return files


def seconds_of(con: duckdb.DuckDBPyConnection, query: str) -> tuple[float, float]:
    """Wall clock and processor time of a query, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    con.execute(query).fetchall()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Make the home, ask, and say what it took."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--movements", type=int, default=5_000_000)
    asked.add_argument("--items", type=int, default=8_000)
    asked.add_argument("--places", type=int, default=40)
    asked.add_argument("--pairs", type=int, default=10)
    asked.add_argument("--seed", type=int, default=7)
    options = asked.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-as-known-") as folder:
        con = open_published(make_home(Path(folder), options.movements, options.items, options.places))
        keys = con.execute(f"select count(*) from {MACROS['as of'].format(ts=FIRST + dt.timedelta(days=DAYS + 1))}").fetchall()[0][0]
        print(f"{2 * options.movements:,} legs, {keys:,} keys (item x place x state), {len(FILES)} files")
        plain = "select sum(units), max(occurred_at) from ledger.movements"
        grouped = "select count(*) from (select item_id, from_location_id, to_location_id, sum(units) as units from ledger.movements group by all)"
        walls = {
            name: statistics.median(seconds_of(con, query)[0] for _ in range(5)) for name, query in (("", plain), ("grouped", grouped))
        }
        print(f"plain sum {walls['']:.3f} s; by item and places {walls['grouped']:.3f} s")
        for name, macro in MACROS.items():
            for what, condition in (("all of it", ""), ("one item", "where item_id = {item}")):
                took = []
                for _ in range(options.pairs):
                    ts = FIRST + dt.timedelta(seconds=dice.randrange(DAYS * 86400))
                    known = ts + dt.timedelta(seconds=dice.randrange(30 * 86400))
                    item = number(f"I{dice.randrange(options.items)}")
                    stock = f"{macro.format(ts=ts, known=known)} {condition.format(item=item)}"
                    took.append(seconds_of(con, f"select count(*), sum(on_hand_units), max(last_movement_at) from {stock}"))
                wall, processor = statistics.median(one[0] for one in took), statistics.median(one[1] for one in took)
                print(
                    f"{name:<9} {what:<10} median {wall:.3f} s, worst {max(one[0] for one in took):.3f} s, processor {processor:.3f} s; "
                    f"{wall / walls['']:.1f} x the plain sum, {wall / walls['grouped']:.2f} x the grouped one"
                )
        con.close()
    print(f"the promise is {PROMISE_SECONDS:.0f} s")


if __name__ == "__main__":
    main()
