"""The desk: where the owner takes what people decide, and writes it to the spool before it answers.

Belongs here: taking a batch of decisions once, and which batches are not in the ledger yet. Does not belong here: the record and
its kinds (`pipelines.ledger.decisions`), or what the owner does because of a decision (`apply.decided`).

A batch is one file that appears whole. Killed before it, the owner has not answered and nothing was decided; killed after it, the
next owner finds the file and goes on. The same batch id again is the same act: it is answered, and nothing more is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import UserError
from pipelines.failpoints import failpoint
from pipelines.ledger import decisions
from pipelines.ledger.decisions import Decision
from pipelines.spool import Spool

if TYPE_CHECKING:
    import duckdb

_BATCH_ID: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")  # it names a file


class Desk:
    """The decisions of one home; only the owner has it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, spool: Spool) -> None:
        self._spool = spool
        self._taken = {row[0] for row in con.execute("select distinct batch_id from ledger.decisions").fetchall()}

    def receive(self, request: dict[str, Any], *, decided_at: str, check: Callable[[Sequence[Decision]], None]) -> list[Decision]:
        """Write down what was decided and return it; a batch that is there already is returned as it stands.

        `request` has batch_id, author, source and acts. `check` raises UserError where something cannot be done; then nothing of the
        batch is written.
        """
        batch_id = str(request.get("batch_id"))
        if not _BATCH_ID.fullmatch(batch_id):
            raise UserError(f"{batch_id!r} is no id of a batch of decisions", next_step="8 to 64 letters, digits, - and _")
        if batch_id in self._spool.decision_batches():
            return self._read(batch_id)
        made = decisions.make(
            batch_id,
            request.get("acts") or (),
            decided_at=decided_at,
            author=request.get("author") or "",
            source=request.get("source") or "",
        )
        check(made)
        self._spool.write_decisions(batch_id, decisions.to_json(made))
        failpoint("after_decision_written")
        return made

    def batches(self) -> list[str]:
        """Ids of the batches that the ledger has."""
        return sorted(self._taken)

    def pending(self) -> list[Decision]:
        """The first batch that is not in the ledger yet, by when it was decided; nothing where all are."""
        waiting = [self._read(batch_id) for batch_id in sorted(self._spool.decision_batches() - self._taken)]
        return min(waiting, key=lambda batch: (batch[0].decided_at, batch[0].batch_id), default=[])

    def taken(self, batch: Sequence[Decision]) -> None:
        """The ledger has the batch."""
        self._taken |= {one.batch_id for one in batch}

    def _read(self, batch_id: str) -> list[Decision]:
        try:
            return decisions.from_json(self._spool.read_decisions(batch_id))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"a batch of decisions cannot be read: {error}", where=str(self._spool.decisions / f"{batch_id}.json"),
                next_step="restore the file from a backup of spool/", exit_code=3,
            ) from error  # fmt: skip
