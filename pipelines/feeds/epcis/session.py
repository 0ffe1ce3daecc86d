"""A count by RFID, which EPCIS has no event for: a flat line among the events, whose fields are the event's columns."""

from __future__ import annotations

from typing import Any

from pipelines.feeds.declared.rfid import COUNT_SESSION
from pipelines.feeds.epcis.row import Seen
from pipelines.feeds.reading.jsonlines import encode_extra, split_fields
from pipelines.feeds.reading.rows import EXTRA, LINE
from pipelines.feeds.spec import FIELDS


def is_session(value: Any) -> bool:
    """Whether a value is such a line."""
    return isinstance(value, dict) and value.get("event_kind") == COUNT_SESSION


def session_row(line: dict[str, Any], number: int, seen: Seen) -> dict[str, Any]:
    """The raw row of a session, its numbers as written; `seen` notes fields. Raises Refused with the field.

    Its identity is its own number, else place and number of the count: the place names the whole session, not its parts.
    """
    listed, other = split_fields(line, dict(FIELDS), {}, seen.dropped)
    row: dict[str, Any] = dict(listed)
    if not row.get("source_event_id"):
        row["source_event_id"] = f"{COUNT_SESSION}:{row.get('location_code')}:{row.get('document_id')}"
    if other:
        row[EXTRA] = encode_extra(other)
        seen.unknown.update(other)
    row[LINE] = number
    return row
