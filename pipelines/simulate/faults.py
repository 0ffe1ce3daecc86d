"""Lines that are wrong on purpose, and what must become of each.

Belongs here: damage to lines, counted. Does not belong here: lines that are only late or repeated by their file
(`lines`, `demo`), which are counted here as well so that one list tells all.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import polars as pl

from pipelines.simulate.emit import Landing
from pipelines.simulate.lines import LATE_DAYS, LATE_SHOP, SCAN_SHOPS
from pipelines.simulate.world import DC, OTHER_ZONE_SHOP, World

ACCEPTED, DUPLICATE, REFUSED, WAITING = "accepted", "duplicate", "refused", "waiting"
CORRECTED_PATH = "pos/completejourney/2017-11-27-corrected.jsonl"
SENT_AGAIN_PATH = "pos/completejourney/2017-09-06-sent-again.jsonl"
SENT_AGAIN = (2, 247)
"""Shop and day whose lines a second file brings again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One kind of awkward line: how many, in which feed, and what must become of each.

    `outcome` is `accepted`, `duplicate`, `refused` or `waiting`; the last two are quarantined.
    """

    name: str
    feed: str
    lines: int
    outcome: str


@dataclasses.dataclass(frozen=True, slots=True)
class Broken:
    """Rows of `Tickets.sales` whose first line is damaged: `lost` never come whole, `corrected` come again in a later file."""

    lost: list[int]
    corrected: list[int]


def break_sales(sales: pl.DataFrame, seed: int) -> Broken:
    """Draw the damaged sales: late in the year, from tills that send JSON Lines."""
    rng = np.random.default_rng([seed, 11])
    plain = ~pl.col("shop").is_in([*SCAN_SHOPS, OTHER_ZONE_SHOP])
    months = sales.with_row_index("row").filter(plain & pl.col("day").is_between(305, 333) & (pl.col("document_line") > 1))
    rows = np.sort(rng.choice(months["row"].to_numpy(), min(16, months.height), replace=False))
    rng.shuffle(rows)
    return Broken(sorted(rows[:10].tolist()), sorted(rows[10:].tolist()))


def half(line: str) -> str:
    """The first two thirds of a line, as a broken transfer leaves it."""
    return line[: len(line) * 2 // 3]


def damaged_pos(lines: list[str]) -> tuple[list[str], list[Fault]]:
    """Damaged copies of good pos lines (at least 19); each stands on a ticket line of its own, so it contradicts nothing."""
    own = [re.sub(r'"document_line":\d+', f'"document_line":{500 + place}', line) for place, line in enumerate(lines)]
    quantity = re.compile(r'"quantity":\d+')
    bad = ['"1,5"', '"two"', "-3", "0", '"1e400"']
    out = [quantity.sub(f'"quantity":{bad[place % len(bad)]}', line) for place, line in enumerate(own[:10])]
    out += [re.sub(r'"occurred_at":"2017-(\d\d)-\d\d', r'"occurred_at":"2017-\1-45', line) for line in own[10:12]]
    out += [re.sub(r',"item_code":"[^"]*"', "", line) for line in own[12:14]]
    fractions = [quantity.sub('"quantity":1.5', line) for line in own[14:17]]
    nowhere = [re.sub(r'"location_code":"[^"]*"', '"location_code":"STORE-999"', line) for line in own[17:19]]
    return [*out, *fractions, *nowhere], [
        Fault("a number, a time or a field that is wrong or missing", "pos", len(out), REFUSED),
        Fault("half a unit of an indivisible item", "pos", len(fractions), REFUSED),
        Fault("a shop that nobody declared", "pos", len(nowhere), WAITING),
    ]


def wrong_digits(lines: list[str]) -> list[str]:
    """CSV lines on ticket lines of their own, whose GTIN ends in a wrong check digit."""

    def spoil(line: str, place: int) -> str:
        cells = line.split(",")
        cells[4] = str(500 + place)
        cells[6] = cells[6][:-1] + str((int(cells[6][-1]) + 1) % 10)
        return ",".join(cells)

    return [spoil(line, place) for place, line in enumerate(lines)]


def awkward_wms(world: World, lines: list[str]) -> tuple[list[str], list[Fault]]:
    """Lines that follow the good `lines` of the last month: repeated, contradicting, of things that nobody declared."""
    repeated = lines[:60]
    contradicting = [re.sub(r'"quantity":(\d+)', lambda found: f'"quantity":{int(found[1]) + 7}', line) for line in lines[60:64]]
    item = world.items.row(0, named=True)
    start = f'"location_code":"{DC}","occurred_at":"2017-12-28T09:00:00-05:00"'
    code = f'"item_code":"{item["item_code"]}"'

    def receipt(number: str, item_code: str, quantity: int, rest: str = "") -> str:
        return f'{{"event_kind":"receipt","source_event_id":"{number}",{start},{item_code},"quantity":{quantity}{rest}}}'

    unknown = [receipt(f"WU{place}", f'"item_code":"NEW-2018-{place}"', 12) for place in range(3)]
    pallets = [receipt(f"WP{place}", code, 1, ',"uom_code":"PAL"') for place in range(4)]
    gtin = f'"item_code":"{item["case_gtin"]}","item_code_kind":"gtin"'
    two_units = [receipt(f"WG{place}", gtin, 2, ',"uom_code":"EA"') for place in range(2)]
    return [*repeated, *contradicting, *unknown, *pallets, *two_units], [
        Fault("the same transaction once more", "wms", len(repeated), DUPLICATE),
        Fault("the same transaction number with other content", "wms", len(contradicting), REFUSED),
        Fault("an item that nobody declared yet", "wms", len(unknown), WAITING),
        Fault("a unit that nobody declared", "wms", len(pallets), WAITING),
        Fault("a case's GTIN with another unit beside it", "wms", len(two_units), REFUSED),
    ]


def orphan_voids(world: World) -> list[str]:
    """Voids of sales that never come."""
    return [
        f'{{"event_kind":"sale_void","location_code":"{world.shop_codes[0]}","register_no":"1","document_id":"LOST-{place}","document_line":1,'
        f'"occurred_at":"2017-12-30T12:0{place}:00-05:00","item_code":"{world.items["item_code"][0]}","quantity":1}}'
        for place in range(2)
    ]


def write_real_sales(landing: Landing, frame: pl.DataFrame, broken: Broken) -> list[Fault]:
    """Write the real sales (columns row, shop, day, path, line, header), with their damage. Returns the faults."""
    is_json = frame["header"].is_null()
    plain, tables = frame.filter(is_json), frame.filter(~is_json)
    is_hurt = pl.col("row").is_in([*broken.lost, *broken.corrected])
    hurt = plain.filter(is_hurt)
    halves = plain.with_columns(
        line=pl.when(is_hurt).then(pl.col("line").str.head(pl.col("line").str.len_chars() * 2 // 3)).otherwise("line")
    )
    landing.write_split(halves["path"], halves["line"])
    again = hurt.filter(pl.col("row").is_in(broken.corrected))["line"].to_list()
    landing.write(CORRECTED_PATH, again)
    doubled = plain.filter((pl.col("shop") == SENT_AGAIN[0]) & (pl.col("day") == SENT_AGAIN[1]))["line"].to_list()
    landing.write(SENT_AGAIN_PATH, doubled)
    late = plain.filter((pl.col("shop") == LATE_SHOP) & pl.col("day").is_in(LATE_DAYS)).height
    extra, faults = damaged_pos(plain.filter(pl.col("day") == 300)["line"].to_list()[:19])
    landing.write("pos/completejourney/2017-10-28-damaged.jsonl", extra)
    digits = 0
    for (path, header), part in tables.partition_by("path", "header", maintain_order=True, as_dict=True).items():
        lines = part["line"].to_list()
        if path == "pos/completejourney-scan/2017-12.csv":
            spoilt = wrong_digits(lines[:6])
            digits = len(spoilt)
            landing.write(str(path), [*lines, *spoilt, half(lines[0])], str(header), is_cut=True)
        else:
            landing.write(str(path), lines, str(header))
    return [
        Fault("half a line, which never comes whole", "pos", len(broken.lost), REFUSED),
        Fault("half a line, corrected by a later file", "pos", len(broken.corrected), REFUSED),
        Fault("a day's lines in a second file", "pos", len(doubled), DUPLICATE),
        Fault("two days' lines four weeks late", "pos", late, ACCEPTED),
        *faults,
        Fault("a GTIN with a wrong check digit", "pos", digits, REFUSED),
        Fault("a last line without its end", "pos", 1 if digits else 0, REFUSED),
    ]
