"""Raw rows to events: the checks of form, the types, keys and hashes. The same for every way a line can be read.

No reference data is needed here: codes are not looked up, only their form is judged.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl

from pipelines.events import FREE_TEXT, POLARS_SCHEMA
from pipelines.feeds.reading import identity, privacy, typed
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.currencies import CURRENCIES
from pipelines.feeds.reading.faults import Faults
from pipelines.feeds.reading.kinds import check_kinds
from pipelines.feeds.reading.rows import EXTRA, LINE, Parsed, RawRows, constants, reject_frame
from pipelines.feeds.reading.times import Instants
from pipelines.feeds.spec import ABSURD_PRICE, FIELDS, Feed
from pipelines.states import STOCK_STATES

_LATER_INSTANTS: Final = tuple(name for name, kind in FIELDS.items() if kind == "instant" and name != "occurred_at")
_OF_THE_DOCUMENT: Final = ("due_at", "promised_at")
"""Times that take the zone of their document where they name none."""
_DATES: Final = tuple(name for name, kind in FIELDS.items() if kind == "date")
_TRUTHS: Final = tuple(name for name, kind in FIELDS.items() if kind == "boolean")
_DAY_US: Final = 86_400_000_000
"""A day of which only the date is said begins before whatever happens on it, and perhaps in another zone."""
_YEAR_US: Final = 366 * _DAY_US


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What a file's place says about its rows: the source system, and the key of the customer's pseudonym (32 bytes or more)."""

    source_system: str
    customer_secret: bytes


def derive(rows: RawRows, feed: Feed, context: Context) -> Parsed:
    """Judge and type the rows of a block; each raw row ends as an event or as a reject."""
    raw = rows.frame
    if "customer_key" in raw.columns:  # the pseudonym replaces the customer before anything else can copy it
        raw = raw.with_columns(_pseudonyms(raw["customer_key"], context.customer_secret))
    faults = Faults(raw.height)
    columns = _texts(raw, feed, rows, faults)
    check_kinds(columns, raw[EXTRA] if EXTRA in raw.columns else None, feed, raw.height, faults)
    day = _type_columns(columns, feed, raw.height, faults)
    columns["source_line"] = raw[LINE]
    if EXTRA in raw.columns:
        columns["extra"] = raw[EXTRA]
    if "epcs" in raw.columns:
        columns["epcs"] = raw["epcs"]
    frame = pl.DataFrame({name: values.alias(name) for name, values in columns.items()} | {"~day": day})
    unknown = sorted(set(rows.unknown_columns) - feed.extra_names())
    rejects = list(rows.rejects)
    if faults:
        first = faults.first()
        rejects += faults.rejects(raw, first)
        frame = frame.filter(first.is_null())
    if not frame.height:
        return Parsed(pl.DataFrame(), reject_frame(rejects), unknown, rows.dropped_columns)
    events = _with_identity(frame, feed, context)
    present = [name for name in POLARS_SCHEMA if name in events.columns and events[name].null_count() < events.height]
    events = events.select(pl.col(name).cast(POLARS_SCHEMA[name]) for name in present)
    return Parsed(events, reject_frame(rejects), unknown, rows.dropped_columns)


def _pseudonyms(customers: pl.Series, secret: bytes) -> pl.Series:
    stripped = customers.str.strip_chars(BLANKS)
    stripped = stripped.set(stripped == "", None)
    return typed.mapped(stripped, {text: privacy.pseudonym(secret, text) for text in stripped.drop_nulls().unique()}).alias("customer_key")


def _texts(raw: pl.DataFrame, feed: Feed, rows: RawRows, faults: Faults) -> dict[str, pl.Series]:
    """The listed columns as clean text, with the feed's defaults; typed ones stay as sent."""
    columns: dict[str, pl.Series] = {}
    for name in raw.columns:
        kind = FIELDS.get(name)
        if kind is None or name in (LINE, EXTRA):
            continue
        text = raw[name]
        if kind == "text":
            if not rows.is_clean and (rows.may_have_blanks or not rows.is_ascii):
                text = typed.clean_text(text, rows.is_ascii)
            longest = text.str.len_bytes().max()
            if longest is not None and int(longest) > typed.MAX_TEXT:  # type: ignore[arg-type]
                faults.add("text_too_long", name, text.str.len_chars() > typed.MAX_TEXT)
        elif rows.may_have_blanks:
            blank = text.str.strip_chars(BLANKS) == ""
            text = text.set(blank, None) if blank.any() else text
        if text.null_count() < len(text):
            columns[name] = text
    for name, value in feed.defaults:
        columns[name] = columns[name].fill_null(value) if name in columns else pl.repeat(value, raw.height, dtype=pl.String(), eager=True)
    for name in FREE_TEXT:
        if name in columns and columns[name].str.contains(r"@|\+\d|0\d[ .-]").any():
            columns[name] = columns[name].map_elements(privacy.mask, return_dtype=pl.String())
    return columns


def _type_columns(columns: dict[str, pl.Series], feed: Feed, height: int, faults: Faults) -> pl.Series:
    """Replace text by typed values, in place. Returns the day of the natural key: `business_on`, else the date as written."""
    day = columns["business_on"].str.strip_chars(BLANKS) if "business_on" in columns else None
    written = columns["occurred_at"].str.strip_chars_start(BLANKS).str.head(10) if "occurred_at" in columns else None
    if "occurred_at" in columns:
        occurred = typed.instants(columns["occurred_at"], "occurred_at", faults)
        columns["occurred_at"] = occurred.utc_or_local()
        if occurred.offset.null_count() < height:
            columns["occurred_offset_minutes"] = occurred.offset
        for name in _LATER_INSTANTS:
            if name in columns:
                columns[name], is_local = _other_instant(columns[name], name, occurred, faults)
                if name in (feed.natural_key or ()):
                    faults.add("zone_missing", name, is_local)
                elif name in _OF_THE_DOCUMENT and is_local.any():
                    said = pl.select(pl.when(is_local).then(pl.lit(name))).to_series()
                    before = columns.get("local_fields", pl.repeat(None, height, dtype=pl.String(), eager=True))
                    columns["local_fields"] = pl.select(pl.concat_str(before, said, separator=" ", ignore_nulls=True)).to_series()
        _check_sequence(columns, feed, faults)
    for name in _DATES:
        if name in columns:
            columns[name] = typed.dates(columns[name], name, faults)
    if "source_revision" in columns:
        revision = typed.whole_numbers(columns["source_revision"], "source_revision", faults)
        faults.add("number_too_large", "source_revision", revision > 2_147_483_647)
        faults.add("quantity_negative", "source_revision", revision < 0)
        columns["source_revision"] = revision.clip(0, 2_147_483_647).fill_null(0)
    for name in _TRUTHS:
        if name in columns:
            columns[name] = typed.booleans(columns[name], name, faults)
    _check_quantity(columns, feed, faults)
    _check_money(columns, faults)
    _check_discounts(columns, feed, faults)
    _check_codes(columns, feed, faults)
    none = pl.repeat(None, height, dtype=pl.String(), eager=True)
    if day is None:
        return written if written is not None else none
    return day if written is None else day.zip_with(day.is_not_null(), written)


def _other_instant(text: pl.Series, field: str, occurred: Instants, faults: Faults) -> tuple[pl.Series, pl.Series]:
    """UTC of a time beside `occurred_at`, and where it is local: one without an offset is read with that of `occurred_at`, if that has one."""
    read = typed.instants(text, field, faults, with_time=False)
    offset = read.offset.zip_with(read.offset.is_not_null(), occurred.offset)
    return Instants(read.local, offset).utc_or_local(), read.local.is_not_null() & offset.is_null()


def _check_sequence(columns: dict[str, pl.Series], feed: Feed, faults: Faults) -> None:
    """What is wanted or promised for a day is not asked for after that day, nor told of years after it."""
    occurred = columns["occurred_at"].to_physical()
    for name in _LATER_INSTANTS:
        at_once = [kind.name for kind in feed.kinds if name in kind.not_before_event]
        later = [kind.name for kind in feed.kinds if name in kind.not_long_before_event]
        for kinds, most in ((at_once, _DAY_US), (later, _YEAR_US)):
            if kinds and name in columns:
                is_early = columns[name].to_physical() < occurred - most
                faults.add("before_event", name, columns["event_kind"].is_in(kinds) & is_early)


def _check_quantity(columns: dict[str, pl.Series], feed: Feed, faults: Faults) -> None:
    if "quantity" not in columns:
        return
    quantity = columns["quantity"] = typed.decimals(columns["quantity"], "quantity", faults)
    least = quantity.min()
    if least is None or least > 0:  # type: ignore[operator]
        return
    kinds = columns["event_kind"]
    rules: dict[str, list[str]] = {}
    for kind in feed.kinds:
        rules.setdefault("not_negative" if kind.quantity == "optional" else kind.quantity, []).append(kind.name)
    faults.add("quantity_not_positive", "quantity", kinds.is_in(rules.get("positive", [])) & (quantity <= 0))
    faults.add("quantity_negative", "quantity", kinds.is_in(rules.get("not_negative", [])) & (quantity < 0))
    faults.add("quantity_zero", "quantity", kinds.is_in(rules.get("signed", [])) & (quantity == 0))


def _check_money(columns: dict[str, pl.Series], faults: Faults) -> None:
    currency = columns.get("currency_code")
    if currency is not None:
        unknown = [code for code in currency.drop_nulls().unique() if code not in CURRENCIES]
        if unknown:
            faults.add("unknown_currency", "currency_code", currency.is_in(unknown))
    if "unit_price_amount" in columns:
        amount = columns["unit_price_amount"] = typed.decimals(columns["unit_price_amount"], "unit_price_amount", faults)
        faults.add("absurd_amount", "unit_price_amount", typed.beyond(amount, ABSURD_PRICE))
        if currency is None:
            faults.add("currency_missing", "currency_code", amount.is_not_null())
        elif currency.null_count():
            faults.add("currency_missing", "currency_code", amount.is_not_null() & currency.is_null())


def _check_discounts(columns: dict[str, pl.Series], feed: Feed, faults: Faults) -> None:
    """Tills and shops write what they take off as lines of their own: such a line is not a sale of goods, whatever it names."""
    if feed.sells and "unit_price_amount" in columns:
        price = columns["unit_price_amount"]
        if (price.min() or 0) < 0:  # type: ignore[operator]
            faults.add("discount_line", "unit_price_amount", columns["event_kind"].is_in(feed.sells) & (price < 0))


def _check_codes(columns: dict[str, pl.Series], feed: Feed, faults: Faults) -> None:
    if "item_code" in columns:
        code, kind, epc = typed.item_codes(columns["item_code"], columns.pop("item_code_kind", None), faults)
        columns["item_code"] = code
        if kind is not None:
            columns["item_code_kind"] = kind
        if epc is not None:
            columns["epcs"] = pl.select(pl.when(epc.is_not_null()).then(pl.concat_list(epc))).to_series()
    if "location_code" in columns:
        place, kind = typed.location_codes(columns["location_code"], columns.pop("location_code_kind", None), faults)
        columns["location_code"] = place
        if kind is not None:
            columns["location_code_kind"] = kind
    known = list(STOCK_STATES) if feed.syntax == "flat" else None
    for name in ("stock_state", "to_stock_state"):
        if name in columns:
            columns[name] = typed.states(columns[name], name, known, faults)


# ---- identity ------------------------------------------------------------------------------------------------


def _key_part(field: str, present: list[str]) -> pl.Expr:
    if field == "day":
        return pl.col("~day")
    if field == "any_revision":
        return pl.lit("0")
    if field not in present:
        return pl.lit(None, pl.String())
    if field == "occurred_at":  # the instant where it is known; a local time is told apart from a UTC one
        local = pl.col("occurred_offset_minutes").is_null() if "occurred_offset_minutes" in present else pl.lit(True)
        return pl.col(field).to_physical().cast(pl.String) + pl.when(local).then(pl.lit("L")).otherwise(pl.lit("Z"))
    if field in ("source_revision", "due_at"):
        return pl.col(field).to_physical().cast(pl.String)
    return pl.col(field)


@dataclasses.dataclass(frozen=True, slots=True)
class _Said:
    """What the rows of a block have: columns, kinds, and the texts and offsets that are the same in all of them."""

    present: list[str]
    kinds: set[str]
    same: dict[str, str]


def _natural(feed: Feed, system: pl.Expr | str, said: _Said, as_voided: bool) -> pl.Expr:
    """Text of the natural key, by kind where kinds differ; `as_voided` gives that of the line that a void takes back."""
    assert feed.natural_key is not None
    voids = {kind.name: kind.voids for kind in feed.kinds if kind.voids}

    def text(fields: tuple[str, ...]) -> pl.Expr:
        parts: list[identity.Part] = [said.same.get(field) or _key_part(field, said.present) for field in fields]
        if as_voided and "event_kind" in fields:
            parts[fields.index("event_kind")] = pl.col("event_kind").replace(list(voids), list(voids.values()))
        if "source_revision" in fields and "source_revision" not in said.present:
            parts[fields.index("source_revision")] = "0"
        return identity.natural_text(system, feed.name, parts)

    expr = text(feed.natural_key)
    for fields in {kind.natural_key for kind in feed.kinds if kind.natural_key and kind.name in said.kinds}:
        assert fields is not None
        names = [kind.name for kind in feed.kinds if kind.natural_key == fields]
        expr = pl.when(pl.col("event_kind").is_in(names)).then(text(fields)).otherwise(expr)
    return expr


def _with_identity(frame: pl.DataFrame, feed: Feed, context: Context) -> pl.DataFrame:
    """Add keys, targets of voids, and the payload hash."""
    present = frame.columns
    system: pl.Expr | str = context.source_system
    if "source_system" in present:
        system = pl.col("source_system").fill_null(context.source_system)
    same = {name: str(value) for name, value in constants(frame).items()}
    said = _Said(present, {same["event_kind"]} if "event_kind" in same else set(frame["event_kind"].unique()), same)
    has_ids = "source_event_id" in present
    by_id = identity.id_text(system, feed.name, pl.col("source_event_id"))
    texts: list[pl.Expr] = []
    if feed.natural_key is None:
        texts.append(by_id.alias("~key"))
    else:
        natural = _natural(feed, system, said, as_voided=False)
        texts.append((pl.when(pl.col("source_event_id").is_null()).then(natural).otherwise(by_id) if has_ids else natural).alias("~key"))
    target = _target(feed, system, said)
    if target is not None:
        texts.append(target.alias("~target"))
    texts.append(_payload(feed, said, has_ids).alias("~payload"))
    frame = frame.with_columns(texts)
    hashes = [*identity.halves("~key", "key_hi", "key_lo"), identity.payload_hash("~payload")]
    if target is not None:
        hashes += identity.halves("~target", "target_hi", "target_lo")
    return frame.with_columns(hashes)


def _payload(feed: Feed, said: _Said, has_ids: bool) -> pl.Expr:
    """What the row says beside its key: a natural key is not said again, a row with a number of its own says everything."""
    full = identity.payload_text(said.present, said.same)
    if feed.natural_key is None or any(kind.natural_key for kind in feed.kinds):
        return full
    beside = {name for name in said.present if name not in feed.natural_key}
    rest = identity.payload_text(beside, {name: text for name, text in said.same.items() if name in beside})
    return pl.when(pl.col("source_event_id").is_null()).then(rest).otherwise(full) if has_ids else rest


def _target(feed: Feed, system: pl.Expr | str, said: _Said) -> pl.Expr | None:
    """Text of the key that a void looks for, and for a voidable line with its own number that of the line it is."""
    present, kinds = said.present, said.kinds
    if feed.void_by_reference in kinds:
        by_reference = identity.id_text(system, feed.name, pl.col("ref_document_id"))
        return pl.when(pl.col("event_kind") == feed.void_by_reference).then(by_reference)
    voids = {kind.name: kind.voids for kind in feed.kinds if kind.voids and kind.name in kinds}
    voidable = {kind.voids for kind in feed.kinds if kind.voids} & kinds
    numbered = "source_event_id" in present and bool(voidable)
    if feed.natural_key is None or not (voids or numbered):
        return None
    wanted = pl.col("event_kind").is_in(list(voids))
    if numbered:
        wanted |= pl.col("event_kind").is_in(list(voidable)) & pl.col("source_event_id").is_not_null()
    return pl.when(wanted).then(_natural(feed, system, said, as_voided=True))
