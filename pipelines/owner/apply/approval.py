"""Rows for approval: well formed and understood, but so unlikely that a person has to say that they are right.

Belongs here: letting rows pass that somebody accepted. Does not belong here: what is unlikely (`resolve.py`), or taking the
decision (`decided.py`).

An accepted row counts from when it was accepted, as a row that waited for an item counts from when that was known, so that what was
known on a day stays what it was.
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.reasons import APPROVAL
from pipelines.owner.apply.resolve import MOST_OF_FEED
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

OF_APPROVAL: Final = one_of(sorted(APPROVAL))


def let_stand(work: Work) -> None:
    """Clear what is only unlikely about rows in `resolved` that have counted: what has been taken is not taken away for it."""
    work.execute(f"update {work.resolved} set problem = null where problem in {OF_APPROVAL}")


def let_pass(work: Work) -> None:
    """Clear the problem of the rows in `resolved` that the reference allows or that somebody accepted: they hold from then on."""
    if not work.count(f"{work.resolved} where problem in {OF_APPROVAL}"):
        return
    # a row that could count stays taken, whatever a later reference row makes of it
    work.execute(f"""
        update {work.resolved} set problem = null
        from (select unit_no, line_no, min(since_us) as since_us from {work.resolved} where problem is null group by all) s
        where s.unit_no = {work.resolved}.unit_no and s.line_no = {work.resolved}.line_no
            and s.since_us <= {work.resolved}.since_us and {work.resolved}.problem in {OF_APPROVAL}""")
    if work.count("item_bounds"):
        _let_pass_by_bound(work)
    if work.count("accepted_rows"):
        work.execute(f"""
            update {work.resolved} set problem = null, since_us = greatest({work.resolved}.since_us, a.since_us)
            from {work.batch_units} u join accepted_rows a using (delivery_id)
            where u.unit_no = {work.resolved}.unit_no and a.line_no = {work.resolved}.line_no and a.until_us = {END}
                and {work.resolved}.problem in {OF_APPROVAL} and a.since_us < {work.resolved}.until_us""")


def _let_pass_by_bound(work: Work) -> None:
    """Hold what is too much against the bounds of its item: the one known when the line came, and every later one.

    So a greater bound heals what waits, a smaller one concerns what comes after it, and neither depends on which came first.
    """
    work.execute(f"""
        create or replace temp table {work.allowed_lines} as
        with too_much as (
            select distinct unit_no, line_no, coalesce(named_item_id, item_id) as item_id, abs(units) as units, known_us, {MOST_OF_FEED} as most
            from {work.resolved} where problem = 'absurd_quantity'),
        bounds as (
            select *, coalesce(lead(known_us) over (partition by item_id order by known_us), {END}) as until_us from item_bounds)
        select t.unit_no, t.line_no, min(b.known_us) as since_us
        from too_much t join bounds b on b.item_id = t.item_id and b.until_us > t.known_us and t.units <= coalesce(b.max_line_units, t.most)
        group by all
        union all
        -- before the first row that says so there was no bound but the general one
        select unit_no, line_no, known_us from too_much t
        where units <= most and known_us < (select min(b.known_us) from item_bounds b where b.item_id = t.item_id)""")
    work.execute(f"""
        update {work.resolved} set problem = null, since_us = greatest({work.resolved}.since_us, a.since_us)
        from (select unit_no, line_no, min(since_us) as since_us from {work.allowed_lines} group by all) a
        where a.unit_no = {work.resolved}.unit_no and a.line_no = {work.resolved}.line_no
            and {work.resolved}.problem = 'absurd_quantity' and a.since_us < {work.resolved}.until_us""")
