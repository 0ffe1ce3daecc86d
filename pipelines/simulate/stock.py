"""One seeded year of stock around the real sales: what arrives where on which day, and what is counted.

Belongs here: the day loop in vectorised numpy, on positions (pairs, items) and day numbers. Does not belong
here: clock times, codes and documents (`events`).

The order of a day: deliveries reach the distribution centre, orders ship, transfers leave, deliveries reach the
shops, the shops sell, something breaks, something is counted, and in the evening shops and buyers order.
The simulation knows the coming real sales and delivers in time for them: a shop that sold must have had the
goods. Stock runs out only where nothing was sold.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from pipelines.simulate.tickets import DAYS
from pipelines.simulate.world import SUPPLIERS, Flags, Ints, World

SLACK_DAYS = 40
"""Deliveries may be due so long after the year's end."""
TRANSFER_DAYS = 3
"""A shop's evening request is on its shelf before the sales of so many days later."""


@dataclasses.dataclass(frozen=True, slots=True)
class Demand:
    """What the real tickets ask of the stock.

    `sold`: units by day x pair. `shipments`: order lines that are to ship, sorted by day, then item: day, item,
    units, must_ship (it comes back later, so it cannot be cancelled). `back_in_shop`, `back_in_dc`: returned goods
    put back on sale at the day's end, by day x pair and day x item.
    """

    sold: Ints
    ship_day: Ints
    ship_item: Ints
    ship_units: Ints
    must_ship: Flags
    back_in_shop: Ints
    back_in_dc: Ints


@dataclasses.dataclass(frozen=True, slots=True)
class Year:
    """What happened. Tables are dicts of equally long columns; `place` is a pair, or an item at the centre.

    `opening_shop` by pair, `opening_dc` by item. `is_shipped` by shipment line. `transfers`: day, pair, units,
    received. `orders`: day, pair (-1 = the centre), item, units, arrives (day), shipped, received, held. `breaks`:
    day, pair (-1), item, units, kind. `counts`: day, pair (-1), item, counted, difference. `dc_levels`: units at
    the centre by day x item at the day's end; `shop_levels`: the same by day x pair, for `watched` pairs.
    """

    opening_shop: Ints
    opening_dc: Ints
    is_shipped: Flags
    transfers: dict[str, Ints]
    orders: dict[str, Ints]
    breaks: dict[str, Ints]
    counts: dict[str, Ints]
    dc_levels: Ints
    shop_levels: Ints
    shop_now: Ints
    dc_now: Ints


BREAK_SCRAP, BREAK_ADJUST, BREAK_DAMAGED = 0, 1, 2


def is_late_day(day: int) -> bool:
    """Whether what broke in shops that day is reported late, after the count of the same evening."""
    return day % 12 == 5


class StockYear:
    """The state of the loop. Every random draw comes from one generator, in a fixed order."""

    def __init__(self, world: World, demand: Demand, watched: Ints, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 2])
        self.demand, self.watched = demand, watched
        self.pair_item = world.pairs["item"].to_numpy().astype(np.int64)
        self.is_direct = world.pairs["is_direct"].to_numpy()
        self.pack = world.pairs["pack"].to_numpy().astype(np.int64)
        self.case = world.items["case_units"].to_numpy().astype(np.int64)
        self.n_pairs, self.n_items = len(self.pair_item), world.items.height
        supplier = world.items["supplier"].to_numpy()
        self.lead, self.late_days, self.last_order_day = (
            np.array([getattr(one, field) for one in SUPPLIERS], dtype=np.int64)[supplier]
            for field in ("lead_days", "late_days", "last_order_day")
        )
        self.late_rate = np.array([one.late_rate for one in SUPPLIERS])[supplier]
        self.in_cases = np.array([one.in_cases for one in SUPPLIERS])[supplier]
        self._set_levels()
        self.pipe_shop, self.pipe_dc = np.zeros(self.n_pairs, np.int64), np.zeros(self.n_items, np.int64)
        due = DAYS + SLACK_DAYS
        self.due_shop, self.closing_shop = np.zeros((due, self.n_pairs), np.int32), np.zeros((due, self.n_pairs), np.int32)
        self.due_dc, self.closing_dc = np.zeros((due, self.n_items), np.int32), np.zeros((due, self.n_items), np.int32)
        self.want = np.zeros(self.n_pairs, np.int64)
        self.urgent = np.zeros(self.n_pairs, np.int64)
        self.broken = np.zeros(0, np.int64)
        self.log: dict[str, list[Ints]] = {"transfers": [], "orders": [], "breaks": [], "counts": []}

    def _set_levels(self) -> None:
        """Reorder and order-up-to levels, from each pair's and each item's own year."""
        sold = self.demand.sold
        self.known_shop = _cumulative(sold)
        mean, spread = sold.mean(axis=0), sold.std(axis=0)
        lead = np.where(self.is_direct, self.lead[self.pair_item], 2)
        cover = np.where(self.is_direct, 14, 16)
        self.shop_lead = lead
        z = np.where(self.is_direct, 2.4, 1.4)
        self.low_shop = np.ceil(mean * (lead + 3) + z * spread * np.sqrt(lead + 3)).astype(np.int64)
        self.is_lean = self.rng.random(self.n_pairs) < 0.12
        self.top_shop = self.low_shop + np.maximum(self.pack, np.ceil(mean * cover)).astype(np.int64)
        at_dc = np.zeros((DAYS, self.n_items), np.int64)
        np.add.at(
            at_dc,
            (self.demand.ship_day[self.demand.ship_day < DAYS], self.demand.ship_item[self.demand.ship_day < DAYS]),
            self.demand.ship_units[self.demand.ship_day < DAYS],
        )
        through = np.flatnonzero(~self.is_direct)
        starts = np.flatnonzero(np.r_[True, np.diff(self.pair_item[through]) > 0])
        if len(through):
            at_dc[:, self.pair_item[through][starts]] += np.add.reduceat(sold[:, through], starts, axis=1)
        self.known_dc = _cumulative(at_dc)
        mean, spread, span = at_dc.mean(axis=0), at_dc.std(axis=0), self.lead + 3
        lumps = np.bincount(self.pair_item[through], self.pack[through], self.n_items)
        self.low_dc = np.ceil(mean * span + 2 * spread * np.sqrt(span) + 0.35 * lumps).astype(np.int64) + 1
        # for some items the buyers trust the promised lead time, and run out when the supplier is late
        self.sight = self.lead + np.where(self.rng.random(self.n_items) < 0.1, 1, self.late_days + 6)
        self.low_dc = np.where(self.sight == self.lead + 1, np.ceil(mean * self.lead).astype(np.int64), self.low_dc)
        fresh = self.lead <= 4
        cover = np.select([mean >= 0.5, mean >= 0.15], [np.where(fresh, 18, 30), np.where(fresh, 30, 60)], 110)
        self.lot_dc = np.maximum(self.case, np.ceil(mean * cover)).astype(np.int64)
        self.shop = self.low_shop + (self.rng.random(self.n_pairs) * (self.top_shop - self.low_shop + 1)).astype(np.int64)
        self.dc = self.low_dc + (self.rng.random(self.n_items) * self.lot_dc).astype(np.int64)

    def run(self) -> Year:
        """Play the year, day by day."""
        opening_shop, opening_dc = self.shop.copy(), self.dc.copy()
        is_shipped = np.zeros(len(self.demand.ship_day), np.bool_)
        dc_levels = np.zeros((DAYS, self.n_items), np.int64)
        shop_levels = np.zeros((DAYS, len(self.watched)), np.int64)
        edges = np.searchsorted(self.demand.ship_day, np.arange(DAYS + 1))
        arriving = np.zeros(self.n_pairs, np.int64)
        for day in range(DAYS):
            self.dc += self.due_dc[day]
            self.pipe_dc -= self.closing_dc[day]
            lines = slice(edges[day], edges[day + 1])
            is_shipped[lines] = self._ship(lines)
            sent, received = self._transfer(day)
            self.shop += arriving + self.due_shop[day] - self.demand.sold[day]
            self.pipe_shop -= arriving + self.closing_shop[day]
            arriving = received
            self.pipe_shop -= sent - received  # the shop learns of a loss when the delivery comes
            self._break(day)
            self.shop += self.demand.back_in_shop[day]
            self.dc += self.demand.back_in_dc[day]
            self._count(day)
            self._shops_order(day)
            self._buyers_order(day)
            dc_levels[day], shop_levels[day] = self.dc, self.shop[self.watched]
        return Year(
            opening_shop,
            opening_dc,
            is_shipped,
            self._table("transfers", "day pair units received"),
            self._table("orders", "day pair item units arrives shipped received held"),
            self._table("breaks", "day pair item units kind"),
            self._table("counts", "day pair item counted difference"),
            dc_levels,
            shop_levels,
            self.shop,
            self.dc,
        )

    def _table(self, name: str, columns: str) -> dict[str, Ints]:
        names = columns.split()
        rows = np.concatenate(self.log[name], axis=1) if self.log[name] else np.zeros((len(names), 0), np.int64)
        return dict(zip(names, rows, strict=True))

    def _note(self, name: str, day: int, *columns: npt.NDArray[np.generic]) -> None:
        self.log[name].append(np.vstack([np.full(len(columns[0]), day), *columns]).astype(np.int64))

    def _ship(self, lines: slice) -> Flags:
        """Ship the day's order lines as far as the stock goes; the rest is cancelled by the caller's events."""
        item, units = self.demand.ship_item[lines], self.demand.ship_units[lines]
        fits: Flags = _running(item, units) + units <= self.dc[item]
        fits |= self.demand.must_ship[lines]
        self.dc -= np.bincount(item[fits], units[fits], self.n_items).astype(np.int64)
        return fits

    def _transfer(self, day: int) -> tuple[Ints, Ints]:
        """Send what the shops asked for yesterday, what they need for coming sales first. Returns sent and received units by pair."""
        sent = np.zeros(self.n_pairs, np.int64)
        for asked in (self.urgent, self.want - self.urgent):
            pairs = np.flatnonzero(asked)
            item = self.pair_item[pairs]
            allowed = np.clip(self.dc[item] - _running(item, asked[pairs]), 0, asked[pairs])
            self.dc -= np.bincount(item, allowed, self.n_items).astype(np.int64)
            sent[pairs] += allowed
        received = sent.copy()
        pairs = np.flatnonzero(sent)
        lost = (self.rng.random(len(pairs)) < 0.006) & (sent[pairs] > 2)
        received[pairs[lost]] -= 1
        self._note("transfers", day, pairs, sent[pairs], received[pairs])
        self.pipe_shop -= self.want - sent
        return sent, received

    def _break(self, day: int) -> None:
        """A few units a day are thrown away, written off, or set aside as damaged."""
        pairs = self.rng.choice(self.n_pairs, min(4, self.n_pairs), replace=False)
        pairs = pairs[(self.shop[pairs] >= 3) & (self.shop[pairs] - self._coming(day)[pairs] > 1)]
        self.shop[pairs] -= 1
        self.broken = pairs
        self._note("breaks", day, pairs, self.pair_item[pairs], np.ones_like(pairs), self.rng.choice(2, len(pairs)))
        items = self.rng.choice(self.n_items, min(2, self.n_items), replace=False)
        items = items[self.dc[items] >= 12]
        self.dc[items] -= 2
        self._note("breaks", day, np.full_like(items, -1), items, np.full_like(items, 2), self.rng.choice(3, len(items)))

    def _coming(self, day: int) -> Ints:
        """Units sold from tomorrow until a request of tonight can help."""
        last = np.minimum(day + 1 + TRANSFER_DAYS, DAYS)
        coming: Ints = self.known_shop[last] - self.known_shop[day + 1]
        return coming

    def _count(self, day: int) -> None:
        """Count a few places at the day's end; one in five counts finds a difference."""
        pairs = self.rng.choice(self.n_pairs, min(7, self.n_pairs), replace=False)
        if is_late_day(day):
            pairs = np.union1d(pairs, self.broken)
        spare = np.maximum(self.shop[pairs] - self._coming(day)[pairs], 0)
        drift = self.rng.choice(np.array([0, -2, -1, 1]), len(pairs), p=[0.8, 0.05, 0.1, 0.05])
        counted = np.maximum(self.shop[pairs] + np.maximum(drift, -spare), 0)
        self._note("counts", day, pairs, self.pair_item[pairs], counted, counted - self.shop[pairs])
        self.shop[pairs] = counted
        items = self.rng.choice(self.n_items, min(5, self.n_items), replace=False)
        drift = self.rng.choice(np.array([0, -3, -1, 2]), len(items), p=[0.8, 0.07, 0.08, 0.05])
        counted = np.maximum(self.dc[items] + drift, 0)
        self._note("counts", day, np.full_like(items, -1), items, counted, counted - self.dc[items])
        self.dc[items] = counted

    def _shops_order(self, day: int) -> None:
        """Each shop tops up what is low, and what coming sales would exhaust; direct goods go to the supplier."""
        position = self.shop + self.pipe_shop
        lead = np.where(self.is_direct, self.shop_lead + self.late_days[self.pair_item] + 2, TRANSFER_DAYS)
        last = np.minimum(day + 1 + lead, DAYS)
        need = self.known_shop[last, np.arange(self.n_pairs)] - self.known_shop[day + 1] - position
        # a lean pair is looked at now and then only: between its sales its shelf stands empty
        is_seen = ~self.is_lean | (self.rng.random(self.n_pairs) < 0.03)
        is_seen &= ~self.is_direct | (day < self.last_order_day[self.pair_item])
        top_up = np.where(is_seen & (position <= self.low_shop), self.top_shop - position, 0)
        urgent = np.where(need > 0, -(-need // self.pack) * self.pack, 0)
        units = np.maximum(-(-np.maximum(top_up, 0) // self.pack) * self.pack, urgent)
        self.want, self.urgent = np.where(self.is_direct, 0, units), np.where(self.is_direct, 0, urgent)
        self.pipe_shop += self.want
        pairs = np.flatnonzero(self.is_direct & (units > 0))
        arrives, shipped, received, held = self._delivery(day, self.pair_item[pairs], units[pairs], self.pack[pairs])
        self._note("orders", day, pairs, self.pair_item[pairs], units[pairs], arrives, shipped, received, held)
        self.pipe_shop[pairs] += units[pairs]
        self.due_shop[arrives, pairs] += (received - held).astype(np.int32)
        self.closing_shop[arrives, pairs] += units[pairs].astype(np.int32)

    def _buyers_order(self, day: int) -> None:
        """The centre's buyers order what is low, and what orders and shops will need before the next delivery."""
        position = self.dc + self.pipe_dc
        last = np.minimum(day + 1 + self.sight, DAYS)
        need = self.known_dc[last, np.arange(self.n_items)] - self.known_dc[day + 1] - position
        is_low = (position <= self.low_dc) & (day < self.last_order_day)
        step = self.case
        units = np.where(is_low, np.maximum(self.low_dc - position, 0) + self.lot_dc, np.maximum(need, 0))
        units = -(-np.maximum(units, need) // step) * step
        items = np.flatnonzero(units > 0)
        units = units[items]
        arrives, shipped, received, held = self._delivery(day, items, units, step[items])
        self._note("orders", day, np.full_like(items, -1), items, units, arrives, shipped, received, held)
        self.pipe_dc[items] += units
        self.due_dc[arrives, items] += (received - held).astype(np.int32)
        self.closing_dc[arrives, items] += units.astype(np.int32)

    def _delivery(self, day: int, items: Ints, units: Ints, step: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """When an order arrives, and how much of it is shipped, received, and held back at the dock as damaged."""
        draw = self.rng.random((4, len(items)))
        late = np.where(draw[0] < self.late_rate[items], 1 + (draw[1] * self.late_days[items]).astype(np.int64), 0)
        step = np.where(self.in_cases[items], step, 1)
        may_fail = units > 2 * step
        shipped = units - np.where(may_fail & (draw[2] < 0.025), (units // step + 3) // 4 * step, 0)
        received = shipped - np.where(may_fail & (draw[2] > 0.993), step, 0)
        held = np.where((received > 3) & (draw[3] < 0.008), 1, 0)
        return day + self.lead[items] + late, shipped, received, held


def _cumulative(by_day: Ints) -> Ints:
    """Units before each day: row d is the sum of the days before d."""
    return np.concatenate([np.zeros((1, by_day.shape[1]), np.int64), np.cumsum(by_day, axis=0, dtype=np.int64)])


def _running(keys: Ints, units: Ints) -> Ints:
    """Sum of the earlier units of the same key; `keys` must be sorted.

    >>> _running(np.array([1, 1, 2, 2]), np.array([5, 1, 2, 2])).tolist()
    [0, 5, 0, 2]
    """
    if not len(keys):
        return units
    before = np.cumsum(units) - units
    is_first = np.r_[True, keys[1:] != keys[:-1]]
    return before - np.maximum.accumulate(np.where(is_first, before, 0))
