"""Reference data. Who sends it: the ERP or whoever keeps the master data; one table per entity, whole or what changed.

A file is named after its entity: `items.csv`, or `items-2026.csv`, `items_north.jsonl` (what follows a `-`, `_` or `.`
is free), or any name in a folder called after it (`reference/items/anything.csv`). Every row may carry `valid_from`
and `valid_to` (a date means midnight UTC; one before 1900 or after 2200 is as an empty cell). Columns that the entity does not have are kept in `extra`.

Columns that need an explanation:

- `locations.opening_hours`: a week of local hours, `Mo-Fr 09:00-19:30; Sa 10:00-18:00` (`pipelines.feeds.reading.hours`); empty: not
  given. `capacity_units`: base units that the location can hold.
- `items.weight_grams`, `volume_cm3`: of one base unit. `launched_on`, `ended_on`: first and last day of sale, of any century.
  `max_line_units`: the most base units that one line may have without somebody's approval (empty: a million over a counter, else a billion).
- `item_codes`: what a vendor's systems call an item, for lines whose `item_code_kind` is `vendor`. Vendors' documents that say so
  (`.json`) are read as this entity.
- `terms.max_units`: the most in one order, base units; `priority`: the smallest is the first choice.
- 0 is as an empty cell where no such number can be meant (`zero_is_none`): a multiple, a minimum, a maximum, a capacity, a shelf life.
- `supplier_terms`: of a supplier for a location (`*` for all): `order_days`, the weekdays on which it takes orders
  (`Mo,We,Fr`; empty: every day), and its calendar. `calendar_code`, here and of a location: on the calendar's `closed` days and
  public holidays nobody takes orders, or goods. What a place's opening hours leave out, it takes no goods on either.
- `relations`: the item is related to another: `substitute` (may be sold instead), `successor` (follows it), `merge` (is the
  same item; `valid_from` is required: from then on their stock is one; before it, a count was of one code's goods alone).
- `segments`: members of a named group, each an item, location, channel or supplier by its code.
- `calendars`: days from `starts_on` to `ends_on` (empty: that day alone), by kind; `zone` A, B, C of French school holidays,
  `*` for everywhere.
- `reasons`: what a reason code of an event kind (`*`: of all) means, and whether rows with it are demand (empty: not given).
"""

from __future__ import annotations

import re
from typing import Final

from pipelines.feeds.spec import LEDGER_UNITS, Column, Entity

DAY_KINDS: Final = ("public_holiday", "school_holiday", "soldes", "black_friday", "closed", "event")
"""What a period of a calendar is: days that change demand, or on which nobody works (`closed`)."""

ENTITIES: Final[tuple[Entity, ...]] = (
    Entity(
        "items",
        ("item_code",),
        (
            Column("item_code", required=True),
            Column("item_name"),
            Column("item_kind", values=("stock", "kit", "bundle", "service")),
            Column("category"),
            Column("brand"),
            Column("base_uom_code"),
            Column("gtin", is_gtin=True),
            Column("unit_cost_amount", "decimal"),
            Column("unit_price_amount", "decimal"),
            Column("currency_code"),
            Column("shelf_life_days", "integer", zero_is_none=True),
            Column("lifecycle"),
            Column("launched_on", "date", is_open_ended=True),
            Column("ended_on", "date", is_open_ended=True),
            Column("obsolescence_class"),
            Column("weight_grams", "integer", zero_is_none=True),
            Column("volume_cm3", "integer", zero_is_none=True),
            Column("max_line_units", "integer", zero_is_none=True, high=LEDGER_UNITS),
        ),
    ),
    Entity(
        "item_codes",
        ("vendor_code",),
        (Column("vendor_code", required=True), Column("item_code", required=True)),
    ),
    Entity(
        "uoms",
        ("item_code", "uom_code"),
        (
            Column("item_code", required=True, takes_all=True),
            Column("uom_code", required=True),
            Column("numerator", "integer", required=True),
            Column("denominator", "integer", required=True),
            Column("gtin", is_gtin=True),
        ),
    ),
    Entity(
        "locations",
        ("location_code",),
        (
            Column("location_code", required=True),
            Column("location_name"),
            Column("location_kind", values=("dc", "store", "channel_fulfilment", "consignment_in", "consignment_out")),
            Column("gln", is_gln=True),
            Column("time_zone"),
            Column("country_code"),
            Column("rfid_posting", values=("none", "authoritative")),
            Column("opening_hours", is_hours=True),
            Column("capacity_units", "integer", zero_is_none=True),
            Column("calendar_code"),
        ),
    ),
    Entity(
        "channels",
        ("channel_code",),
        (
            Column("channel_code", required=True),
            Column("channel_name"),
            Column("channel_kind", values=("store", "web", "marketplace", "b2b")),
            Column("time_zone"),
        ),
    ),
    Entity(
        "networks",
        ("channel_code", "location_code"),
        (Column("channel_code", required=True), Column("location_code", required=True), Column("priority", "integer")),
    ),
    Entity(
        "suppliers",
        ("supplier_code",),
        (Column("supplier_code", required=True), Column("supplier_name"), Column("supplier_kind"), Column("time_zone")),
    ),
    Entity(
        "terms",
        ("supplier_code", "item_code", "location_code"),
        (
            Column("supplier_code", required=True),
            Column("item_code", required=True),
            Column("location_code", required=True, takes_all=True),
            Column("lead_time_days", "integer"),
            Column("moq_units", "integer", zero_is_none=True),
            Column("multiple_units", "integer", zero_is_none=True),
            Column("unit_cost_amount", "decimal"),
            Column("currency_code"),
            Column("order_cost_amount", "decimal"),
            Column("max_units", "integer", zero_is_none=True),
            Column("priority", "integer"),
        ),
    ),
    Entity(
        "supplier_terms",
        ("supplier_code", "location_code"),
        (
            Column("supplier_code", required=True),
            Column("location_code", required=True, takes_all=True),
            Column("order_days", is_weekdays=True),
            Column("calendar_code"),
        ),
    ),
    Entity(
        "bom",
        ("kit_item_code", "component_item_code"),
        (
            Column("kit_item_code", required=True),
            Column("component_item_code", required=True),
            Column("component_units", "integer", required=True),
        ),
    ),
    Entity(
        "sources",
        ("source_system",),
        (Column("source_system", required=True), Column("feed"), Column("time_zone"), Column("sends_picks", "boolean")),
    ),
    Entity(
        "relations",
        ("item_code", "related_item_code", "relation_kind"),
        (
            Column("item_code", required=True),
            Column("related_item_code", required=True),
            Column("relation_kind", required=True, values=("substitute", "successor", "merge")),
            Column("priority", "integer"),
        ),
    ),
    Entity(
        "segments",
        ("segment_code", "member_kind", "member_code"),
        (
            Column("segment_code", required=True),
            Column("member_kind", required=True, values=("item", "location", "channel", "supplier")),
            Column("member_code", required=True),
            Column("segment_name"),
        ),
    ),
    Entity(
        "calendars",
        ("calendar_code", "day_kind", "zone", "starts_on"),
        (
            Column("calendar_code", required=True),
            Column("day_kind", required=True, values=DAY_KINDS),
            Column("zone", required=True, values=("A", "B", "C", "*")),
            Column("starts_on", "date", required=True),
            Column("ends_on", "date"),
            Column("period_name"),
        ),
    ),
    Entity(
        "reasons",
        ("event_kind", "reason_code"),
        (
            Column("event_kind", required=True),
            Column("reason_code", required=True),
            Column("reason_name"),
            Column("reason_group"),
            Column("is_demand", "boolean"),
        ),
    ),
)

CODES_OF_VENDORS: Final = "item_codes"
"""The entity of which vendors' documents are."""

ENTITY_BY_NAME: Final = {entity.name: entity for entity in ENTITIES}
POSITIVE_COLUMNS: Final = frozenset({"numerator", "denominator", "component_units"})
"""Whole numbers that must be above 0; other whole numbers must not be negative."""


def entity_of_path(parts: tuple[str, ...]) -> str | None:
    """Entity of a reference file from its path under `reference/`: a folder named so, else the beginning of its name.

    A JSON document that is named after none is one of a vendor, which says codes of items.

    >>> entity_of_path(("items-2026.csv",)), entity_of_path(("erp", "items", "a.csv")), entity_of_path(("prices.csv",))
    ('items', 'items', None)
    >>> entity_of_path(("item_codes_shop.csv",)), entity_of_path(("shop", "products.json"))
    ('item_codes', 'item_codes')
    >>> entity_of_path(("supplier_terms_2026.csv",)), entity_of_path(("itemset.csv",))
    ('supplier_terms', None)
    """
    for folder in parts[:-1]:
        if folder in ENTITY_BY_NAME:
            return folder
    named = re.match(rf"({'|'.join(sorted(ENTITY_BY_NAME, key=len, reverse=True))})[-_.]", parts[-1])
    if named is not None:
        return named.group(1)
    return CODES_OF_VENDORS if parts[-1].lower().removesuffix(".gz").endswith(".json") else None
