"""What people decide, as plain calls: taking decisions, listing them, undoing them.

Belongs here: handing decisions to the home's owner, and finding what a person means by a shortened id. Does not belong here: the record
and its kinds (`ledger.decisions`), what the owner does because of one (`owner.apply`), or printing (`cli`).
"""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines import stages
from pipelines.errors import UserError
from pipelines.ledger.decisions import UNDO, from_json
from pipelines.settings import Home
from pipelines.spool import Spool

if TYPE_CHECKING:
    from pipelines.ledger.decisions import Decision
    from pipelines.spool import Delivery


def author_of(named: str | None) -> str:
    """Who decides: as named, else whoever is logged in. Raises UserError where the machine knows nobody."""
    if named is not None:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise UserError("nobody is logged in, so it is not known who decides", next_step="--author NAME") from error


def decide(
    home: Home, acts: Sequence[dict[str, Any]], *, author: str, clock: stages.Clock, source: str = "cli", batch_id: str | None = None
) -> list[dict[str, Any]]:
    """Take decisions, all of them or none, and publish what they changed; returns them as they stand.

    They are in the spool before this returns. The same `batch_id` again is the same act and changes nothing. Raises UserError for
    what cannot be done.
    """
    with stages.owner_of(home.make(), clock=clock) as owner:
        return _decide(home, owner, acts, author=author, source=source, batch_id=batch_id)


def _decide(
    home: Home, owner: stages.Asked, acts: Sequence[dict[str, Any]], *, author: str, source: str, batch_id: str | None = None
) -> list[dict[str, Any]]:
    from pipelines.marts.build_files import latest_build

    made: list[dict[str, Any]] = owner.ask("decide", batch_id=batch_id or uuid.uuid4().hex, author=author, source=source, acts=list(acts))
    owner.ask("flush")
    if latest_build(home) is not None:
        owner.ask("publish")
    return made


def accept_rows(home: Home, what: str, *, feed: str = "", reason: str, author: str, clock: stages.Clock) -> list[dict[str, Any]]:
    """Accept rows that wait for approval: one (`DELIVERY:LINE`), those of a delivery, of a reason, or `all`; of one feed alone if named.

    A delivery is named by its id, the beginning of it, or its path. Raises UserError where no such row waits for approval.
    """
    with stages.owner_of(home.make(), clock=clock) as owner:
        owner.ask("drain")
        chosen = chosen_rows([row for row in owner.ask("approvals") if feed in ("", row[1])], what)
        acts = [{"kind": "accept_row", "delivery_id": delivery, "line_no": line, "reason": reason} for delivery, line in chosen]
        return _decide(home, owner, acts, author=author, source="cli")


def chosen_rows(waiting: Sequence[Sequence[Any]], what: str) -> list[tuple[str, int]]:
    """Which rows (delivery_id, feed, source_uri, line_no, reason_code) a person means: delivery_id and line_no of each.

    >>> rows = [("ab12", "wms", "wms/1.csv", 2, "absurd_quantity"), ("ab12", "wms", "wms/1.csv", 7, "absurd_quantity")]
    >>> chosen_rows(rows, "data/landing/wms/1.csv:7"), len(chosen_rows(rows, "ab")), len(chosen_rows(rows, "absurd_quantity"))
    ([('ab12', 7)], 2, 2)
    """
    name, _, line = what.rpartition(":")
    if not (name and line.isdecimal()):
        name, line = what, ""
    if what == "all":
        found = list(waiting)
    else:
        found = [row for row in waiting if row[4] == what] or [row for row in waiting if row[2] == _under_landing(name)]
        if not found:
            found = [row for row in waiting if name and row[0].startswith(name)]
            if len({row[0] for row in found}) > 1:
                raise UserError(f"{name!r} begins the ids of several deliveries", next_step="give more of the id, or the path")
    if line and not (found and found[0][4] == what):
        found = [row for row in found if row[3] == int(line)]
    if not found:
        raise UserError(f"no row that {what!r} names waits for approval", next_step="parstock rejects --waiting")
    return [(row[0], row[3]) for row in found]


def accept_gate(home: Home, run: str, *, reason: str, author: str, clock: stages.Clock) -> list[dict[str, Any]]:
    """Let pass what a gate blocks: the look of this id, or of this gate (`feed/pos`). What it found may be found again, and no more.

    Raises UserError where it does not block, or where what it found cannot be accepted.
    """
    from pipelines.quality.gates import allow, blocked_named, forget_usual

    found = blocked_named(home, run)
    allow(home, found.gate_run_id, found.name, {one.rule_code: one.rows_failed for one in found.failed if one.severity == "block"})
    made = decide(home, [{"kind": "accept_gate", "gate_run_id": found.gate_run_id, "reason": reason}], author=author, clock=clock)
    if found.gate_kind == "feed":
        forget_usual(home, found.subject)
    return made


def undo(home: Home, decision: str, *, reason: str, author: str, clock: stages.Clock) -> list[dict[str, Any]]:
    """Undo the decision of this id, or all of a batch; the beginning of the id is enough where it names one alone."""
    found = _named(home, decision)
    return decide(
        home, [{"kind": UNDO, "undoes_decision_id": one.decision_id, "reason": reason} for one in found], author=author, clock=clock
    )


def decided(home: Home) -> list[tuple[Decision, bool]]:
    """Every decision of a home with whether it stands, the newest first."""
    spool = Spool(home.spool)
    every = [one for batch_id in spool.decision_batches() for one in from_json(spool.read_decisions(batch_id))]
    undone = {one.undoes_decision_id for one in every if one.kind == UNDO}
    every.sort(key=lambda one: (one.decided_at, one.decision_id), reverse=True)
    return [(one, one.decision_id not in undone) for one in every]


def delivery_named(home: Home, text: str) -> Delivery:
    """The delivery that a person means by its id, the beginning of that, or its path under the landing root: of a path the newest reading.

    Raises UserError where there is none, or where a path brought several contents or a beginning fits several ids.
    """
    every = list(Spool(home.spool).read_deliveries())
    path = _under_landing(text)
    of_path = sorted((one for one in every if one.source_uri == path), key=lambda one: (one.first_known_at, one.sequence))
    newest = {one.content_sha256: one for one in of_path}
    found = [*newest.values()] or [one for one in every if text and one.delivery_id.startswith(text)]
    if not found:
        raise UserError(
            f"there is no delivery {text!r}", where=str(home.root), next_step="its id or its path under landing, as ops.deliveries has them"
        )
    if len(found) > 1:
        listed = "\n         ".join(
            f"{one.delivery_id}  {one.source_uri}  {one.rows_in:,} rows, first seen {one.first_known_at}" for one in found[:10]
        )
        raise UserError(f"{text!r} names {len(found)} deliveries", where=listed, next_step="give the id of one of them")
    return found[0]


def _under_landing(text: str) -> str:
    r"""A path as deliveries have it, under the landing root, of one as people type it.

    >>> _under_landing("pos/a.csv"), _under_landing("./data/landing/pos/a.csv"), _under_landing("landing\\pos\\a.csv")
    ('pos/a.csv', 'pos/a.csv', 'pos/a.csv')
    """
    path = text.replace("\\", "/").removeprefix("./")
    before, folder, rest = path.rpartition("landing/")
    return rest if folder and (not before or before.endswith("/")) else path


def _named(home: Home, text: str) -> list[Decision]:
    every = [one for one, _ in decided(home)]
    found = [one for one in every if text and one.decision_id.startswith(text)] or [one for one in every if text and one.batch_id == text]
    if not found:
        raise UserError(f"there is no decision {text!r}", where=str(home.root), next_step="parstock decisions lists them")
    if len({one.batch_id for one in found}) > 1 or (len(found) > 1 and found[0].batch_id != text):
        raise UserError(f"{text!r} begins the ids of {len(found)} decisions", next_step="give more of the id: parstock decisions")
    return found
