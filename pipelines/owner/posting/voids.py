"""Voids: what a line posted is taken back at the void's time, as many units as the void says, whenever either comes.

Belongs here: finding what a void names, and posting again the voids that a batch touches. Does not belong here: which they
are (`touched.py`), how much each takes (`takebacks.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from pipelines.ledger.keys import event_id_sql
from pipelines.owner.posting import moves
from pipelines.owner.posting.takebacks import Asked, Posted, take_back
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Table, Work
from pipelines.sql_text import one_of

VOID_KINDS: Final = ("sale_void", "void_ship")
WITHOUT_TARGET: Final = "void_without_target"
EXCEEDS: Final = "void_exceeds_sale"


def find_voided(work: Work) -> None:
    """Voids in `resolved` that name a line look for the sale that is that line, where the sale has a number of its own."""
    work.execute(
        f"update {work.resolved} set target = k.event_key from line_keys k where {work.resolved}.event_kind = 'sale_void' and {work.resolved}.target = k.target"
    )


def keep_anew(work: Work) -> None:
    """Voids of the batch that were kept before and came to wait are kept once."""
    work.execute(
        f"delete from kept_events where event_id in (select event_id from {work.accepted} where event_kind in {one_of(VOID_KINDS)})"
    )


def asked_of(work: Work, keys: Table) -> dict[str, list[Asked]]:
    """What the voids of the lines in a table (key, as text) ask for, by the line's key, the earliest void first."""
    span = f"{-END}::BIGINT as valid_from, {END}::BIGINT as valid_to"
    rows = work.execute(f"""
        with voids as (
            select target, event_id, coalesce(named_item_id, item_id) as void_item_id, units, since_us, until_us, occurred_us,
                coalesce(source_event_id, '') as number
            from kept_events where event_kind in {one_of(VOID_KINDS)} and since_us < until_us and units is not null
                and target in (select key::UUID from {keys}))
        select target::VARCHAR, event_id::VARCHAR, item_id, units, since_us, until_us, valid_from, valid_to from (
            select *, null::BIGINT as item_id, {span} from voids
            union all by name
            select v.* replace (
                    (v.units * k.component_units)::BIGINT as units, greatest(v.since_us, k.known_from) as since_us,
                    least(v.until_us, k.known_to) as until_us
                ), k.component_item_id as item_id, k.valid_from, k.valid_to
            from voids v join kit_components k on k.kit_item_id = v.void_item_id and v.since_us < k.known_to and v.until_us > k.known_from)
        order by occurred_us, number, event_id, item_id nulls first""").fetchall()
    found: dict[str, list[Asked]] = defaultdict(list)
    for target, *asked in rows:
        found[target].append(Asked(*asked))
    return found


def void(work: Work) -> None:
    """Post again the voids whose target's key is in `touched_keys` (event_key).

    Those that stand and get nothing, as they ask for more than is left, are put into `exceeding`. A service moves nothing, so
    that nothing is taken back of it.
    """
    work.execute(f"""
        create or replace temp table {work.touched_voids} as
        select * from kept_events where event_kind in {one_of(VOID_KINDS)} and target in (select event_key from {work.touched_keys})
            and item_id not in (select named_item_id from code_items where item_kind = 'service')""")
    if not work.count(work.touched_voids):
        return
    work.execute(f"""
        create or replace temp table {work.void_targets} as
        select event_key, {event_id_sql("event_key", "revision")} as event_id
        from (select event_key, revision from identity union select event_key, revision from contested_rows)
        where event_key in (select target from {work.touched_voids})""")
    work.execute(f"""
        create or replace temp table {work.target_spans} as
        select *, row_number() over (order by {", ".join(moves.CONTENT)}, since_us)::INTEGER as row_no from ({moves.spans_sql(work, work.void_targets)})""")
    _share_out(work)
    work.execute(f"create or replace temp table {work.scope} as select distinct event_id from {work.touched_voids}")
    work.execute(f"""
        create or replace temp table {work.wanted} as
        select s.* exclude (row_no) replace (
                t.units as units, v.event_id as event_id, v.occurred_us as occurred_us, coalesce(v.business_on, s.business_on) as business_on,
                coalesce(v.reason_code, s.reason) as reason,
                greatest(t.since_us, v.since_us) as since_us, least(t.until_us, v.until_us) as until_us
            ), -1 as base_sign
        from {work.taken_rows} t join {work.target_spans} s using (row_no)
        join {work.touched_voids} v on v.event_id = t.event_id::UUID and t.since_us < v.until_us and t.until_us > v.since_us""")
    if moves.repost(work):
        _name_what_is_reversed(work)


def _share_out(work: Work) -> None:
    """Fill `taken_rows` with what each touched void takes, and `exceeding` with those that get nothing."""
    work.execute(f"create or replace temp table {work.void_keys} as select distinct target::VARCHAR as key from {work.touched_voids}")
    posted: dict[str, list[Posted]] = defaultdict(list)
    for target, *row in work.execute(f"""
        select t.event_key::VARCHAR, s.row_no, s.item_id, s.units, s.occurred_us, coalesce(s.from_stock_state = 'allocated_picked', false), s.since_us, s.until_us
        from {work.target_spans} s join {work.void_targets} t using (event_id)""").fetchall():
        posted[target].append(Posted(*row))
    taken, waiting = [], []
    for target, asked in asked_of(work, work.void_keys).items():
        of_line, without = take_back(posted.get(target, ()), asked)
        taken += [(one.event_id, one.row_no, one.units, one.since_us, one.until_us) for one in of_line]
        waiting += [(event_id, target, since_us) for event_id, since_us in without.items()]
    work.hold(work.taken_rows, taken)
    work.hold(work.exceeding_rows, waiting)
    work.execute(f"""
        insert into {work.exceeding}
        select event_id::UUID, since_us, case when target::UUID in (select event_key from identity) then '{EXCEEDS}' else '{WITHOUT_TARGET}' end
        from {work.exceeding_rows}""")
    work.execute(
        f"update kept_events set until_us = least(until_us, x.since_us) from {work.exceeding} x where kept_events.event_id = x.event_id"
    )


def _name_what_is_reversed(work: Work) -> None:
    work.execute(f"""
        update {work.new_moves} set reverses_movement_id = target.movement_id from (
            select v.event_id, s.item_id, s.owner_id, s.lot_code, s.from_location_id, s.from_stock_state, s.to_location_id, s.to_stock_state,
                min(s.movement_id) as movement_id
            from {work.touched_voids} v join {work.void_targets} t on t.event_key = v.target
            join ({moves.standing_sql(work, work.void_targets)}) s on s.event_id = t.event_id and not s.is_reversal group by all
        ) target
        where {work.new_moves}.event_id = target.event_id and {work.new_moves}.is_reversal and {work.new_moves}.reverses_movement_id is null
            and {work.new_moves}.item_id = target.item_id and {work.new_moves}.owner_id = target.owner_id and {work.new_moves}.lot_code = target.lot_code
            and {work.new_moves}.to_location_id = target.from_location_id and {work.new_moves}.from_location_id = target.to_location_id
            and {work.new_moves}.to_stock_state is not distinct from target.from_stock_state
            and {work.new_moves}.from_stock_state is not distinct from target.to_stock_state""")
