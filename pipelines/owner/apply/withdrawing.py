"""Taking back a delivery: all that it posted is reversed, and its rows hold no identity any more.

Belongs here: whether a delivery can be taken back, noting from when and by whom, and until when. Does not belong here: what becomes of
its rows and of others with their keys (`settling.py`), or the decision itself.

All readings of a file go together: which of them posted a line is nothing that a person should have to know.
"""

from __future__ import annotations

from pipelines.errors import UserError
from pipelines.owner.apply import contested, lives
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.spool import Spool


def check(work: Work, delivery_id: str) -> None:
    """Raise UserError where a delivery cannot be taken back."""
    feeds = work.execute("select feed, source_uri from delivery_state where delivery_id = ?", [delivery_id]).fetchall()
    if not feeds:
        raise UserError(
            f"there is no delivery {delivery_id}", next_step="parstock sql 'select delivery_id, source_uri from ops.deliveries'"
        )
    feed, source_uri = feeds[0]
    if feed == "reference":
        raise UserError(
            "a delivery of reference cannot be withdrawn: what it named is in use",
            where=source_uri,
            next_step="deliver the right rows again; a row with valid_from puts the past right too, one with valid_to ends",
        )
    tenure = lives.of_deliveries(work, [delivery_id])[delivery_id]
    if tenure.is_replaced:
        newest = contested.readings_of(work, delivery_id)[-1]
        raise UserError(
            "another reading of this file has taken its place", where=source_uri, next_step=f"parstock withdraw {newest} --reason TEXT"
        )
    if not tenure.lives_now:
        raise UserError("this delivery is withdrawn already", where=source_uri, next_step="parstock decisions")


def withdraw(work: Work, spool: Spool, delivery_id: str, decision_id: str, since_us: int, author: str) -> None:
    """Take back a delivery, with every reading of its file, from an instant on; its keys are settled at the end of the batch."""
    readings = contested.readings_of(work, delivery_id)
    work.executemany("insert into withdrawals values (?, ?, ?, ?, ?)", [[one, decision_id, since_us, END, author] for one in readings])
    contested.contest(work, spool, readings)


def give_back(work: Work, spool: Spool, decision_id: str, until_us: int) -> None:
    """Undo a withdrawal from an instant on: what nothing has replaced meanwhile is posted again."""
    readings = [row[0] for row in work.execute("select delivery_id from withdrawals where decision_id = ?", [decision_id]).fetchall()]
    work.execute("update withdrawals set until_us = ? where decision_id = ?", [until_us, decision_id])
    contested.contest(work, spool, readings)
