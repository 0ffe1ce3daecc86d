"""Voids: what a line posted is taken back at the void's time, whenever either comes.

Belongs here: finding what a void names, and posting again the voids that a batch touches. Does not belong here: which they
are (`touched.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from typing import Final

from pipelines.ledger.keys import event_id_sql
from pipelines.owner.posting import moves
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

VOID_KINDS: Final = ("sale_void", "void_ship")


def find_voided(work: Work) -> None:
    """Voids in `resolved` that name a line look for the sale that is that line, where the sale has a number of its own."""
    work.execute(
        f"update {work.resolved} set target = k.event_key from line_keys k where {work.resolved}.event_kind = 'sale_void' and {work.resolved}.target = k.target"
    )


def void(work: Work) -> None:
    """Post again the voids whose target's key is in `touched_keys` (event_key). Of several voids of one line the first counts."""
    work.execute(f"""
        create or replace temp table {work.touched_voids} as
        select *, dense_rank() over (partition by target order by occurred_us, event_id) as void_no
        from kept_events where event_kind in {one_of(VOID_KINDS)} and target in (select event_key from {work.touched_keys})""")
    work.execute(f"""
        create or replace temp table {work.void_targets} as
        select event_key, {event_id_sql("event_key", "revision")} as event_id
        from (select event_key, revision from identity union select event_key, revision from contested_rows)
        where event_key in (select target from {work.touched_voids})""")
    work.execute(f"create or replace temp table {work.target_spans} as {moves.spans_sql(work, work.void_targets)}")
    work.execute(f"create or replace temp table {work.scope} as select event_id from {work.touched_voids}")
    work.execute(f"""
        create or replace temp table {work.wanted} as
        select s.* replace (
                v.event_id as event_id, v.occurred_us as occurred_us, coalesce(v.business_on, s.business_on) as business_on,
                coalesce(v.reason_code, s.reason) as reason,
                greatest(s.since_us, v.since_us) as since_us, least(s.until_us, v.until_us) as until_us
            ), -1 as base_sign
        from {work.touched_voids} v join {work.void_targets} t on t.event_key = v.target join {work.target_spans} s on s.event_id = t.event_id
        where v.void_no = 1""")
    if moves.repost(work):
        work.execute(f"""
            update {work.new_moves} set reverses_movement_id = target.movement_id from (
                select v.event_id, s.item_id, s.units, s.from_location_id, s.to_location_id, min(s.movement_id) as movement_id
                from {work.touched_voids} v join {work.void_targets} t on t.event_key = v.target
                join ({moves.standing_sql(work, work.void_targets)}) s on s.event_id = t.event_id and not s.is_reversal group by all
            ) target
            where {work.new_moves}.event_id = target.event_id and {work.new_moves}.is_reversal and {work.new_moves}.reverses_movement_id is null
                and {work.new_moves}.item_id = target.item_id and {work.new_moves}.units = target.units
                and {work.new_moves}.to_location_id = target.from_location_id and {work.new_moves}.from_location_id = target.to_location_id""")
