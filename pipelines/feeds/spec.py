"""The form of a declaration: what a feed is. Nothing in it runs; ingest, gates, docs and tests read the same object."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Final, Literal

from pipelines.events import SENT
from pipelines.feeds.expect import Expectation

QuantityRule = Literal["positive", "not_negative", "signed", "stated", "optional"]
"""`stated`: any number, as a system's own books may stand below 0; `signed`: any but 0."""
FieldType = Literal["text", "decimal", "integer", "date", "instant", "boolean"]

ABSURD_QUANTITY: Final = 100_000_000_000_000
"""A number has fewer digits than this: no quantity is refused for its size alone, for only the owner knows the item and its units."""

MOST_LINE_UNITS: Final = 1_000_000_000
"""More base units than this in a line are a billion pieces, or a thousand tonnes counted in grams: somebody has to say that they are right."""

LEDGER_UNITS: Final = 1_000_000_000_000_000
"""More base units than this in a line are refused: sums of such lines would leave what the engine counts exactly."""

ABSURD_PRICE: Final = 10_000_000_000
"""Above this the price of one unit is no price, in whatever currency: a barcode in the wrong column has more digits."""

MOST_DAYS: Final = 36_500
"""Above this a lead time, or any other number of days of reference data, is none: a hundred years."""

MOST_NUMBER: Final = 1_000_000_000
"""Above this a whole number of reference data is none; products of two such numbers are still exact everywhere."""

MOST_PARTS: Final = 1_000_000
"""A kit of more of one component is none."""

FIRST_DAY: Final = date(1999, 12, 31)
"""No event lies before it: lines of years before 2000 are refused, and the first hours of 2000 begin a day earlier in UTC."""

_FIELD_TYPES: Final[dict[str, FieldType]] = {
    "VARCHAR": "text",
    "DECIMAL(18,4)": "decimal",
    "INTEGER": "integer",
    "DATE": "date",
    "TIMESTAMP": "instant",
    "BOOLEAN": "boolean",
}

FIELDS: Final[dict[str, FieldType]] = {"source_system": "text", **{name: _FIELD_TYPES[kind] for name, kind in SENT.items()}}
"""What every feed understands: the event's columns as a sender may write them, and their types; and where the line is from."""


@dataclasses.dataclass(frozen=True, slots=True)
class Extra:
    """A field of a kind that the event has no column for: it stays in `extra` as it was sent, and is judged all the same.

    `low`, `high` (inclusive) bound a number; `values` close the list of a text. `not_below` names another such field of
    the kind, of the same type, or for an instant also `occurred_at`, which this one must not lie below or before; a line
    that lacks one of the two says nothing. An instant without an offset has that of `occurred_at`.
    """

    name: str
    type: Literal["text", "decimal", "integer", "date", "instant"] = "text"
    required: bool = False
    low: int | None = None
    high: int | None = None
    values: tuple[str, ...] = ()
    not_below: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """`field` must be there where `other` has one of `values`; with `unless`, where it has none of them (or is missing)."""

    field: str
    other: str
    values: tuple[str, ...]
    unless: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One event kind of a feed: which fields it needs and what its quantity may be.

    `required` comes on top of the feed's own list, `optional` takes from it; of `any_of` a line must have at least one,
    and `needs` are fields that another field makes necessary. `natural_key` replaces the feed's where the kind has
    another; times of `not_before_event` (`due_at`, `promised_at`) lie not more than a day before `occurred_at`, those of
    `not_long_before_event` not more than a year, for what is only told of may be late. `defaults` are
    values for fields that a line leaves out. `voids` names the kind whose natural key, all else
    equal, is the key of what this event takes back. `extra` are fields of the kind beyond the event's columns.
    `is_of_the_offer`: it says what a channel shows of an item, so that a bundle stays one (as for a whole feed, `Feed`).
    """

    name: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    quantity: QuantityRule = "positive"
    natural_key: tuple[str, ...] | None = None
    defaults: tuple[tuple[str, str], ...] = ()
    voids: str | None = None
    any_of: tuple[str, ...] = ()
    extra: tuple[Extra, ...] = ()
    not_before_event: tuple[str, ...] = ()
    not_long_before_event: tuple[str, ...] = ()
    is_of_the_offer: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its kinds, the fields every line must have, and what stands for a missing `source_event_id`.

    `natural_key` lists fields; `day` among them is `business_on`, else the date as written in `occurred_at`, and `any_revision`
    stands where other kinds of the feed have the revision; null where `source_event_id` is required. `renames` maps a sender's field to the
    event's column. `defaults` are values for fields a line leaves out, in every kind. `lateness`: later than this still counts, and is reported as late.
    `syntax` is `flat` for one line one event, `epcis` for EPCIS events. `void_by_reference` names the kind whose
    target is the event that `ref_document_id` gives by its `source_event_id`. `is_optional`: nobody misses the feed
    where it never came, and no shelf is wrong for its silence. `names_its_day`: its senders have days of their own (a trading
    day, a report's day), so that `business_on` counts; of all others the day is that of the instant. `orders_find_their_place`:
    a line that names no location is of the one that serves its channel. `is_of_the_offer`: it speaks of what is offered, not
    of goods: a bundle stays one. `has_days_of_its_channel`: its days are those of the channel's zone, wherever the goods
    lie. `reports_on_days`: its day may lie long before its instant, as that of a report on it does; any other
    day that a feed names is a trading day and lies near. `most_line_units`: a line of more base units waits for approval, unless the item says how many
    one may have.
    `sells` names the kinds whose price is what goods cost: below 0 it is a discount's, and not goods.
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    required: tuple[str, ...]
    natural_key: tuple[str, ...] | None
    lateness: timedelta
    expectations: tuple[Expectation, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    syntax: Literal["flat", "epcis"] = "flat"
    void_by_reference: str | None = None
    is_optional: bool = False
    names_its_day: bool = False
    orders_find_their_place: bool = False
    is_of_the_offer: bool = False
    sells: tuple[str, ...] = ()
    reports_on_days: bool = False
    most_line_units: int = MOST_LINE_UNITS
    has_days_of_its_channel: bool = False

    @property
    def silence_severity(self) -> Literal["critical", "warning"]:
        """How bad it is when the feed falls silent: stock is made of the feeds that are not optional."""
        return "warning" if self.is_optional else "critical"

    @property
    def default_channel(self) -> str | None:
        """Channel of a line that names none; null where there is no such."""
        return dict(self.defaults).get("channel_code")

    def kind(self, name: str) -> Kind:
        """The kind of this name; KeyError when the feed has none."""
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise KeyError(f"{self.name} has no event kind {name!r}")

    def required_of(self, kind: Kind) -> tuple[str, ...]:
        """Fields a line of this kind must have (after renames)."""
        wanted = [field for field in (*self.required, *kind.required) if field not in kind.optional]
        if kind.quantity == "optional":
            wanted = [field for field in wanted if field != "quantity"]
        return tuple(dict.fromkeys(wanted))

    def extra_names(self) -> frozenset[str]:
        """Names of the fields that some kind has beyond the event's columns."""
        return frozenset(field.name for kind in self.kinds for field in kind.extra)

    def always_required(self) -> tuple[str, ...]:
        """Fields that every kind needs: what the header of a table must name."""
        common = set.intersection(*(set(self.required_of(kind)) for kind in self.kinds))
        return tuple(field for field in FIELDS if field in common)


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a reference entity: its type, whether each row needs it, and the closed list of its values (if any).

    `zero_is_none`: 0 says that there is no such number, as an empty cell does. `is_open_ended`: systems that must write a
    date write one before 1900 for "since ever" or after 2200 for "without end"; it is then read as not given.
    `high`: the greatest number, where it is not that of all columns of its type. `takes_all`: `*` says that the row holds for all;
    anywhere else nothing may be called so.
    """

    name: str
    type: FieldType = "text"
    required: bool = False
    values: tuple[str, ...] = ()
    is_gtin: bool = False
    is_gln: bool = False
    is_hours: bool = False
    is_weekdays: bool = False
    """A week's opening hours, in the form of `pipelines.feeds.reading.hours`."""
    zero_is_none: bool = False
    is_open_ended: bool = False
    high: int | None = None
    takes_all: bool = False

    @property
    def names_something(self) -> bool:
        """Whether it is the code of an item, a location, a channel or a supplier."""
        return self.name.endswith(("item_code", "location_code", "channel_code", "supplier_code", "member_code"))

    @property
    def most(self) -> int:
        """The greatest number that it takes; of an amount the greatest either way."""
        if self.high is not None:
            return self.high
        if self.type == "decimal":
            return ABSURD_PRICE
        if self.name == "component_units":
            return MOST_PARTS
        return MOST_DAYS if self.name.endswith("_days") else MOST_NUMBER


@dataclasses.dataclass(frozen=True, slots=True)
class Entity:
    """A reference entity: one file each. `key` are the columns that name a row, all of them required."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def fields(self) -> dict[str, FieldType]:
        """Fields that a line of the entity may have, and their types."""
        return {**{column.name: column.type for column in self.columns}, "valid_from": "instant", "valid_to": "instant"}
