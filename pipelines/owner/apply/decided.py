"""What the owner does because of a decision, in the transaction that brings the decision into the ledger.

Belongs here: which effect a kind of decision has, and having it checked, done and undone. Does not belong here: the effects themselves
(each in a module of its own), the record (`pipelines.ledger.decisions`), or writing it down before anybody is answered
(`pipelines.owner.desk`).

Decisions are taken in the order in which they were made, after everything that was known before: a warehouse made anew from the spool
goes the same way again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from pipelines.errors import UserError
from pipelines.ledger import hashing
from pipelines.ledger.decisions import DECISIONS_TABLE, UNDO, Decision, hash_of
from pipelines.ledger.instants import micros
from pipelines.owner.apply.accepting import AcceptRow
from pipelines.owner.apply.effects import Act, Effect
from pipelines.owner.apply.withdrawing import Withdraw
from pipelines.owner.reference.code_tables import insert_rows
from pipelines.owner.working import Work

EFFECTS: Final[dict[str, Effect]] = {"accept_gate": Effect(), "accept_row": AcceptRow(), "withdraw": Withdraw()}
"""Kind of decision: what the owner does. `undo` is the undoing of another's effect."""


def check(work: Work, decisions: Sequence[Decision]) -> None:
    """Raise UserError where one of the decisions cannot be done."""
    undone = _undone(work, decisions)
    for one in decisions:
        if one.kind == UNDO:
            _check_undo(one, undone.get(str(one.undoes_decision_id)))
    for kind, effect in EFFECTS.items():
        if mine := [one for one in decisions if one.kind == kind]:
            effect.check(work, mine)
        if theirs := [one for one, _ in undone.values() if one.kind == kind]:
            effect.check_undo(work, theirs)


def _check_undo(undo: Decision, found: tuple[Decision, bool] | None) -> None:
    if found is None:
        raise UserError(f"there is no decision {undo.undoes_decision_id}", next_step="parstock decisions lists them")
    one, is_undone = found
    if one.kind == UNDO:
        raise UserError("an undo cannot be undone", where=f"decision {one.decision_id}", next_step="decide again what was undone")
    if is_undone:
        raise UserError("this decision is undone already", where=f"decision {one.decision_id}", next_step="parstock decisions")


def take(act: Act, decisions: Sequence[Decision]) -> tuple[int, int]:
    """Bring decisions into the ledger and do what they say; returns what they add to both sums of the ledger hash."""
    undone = _undone(act.work, decisions)
    insert_rows(act.work.con, "ledger.decisions", [one.row(act.commit_id) for one in decisions])
    by_kind: dict[str, list[Decision]] = defaultdict(list)
    ended: dict[str, list[tuple[Decision, int]]] = defaultdict(list)
    a = b = 0
    for one in decisions:
        if one.kind != UNDO:
            by_kind[one.kind].append(one)
            more_a, more_b = hash_of(one.decision_id)
            a, b = hashing.add(a, more_a), hashing.add(b, more_b)
            continue
        former, is_undone = undone.get(str(one.undoes_decision_id), (None, True))
        if former is not None and not is_undone:
            ended[former.kind].append((former, micros(one.decided_at)))
            less_a, less_b = hash_of(former.decision_id)
            a, b = hashing.add(a, -less_a), hashing.add(b, -less_b)
    for kind, effect in EFFECTS.items():
        if by_kind[kind]:
            effect.take(act, by_kind[kind])
        if ended[kind]:
            effect.undo(act, ended[kind])
    return a, b


def _undone(work: Work, decisions: Sequence[Decision]) -> dict[str, tuple[Decision, bool]]:
    """The decisions that these undo, by id, and whether one of before has undone them."""
    wanted = [one.undoes_decision_id for one in decisions if one.kind == UNDO]
    if not wanted:
        return {}
    names = ", ".join(f"{name}::VARCHAR" if kind in ("TIMESTAMPTZ", "DATE") else name for name, kind in DECISIONS_TABLE.items())
    rows = work.execute(
        f"""select {names}, decision_id in (select undoes_decision_id from ledger.decisions where kind = '{UNDO}')
        from ledger.decisions where decision_id in (select unnest(?))""",
        [wanted],
    ).fetchall()
    fields = [name for name in DECISIONS_TABLE if name != "commit_id"]
    return {row[0]: (Decision.from_fields(dict(zip(fields, row, strict=False))), bool(row[-1])) for row in rows}
