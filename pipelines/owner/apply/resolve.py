"""Resolution: what a segment says in codes becomes ids, instants and base units.

Belongs here: the one query that turns events as sent into resolved events, with what is wrong with each. Does not
belong here: what a resolved event posts (`owner.posting`), or whether it was seen before (`identity.py`).

A resolved event holds from `since_us` to `until_us` in known time: from when everything it needs was known, to when
a newer reference version says otherwise. Ordinarily that is one row to the end of time.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.events import ENGINE_TYPES, OUR_OWNER_CODE, PASSED
from pipelines.feeds.registry import EPCIS_FEEDS, FEEDS
from pipelines.feeds.spec import LEDGER_UNITS, MOST_LINE_UNITS
from pipelines.ledger.ids import OURSELVES, code_id
from pipelines.ledger.keys import event_id_sql, key_sql, revised_low_sql
from pipelines.owner.apply.common import UNIT_COLUMNS, Common
from pipelines.owner.apply.zones import day_cases
from pipelines.owner.reference.versions import END
from pipelines.sql_text import listed, literal, one_of

if TYPE_CHECKING:
    import duckdb

FAR_DAYS: Final = 2
"""A trading day lies no farther from the day of its instant than this."""

_DAY_US: Final = 86_400_000_000

_EPCIS: Final = one_of(EPCIS_FEEDS)
_NAMES_ITS_DAY: Final = one_of(feed.name for feed in FEEDS if feed.names_its_day)
MOST_OF_FEED: Final = (
    "case feed "
    + "".join(f"when {literal(feed.name)} then {feed.most_line_units} " for feed in FEEDS if feed.most_line_units != MOST_LINE_UNITS)
    + f"else {MOST_LINE_UNITS} end"
)
_REPORTS_ON_DAYS: Final = one_of(feed.name for feed in FEEDS if feed.reports_on_days)
_NAMES_A_LINE: Final = one_of(kind.name for feed in FEEDS for kind in feed.kinds if kind.voids)
"""A void says the day of the line that it takes back, however long ago that was."""

_DAYS_OF_CHANNEL: Final = one_of(feed.name for feed in FEEDS if feed.has_days_of_its_channel)


def channel_sql(column: str, feed: str) -> str:
    """SQL of a line's channel: the one it names, else its feed's own; null where there is neither."""
    cases = " ".join(
        f"when {literal(each.name)} then coalesce({column}, {literal(each.default_channel)})" for each in FEEDS if each.default_channel
    )
    return f"case {feed} {cases} else {column} end" if cases else column


class Incoming:
    """The raw events of one batch: segments to read, with the waiting rows that are tried again.

    `only` is SQL that chooses among the segments' rows; `rows` names a table (unit_no, line_no) of the ones wanted. `common` is
    what all rows of the segments have in common, as far as it is known; not where rows are retried or chosen.
    """

    def __init__(
        self,
        segments: Sequence[Path],
        present: Iterable[str],
        *,
        retries: bool,
        only: str = "",
        rows: str = "",
        common: Common | None = None,
    ) -> None:
        self.segments = list(segments)
        self._is_full = retries or bool(only)
        self._present = set(ENGINE_TYPES) if self._is_full else set(present)
        self._retries = retries
        self._only = only
        self._rows = rows
        self.common = common or Common()
        self._names_units = True

    def without_units(self) -> Incoming:
        """The same rows, all with unit number 0, where their units are alike: they need not be joined. Else itself."""
        if not self.common.is_of_all_units or self._is_full or self._rows:
            return self
        found = copy.copy(self)
        found._names_units = False
        return found

    def column(self, name: str, prefix: str = "e.") -> str:
        """SQL of a raw column: the column, or a typed null where no segment of the batch has it."""
        return f"{prefix}{name}" if name in self._present else f"null::{ENGINE_TYPES[name]}"

    def has(self, *names: str) -> bool:
        """Whether any of the columns has a value somewhere in the batch."""
        return any(name in self._present for name in names)

    def relation(self) -> str:
        """SQL of the raw events: unit_no, known_us, feed, source_system, and the columns that are there.

        The table `batch_units` (unit_no, path, feed, source_system, known_us) must name the segments.
        """
        columns = [name for name in ENGINE_TYPES if name in self._present]
        names = ", ".join(columns)
        parts = []
        if self.segments:
            typed = ", ".join(self.common.column(name) for name in columns if name in self._present)
            of_units = ", ".join(self.common.of_unit(name) for name in UNIT_COLUMNS)
            if not self._names_units:
                return f"select 0::INTEGER as unit_no, {of_units}, {typed} from read_parquet([{listed(self.segments)}], union_by_name = true) s"
            parts.append(
                f"select u.unit_no, {of_units}, {typed}"
                f" from (select * from read_parquet([{listed(self.segments)}], union_by_name = true, filename = true)"
                + (f" union all by name (select {', '.join(ENGINE_TYPES)} from waiting limit 0)" if self._is_full else "")
                + ") s join batch_units u on u.path = s.filename"
                + (f" semi join {self._rows} x on x.unit_no = u.unit_no and x.line_no = s.source_line" if self._rows else "")
                + (f" where {self._only}" if self._only else "")
            )
        if self._retries:
            parts.append(
                f"select u.unit_no, u.known_us, u.feed, u.source_system, {names} from retried w join batch_units u on u.unit_id = w.unit_id"
            )
        return " union all ".join(parts)


def name_owners(con: duckdb.DuckDBPyConnection, incoming: Incoming) -> None:
    """Give ids to owners that come for the first time: no reference names them."""
    if not incoming.has("owner_code"):
        return
    codes = con.execute(f"""
        select distinct owner_code from ({incoming.relation()}) where owner_code <> '{OUR_OWNER_CODE}' and owner_code not in (select code from code_owners)""").fetchall()
    if codes:
        con.executemany("insert into code_owners values (?, ?)", [[code, code_id("owner", code)] for (code,) in codes])


@dataclasses.dataclass(slots=True)
class _Placing:
    """Terms of the query that find places, channel, supplier, source and zone of an event `e`."""

    zone: str = ""
    day_zone: str = ""
    joins: list[str] = dataclasses.field(default_factory=list)
    known_from: list[str] = dataclasses.field(default_factory=lambda: ["e.known_us"])
    known_to: list[str] = dataclasses.field(default_factory=lambda: [str(END)])
    joined: set[str] = dataclasses.field(default_factory=set)

    def join(self, table: str, alias: str, condition: str) -> None:
        """Join a span table: what the code means at the event's time, known now or later."""
        self.joins.append(f"left join {table} {alias} on {condition} and {_KNOWN.format(alias)}")
        self.known_from.append(f"{alias}.known_from")
        self.known_to.append(f"{alias}.known_to")
        self.joined.add(alias)

    def of(self, alias: str, column: str, kind: str = "VARCHAR") -> str:
        """A column of a joined table; a typed null where no row of the batch needs it."""
        return f"{alias}.{column}" if alias in self.joined else f"null::{kind}"


_KNOWN: Final = "{0}.known_to > e.known_us and e.written_us >= {0}.valid_from and e.written_us < {0}.valid_to"
_ITEM_KNOWN: Final = "{0}.known_to > p.since_us and coalesce(p.occurred_us, p.written_us) >= {0}.valid_from and coalesce(p.occurred_us, p.written_us) < {0}.valid_to"


def _placing(incoming: Incoming) -> _Placing:
    terms = _Placing()
    if incoming.has("location_code"):
        kind = "coalesce(e.location_code_kind, 'own')" if incoming.has("location_code_kind") else "'own'"
        terms.join("code_locations", "l", f"l.code_kind = {kind} and l.code = e.location_code")
    if incoming.has("to_location_code"):
        terms.join("code_locations", "tl", "tl.code_kind = 'own' and tl.code = e.to_location_code")
    terms.join("code_channels", "ch", f"ch.code = {channel_sql(incoming.column('channel_code'), 'e.feed')}")
    if incoming.has("supplier_code"):
        terms.join("code_suppliers", "sp", "sp.code = e.supplier_code")
    # a source only lends its zone: an event does not wait for it to be known
    terms.joins.append(f"left join code_sources so on so.source_system = e.source_system and {_KNOWN.format('so')}")
    terms.zone = f"coalesce({terms.of('l', 'time_zone')}, ch.time_zone, so.time_zone, {terms.of('sp', 'time_zone')})"
    terms.day_zone = f"case when e.feed in {_DAYS_OF_CHANNEL} and e.event_kind <> 'order_shipped' then ch.time_zone else {terms.zone} end"
    return terms


@dataclasses.dataclass(frozen=True, slots=True)
class _Measuring:
    """Terms of the query that find item and unit of a placed event `p`: one unit is numerator/denominator base units."""

    code_kind: str
    numerator: str = "i.numerator"
    denominator: str = "i.denominator"
    joins: str = ""
    known_from: str = ""
    known_to: str = ""
    problem: str = ""


def _measuring(incoming: Incoming) -> _Measuring:
    code_kind = "coalesce(p.item_code_kind, 'sku')" if incoming.has("item_code_kind") else "'sku'"
    if not incoming.has("uom_code"):
        return _Measuring(code_kind)
    needs = "p.uom_code is not null and i.uom_code is null and p.uom_code is distinct from i.base_uom_code"
    return _Measuring(
        code_kind,
        numerator=f"case when {needs} then coalesce(uo.numerator, ua.numerator) else i.numerator end",
        denominator=f"case when {needs} then coalesce(uo.denominator, ua.denominator) else i.denominator end",
        joins=(
            f" left join code_uoms uo on uo.item_id = i.named_item_id and uo.uom_code = p.uom_code and {needs} and {_ITEM_KNOWN.format('uo')}"
            f" left join code_uoms ua on ua.item_id = 0 and ua.uom_code = p.uom_code and uo.item_id is null and {needs} and {_ITEM_KNOWN.format('ua')}"
        ),
        known_from=", uo.known_from, ua.known_from",
        known_to=", uo.known_to, ua.known_to",
        problem=(
            " when p.item_code is not null and i.uom_code is not null and p.uom_code is not null and p.uom_code <> i.uom_code then 'unit_conflict'"
            " when p.item_code is not null and per_unit is null then 'unknown_uom'"
        ),
    )


def resolve_sql(incoming: Incoming, *, now_us: int) -> str:
    """The query that resolves a batch. `now_us` is the clock, which only decides what is still too far ahead.

    Result: one row for each event, component of a bundle, and span of known time; see the columns of its last select.
    """
    c = incoming.column
    return f"""
with e as ({_raw(incoming)}),
placed as ({_placed(incoming)}),
itemed as ({_itemed(incoming, now_us)})
select
    unit_no, line_no, 0::INTEGER as sub_no, 'all' as part, event_key, key_hi, key_lo,
    {event_id_sql("event_key", "revision")} as event_id,
    case when revision = 0 then key_lo else {revised_low_sql("key_lo", "revision")} end as event_lo,
    revision, payload_hash, target, feed, event_kind, known_us,
    item_id, named_item_id, item_kind, location_id, location_kind, default_state, rfid_posting, to_location_id, to_default_state, channel_id, supplier_id,
    {_owner(incoming)} as owner_id, units, occurred_us,
    case
        when {c("business_on", "")} is not null and feed in {_NAMES_ITS_DAY} then {c("business_on", "")}
        when day_zone is null then written_at::DATE
        {day_cases(incoming.common.shifts)}
        else timezone(day_zone, make_timestamptz(occurred_us))::DATE
    end as business_on,
    case when occurred_us > known_us + {_DAY_US} then greatest(since_us, occurred_us) else since_us end as since_us, until_us,
    coalesce(problem, {_concern(incoming)}) as problem, unit_price as unit_price_amount,
    {", ".join(_in_utc(incoming, name) for name in PASSED)},
    null::VARCHAR as epc, {c("quantity", "")} as quantity
from itemed left join (select item_id as bounded_id, min(max_line_units) as least_bound from item_bounds group by all) b
    on b.bounded_id = coalesce(itemed.named_item_id, itemed.item_id)
where since_us < until_us or problem is not null
"""


def _in_utc(incoming: Incoming, name: str) -> str:
    """SQL of a passed column; of a time that is local as written, by the zone of its document, in UTC."""
    if name not in ("due_at", "promised_at") or not incoming.has("local_fields"):
        return name
    return (
        f"case when contains(local_fields, '{name}') then timezone('UTC', make_timestamptz({_local_instant('zone', name)}))"
        f" else {name} end as {name}"
    )


def _placed(incoming: Incoming) -> str:
    """SQL of the events `e` with what their codes of places, channel and supplier mean, and their instant."""
    c, place = incoming.column, _placing(incoming)
    return f"""
    select
        e.*, {place.of("l", "location_id", "BIGINT")} as location_id, {place.of("l", "location_kind")} as location_kind,
        {place.of("l", "default_state")} as default_state,
        {place.of("l", "rfid_posting") if incoming.has("epcs", "biz_step") else "null::VARCHAR"} as rfid_posting,
        {place.of("tl", "location_id", "BIGINT")} as to_location_id, {place.of("tl", "default_state")} as to_default_state,
        ch.channel_id, {place.of("sp", "supplier_id", "BIGINT")} as supplier_id,
        {channel_sql(c("channel_code"), "e.feed")} as named_channel,
        {place.zone} as zone, {place.day_zone} as day_zone,
        {_instant(c("occurred_offset_minutes"), place.zone)} as occurred_us,
        greatest({", ".join(place.known_from)}) as since_us,
        least({", ".join(place.known_to)}) as until_us
    from e {" ".join(place.joins)}"""


def _itemed(incoming: Incoming, now_us: int) -> str:
    """SQL of the placed events with their item, in base units, and what is wrong with each."""
    unit, quantity, price = _measuring(incoming), incoming.column("quantity", "p."), incoming.column("unit_price_amount", "p.")
    return f"""
    select
        p.* exclude (since_us, until_us), i.item_id, nullif(i.named_item_id, i.item_id) as named_item_id, i.item_kind, i.base_uom_code,
        {unit.numerator} as per_unit, {unit.denominator} as per_units,
        greatest(p.since_us, i.known_from{unit.known_from}) as since_us, least(p.until_us, i.known_to{unit.known_to}) as until_us,
        {_problem(incoming, unit.problem, now_us)} as problem,
        case
            when problem is not null or {quantity} is null then null
            when per_unit is null and {quantity} % 1 <> 0 then null  -- a reader's measure of no item: nothing to count in
            when per_unit is null or per_unit = per_units then {quantity}::BIGINT
            else ({quantity} * per_unit / per_units)::BIGINT
        end as units,
        case
            when {price} is null or per_unit is null or per_unit = per_units then {price}
            else {_base_price(price)}
        end as unit_price
    from placed p
    left join code_items i on i.code_kind = {unit.code_kind} and i.code = p.item_code and {_ITEM_KNOWN.format("i")}
    {unit.joins}"""


def _problem(incoming: Incoming, of_its_unit: str, now_us: int) -> str:
    """SQL of the reason why an event cannot count as it is, null where it can; `of_its_unit` are cases of its own."""
    c, quantity = incoming.column, incoming.column("quantity", "p.")
    return f"""case
            when {c("location_code", "p.")} is not null and p.location_id is null then 'unknown_location'
            when {c("to_location_code", "p.")} is not null and p.to_location_id is null then 'unknown_location'
            when p.named_channel is not null and p.channel_id is null then 'unknown_channel'
            when {c("supplier_code", "p.")} is not null and p.supplier_id is null then 'unknown_supplier'
            when p.item_code is not null and i.item_id is null then 'unknown_item'
            {of_its_unit}
            when p.occurred_us is null then 'zone_unknown'
            {_price_problem(c("unit_price_amount", "p."))}
            when {quantity} is null then null
            when abs({quantity}::DOUBLE * coalesce(per_unit, 1) / coalesce(per_units, 1)) > {LEDGER_UNITS} then 'quantity_too_large'
            when p.item_code is null and p.feed not in {_EPCIS} and {quantity} % 1 <> 0 then 'fractional_quantity'
            when per_unit = per_units and {quantity} % 1 <> 0 then 'fractional_quantity'
            when per_unit <> per_units and ({quantity} * per_unit) % per_units <> 0 then 'fractional_quantity'
            when p.occurred_us > p.known_us + {_DAY_US} and p.occurred_us > {now_us} then 'future_time'
        end"""


def _base_price(price: str) -> str:
    """SQL of the price of one base unit of a price per unit; null where it is more than an amount can be."""
    return f"try_cast({price} * per_units / per_unit as DECIMAL(18,4))"


def _price_problem(price: str) -> str:
    """SQL of the case of a price that cannot be said for one base unit; empty where no line has a price."""
    if price.startswith("null"):
        return ""
    return f"when {price} is not null and per_unit <> per_units and {_base_price(price)} is null then 'absurd_amount'"


def _concern(incoming: Incoming) -> str:
    """SQL of the reason why an event `itemed` that could count waits for somebody's approval, null where it is an ordinary one."""
    far = ""
    if incoming.has("business_on"):
        # as written the day is at most one off that of the place: only of few rows the zone must be asked
        ahead = "date_diff('day', coalesce(timezone(zone, make_timestamptz(occurred_us))::DATE, written_at::DATE), business_on)"
        written = "date_diff('day', written_at::DATE, business_on)"
        far = f"""
            when feed in {_NAMES_ITS_DAY} and abs({written}) >= {FAR_DAYS} then case
                when {ahead} > {FAR_DAYS} then 'business_day_far'
                when {ahead} < -{FAR_DAYS} and feed not in {_REPORTS_ON_DAYS} and event_kind not in {_NAMES_A_LINE} then 'business_day_far' end"""
    return f"""case
            -- what a till counts of all goods together is no line of one
            when abs(units) > least(least_bound, case when item_id is null then {MOST_LINE_UNITS} else {MOST_OF_FEED} end) then 'absurd_quantity'{far}
        end"""


def _raw(incoming: Incoming) -> str:
    c = incoming.column
    offset = c("occurred_offset_minutes")
    wanted = [name for name in ("location_code", "location_code_kind", "to_location_code", "channel_code", "supplier_code", "item_code_kind", "owner_code",
                                "business_on", "quantity", "unit_price_amount", "occurred_offset_minutes", "local_fields") if incoming.has(name)]  # fmt: skip
    kept = ", ".join(f"e.{name}" for name in wanted)
    passed = ", ".join(f"{c(name)} as {name}" for name in PASSED if name not in wanted)
    target = f"case when e.target_hi is null then null else {key_sql('e.', 'target')} end" if incoming.has("target_hi") else "null::UUID"
    return f"""
        select e.unit_no, e.known_us, e.feed, e.source_system, e.source_line::BIGINT as line_no, e.event_kind,
            e.key_hi, e.key_lo, {key_sql("e.")} as event_key, {target} as target,
            coalesce({c("source_revision")}, 0)::INTEGER as revision, e.payload_hash,
            e.occurred_at as raw_at, epoch_us(e.occurred_at) as written_us,
            case when {offset} is null then e.occurred_at else e.occurred_at + to_minutes({offset}) end as written_at,
            {kept}{", " if kept else ""}{passed}
        from ({incoming.relation()}) e"""


def _instant(offset: str, zone: str) -> str:
    """µs of the instant: as sent when the line has an offset, else local time in the zone, of two the first."""
    if offset.startswith("null"):
        sure = ""
    else:
        sure = f"when {offset} is not null then e.written_us "
    return f"case {sure}when {zone} is null then null else {_local_instant(zone, 'e.raw_at')} end"


def _local_instant(zone: str, written: str) -> str:
    """µs of a local time in a zone, of two the first."""
    local = f"timezone({zone}, {written})"
    return f"case when timezone({zone}, {local} - interval 1 hour) = {written} then epoch_us({local} - interval 1 hour) else epoch_us({local}) end"


def _owner(incoming: Incoming) -> str:
    if not incoming.has("owner_code"):
        return "0::BIGINT"
    return f"coalesce((select o.owner_id from code_owners o where o.code = nullif(itemed.owner_code, '{OUR_OWNER_CODE}')), {OURSELVES})"
