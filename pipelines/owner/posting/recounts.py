"""Counts and openings: each posts the difference to the ledger at its instant, so whatever comes before it changes it.

Belongs here: finding the places whose counts a batch changes, fetching their legs, and having the differences posted again.
Does not belong here: the differences themselves (`counts.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import numpy as np

from pipelines.ledger.keys import low_sql
from pipelines.owner.posting import counts as counting
from pipelines.owner.posting import moves
from pipelines.owner.posting.posting import COUNT_KINDS, intents_sql, rule_number_sql
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

_PLACE: Final = "item_id, location_id, state, owner_id"


def count(work: Work) -> None:
    """Post again the counts that the batch's movements, or new and ended counts in `touched_counts`, change."""
    if not work.count("counts"):
        return
    physical = f"movement_kind not in {one_of(COUNT_KINDS)}"
    work.execute(f"""
        create or replace temp view {work.counted} as
        select *, coalesce(stock_state, to_stock_state, default_state) as state from counts where since_us < until_us""")
    work.execute(f"""
        create or replace temp table {work.touched_places} as
        select distinct {_PLACE} from (
            select item_id, from_location_id as location_id, from_stock_state as state, owner_id, occurred_us from {work.moved_now} where {physical}
            union all select item_id, to_location_id, to_stock_state, owner_id, occurred_us from {work.moved_now} where {physical}
        ) l join (select {_PLACE}, max(occurred_us) as last_us from {work.counted} group by all) c using ({_PLACE})
        where l.occurred_us <= c.last_us
        union
        select distinct item_id, location_id, coalesce(stock_state, to_stock_state, default_state) as state, owner_id
        from counts where event_id in (select event_id from {work.touched_counts})""")
    if not work.count(work.touched_places):
        return
    _close_over_counts(work)
    rows = work.execute(f"""
        select {_PLACE}, event_id::VARCHAR, sub_no, units, nullif(lot_code, '') as lot_code, occurred_us,
            coalesce(source_event_id, document_id || ':' || document_line, '') as number, since_us, until_us,
            coalesce(named_item_id, item_id) as named_item_id
        from {work.counted} semi join {work.touched_places} using ({_PLACE})""").fetchall()
    by_place: dict[tuple[Any, ...], list[counting.Counted]] = defaultdict(list)
    for row in rows:
        by_place[row[:4]].append(counting.Counted(*row[4:]))
    legs = _legs(work, physical)
    merges = _merges(work, {place[0] for place in by_place})
    found = [
        d for place, counted in by_place.items() for d in counting.differences(counted, legs.get(place, _NO_LEGS), merges.get(place[0], ()))
    ]
    work.hold(work.difference_rows, [(d.event_id, d.sub_no, d.units, d.since_us, d.until_us) for d in found])
    work.execute(f"""
        create or replace temp table {work.scope} as select distinct event_id from counts c
        where (c.item_id, c.location_id, coalesce(c.stock_state, c.to_stock_state, c.default_state), c.owner_id) in (select ({_PLACE}) from {work.touched_places})""")
    work.execute(f"""
        create or replace temp table {work.ruled} as
        select *, {rule_number_sql(("difference",))} as rule_number from (
            select c.* replace (d.units as units, greatest(d.since_us, c.since_us) as since_us, least(d.until_us, c.until_us) as until_us), 'difference' as part,
                {low_sql("c.event_id")} as event_lo
            from counts c join {work.difference_rows} d on d.event_id::UUID = c.event_id and d.sub_no = c.sub_no
                and d.since_us < c.until_us and d.until_us > c.since_us)""")
    moves.want(work, intents_sql(str(work.ruled)))
    moves.repost(work)


def _close_over_counts(work: Work) -> None:
    """A count whose item or place came to mean another is posted in both, each for a time: take in all its places."""
    size = -1
    while size != (now := work.count(work.touched_places)):
        size = now
        work.execute(f"""
            insert into {work.touched_places}
            select {_PLACE} from {work.counted} where event_id in (select event_id from {work.counted} semi join {work.touched_places} using ({_PLACE}))
            except select {_PLACE} from {work.touched_places}""")


def _merges(work: Work, items: set[int]) -> dict[int, list[counting.Merge]]:
    """The merges by which goods came to lie with those of an item, by that item."""
    links = [
        counting.Merge(*row)
        for row in work.execute("select item_id, into_item_id, merged_us, known_from, known_to from item_merges").fetchall()
    ]
    found: dict[int, list[counting.Merge]] = {}
    for item in items if links else ():
        group = {item}
        while more := {link.item_id for link in links if link.into_item_id in group} - group:
            group |= more
        if len(group) > 1:
            found[item] = [link for link in links if link.item_id in group]
    return found


_NO_LEGS: Final = counting.Legs(np.array([], np.int64), np.array([], np.int64), np.array([], np.int64), [])


def _legs(work: Work, physical: str) -> dict[tuple[Any, ...], counting.Legs]:
    """Legs of the touched places up to their last count, by time, in one array cut into places."""
    work.execute(f"""
        create or replace temp table {work.place_legs} as
        with places as (
            select p.*, row_number() over () as place_no, (select max(c.occurred_us) from {work.counted} c
                where c.item_id = p.item_id and c.location_id = p.location_id and c.state = p.state and c.owner_id = p.owner_id) as last_us
            from {work.touched_places} p),
        moved as (
            select item_id, from_location_id, from_stock_state, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id,
                epoch_us(occurred_at) as occurred_us, epoch_us(known_at) as known_us
            from {work.all_movements} where {physical} and item_id in (select item_id from {work.touched_places})
            union all
            select item_id, from_location_id, from_stock_state, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id,
                occurred_us, known_us
            from {work.new_moves} where {physical} and item_id in (select item_id from {work.touched_places})),
        legs as (
            select item_id, from_location_id as location_id, from_stock_state as state, owner_id, lot_code, -units as delta_units, named_item_id,
                occurred_us, known_us
            from moved
            union all
            select item_id, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id, occurred_us, known_us from moved)
        select p.place_no, {_PLACE}, l.occurred_us, l.delta_units::BIGINT as delta_units, l.known_us, l.lot_code,
            coalesce(l.named_item_id, item_id) as named_item_id
        from legs l join places p using ({_PLACE}) where l.occurred_us <= p.last_us
        order by p.place_no, l.occurred_us""")
    got = work.execute(
        f"select place_no, occurred_us, delta_units, known_us, lot_code, named_item_id from {work.place_legs} order by place_no, occurred_us"
    ).fetchnumpy()
    places = {row[0]: row[1:] for row in work.execute(f"select distinct place_no, {_PLACE} from {work.place_legs}").fetchall()}
    numbers = np.asarray(got["place_no"])
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]]) if len(numbers) else np.array([], np.int64)
    stops = np.r_[starts[1:], len(numbers)] if len(numbers) else starts
    return {
        places[int(numbers[start])]: counting.Legs(
            np.asarray(got["occurred_us"][start:stop]),
            np.asarray(got["delta_units"][start:stop]),
            np.asarray(got["known_us"][start:stop]),
            list(got["lot_code"][start:stop]),
            np.asarray(got["named_item_id"][start:stop]),
        )
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    }
