"""Decisions: what people decide about the data, as records that are added to and never changed.

Belongs here: the kinds of decision with the subject each needs, the record, its form in the spool and in the ledger, and what it
adds to the ledger hash. Does not belong here: writing it down (`pipelines.owner.desk`), or what the owner does because of it
(`pipelines.owner.apply.decided`).

A decision is undone by another one of the kind `undo`, which names it; the row of the first stays as it was. What stands is a view
over both: `plan.decisions`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, Self

import orjson

from pipelines.errors import UserError

DECISIONS_TABLE: Final[dict[str, str]] = {
    "decision_id": "VARCHAR",
    "batch_id": "VARCHAR",  # decided in one act; the key by which a repeated request is known
    "decided_at": "TIMESTAMPTZ",
    "author": "VARCHAR",
    "source": "VARCHAR",  # by which door it came: cli, page, xlsx, api
    "kind": "VARCHAR",
    "reason": "VARCHAR",
    # the subject: what the decision is about, null where its kind has none of it
    "delivery_id": "VARCHAR",
    "line_no": "BIGINT",
    "gate_run_id": "VARCHAR",
    "undoes_decision_id": "VARCHAR",
    "proposal_id": "VARCHAR",
    "item_id": "BIGINT",
    "location_id": "BIGINT",
    "quantity_units": "BIGINT",
    "expires_on": "DATE",  # last day on which it holds, null: until it is undone
    "commit_id": "BIGINT",
}
"""Columns of the ledger's table of decisions; grain: decision."""

UNDO: Final = "undo"


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision: `subject` are the columns that it must name, in plain words `what` it does."""

    name: str
    what: str
    subject: tuple[str, ...]


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("accept_gate", "let pass what a gate blocked", ("gate_run_id",)),
        Kind("accept_row", "take a row that waits for approval", ("delivery_id", "line_no")),
        Kind("withdraw", "take back all that a delivery posted", ("delivery_id",)),
        Kind(UNDO, "undo an earlier decision", ("undoes_decision_id",)),
    )
}
"""Every kind of decision. A kind more is an entry here, and an effect in `pipelines.owner.apply.decided` where the owner does something."""

SOURCES: Final = ("cli", "page", "xlsx", "api")
MOST_TEXT: Final = 1_000
"""The longest reason or author, in characters."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as it stands in the spool; the fields are the columns of `DECISIONS_TABLE`, instants and days as ISO text."""

    decision_id: str
    batch_id: str
    decided_at: str
    author: str
    source: str
    kind: str
    reason: str
    delivery_id: str | None = None
    line_no: int | None = None
    gate_run_id: str | None = None
    undoes_decision_id: str | None = None
    proposal_id: str | None = None
    item_id: int | None = None
    location_id: int | None = None
    quantity_units: int | None = None
    expires_on: str | None = None

    def row(self, commit_id: int) -> tuple[Any, ...]:
        """Its row in the ledger."""
        cells = {name: getattr(self, name) for name in DECISIONS_TABLE if name != "commit_id"}
        cells["decided_at"] = datetime.fromisoformat(self.decided_at)
        cells["expires_on"] = date.fromisoformat(self.expires_on) if self.expires_on else None
        return (*cells.values(), commit_id)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """A stored record; fields of a later version are ignored. Raises TypeError where one is missing."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in fields.items() if name in names})


def make(batch_id: str, acts: Sequence[dict[str, Any]], *, decided_at: str, author: str, source: str) -> list[Decision]:
    """The decisions of one batch, each with an id of its own that the same batch always gives.

    An act has `kind`, `reason` and the columns of its subject. Raises UserError (exit code 2) for what is no decision.
    """
    if source not in SOURCES:
        raise UserError(f"{source!r} is no source of a decision", next_step=f"one of {', '.join(SOURCES)}")
    _require_text("author", author)
    made = []
    for number, act in enumerate(acts):
        kind = KINDS.get(str(act.get("kind")))
        if kind is None:
            raise UserError(f"there is no decision of the kind {act.get('kind')!r}", next_step=f"one of {', '.join(KINDS)}")
        _require_text("reason", act.get("reason"))
        missing = [name for name in kind.subject if act.get(name) in (None, "")]
        if missing:
            raise UserError(f"a decision of the kind {kind.name} must name {', '.join(missing)}")
        decision_id = hashlib.sha256(f"{batch_id}\x1f{number}".encode()).hexdigest()[:32]
        written: dict[str, Any] = {
            "decision_id": decision_id,
            "batch_id": batch_id,
            "decided_at": decided_at,
            "author": author,
            "source": source,
        }
        try:
            made.append(Decision(**act, **written))
        except TypeError as error:
            raise UserError(f"a decision has no such field: {error}") from error
    if not made:
        raise UserError("nothing was decided")
    return made


def _require_text(name: Literal["author", "reason"], text: object) -> None:
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"a decision needs its {name}", next_step=f"--{name} TEXT")
    if len(text) > MOST_TEXT:
        raise UserError(f"the {name} is longer than {MOST_TEXT:,} characters")


def to_json(decisions: Iterable[Decision]) -> bytes:
    """A batch as stored; the same decisions always give the same bytes."""
    stored = [{name: value for name, value in dataclasses.asdict(one).items() if value is not None} for one in decisions]
    return orjson.dumps(stored, option=orjson.OPT_INDENT_2)


def from_json(content: bytes) -> list[Decision]:
    """Read a stored batch. Raises ValueError or TypeError when it is none."""
    stored = orjson.loads(content)
    if not isinstance(stored, list):
        raise ValueError("not a list of decisions")
    return [Decision.from_fields(fields) for fields in stored]


def hash_of(decision_id: str) -> tuple[int, int]:
    """What a decision that stands adds to both sums of the ledger hash; undoing it takes the same out again.

    >>> a, b = hash_of("5f"); a != b
    True
    """
    digest = hashlib.sha256(f"decision\x1f{decision_id}".encode()).digest()
    return int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])
