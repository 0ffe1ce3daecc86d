"""Why a row is quarantined: one code and one sentence each. Codes are public: `ops.quarantine` shows them.

Belongs here: every code, of form (ingest checks it without reference data) or of meaning (the owner checks it when it applies
a segment), and which rows wait. Does not belong here: the checks themselves.
"""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, str]] = {
    # the file
    "not_utf8": "the text is not UTF-8; save it as UTF-8 and send it again",
    "other_encoding": "the text is not in the encoding that its mapping states",
    "truncated_gzip": "the gzip file ends too early; send it again",
    "corrupt_gzip": "the gzip file is damaged, or other data follows it",
    "not_gzip": "the name says gzip, but the content is not",
    "too_large": "the unpacked file is larger than the limit; split it",
    "compression_ratio": "the file unpacks to an implausible size",
    "unknown_format": (
        "files of this kind are not read; the name must end in .jsonl, .csv or .json (for rfid in .jsonl, .json, .jsonld or .xml), each also with .gz; "
        "a table called .txt or .tsv is read through a mapping.toml beside it"
    ),
    "not_a_regular_file": "skipped: not a regular file; links, devices and pipes are not read, put the file itself here",
    "unknown_entity": (
        "the file is not named after a reference entity; call it items.csv, locations.csv …, or say in a mapping.toml beside it "
        'what it holds: files = { "articles*.csv" = ["items"] }'
    ),
    "unknown_document": (
        "no adapter reads documents of this type; read it through a mapping.toml beside it (parstock ingest --try FILE drafts one), "
        "or name its format with --format"
    ),
    "interchange": "EDI is not read; have it converted to CSV or JSON Lines in the form of the feed, or with a mapping.toml beside them",
    "unusable_document": "documents of this type hold nothing that a feed takes",
    "other_feed": "documents of this type belong to another feed; put it there",
    "bad_document": "the document lacks this part, or its form is not valid EPCIS; export the whole document again",
    "master_data": "the document holds master data and no event; items and locations come through the feed reference",
    "not_xml": "the file is not well-formed XML; export the whole file again",
    "unsafe_xml": "XML with declarations in its document type, or with entities, is not read; send it without them",
    "unreadable": "parstock could not parse this; it is a fault of parstock: please report it with the file",
    "old_line_ends": "its lines end in a carriage return alone, so it reads as one line; save it with line ends of Windows or Unix",
    "source_changed": "the file was changed or removed before it could be read",
    "missing_column": "the header lacks a required column",
    "duplicate_column": "the header names a column twice",
    # the line
    "unterminated_line": (
        "the last line has no line end, so its last value may be cut off; end it, or say that it is whole: "
        '--last-line whole, or last_line = "whole" in its mapping'
    ),
    "line_too_long": "the line is longer than 1 MiB",
    "ragged_row": "the row does not have as many fields as the header",
    "bad_quoting": "quotes are not balanced, or are in the middle of a field",
    "not_in_encoding": "the line holds a byte that is not valid in the encoding its mapping states",
    "not_json": "the line is not one JSON object",
    "duplicate_key": "the object has a field twice",
    "not_finite": "NaN and Infinity are not allowed as numbers",
    "too_deep": "the object is nested too deeply",
    "nested_value": "text or a number is expected, not an object or a list",
    "wrong_type": "text or a number is expected, not true or false",
    "number_as_code": "a code was sent as a number with a fraction or exponent, so its digits may be wrong; send it as text",
    "control_character": "the text holds a control character",
    "lone_surrogate": "the text holds half of a Unicode surrogate pair",
    # the fields
    "missing_field": "a required field is missing",
    "unknown_kind": "the feed has no event of this kind",
    "text_too_long": "the text is longer than 512 characters",
    "bad_number": "not a number in the form 1234.5",
    "number_too_large": "the number has more than 14 digits before the point",
    "too_many_decimals": "the number has more than 4 decimals; round it, or say round = 4 in a mapping",
    "not_whole": "a whole number is expected; round it, or say round = 0 for it in a mapping",
    "quantity_not_positive": "the number must be above 0; which way goods go follows from the kind of the event",
    "quantity_negative": "the number must not be below 0",
    "quantity_zero": "an adjustment of 0 changes nothing",
    "absurd_amount": "the amount of one unit is above 10,000,000,000",
    "too_many_units": "a line of a customer's order has more than 10,000 units; each would become an event",
    "discount_line": "a price below 0 is a discount, a coupon or a deposit and not goods; send goods that come back as a return",
    "currency_missing": "an amount needs a currency_code",
    "unknown_currency": "the currency is not in ISO 4217",
    "bad_time": "not a time in the form 2026-03-02T10:05:00+01:00",
    "time_out_of_range": "the year, in UTC too, is not one of 2000 to 2200 (in reference data 1900 to 2200)",
    "zone_missing": "the time has no zone, and occurred_at has none either",
    "bad_date": "not a date in the form 2026-03-02",
    "bad_boolean": "neither true nor false",
    "bad_gtin": "not a GTIN: 8, 12, 13 or 14 digits with a valid check digit",
    "bad_gln": "not a GLN: 13 digits with a valid check digit",
    "bad_epc": "not a valid EPC: its format, length or serial is invalid for its scheme",
    "unknown_code_kind": "the feed does not know this kind of code",
    "unknown_zone": "no time zone has this name",
    "bad_weekdays": "not a list of weekdays in the form Mo,We,Fr or Mo-Fr",
    "bad_opening_hours": "not opening hours in the form Mo-Fr 09:00-19:30; Sa 10:00-18:00; Su off",
    "period_reversed": "the period ends before it begins",
    "related_to_itself": "an item cannot be related to itself",
    "unknown_state": "the stock state is not a known disposition",
    "unknown_value": "the field does not allow this value",
    "out_of_range": "the number is outside the range of the field",
    "below_other_field": "the value must not be below or before that of another field",
    "before_event": (
        "the time lies more than a day before the event itself (occurred_at); of a confirmation, a change or a notice more than a year"
    ),
    # EPCIS events
    "bad_event": "an EPCIS event is an object with a type; this is none",
    "not_an_object": "an object with fields is expected here",
    "not_a_uri": "this must be a URI, as text; where several may stand (certificationInfo), a URI or a list of URIs",
    "not_a_list": "a list is expected here",
    "bad_action": "the action must be ADD, OBSERVE or DELETE",
    "action_not_allowed": "a transformation has no action; leave it out",
    "missing_parent": "the event needs the parentID of the object that its children belong to",
    "missing_epcs": "the event names neither an EPC nor a quantity; name what it is about",
    "missing_inputs": "a transformation needs its inputs, unless a transformationID links it to another event",
    "missing_outputs": "a transformation needs its outputs, unless a transformationID links it to another event",
    "ilmd_not_allowed": "ilmd belongs to an object event with ADD, or to a transformation; leave it out",
    "too_many_epcs": "the event names more EPCs than one event may; split it",
    "duplicate_epc": "the list names this EPC twice; send each tag once",
    "bad_check_digit": "the check digit of the GS1 key does not match, so one of its digits is wrong; correct the key",
    "unknown_term": "the Core Business Vocabulary does not have this word; a term of your own must be a full URI",
    "bad_uom": "not a unit of UN/ECE Recommendation 20, such as KGM",
}
"""Reasons of form: code → what is wrong and, where it is not obvious, what to do."""

FILE_REASONS: Final = frozenset(
    {
        "not_utf8", "other_encoding", "truncated_gzip", "corrupt_gzip", "not_gzip", "too_large", "compression_ratio", "unknown_format",
        "not_a_regular_file", "unknown_entity", "unknown_document", "interchange", "unusable_document", "other_feed", "bad_document", "master_data",
        "not_xml", "unsafe_xml", "unreadable", "old_line_ends", "source_changed", "missing_column", "duplicate_column",
    }
)  # fmt: skip
"""Codes about the whole file: every row of it gets the code."""

MEANING: Final[dict[str, str]] = {
    "unknown_item": "no reference row names item {item_code}",
    "unknown_uom": "item {item_code} has no unit {uom_code}: no reference row says how many base units it is",
    "unknown_location": "no reference row names location {location_code}",
    "unknown_channel": "no reference row names channel {channel_code}",
    "unknown_supplier": "no reference row names supplier {supplier_code}",
    "zone_unknown": "the time has no offset, and neither the location, the channel, the source nor the supplier declares a time zone",
    "future_time": "the time is more than one day after the delivery was first seen",
    "void_without_target": "the line that this one voids has not come yet",
    "void_exceeds_sale": "the line that this one voids has fewer units left than {quantity}; voids of one line add up, the earliest first",
    "ambiguous_order": "order {document_id} exists on more than one channel, and the line names none",
    "kit_without_bom": "no bill of materials lists the components of {item_code}, or of a bundle inside it",
    "implausible_terms": "a figure of the terms is so large that somebody has to say that it is right",
    "unit_conflict": "the GTIN stands for another unit than {uom_code}",
    "quantity_too_large": "{quantity} {uom_code} is more than 1,000,000,000,000,000 base units, and could not be summed exactly",
    "fractional_quantity": "{quantity} is not a whole number of base units",
    "absurd_quantity": "{quantity} is more than one line of {item_code} may have",
    "business_day_far": "business_on {business_on} is more than 2 days from the day of occurred_at at its place",
    "conflicting_payload": "the same event came before with other content; the first version stays in force",
    "absurd_amount": "{unit_price_amount} for one {uom_code} is more for one base unit than an amount can be",
    "unit_failed": "parstock could not apply the rows of this unit; it is a fault of parstock: please report it with the file",
    "gtin_taken": "gtin {code} already names {holder}",
    "gln_taken": "gln {code} already names {holder}",
}
"""Reasons of meaning: code → what is wrong. Braces name columns of the row (for a taken code: `code` and its `holder`)."""

APPROVAL: Final = frozenset({"absurd_quantity", "business_day_far", "implausible_terms"})
"""Reasons for which a row waits for a person to say that it is right all the same, or for a reference row that allows it."""

WAITS: Final = APPROVAL | frozenset(
    {
        "unknown_item", "unknown_uom", "unknown_location", "unknown_channel", "unknown_supplier", "zone_unknown", "future_time",
        "void_without_target", "void_exceeds_sale", "ambiguous_order", "kit_without_bom",
    }
)  # fmt: skip
"""Reasons for which a row waits: it is tried again when more becomes known. Rows with any other reason are refused."""


def sentence(code: str, field: str | None = None, value: str | None = None) -> str:
    """The reason as stored with the row: field and value first, where they are known.

    >>> sentence("bad_number", "quantity", "two")
    "quantity 'two': not a number in the form 1234.5"
    >>> sentence("missing_field", "item_code")
    'item_code: a required field is missing'
    """
    text = REASONS[code]
    if field is None:
        return text
    if value is None:
        return f"{field}: {text}"
    shown = value if len(value) <= 60 else value[:57] + "…"
    return f"{field} {shown!r}: {text}"
