"""Events that change what others post: notices and receipts, picks and shipments, voids, revisions, counts.

Belongs here: keeping such events, ending those that a revision replaces, and in which order the others are posted again. Does
not belong here: how each is (`divisions.py`, `voids.py`, `recounts.py`), and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from typing import Final

from pipelines.events import KEPT_EVENT
from pipelines.owner.posting import divisions, moves, recounts, voids
from pipelines.owner.posting.posting import COUNT_KINDS
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

KEPT_KINDS: Final = ("asn", "receipt", "pick", "ship", *voids.VOID_KINDS)


def keep(work: Work) -> None:
    """Keep the accepted interplay events."""
    listed = ", ".join(KEPT_EVENT)
    voids.keep_anew(work)
    work.execute(f"insert into kept_events select {listed} from {work.accepted} where event_kind in {one_of(KEPT_KINDS)}")
    work.execute(f"insert into counts select {listed} from {work.accepted} where event_kind in {one_of(COUNT_KINDS)}")


def post_interplay(work: Work) -> None:
    """Post again what the touched documents, targets and places change; voids after divisions, counts after all.

    Fills `exceeding` with the voids that must wait.
    """
    work.make(work.exceeding)
    if work.count(work.touched_docs):
        divisions.divide(work)
    if work.count(f"kept_events where event_kind in {one_of(voids.VOID_KINDS)}"):
        work.execute(f"""
            insert into {work.touched_keys} select target from kept_events where event_kind = 'void_ship' and target in (
                select event_key from kept_events where event_id in (select event_id from {work.new_moves} where movement_kind = 'ship'))""")
        if work.count(work.touched_keys):
            voids.void(work)
    recounts.count(work)


def end_kept(work: Work) -> None:
    """End the kept events named in `ends` (event_id, end_us): a higher revision took their place."""
    for table in ("kept_events", "counts"):
        work.execute(f"update {table} set until_us = least(until_us, n.end_us) from {work.ends} n where {table}.event_id = n.event_id")


def end_posted(work: Work) -> None:
    """Reverse what the events in `ends` posted by themselves, at the known time at which they end.

    A receipt or shipment of no document shares its goods with nobody, and posted by itself.
    """
    work.execute(f"""
        create or replace temp table {work.scope} as
        select event_id from {work.ends} where event_id not in (select event_id from counts)
            and event_id not in (select event_id from kept_events where event_kind not in ('asn', 'pick')
                and not (event_kind in ('receipt', 'ship') and document_id is null))""")
    work.execute(f"""
        create or replace temp table {work.wanted} as
        select s.* replace (least(s.until_us, n.end_us) as until_us), 1 as base_sign from ({moves.spans_sql(work, work.scope)}) s join {work.ends} n using (event_id)""")
    moves.repost(work)
