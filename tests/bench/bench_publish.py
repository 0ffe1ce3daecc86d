"""What a publish costs beside the copy of the marts that it replaces: `python tests/bench/bench_publish.py [--rows N]`.

Makes a home of N stock rows and as many movements in a temporary folder, then times, in one run: the thin publish (kept
publisher, tail of 2,000 movements), the thin publish by a publisher made for it, and the copy of the marts' rows into a
new file of the same storage version. Prints medians and the ratio; the promise is a ratio of at most 1/10.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.build_files import MartsBuild, Relation
from pipelines.publish.snapshot import Publisher, publish_snapshot
from pipelines.publish.writing import STORAGE_VERSION
from pipelines.settings import Home
from tests.worlds.ledger_files import ENGINE, arrow
from tests.worlds.small_marts import ON_HAND, make_home, movement, publication, write_ledger, write_marts

SMALL_MARTS = 30
HOT_VIEWS = 15
TAIL_ROWS = 2_000


def make_world(folder: Path, rows: int) -> tuple[Home, dict[str, object], MartsBuild]:
    """A home with `rows` movements flushed, `rows` of stock in the marts, small marts and hot views as many as dbt's."""
    home = make_home(folder)
    write_ledger(home, commit=1, rows={"movements": [movement(1, 1, 1)]})
    columns = ", ".join(
        {
            "movement_id": "range::BIGINT",
            "item_id": "(range % 50000)::BIGINT",
            "to_location_id": "(range % 50)::BIGINT",
            "commit_id": "1::BIGINT",
        }.get(name, f"NULL::{kind}")
        + f" AS {name}"
        for name, kind in LEDGER_TABLES["movements"].items()
    )
    ENGINE.execute(f"COPY (SELECT {columns} FROM range({rows})) TO '{home.ledger}/movements/a.parquet' (FORMAT parquet, COMPRESSION zstd)")
    ledger = write_ledger(home, commit=2, rows={"movements": [movement(rows + 1, 1, 2)]}, name="newer")
    build = write_marts(home, commit=1, on_hand=1)
    stock = (
        f"SELECT range::BIGINT AS item_id, (range % 50)::BIGINT AS location_id, (range % 97)::BIGINT AS on_hand_units FROM range({rows})"
    )
    ENGINE.execute(f"COPY ({stock}) TO '{build.folder}/stock.on_hand_base.parquet' (FORMAT parquet, COMPRESSION zstd)")
    relations = list(build.relations)
    for number in range(SMALL_MARTS):
        file = f"kpi.small_{number}.parquet"
        ENGINE.execute(f"COPY (SELECT range AS a, range::DECIMAL(18,4) AS b, 'x' AS c FROM range(1000)) TO '{build.folder}/{file}'")
        relations.append(
            Relation("kpi", f"small_{number}", "parquet", file=file, comment="Grain: one row.", column_comments={"b": "units"})
        )
    relations += [Relation("plan", f"hot_{number}", "view", sql=ON_HAND, is_hot=True) for number in range(HOT_VIEWS)]
    return home, ledger, MartsBuild(build.name, build.folder, build.commit_id, "h", build.built_at, tuple(relations))


def copy_marts(home: Home, marts: MartsBuild) -> None:
    """The publish that this one replaces: the marts' rows written into a new file."""
    target = home.root / "copy.duckdb"
    target.unlink(missing_ok=True)
    con = duckdb.connect()
    con.execute(f"ATTACH '{target}' AS copied (STORAGE_VERSION '{STORAGE_VERSION}')")
    for relation in marts.relations:
        if relation.kind == "parquet":
            con.execute(f"CREATE SCHEMA IF NOT EXISTS copied.{relation.schema}")
            con.execute(f"CREATE TABLE copied.{relation.full_name} AS SELECT * FROM read_parquet('{marts.folder}/{relation.file}')")
    con.execute("CHECKPOINT copied")
    con.execute("DETACH copied")
    con.close()


def median_ms(action: Callable[[], object], times: int) -> float:
    """Median wall time of `times` calls, in milliseconds, after one call that warms up."""
    action()
    took = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def main() -> None:
    """Print the three medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_000_000, help="stock rows and movements (default 5,000,000)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        home, ledger, marts = make_world(Path(folder), rows)
        tail = {"movements": arrow("movements", [movement(rows + number, 1, 3) for number in range(TAIL_ROWS)])}
        versions = iter(range(1, 10_000))

        def once(publish: Callable[..., object]) -> None:
            publish(version=next(versions), ledger=ledger, tail=tail, marts=marts, publication=publication(3))

        with Publisher(home) as publisher:
            thin = median_ms(lambda: once(publisher.publish), 20)
        single = median_ms(lambda: once(lambda **what: publish_snapshot(home, **what)), 5)
        full = median_ms(lambda: copy_marts(home, marts), 5)
    print(f"rows of stock, and movements       {rows:>12,}")
    print(f"thin publish, kept publisher       {thin:>12.1f} ms")
    print(f"thin publish, publisher made anew  {single:>12.1f} ms")
    print(f"marts copied into a new file       {full:>12.1f} ms")
    print(f"ratio thin / copy                  {thin / full:>12.3f}")


if __name__ == "__main__":
    main()
