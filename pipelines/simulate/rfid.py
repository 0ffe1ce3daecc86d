"""Simulated RFID counts of one shop: EPCIS 2.0 events that observe the tags of some items.

Belongs here: sessions, tags and read rate. Does not belong here: stock, which no read changes.
"""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from pipelines.simulate.demand import Choices
from pipelines.simulate.emit import stamp
from pipelines.simulate.stock import Year
from pipelines.simulate.tickets import DAYS
from pipelines.simulate.world import COMPANY_PREFIX, World

RFID_SHOP = 1
TAGGED_ITEMS = 80
READ_RATE = 0.97
SESSION_DAYS = (*(day for day in range(7, 335, 28)), *range(336, DAYS, 7))
"""Every fourth Sunday, and every one in December."""
_TAGS_PER_EVENT = 150


def watched_pairs(world: World, choices: Choices) -> np.ndarray:
    """Pairs of the shop whose goods carry tags: the most sold of the drug store's."""
    tagged = world.items.filter(pl.col("department").is_in(["DRUG GM", "COSMETICS", "SPIRITS"])).select("item")
    sold = choices.sales.filter(pl.col("shop") == RFID_SHOP).join(tagged, on="item").group_by("pair").len()
    return np.sort(sold.sort("len", "pair", descending=[True, False]).head(TAGGED_ITEMS)["pair"].to_numpy()).astype(np.int64)


def read_lines(world: World, watched: np.ndarray, sold: np.ndarray, year: Year, seed: int) -> dict[str, list[str]]:
    """One EPCIS event a line, by month (`2017-04`). `sold` is units by day x pair: the tag with the lowest serial number is sold first."""
    rng = np.random.default_rng([seed, 10])
    items = world.pairs["item"].to_numpy()[watched]
    lines: dict[str, list[str]] = {}
    times = stamp(pl.Series([day * 86400 + 6 * 3600 + 900 for day in SESSION_DAYS], dtype=pl.Int64)).to_list()
    for day, time in zip(SESSION_DAYS, times, strict=True):
        levels = np.maximum(year.shop_levels[day - 1], 0)
        gone = sold[:day, watched].sum(axis=0)
        tags = [
            f"urn:epc:id:sgtin:{COMPANY_PREFIX}.0{item:05}.{first + serial + 1}"
            for item, level, first in zip(items, levels, gone, strict=True)
            for serial in np.flatnonzero(rng.random(level) < READ_RATE)
        ]
        for start in range(0, len(tags), _TAGS_PER_EVENT):
            lines.setdefault(time[:7], []).append(json.dumps(_event(time, start, tags[start : start + _TAGS_PER_EVENT])))
    return lines


def _event(time: str, start: int, tags: list[str]) -> dict[str, object]:
    place = f"urn:epc:id:sgln:{COMPANY_PREFIX}.{RFID_SHOP + 1:05}.0"
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{COMPANY_PREFIX}0-{time[5:7]}{time[8:10]}-4000-8000-{start:012}",
        "action": "OBSERVE",
        "bizStep": "cycle_counting",
        "disposition": "sellable_accessible",
        "eventTime": time,
        "eventTimeZoneOffset": time[-6:],
        "readPoint": {"id": place},
        "bizLocation": {"id": place},
        "epcList": tags,
    }
