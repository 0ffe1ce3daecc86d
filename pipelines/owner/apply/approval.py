"""Rows for approval: well formed and understood, but so unlikely that a person has to say that they are right.

Belongs here: letting rows pass that somebody accepted. Does not belong here: what is unlikely (`resolve.py`), or taking the
decision (`decided.py`).

An accepted row counts from when it was accepted, as a row that waited for an item counts from when that was known, so that what was
known on a day stays what it was.
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.reasons import APPROVAL
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

OF_APPROVAL: Final = one_of(sorted(APPROVAL))


def let_pass(work: Work) -> None:
    """Clear the problem of the rows in `resolved` that are accepted: they hold from then on."""
    if not work.count("accepted_rows"):
        return
    work.execute(f"""
        update {work.resolved} set problem = null, since_us = greatest({work.resolved}.since_us, a.since_us)
        from {work.batch_units} u join accepted_rows a using (delivery_id)
        where u.unit_no = {work.resolved}.unit_no and a.line_no = {work.resolved}.line_no and a.until_us = {END}
            and {work.resolved}.problem in {OF_APPROVAL} and a.since_us < {work.resolved}.until_us""")
