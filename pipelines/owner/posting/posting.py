"""Which event posts which movement: the table `posting.csv`, and the SQL it becomes.

Belongs here: the rules and how a rule makes the two ends of a movement. Does not belong here: how much of an event
falls to which part (`allocate.py`, `counts.py`), or writing movements (`moves.py`).

A rule says from which place and state units go to which. `here` is the event's location, `there` its
to_location; a word in capitals is a virtual location. `sellable` is the location's default sellable state unless the
event names one (`stock_state` where it leaves, `to_stock_state` where it enters); `counted` the same, where goods may go
either way: named by either; `adjusted` as `counted`, but the one of the direction first; `given` is what the event names; `same` is the state at the other end.
The owner is the event's, unless the rule says `self`: ourselves.

Consignment. A movement has one owner, so consumption of somebody else's goods is two: they leave the owner's stock for
the SUPPLIER and come into ours from there, and lie where they lay. What then happens to them, as a sale at the till, takes
from our stock and never from the owner's: sale and consumption may come in either order, and each counts once. Goods
at a client's site (`consignment_out`), and ours anywhere, are consumed by a CUSTOMER. A delivery that names where it
goes moves goods from here to there; one at a client's site that does not ends the transfer that the warehouse shipped
under the same document; any other comes from the SUPPLIER. A delivery takes from no notice: goods that were announced
by an `asn` and pass the dock are a `receipt` with their owner.

RFID. An event of a reader that receives goods at a place whose `rfid_posting` is `authoritative` is a `receipt` too
(`owner.apply.explode`); no other step of a reader posts, since only receiving says from where to where.
"""

from __future__ import annotations

import csv
import dataclasses
from functools import cache
from pathlib import Path
from typing import Final

from pipelines.events import OUR_OWNER_CODE
from pipelines.ledger.ids import OURSELVES, VIRTUAL_LOCATIONS
from pipelines.owner.posting.moves import CONTENT
from pipelines.owner.reference.rows import virtual_id
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

RULES_FILE: Final = Path(__file__).with_name("posting.csv")

WHOLE_PARTS: Final = ("all", "component", "kit", "given_up", "taken")
"""Parts that an event posts by itself, whatever else is known."""

COUNT_KINDS: Final = ("count", "opening", "consignment_joint_count")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One line of `posting.csv`; `number` is its place in the file, from 1."""

    number: int
    event_kind: str
    part: str
    condition: str
    from_place: str
    from_state: str
    to_place: str
    to_state: str
    owner: str


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order in which they are tried: of one kind and part the first whose condition holds."""
    with RULES_FILE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    names = [field.name for field in dataclasses.fields(Rule) if field.name != "number"]
    found = tuple(Rule(number, **{name: line[name] for name in names}) for number, line in enumerate(lines, start=1))
    for rule in found:
        for place in (rule.from_place, rule.to_place):
            if place not in ("here", "there") and place not in VIRTUAL_LOCATIONS:
                raise ValueError(f"posting.csv line {rule.number + 1}: {place!r} is not a location")
        if rule.owner not in ("", OUR_OWNER_CODE):
            raise ValueError(f"posting.csv line {rule.number + 1}: {rule.owner!r} is not an owner")
    return found


def posting_kinds() -> frozenset[str]:
    """Event kinds that can move stock."""
    return frozenset(rule.event_kind for rule in rules())


def rule_number_sql(parts: tuple[str, ...]) -> str:
    """SQL of the number of the rule that an event follows, for rules of these parts; null where none applies.

    The row must have event_kind and, where parts other than `all` are asked for, a column `part`.
    """
    cases = []
    for rule in rules():
        if rule.part in parts:
            part = "" if parts == ("all",) else f" and part = '{rule.part}'"
            condition = f" and ({rule.condition})" if rule.condition else ""
            cases.append(f"when event_kind = '{rule.event_kind}'{part}{condition} then {rule.number}")
    return "case " + " ".join(cases) + " end"


def rules_relation() -> str:
    """SQL of the rules as rows: number, part, both ends and the owner (null: the event's); `*_virtual` is the id of a virtual place or null."""
    rows = ", ".join(
        f"({r.number}, '{r.part}', '{r.from_place}', {_virtual(r.from_place)}, '{r.from_state}',"
        f" '{r.to_place}', {_virtual(r.to_place)}, '{r.to_state}', {OURSELVES if r.owner else 'null'})"
        for r in rules()
    )
    columns = "number, part, from_place, from_virtual, from_word, to_place, to_virtual, to_word, owner"
    return (
        "(select number, part, from_place, from_virtual::BIGINT as from_virtual, from_word, to_place, to_virtual::BIGINT as to_virtual, to_word,"
        " owner::BIGINT as rule_owner"
        f" from (values {rows}) as listed ({columns})) as r"
    )


def _virtual(place: str) -> str:
    return str(virtual_id(place)) if place in VIRTUAL_LOCATIONS else "null"


_FROM_STATE: Final = """case from_word when '' then null when 'sellable' then coalesce(stock_state, default_state)
        when 'given' then stock_state else from_word end"""
_TO_STATE: Final = """case to_word when '' then null
        when 'sellable' then coalesce(to_stock_state, case when to_place = 'there' then to_default_state else default_state end)
        when 'counted' then coalesce(stock_state, to_stock_state, default_state)
        when 'adjusted' then case when units < 0 then coalesce(stock_state, to_stock_state, default_state) else coalesce(to_stock_state, stock_state, default_state) end
        when 'given' then to_stock_state
        when 'same' then coalesce(stock_state, default_state) else to_word end"""

# how a resolved event, joined with its rule, says what a movement says in other words; all else it says in the same
_SAID_OTHERWISE: Final = {
    "movement_kind": "event_kind",
    "from_location_id": "case when units < 0 then to_location else from_location end",
    "from_stock_state": "case when units < 0 then to_state else from_state end",
    "to_location_id": "case when units < 0 then from_location else to_location end",
    "to_stock_state": "case when units < 0 then from_state else to_state end",
    "owner_id": "coalesce(rule_owner, owner_id)",
    "lot_code": "coalesce(lot_code, '')",
    "units": "abs(units)::BIGINT",
    "source_feed": "feed",
    "reason": "reason_code",
    "transit_to_location_id": "transit_to",
}
_CONTENT: Final = ", ".join(f"{_SAID_OTHERWISE[name]} as {name}" if name in _SAID_OTHERWISE else name for name in CONTENT)


def intents_sql(events: str) -> str:
    """SQL of movement intents: one row for each part of each event and span of known time.

    `events` is a relation of resolved events with `part`, `rule_number` and signed `units`. The result has the
    content of a movement (always with the ends as the rule says them, so that units > 0 whatever the sign) and
    since_us, until_us. Movements are made of it in `moves.py`.
    """
    return f"""
select event_lo, sub_no, part, {_CONTENT}, since_us, until_us
from (
    select e.*, r.rule_owner,
        coalesce(r.from_virtual, case when r.from_place = 'there' then e.to_location_id else e.location_id end) as from_location,
        {_FROM_STATE} as from_state,
        coalesce(r.to_virtual, case when r.to_place = 'there' then e.to_location_id else e.location_id end) as to_location,
        {_TO_STATE} as to_state,
        case when r.from_place = 'TRANSIT' or r.to_place = 'TRANSIT' then coalesce(e.to_location_id, e.location_id) end as transit_to
    from {events} e join {rules_relation()} on r.number = e.rule_number
) where units <> 0"""


def whole_intents_sql(work: Work) -> str:
    """SQL of the intents of accepted events that post by themselves; receipts and shipments without a partner leave or come as a whole."""
    kinds = one_of(sorted(posting_kinds() - set(COUNT_KINDS)))
    return intents_sql(f"""(
        select *, {rule_number_sql((*WHOLE_PARTS, "rest"))} as rule_number from (
            select a.* replace (case when event_kind in ('receipt', 'ship') then 'rest' else part end as part) from {work.accepted} a
            where event_kind in {kinds} and item_kind is distinct from 'service' and since_us < until_us
                and not (event_kind in ('receipt', 'ship') and (document_kind, document_id) in (select (kind, id) from {work.touched_docs}))
        ) where rule_number is not null)""")
