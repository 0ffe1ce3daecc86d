"""What the effects of decisions have in common: the transaction they are in, their form, and taking back what was posted.

Belongs here: what a kind of decision's effect is made of. Does not belong here: which kind has which (`decided.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from pipelines.ledger.decisions import Decision
from pipelines.owner.apply import documents
from pipelines.owner.posting import interplay, touched
from pipelines.owner.working import Work
from pipelines.spool import Spool


@dataclasses.dataclass(frozen=True, slots=True)
class Act:
    """The transaction in which decisions are taken."""

    work: Work
    spool: Spool
    commit_id: int
    now_us: int


class Effect:
    """What the owner does because of a kind of decision. This one does nothing: the decision is kept, and readers go by it."""

    def check(self, work: Work, decisions: Sequence[Decision]) -> None:
        """Raise UserError where one of them cannot be done; asked before they are written down."""

    def check_undo(self, work: Work, undone: Sequence[Decision]) -> None:
        """Raise UserError where one of them cannot be undone; asked before that is written down."""

    def take(self, act: Act, decisions: Sequence[Decision]) -> None:
        """Do what they say."""

    def undo(self, act: Act, undone: Sequence[tuple[Decision, int]]) -> None:
        """Do away with what they did, each as of an instant (µs): when it was undone."""


def take_back(work: Work, commit_id: int) -> None:
    """Reverse all that the events in `ends` posted, each from its end on, and post again what that changes for others.

    `ended_revisions` must name their keys.
    """
    touched.begin(work)
    touched.by_ends(work)
    documents.take_back(work, commit_id)
    interplay.end_kept(work)
    interplay.end_posted(work)
    interplay.post_interplay(work)
