"""The one place that knows how the product is called and where it writes.

Belongs here: delivering a landing folder, reading the ledger's Parquet and the published file by codes. Does not belong
here: what the answers must be (`answers`). Swap `deliver` to drive the product another way.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb

from oracle import answers, read

Stock = dict[tuple[str, str, str, str, str], int]
Scan = tuple[Path, datetime]
"""A landing folder and when it is seen (UTC, naive)."""


ENGINE = os.environ.get("PARSTOCK_TEST_ENGINE", "direct")
"""`direct` parses without Beam, which takes seconds to start; `beam` goes the whole way. Both write the same bytes."""


def deliver(home: Path, landing: Path, known_at: datetime) -> None:
    """Ingest a landing folder in this process, as first seen at `known_at`; returns when it is applied and flushed."""
    from pipelines import stages
    from pipelines.settings import Home

    instant = known_at.replace(tzinfo=UTC)
    stages.ingest(Home(home).make(), landing, clock=lambda: instant, engine=ENGINE)


def build(home: Path, known_at: datetime) -> None:
    """Build the marts in this process and publish them."""
    from pipelines import stages
    from pipelines.settings import Home

    instant = known_at.replace(tzinfo=UTC)
    stages.build(Home(home), clock=lambda: instant)


def deliver_all(home: Path, scans: Iterable[Scan]) -> None:
    """Deliver scans one after the other."""
    for landing, known_at in scans:
        deliver(home, landing, known_at)


def command(*arguments: str | Path) -> list[str]:
    """The command line of the product in this interpreter."""
    return [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]


def killed_at(point: str, home: Path, landing: Path, known_at: datetime) -> bool:
    """Deliver in a process of its own that kills itself at a failpoint (`name` or `name:nth`); False where it came to its end unharmed."""
    child = _children().Process(target=_deliver_and_die, args=(point, home, landing, known_at))
    child.start()
    child.join(timeout=300)
    assert child.exitcode in (0, -signal.SIGKILL), f"exit code {child.exitcode} on the way to {point}"
    return child.exitcode != 0


@cache
def _children() -> multiprocessing.context.ForkServerContext:
    """Processes forked from one that has imported the product: half a second where a new interpreter takes three."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.stages", "polars", "duckdb"])
    return context


def _deliver_and_die(point: str, home: Path, landing: Path, known_at: datetime) -> None:
    os.environ["PARSTOCK_FAIL_AT"] = point
    deliver(home, landing, known_at)


def ingest_command(home: Path, landing: Path, known_at: datetime) -> list[str]:
    """`parstock ingest` of a folder with the clock set."""
    return command("ingest", "--from", landing, "--home", home, "--as-of", known_at.replace(tzinfo=UTC).isoformat())


def call(*arguments: str | Path, environment: dict[str, str] | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the product's command to its end; output as text."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, **(environment or {})}
    return subprocess.run(command(*arguments), cwd=root, env=environment, text=True, capture_output=True, timeout=timeout, check=False)


def scans_from(folders: Iterable[Path], first: datetime) -> list[Scan]:
    """Folders as scans an hour apart."""
    return [(folder, first + timedelta(hours=number)) for number, folder in enumerate(folders)]


def expected(scans: Iterable[Scan]) -> answers.World:
    """What the oracle makes of the same scans; the clock stands at the last of them."""
    scans = list(scans)
    deliveries = [delivery for landing, known_at in scans for delivery in read.landing(landing, known_at)]
    return answers.world(read.again(deliveries), max(known_at for _, known_at in scans))


class Ledger:
    """The ledger of a home as its Parquet says it, by `ledger/current.json`; no database of the product is opened."""

    def __init__(self, home: Path) -> None:
        folder = home / "ledger"
        self.current = json.loads((folder / "current.json").read_text(encoding="utf-8"))
        self.con = duckdb.connect()
        self.con.execute("set timezone = 'UTC'")
        for name, table in self.current["tables"].items():
            files = ", ".join("'" + str(folder / file["path"]) + "'" for file in table["files"])
            self.con.execute(f'create view "{name}" as select * from read_parquet([{files}], union_by_name = true)')
        self.con.execute("""
            create view named_items as select distinct item_id, item_code as item from items;
            create view named_places as select distinct location_id, location_code as location, is_virtual from locations;
            create view legs as
                select movement_id, 1 as leg_no, movement_kind, item_id, from_location_id as location_id, from_stock_state as state,
                    owner_id, lot_code, -units as delta,
                    occurred_at, known_at, is_reversal from movements
                union all
                select movement_id, 2, movement_kind, item_id, to_location_id, to_stock_state, owner_id, lot_code, units,
                    occurred_at, known_at, is_reversal from movements""")

    @property
    def hash(self) -> str:
        """Hash over the effective movements."""
        return str(self.current["ledger_hash"])

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Any question in SQL."""
        return self.con.execute(query, list(values)).fetchall()

    def on_hand(self, at: datetime | None = None, known_at: datetime | None = None) -> Stock:
        """(item, location, state, owner, lot) → units, rows of 0 left out; owner '' is ourselves, else 'other'. Times are UTC, naive."""
        end = datetime(9999, 1, 1)
        found = self.rows(
            """select item, location, state, case when owner_id = 0 then '' else 'other' end as owner, lot_code, sum(delta)::BIGINT as units
            from legs join named_items using (item_id) join named_places using (location_id)
            where not is_virtual and occurred_at <= ?::TIMESTAMPTZ and known_at <= ?::TIMESTAMPTZ group by all having units <> 0""",
            (at or end).replace(tzinfo=UTC),
            (known_at or end).replace(tzinfo=UTC),
        )
        return {(str(r[0]), str(r[1]), str(r[2]), str(r[3]), str(r[4])): int(str(r[5])) for r in found}

    def accounting(self) -> dict[str, tuple[int, ...]]:
        """uri → rows_in, accepted, duplicate, corrected, quarantined (several contents of one path together)."""
        found = self.rows("""
            select source_uri, sum(rows_in)::BIGINT, sum(accepted)::BIGINT, sum(duplicate)::BIGINT, sum(corrected)::BIGINT,
                sum(quarantined)::BIGINT
            from deliveries group by 1""")
        return {str(r[0]): tuple(int(str(n)) for n in r[1:]) for r in found}

    def quarantine(self) -> set[tuple[str, int, bool]]:
        """(uri, line, is it waiting) of every row that is set aside."""
        found = self.rows("""
            with uris as (select distinct delivery_id, source_uri from deliveries)
            select source_uri, line_no, is_waiting from quarantine join uris using (delivery_id) group by all having sum(sign) > 0""")
        return {(str(r[0]), int(str(r[1])), bool(r[2])) for r in found}

    def in_transit(self) -> dict[tuple[str, str, str, str], int]:
        """(item, document kind, document, line) → units sent and not received."""
        found = self.rows("""
            select item, document_kind, document_id, document_line,
                sum(case when t.location = 'TRANSIT' then units else -units end)::BIGINT as units
            from movements m join named_items using (item_id)
            join named_places f on f.location_id = m.from_location_id join named_places t on t.location_id = m.to_location_id
            where (t.is_virtual and t.location = 'TRANSIT') <> (f.is_virtual and f.location = 'TRANSIT') group by 1, 2, 3, 4""")
        return {(str(r[0]), str(r[1]), str(r[2]), str(r[3])): int(str(r[4])) for r in found if r[4]}

    def net_units(self) -> dict[tuple[str, str, str], int]:
        """(item, location, movement kind) → signed units at physical places, reversals included."""
        found = self.rows("""
            select item, location, movement_kind, sum(delta)::BIGINT as units
            from legs join named_items using (item_id) join named_places using (location_id)
            where not is_virtual group by 1, 2, 3 having units <> 0""")
        return {(str(r[0]), str(r[1]), str(r[2])): int(str(r[3])) for r in found}


def published_on_hand(home: Path) -> Stock:
    """The same as `Ledger.on_hand`, from `stock.on_hand` of the published file."""
    with duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
        found = con.execute("""
            select item_code, location_code, stock_state, case when owner_id = 0 then '' else 'other' end, lot_id,
                sum(on_hand_units)::BIGINT as units
            from stock.on_hand join core.dim_item using (item_id) join core.dim_location using (location_id)
            group by all having units <> 0""").fetchall()
    return {(str(r[0]), str(r[1]), str(r[2]), str(r[3]), str(r[4] or "")): int(r[5]) for r in found}


def by_owner(stock: Stock) -> Stock:
    """The oracle's stock with every owner but ourselves called 'other', as the ledger has no names of owners."""
    named: Stock = {}
    for (item, location, state, owner, lot), units in stock.items():
        key = (item, location, state, "other" if owner else "", lot)
        named[key] = named.get(key, 0) + units
    return {key: units for key, units in named.items() if units}


def differences(found: Stock, wanted: Stock) -> dict[tuple[str, ...], tuple[int, int]]:
    """Where two stocks differ: key → (found, wanted). Empty when they are equal."""
    return {key: (found.get(key, 0), wanted.get(key, 0)) for key in found.keys() | wanted.keys() if found.get(key, 0) != wanted.get(key, 0)}


def totals(accounting: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """Totals of the feeds (not `reference`) that no order of arrival can change: which copy came first is nobody's business."""
    rows = [counts for uri, counts in accounting.items() if not uri.startswith("reference/")]
    rows_in, accepted, duplicate, corrected, quarantined = (sum(column) for column in zip(*rows, strict=True)) if rows else (0, 0, 0, 0, 0)
    return {"rows_in": rows_in, "accepted or corrected": accepted + corrected, "duplicate": duplicate, "quarantined": quarantined}
