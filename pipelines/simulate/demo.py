"""Writes the whole landing folder of the demo: real tickets, and the simulated world around them.

Belongs here: the order of the work, and the report of what was written. Does not belong here: any of the parts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipelines.simulate import channels, events, faults, lines, rfid, tills
from pipelines.simulate.demand import Choices, choose, to_demand
from pipelines.simulate.emit import Landing, csv_lines, json_lines, month
from pipelines.simulate.faults import ACCEPTED, DUPLICATE, REFUSED, WAITING, Fault
from pipelines.simulate.settled import settled
from pipelines.simulate.stock import StockYear, Year
from pipelines.simulate.tickets import Scale, Tickets, read_tickets
from pipelines.simulate.world import World, build_world, reference_files

DEMO_SEED = 2017
DEMO_AS_OF = "2018-01-01T06:00:00-05:00"
"""The demo's clock: the morning after the year."""


@dataclasses.dataclass(frozen=True, slots=True)
class DemoReport:
    """What `write_demo` wrote.

    `lines`: by feed, reference included. `shops`: how many stores keep their identity. `real_sales`, `real_orders`:
    ticket lines that can be read, each counted once. `duplicates`, `quarantined`: by feed, what ingest must find.
    `on_hand`: the stock that the books must show, grain item_code x location_code x stock_state, rows of 0 left out.
    """

    files: int
    bytes: int
    lines: dict[str, int]
    shops: int
    real_sales: int
    real_orders: int
    faults: list[Fault]
    duplicates: dict[str, int]
    quarantined: dict[str, int]
    on_hand: pl.DataFrame

    def describe(self) -> list[str]:
        """What is real, what is simulated and what is wrong on purpose, one line each."""
        repeated, set_aside = sum(self.duplicates.values()), sum(self.quarantined.values())
        simulated = sum(self.lines.values()) - self.real_sales - self.real_orders - repeated - set_aside
        awkward = sum(fault.lines for fault in self.faults)
        return [
            f"real        {self.real_sales:,} till lines of {self.shops} shops, and {self.real_orders:,} lines of small stores that stand "
            "for a web shop and two marketplaces: a grocer's year 2017 (84.51°, Complete Journey, CC0)",
            f"simulated   {simulated:,} lines around them: a distribution centre, suppliers, orders, receipts, transfers, counts, "
            "returns, RFID reads, stock messages",
            f"awkward     {awkward:,} lines on purpose: {repeated:,} repeated, {set_aside:,} to be quarantined, others late or out of order",
        ]


def write_demo(
    landing: Path, seed: int = DEMO_SEED, on_progress: Callable[[str], None] | None = None, scale: Scale | None = None
) -> DemoReport:
    """Write the demo's feeds below `landing` (`landing/<feed>/…`); the same seed writes the same bytes.

    `on_progress` is told what is being done. Raises UserError when the data package is not installed.
    """
    tell = on_progress or (lambda _: None)
    tell("reading a year of real tickets")
    tickets = read_tickets(scale or Scale())
    world = build_world(tickets, seed)
    broken = faults.break_sales(tickets.sales, seed)
    tell("simulating the stock around them")
    choices = choose(tickets, world, broken.lost, seed)
    watched = rfid.watched_pairs(world, choices)
    demand = to_demand(choices, world)
    year = StockYear(world, demand, watched, seed).run()
    out = Landing(landing)
    tell("writing the reference files")
    for path, table in reference_files(world, tickets).items():
        out.write_table(f"reference/{path}", table)
    tell("writing the tills' files")
    found = _write_sales(out, world, tickets, broken)
    reported = _till_events(choices, tickets, broken, seed)
    found += _write_tills(out, world, reported)
    tell("writing the channels' files")
    orders = events.order_lines(world, year, seed)
    wms = events.wms_events(world, choices, year, orders, seed)
    found += _write_channels(out, world, choices, year, wms, seed)
    tell("writing the warehouse's and the suppliers' files")
    found += _write_wms(out, world, wms)
    _write_supply(out, world, orders, seed)
    for when, reads in rfid.read_lines(world, watched, demand.sold, year, seed).items():
        out.write(f"rfid/simulated-rfid/{when}.jsonl", reads)
    late_item_rows = len(world.late_items)
    found.append(Fault("an item whose reference row comes in a later file", "reference", late_item_rows, ACCEPTED))
    return _report(out, len(world.shop_codes), choices, found, settled(world, choices.sales, reported, wms))


def _report(out: Landing, shops: int, choices: Choices, found: list[Fault], on_hand: pl.DataFrame) -> DemoReport:
    def by_feed(*outcomes: str) -> dict[str, int]:
        return {feed: sum(fault.lines for fault in found if fault.feed == feed and fault.outcome in outcomes) for feed in sorted(out.lines)}

    return DemoReport(
        out.files,
        out.bytes,
        out.lines,
        shops,
        choices.sales.height,
        choices.orders.height,
        found,
        by_feed(DUPLICATE),
        by_feed(REFUSED, WAITING),
        on_hand,
    )


def _write_sales(out: Landing, world: World, tickets: Tickets, broken: faults.Broken) -> list[Fault]:
    fields, paths = lines.sale_fields(world, tickets.sales)
    header, cells = csv_lines(fields)
    frame = tickets.sales.select("shop", "day").with_row_index("row").with_columns(paths.alias("path"))
    is_table = pl.col("path").str.contains(".csv", literal=True)
    frame = frame.with_columns(
        line=pl.when(is_table).then(cells).otherwise(json_lines(fields)), header=pl.when(is_table).then(pl.lit(header))
    )
    return faults.write_real_sales(out, frame, broken)


def _till_events(choices: Choices, tickets: Tickets, broken: faults.Broken, seed: int) -> pl.DataFrame:
    lost = tickets.sales.with_row_index("row").filter(pl.col("row").is_in(broken.lost))
    parts = [tills.mistakes(choices, seed), tills.returns(choices, seed), tills.closings(choices, lost)]
    return pl.concat(parts, how="diagonal_relaxed").sort("sec", maintain_order=True)


def _write_tills(out: Landing, world: World, reported: pl.DataFrame) -> list[Fault]:
    """By month; the first voids of the year's second half lie in a file whose name sorts before their sales'."""
    is_void = reported["event_kind"] == "sale_void"
    early = reported.with_row_index("row").filter(is_void & (reported["sec"] > 182 * 86400)).head(tills.EARLY_VOIDS)["row"]
    text = json_lines(_till_text(world, reported))
    is_early = pl.Series(range(len(text))).is_in(early.to_list())
    path = pl.select(
        pl.when(is_early)
        .then(pl.lit("pos/simulated-tills/2017-06-30-voids-first.jsonl"))
        .otherwise(pl.concat_str(pl.lit("pos/simulated-tills/"), month(reported["sec"]).alias("month"), pl.lit(".jsonl")))
        .alias("path")
    )["path"]
    out.write_split(path, text)
    orphans = faults.orphan_voids(world)
    out.write("pos/simulated-tills/2017-12-31-voids.jsonl", orphans)
    return [
        Fault("a void in a file before its sale's", "pos", len(early), ACCEPTED),
        Fault("a void whose sale never comes", "pos", len(orphans), WAITING),
    ]


def _till_text(world: World, reported: pl.DataFrame) -> pl.DataFrame:
    """Fields of the till events; a closing names no item."""
    has_item = reported["item"].is_not_null()
    known = reported.with_columns(
        item=pl.col("item").fill_null(0), business_day=pl.col("business_day").fill_null(0), price_e4=pl.col("price_e4")
    )
    fields = lines.till_fields(world, known)
    blank = ["item_code", "currency_code"]
    return fields.with_columns(
        *(pl.when(has_item).then(pl.col(name)).alias(name) for name in blank), business_on=pl.when(~has_item).then("business_on")
    )


def _write_channels(out: Landing, world: World, choices: Choices, year: Year, wms: pl.DataFrame, seed: int) -> list[Fault]:
    orders = channels.order_events(choices)
    text = json_lines(lines.order_fields(world, orders))
    path = pl.select(
        pl.concat_str(pl.lit("marketplace/completejourney-online/"), month(orders["sec"]).alias("month"), pl.lit(".jsonl")).alias("path")
    )["path"]
    out.write_split(path, text)
    cut = [faults.half(line) for line in text.head(3).to_list()]
    out.write("marketplace/completejourney-online/2017-12-31-damaged.jsonl", cut)
    for name, messages in (
        ("answers", channels.answer_events(choices, year, seed)),
        ("stock", channels.stock_messages(choices, wms, seed)),
    ):
        out.write(f"marketplace/simulated-channels/2017-{name}.jsonl", json_lines(lines.answer_fields(world, messages)).to_list())
    return [Fault("half a line", "marketplace", len(cut), REFUSED)]


def _write_wms(out: Landing, world: World, wms: pl.DataFrame) -> list[Fault]:
    text = json_lines(lines.wms_fields(world, wms))
    path = lines.wms_paths(wms)
    last = pl.DataFrame({"path": path, "line": text}).filter(pl.col("path") == "wms/simulated-wms/2017-12.jsonl")["line"].tail(64).to_list()
    extra, found = faults.awkward_wms(world, last)
    extra_path = pl.Series(["wms/simulated-wms/2017-12.jsonl"] * len(extra), dtype=pl.String)
    out.write_split(pl.concat([path, extra_path.rename("path")]), pl.concat([text, pl.Series("line", extra)]))
    late = path.str.contains("-late", literal=True).sum()
    return [*found, Fault("something broken, reported after the count of that evening", "wms", int(late), ACCEPTED)]


def _write_supply(out: Landing, world: World, orders: pl.DataFrame, seed: int) -> None:
    supply = events.supply_events(orders)
    quarter = pl.Series((supply["sec"] // (86400 * 91)).clip(0, 3) + 1).cast(pl.String)
    path = pl.select(pl.concat_str(pl.lit("supply/simulated-erp/2017-q"), quarter, pl.lit(".csv")).alias("path"))["path"]
    header, text = csv_lines(lines.supply_fields(world, supply))
    out.write_split(path, text, header)
    held = lines.supplier_stock_fields(world, events.supplier_stock(world, seed))
    out.write("supply/simulated-erp/2017-supplier-stock.jsonl", json_lines(held).to_list())
