"""Taking back a delivery: all that it posted is reversed, and its rows hold no identity any more.

Belongs here: whether a delivery can be taken back, and noting from when and until when. Does not belong here: what becomes of its
rows and of others with their keys (`settling.py`), or the decision itself (`decided.py`).

All readings of a file go together: which of them posted a line is nothing that a person should have to know.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.errors import UserError
from pipelines.feeds.registry import REFERENCE
from pipelines.ledger.decisions import Decision
from pipelines.ledger.instants import micros
from pipelines.owner.apply import contested, lives
from pipelines.owner.apply.effects import Act, Effect
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work


class Withdraw(Effect):
    """What a delivery posted ends when it is withdrawn, and what waits of it goes; undone, it is posted again, unless something took its place."""

    def check(self, work: Work, decisions: Sequence[Decision]) -> None:
        """Each must be a delivery of events that stands and that no other reading has replaced."""
        for one in decisions:
            _check(work, str(one.delivery_id))

    def take(self, act: Act, decisions: Sequence[Decision]) -> None:
        """Note from when the deliveries do not live; their keys are settled at the end of the batch."""
        for one in decisions:
            readings = contested.readings_of(act.work, str(one.delivery_id))
            since_us = micros(one.decided_at)
            act.work.executemany(
                "insert into withdrawals values (?, ?, ?, ?)", [[reading, one.decision_id, since_us, END] for reading in readings]
            )
            contested.contest(act.work, act.spool, readings)

    def undo(self, act: Act, undone: Sequence[tuple[Decision, int]]) -> None:
        """Note from when they live again."""
        for one, until_us in undone:
            act.work.execute("update withdrawals set until_us = ? where decision_id = ?", [until_us, one.decision_id])
            contested.contest(act.work, act.spool, contested.readings_of(act.work, str(one.delivery_id)))


def _check(work: Work, delivery_id: str) -> None:
    found = work.execute("select feed, source_uri from delivery_state where delivery_id = ?", [delivery_id]).fetchall()
    if not found:
        raise UserError(
            f"there is no delivery {delivery_id}", next_step="parstock sql 'select delivery_id, source_uri from ops.deliveries'"
        )
    feed, source_uri = found[0]
    if feed == REFERENCE:
        raise UserError(
            "reference data cannot be withdrawn: what it names is in use",
            where=source_uri,
            next_step="deliver the rows again as they should be; with valid_from they hold for the past too, with valid_to they end",
        )
    tenure = lives.of_deliveries(work, [delivery_id])[delivery_id]
    if tenure.is_replaced:
        newest = contested.readings_of(work, delivery_id)[-1]
        raise UserError("another reading of this file took its place", where=source_uri, next_step=f"parstock withdraw {newest}")
    if not tenure.lives_now:
        raise UserError("this delivery is withdrawn already", where=source_uri, next_step="parstock decisions")
