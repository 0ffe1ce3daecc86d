"""What a batch touches: documents, voided lines and counts that its events change, so that what they posted is posted again.

Belongs here: filling the tables `touched_docs`, `touched_keys` and `touched_counts`. Does not belong here: posting again
(`interplay.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pipelines.owner.posting.allocate import DEFAULT_REF_KIND
from pipelines.owner.posting.posting import COUNT_KINDS
from pipelines.owner.posting.voids import VOID_KINDS
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

_PARTNER: Final = {"receipt": "asn", "ship": "pick", "asn": "receipt", "pick": "ship"}
"""The kind that an event of a kind is divided with, where both name one document."""


def begin(work: Work) -> None:
    """Nothing is touched yet."""
    work.make(work.touched_docs, work.touched_keys, work.touched_counts)


def by_batch(work: Work, kinds: Collection[str]) -> None:
    """What the accepted events touch; `kinds` are those that are among them."""
    for kind, partner in _PARTNER.items():
        if kind in kinds:
            work.execute(f"insert into {work.touched_docs} {_shared_docs_sql(work, kind, partner)}")
    if "receipt" in kinds:
        # what a reader received is weighed against whatever else was received under the document
        work.execute(f"""
            insert into {work.touched_docs} select distinct document_kind, document_id from {work.accepted} where event_kind = 'receipt' and document_id is not null
                and (document_kind, document_id) in (select (document_kind, document_id) from kept_events where event_kind = 'receipt' and epc is not null)""")
    if not set(VOID_KINDS).isdisjoint(kinds):
        work.execute(f"insert into {work.touched_keys} select target from {work.accepted} where event_kind in {one_of(VOID_KINDS)}")
        work.execute(f"""
            insert into {work.touched_docs} select distinct k.document_kind, k.document_id from kept_events k
            where k.event_kind = 'ship' and k.document_id is not null and k.event_key in (select event_key from {work.touched_keys})""")
    if not set(COUNT_KINDS).isdisjoint(kinds):
        work.execute(f"insert into {work.touched_counts} select event_id from {work.accepted} where event_kind in {one_of(COUNT_KINDS)}")


def by_ends(work: Work) -> None:
    """What the revisions that ended touch."""
    work.execute(f"""
        insert into {work.touched_docs} select document_kind, document_id from kept_events
        where document_id is not null and event_id in (select event_id from {work.ends})
        union select coalesce(ref_document_kind, '{DEFAULT_REF_KIND}'), ref_document_id from kept_events
        where event_kind = 'asn' and ref_document_id is not null and event_id in (select event_id from {work.ends})""")
    work.execute(f"insert into {work.touched_counts} select event_id from {work.ends} where event_id in (select event_id from counts)")
    work.execute(f"insert into {work.touched_keys} select event_key from {work.ended_revisions}")
    work.execute(f"""
        insert into {work.touched_keys} select target from kept_events
        where target is not null and event_id in (select event_id from {work.ends})""")


def by_reread(work: Work) -> None:
    """What the events that were read again touch, and the counts of items of which a merge changed."""
    work.execute(f"""
        insert into {work.touched_docs} select distinct document_kind, document_id from {work.reread_events}
        where event_kind in {one_of(_PARTNER)} and document_id is not null""")
    work.execute(f"insert into {work.touched_keys} select distinct event_key from {work.reread_events}")
    work.execute(f"insert into {work.touched_counts} select event_id from {work.reread_events} where event_kind in {one_of(COUNT_KINDS)}")
    # when a merge begins decides what the counts of either item are of
    work.execute(f"""
        insert into {work.touched_counts} select event_id from counts where item_id in (
            select item_id from code_items where named_item_id <> item_id and named_item_id in (
                select code::BIGINT from {work.changed_codes} where thing = 'item id'))""")


def _shared_docs_sql(work: Work, kind: str, partner: str) -> str:
    """Documents of this kind of event in the batch that have, or now get, a partner."""
    mine, theirs = _named_sql(str(work.accepted), kind), _named_sql("kept_events", partner)
    if kind == "asn":
        mine += f" union {_answered_sql(str(work.accepted))}"
    if partner == "asn":
        theirs += f" union {_answered_sql('kept_events')}"
    return f"select * from ({mine}) intersect select * from ({theirs})"


def _named_sql(events: str, kind: str) -> str:
    return f"select distinct document_kind, document_id from {events} where event_kind = '{kind}' and document_id is not null"


def _answered_sql(events: str) -> str:
    """Documents that notices answer."""
    return f"""select distinct coalesce(ref_document_kind, '{DEFAULT_REF_KIND}'), ref_document_id from {events}
        where event_kind = 'asn' and ref_document_id is not null"""
