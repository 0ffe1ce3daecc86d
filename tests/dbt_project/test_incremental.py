"""Builds that follow each other, against one build of everything; and what readers see between two builds."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ledger.tables import LEDGER_TABLES
from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

ITEMS, PLACES, COMMITS = ("TEA", "MUG", "CUP"), ("PAR", "LIS", "NYC"), 4
ZONES = {"PAR": "Europe/Paris", "LIS": "Europe/Lisbon", "NYC": "America/New_York"}

COMPARED = {
    "intermediate.int_stock__on_hand": "true",
    "intermediate.int_stock__expiring": "true",
    "intermediate.int_orders__lines": "true",
    "intermediate.int_reservations__lines": "true",
    "availability.dropship": "true",
    # What was taken back altogether stays here with zeros or without a day; a build from scratch has no such row.
    "intermediate.int_demand__daily": "gross_units <> 0 or lost_units_observed <> 0",
    "stock.daily": "true",
    "stock.daily_filled": "true",
    "demand.daily": "true",
    "intermediate.int_demand__sums": "first_demand_on is not null or first_stock_on is not null",
    "demand.variance": "true",
    "plan.lead_times": "true",
    "availability.by_channel": "true",
}
# KPIs and alerts are built whole each time, from what is compared here: they say nothing of builds that follow each other.
INCREMENTAL = ("--exclude", "marts.kpi", "marts.ops", "fqn:*int_kpi__*", "fqn:*int_alerts__*")
HOT = (
    "core.fct_movements",
    "stock.on_hand",
    "stock.expiring",
    "intermediate.int_orders__reserved",
    "intermediate.int_reservations__open",
    "intermediate.int_supply__now",
    "availability.dropship",
    "availability.by_channel_location",
    "availability.by_channel",
)


class RandomTrade:
    """A seeded stream of everything that can happen late, twice over or be taken back; one `step` a commit."""

    def __init__(self, ledger: SmallLedger, seed: int) -> None:
        # Lots by dice of their own: what else happens stays what it was without them.
        self.ledger, self.dice, self.lots = ledger, random.Random(seed), random.Random(seed + 1)
        self.sales: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.ships: list[dict[str, Any]] = []
        self.reservations: list[dict[str, Any]] = []
        self.days = 0
        for item in ITEMS:
            ledger.item(item, unit_cost_amount="2.50")
        for place in PLACES:
            ledger.location(place, time_zone=ZONES[place])
        for channel in ("web", "amz"):
            ledger.channel(channel)
        ledger.network("amz", "PAR")
        ledger.supplier("S")

    def when(self) -> str:
        """Some instant up to today; mostly of the last days."""
        day = max(1, self.days - int(self.dice.expovariate(0.4)))
        return f"2026-03-{day:02d}T{self.dice.randrange(24):02d}:{self.dice.randrange(60):02d}:00+00:00"

    def step(self) -> None:
        """Three more days, with thirty things that happened on them or before."""
        self.days += 3
        deeds = (
            self.open,
            self.sell,
            self.sell,
            self.sell,
            self.void,
            self.exchange,
            self.order,
            self.order,
            self.revise,
            self.cancel,
            self.ship,
            self.unship,
            self.buy,
            self.reserve,
            self.reserve,
            self.end,
            self.state,
        )
        for _ in range(36):
            self.dice.choice(deeds)()
        # What is known goes on with what happens, and time runs out on both.
        self.ledger.add("deliveries", delivery_id=f"D{self.days}", feed="reservation", source_uri="a", rows_in=0, accepted=0, duplicate=0,
                        corrected=0, quarantined=0, first_known_at=self.ledger.newest)  # fmt: skip

    def shelf(self) -> tuple[str, str]:
        return self.dice.choice(ITEMS), self.dice.choice(PLACES)

    def open(self) -> None:
        item, place = self.shelf()
        lot = (
            {"lot_code": self.lots.choice("AB"), "expires_on": f"2026-03-{self.lots.randrange(1, 20):02d}"}
            if self.lots.random() < 0.5
            else {}
        )
        self.ledger.move("opening", self.when(), item, self.dice.randrange(1, 9), "OPENING", f"{place}/sellable_accessible", **lot)

    def sell(self) -> None:
        item, place = self.shelf()
        # the trading day ends after midnight: it is not always the day of the clock
        more = {"business_on": f"2026-03-{self.dice.randrange(1, self.days + 1):02d}"} if self.dice.random() < 0.2 else {}
        self.sales.append(
            self.ledger.sale(
                self.when(),
                item,
                self.dice.randrange(1, 4),
                place,
                is_promo=self.dice.random() < 0.2,
                unit_price_amount="9.90",
                currency_code="EUR",
                **more,
            )
        )

    def void(self) -> None:
        if self.sales:
            self.ledger.reverse(self.sales.pop(self.dice.randrange(len(self.sales))))

    def exchange(self) -> None:
        if self.sales:
            sale = self.dice.choice(self.sales)
            place = next(place for place in PLACES if number(place) == sale["from_location_id"])
            document = {
                "document_kind": "ticket",
                "document_id": sale["document_id"],
                "document_line": "2",
                "business_on": sale["business_on"],
            }
            self.ledger.move("exchange", sale["occurred_at"], "MUG", 1, "CUSTOMER", f"{place}/returned", **document)

    def order(self) -> None:
        item, place = self.shelf()
        kind = "order_placed" if self.dice.random() < 0.8 else "backorder_accepted"
        document = f"O{len(self.orders)}"
        self.orders.append(
            self.ledger.event(
                kind,
                self.when(),
                item,
                self.dice.randrange(1, 9),
                channel=self.dice.choice(("web", "amz")),
                location=place,
                document_id=document,
            )
        )

    def revise(self) -> None:
        """The order again, a revision later: another quantity, another day, perhaps another item."""
        if self.orders:
            at = self.dice.randrange(len(self.orders))
            old = self.orders[at]
            self.ledger.unsay(old)
            when = self.when()
            new = old | {
                "source_revision": old["source_revision"] + 1,
                "units": self.dice.randrange(1, 9),
                "occurred_at": when,
                "business_on": when[:10],
                "item_id": number(self.dice.choice(ITEMS)),
            }
            self.ledger._numbers += 1
            new["event_id"] = f"00000000-0000-0000-0000-{self.ledger._numbers:012d}"
            self.ledger.add("events", **new)
            self.orders[at] = new

    def cancel(self) -> None:
        if self.orders:
            order = self.dice.choice(self.orders)
            item = next(item for item in ITEMS if number(item) == order["item_id"])
            row = self.ledger.event(
                "order_cancelled",
                self.when(),
                item,
                1,
                reason_code=self.dice.choice(("customer", "stock", "fraud")),
                document_id=order["document_id"],
            )
            row["channel_id"] = self.ledger.pending["events"][-1]["channel_id"] = order["channel_id"]

    def ship(self) -> None:
        if self.orders:
            order = self.dice.choice(self.orders)
            item = next(item for item in ITEMS if number(item) == order["item_id"])
            channel = order["channel_id"] if self.dice.random() < 0.5 else None
            document = {"document_kind": "so", "document_id": order["document_id"], "document_line": "1", "channel_id": channel}
            self.ships.append(
                self.ledger.move(
                    "ship",
                    self.when(),
                    item,
                    self.dice.randrange(1, 4),
                    f"{self.dice.choice(PLACES)}/sellable_accessible",
                    "CUSTOMER",
                    **document,
                )
            )

    def unship(self) -> None:
        if self.ships:
            self.ledger.reverse(self.ships.pop(), self.when())

    def reserve(self) -> None:
        """A place held for hours, for days or for good; at times a longer hold of the same."""
        item, place = self.shelf()
        when = self.when()
        ends = {"due_at": f"2026-03-{self.dice.randrange(1, 15):02d}T12:00:00+00:00"} if self.dice.random() < 0.7 else {}
        if self.reservations and self.dice.random() < 0.2:
            self.ledger.unsay(old := self.reservations.pop())
            self.ledger.event(
                "reserve", when, item, 2, feed="reservation", location=place, document_id=old["document_id"], source_revision=1
            )
        self.reservations.append(
            self.ledger.event(
                "reserve", when, item, self.dice.randrange(1, 5), feed="reservation", location=place, document_id=f"R{self.ledger._numbers}", **ends
            )
        )  # fmt: skip

    def end(self) -> None:
        """A reservation is released, expires or is used up: by name, by an order or by a shipment, which may be taken back."""
        if not self.reservations:
            return
        held = self.dice.choice(self.reservations)
        item = next(item for item in ITEMS if number(item) == held["item_id"])
        names = {"ref_document_kind": "reservation", "ref_document_id": held["document_id"], "ref_document_line": "1"}
        match self.dice.choice(("release", "expire", "consume", "order", "ship")):
            case "order":
                order = {"channel": "web", "location": "PAR", "document_id": f"OR{self.ledger._numbers}"}
                self.ledger.event("order_placed", self.when(), item, 1, **order, **names)
            case "ship":
                self.ships.append(self.ledger.move("ship", self.when(), item, 1, "PAR/sellable_accessible", "CUSTOMER", **names))
            case kind:
                self.ledger.event(kind, self.when(), item, 1, feed="reservation", document_id=held["document_id"])

    def state(self) -> None:
        self.ledger.event(
            "supplier_stock", self.when(), self.dice.choice(ITEMS), self.dice.randrange(9), feed="supply", supplier="S", document_line=None
        )

    def buy(self) -> None:
        item, place = self.shelf()
        document = {"document_kind": "po", "document_id": f"P{self.ledger._numbers}", "document_line": "1"}
        self.ledger.event("po_created", "2026-03-01T08:00:00+00:00", item, 5, feed="supply", supplier="S", location=place, **document)
        self.ledger.move("receipt", self.when(), item, 5, "SUPPLIER", f"{place}/in_progress", **document)


def rows_of(home: Path, table: str, condition: str = "true") -> list[tuple[Any, ...]]:
    """The rows of a table in one order, less the number of the build."""
    return ask(home, f"select columns(lambda name: name <> 'built_commit_id') from {table} where {condition} order by all")


def seen_between_builds(home: Path, aside: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the hot views say on marts that are older than the ledger, as in a published file: the newest rows come as tail."""
    shutil.copy(home / "warehouse" / "marts.duckdb", aside)
    current = json.loads((home / "ledger" / "current.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(aside)) as con:
        con.execute("SET TimeZone = 'UTC'")
        (built,) = con.execute("select commit_id from ledger.pin").fetchone() or (None,)
        for table in LEDGER_TABLES:
            files = ", ".join(f"'{home / 'ledger' / file['path']}'" for file in current["tables"][table]["files"])
            con.execute(f"create or replace view ledger.{table} as select * from read_parquet([{files}])")
            con.execute(f"create or replace view ledger.{table}_new as select * from ledger.{table} where commit_id > {built}")
        newest = [f"timestamptz '{current[name]}' as {name}" for name in ("newest_known_at", "newest_occurred_at")]
        con.execute(f"create or replace view ledger.newest as select {', '.join(newest)}, newest_known_at as published_at")
        return {table: con.execute(f"select * from {table} order by all").fetchall() for table in HOT}


@pytest.mark.parametrize("seed", [7, 1984])
def test_builds_that_follow_each_other_equal_one_build_of_everything(tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    ledger = SmallLedger(home)
    trade = RandomTrade(ledger, seed)
    for commit in range(1, COMMITS + 1):
        trade.step()
        ledger.commit()
        between = seen_between_builds(home, tmp_path / f"between_{commit}.duckdb") if commit > 1 else {}
        assert build(home, *INCREMENTAL) == [], f"seed {seed}, commit {commit}"
        for table, rows in between.items():
            assert rows == ask(home, f"select * from {table} order by all"), f"{table} was stale before build {commit}, seed {seed}"
    follow = {table: rows_of(home, table, condition) for table, condition in COMPARED.items()}
    assert all(follow.values())
    assert build(home, "--full-refresh", *INCREMENTAL) == []
    for table, condition in COMPARED.items():
        assert follow[table] == rows_of(home, table, condition), f"{table}, seed {seed}"


def test_a_build_without_news_changes_nothing(tmp_path: Path) -> None:
    ledger = SmallLedger(tmp_path)
    RandomTrade(ledger, 3).step()
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    before = {table: ask(tmp_path, f"select * from {table} order by all") for table in COMPARED}
    assert build(tmp_path, *INCREMENTAL) == []
    assert before == {table: ask(tmp_path, f"select * from {table} order by all") for table in COMPARED}


def test_marts_of_a_newer_ledger_are_not_carried_on(tmp_path: Path) -> None:
    for commits in (2, 1):
        ledger = SmallLedger(tmp_path)
        for _ in range(commits):
            ledger.item(f"I{ledger.commit_id}")
            ledger.commit()
        if commits == 2:
            assert build(tmp_path) == []
    with pytest.raises(AssertionError, match="newer commit"):
        build(tmp_path)
    assert build(tmp_path, "--full-refresh") == []


def test_a_build_of_a_part_leaves_nothing_behind_unseen(tmp_path: Path) -> None:
    ledger = SmallLedger(tmp_path)
    trade = RandomTrade(ledger, 11)
    trade.step()
    ledger.commit()
    assert build(tmp_path) == []
    trade.step()
    ledger.commit()
    build(tmp_path, "--select", "demand__daily")  # its parents have not seen the second commit; the tests of the part may say so
    assert build(tmp_path) == []
    follow = {table: rows_of(tmp_path, table, condition) for table, condition in COMPARED.items()}
    assert build(tmp_path, "--full-refresh") == []
    assert follow == {table: rows_of(tmp_path, table, condition) for table, condition in COMPARED.items()}


def test_demand_moves_from_nowhere_to_its_place_when_that_becomes_known(tmp_path: Path) -> None:
    """An order may come before its channel's network: what no place was known for must not stay beside what has one."""
    ledger = SmallLedger(tmp_path)
    ledger.location("PAR")
    ledger.channel("web")
    ledger.item("TEA")
    placed = ledger.event("order_placed", "2026-03-02T09:00:00+01:00", "TEA", 4, channel="web", document_id="O1")
    ledger.event("order_placed", "2026-03-02T10:00:00+01:00", "TEA", 1, channel="web", document_id="O2")
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    query = "select location_code, gross_units from demand.daily left join core.dim_location using (location_id) order by all"
    assert ask(tmp_path, query) == [(None, 5)]
    ledger.unsay(placed)
    ledger.add("events", **placed | {"location_id": number("PAR")})
    ledger.commit()
    assert build(tmp_path, *INCREMENTAL) == []
    assert ask(tmp_path, query) == [("PAR", 4), (None, 1)]
    follow = {table: rows_of(tmp_path, table, condition) for table, condition in COMPARED.items()}
    assert build(tmp_path, "--full-refresh", *INCREMENTAL) == []
    assert follow == {table: rows_of(tmp_path, table, condition) for table, condition in COMPARED.items()}
