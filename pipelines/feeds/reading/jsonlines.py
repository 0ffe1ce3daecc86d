"""JSON Lines, the honest way: line by line, each ends as a raw row or as a reject with its reason.

Stricter than any JSON library: a field named twice, NaN, half a surrogate pair, a control character, an object where
text is expected and a code that came as a number with a fraction are refused. Numbers are kept as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import polars as pl

from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.rows import EXTRA, LINE, MAX_LINE_BYTES, RawRows, Refused, Reject
from pipelines.feeds.spec import FieldType

MAX_DEPTH: Final = 64
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BLANK: Final = b" \t\r\n"


class WholeNumber(str):
    """A JSON number without fraction or exponent, as written."""

    __slots__ = ()


class FractionNumber(str):
    """A JSON number with fraction or exponent, as written."""

    __slots__ = ()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Refused("duplicate_key", name if len(name) <= 64 else None)
            seen.add(name)
    return fields


def _not_finite(constant: str) -> Any:
    raise Refused("not_finite", value=constant)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_float=FractionNumber, parse_int=WholeNumber, parse_constant=_not_finite
)


def decode(line: bytes, limit: int | None = MAX_LINE_BYTES) -> Any:
    """The JSON value of one line, numbers as text; raises Refused with the reason. `limit` in bytes, null for none."""
    if limit is not None and len(line) > limit:
        raise Refused("line_too_long")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not_utf8") from error
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise Refused("too_deep") from error
    except ValueError as error:
        raise Refused("control_character" if "control character" in str(error) else "not_json") from error


def broken_at(content: bytes) -> str:
    """Where a JSON document breaks, as a place in the file.

    >>> broken_at(b'{"a":}')
    'line 1, column 6'
    """
    try:
        json.loads(content.decode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        pass
    return "the document"


def says_ascii(block: bytes) -> bool:
    r"""Whether no text of the JSON holds another sign than ASCII, an escaped one among them.

    >>> says_ascii(b'{"a": "TEE"}'), says_ascii(rb'{"a": "TEE\u200b"}')
    (True, False)
    """
    return block.isascii() and b"\\u" not in block


def check_text(text: str, field: str) -> str:
    """The text itself; raises Refused when it holds control characters (tab and line ends are none) or half a character."""
    if _CONTROL.search(text):
        raise Refused("control_character", field)
    if _SURROGATE.search(text):
        raise Refused("lone_surrogate", field)
    return text


def plain_number(written: str, field: str) -> str:
    """A JSON number with fraction or exponent in plain decimal digits; raises Refused when it is out of all proportion.

    >>> plain_number("1.50", "quantity"), plain_number("2e3", "quantity")
    ('1.50', '2000')
    """
    number = Decimal(written)
    if abs(number.adjusted()) > 30:
        raise Refused("number_too_large", field, written)
    return format(number, "f")


def _whole(written: str, field: str) -> str:
    """A JSON number with a point in whole digits: a table with an empty cell in it writes 12 as 12.0."""
    number = plain_number(written, field)
    whole, _, fraction = number.partition(".")
    if fraction.strip("0"):
        raise Refused("not_whole", field, written)
    return whole


def field_text(value: Any, field: str, kind: FieldType) -> str | None:
    """The raw text of a field that the feed lists; raises Refused where the JSON type cannot stand for it."""
    if value is None:
        return None
    if type(value) is str:
        return check_text(value, field) or None
    if type(value) is WholeNumber:
        return str(int(value)) if len(value) < 40 else str(value)
    if type(value) is FractionNumber:
        if kind == "decimal":
            return plain_number(value, field)
        if kind == "integer":
            return _whole(value, field)
        raise Refused("number_as_code", field, value)
    if isinstance(value, bool):
        if kind == "boolean":
            return "true" if value else "false"
        raise Refused("wrong_type", field, str(value).lower())
    raise Refused("nested_value", field)


def encode_extra(fields: dict[str, Any]) -> str:
    """Canonical JSON of the fields a feed does not list: names sorted, no blanks, plain values as text.

    >>> encode_extra({"b": WholeNumber("1"), "a": ["x", True]})
    '{"a":["x",true],"b":"1"}'
    """
    parts = []
    for name in sorted(fields):
        value = fields[name]
        if isinstance(value, bool):
            value = "true" if value else "false"
        parts.append(f"{_quote(name)}:{_quote(value) if isinstance(value, str) else _encode(value, 1)}")
    return "{" + ",".join(parts) + "}"


def _quote(text: str) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _encode(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise Refused("too_deep")
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(name)}:{_encode(value[name], depth + 1)}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_encode(inner, depth + 1) for inner in value) + "]"
    if isinstance(value, WholeNumber | FractionNumber):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    return json.dumps(value)


def _check_nested(value: Any, field: str) -> None:
    if type(value) is str:
        check_text(value, field)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name, field)
            _check_nested(inner, field)
    elif isinstance(value, list):
        for inner in value:
            _check_nested(inner, field)


def split_fields(
    fields: dict[str, Any], known: dict[str, FieldType], renames: dict[str, str], dropped: set[str]
) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Fields of one line as (what the feed lists, as raw text; the others, less personal ones). Raises Refused."""
    listed: dict[str, str | None] = {}
    other: dict[str, Any] = {}
    for name, value in fields.items():
        target = renames.get(name, name)
        kind = known.get(target)
        if kind is not None:
            text = field_text(value, name, kind)
            if listed.get(target) is None:
                listed[target] = text
        elif privacy.is_personal(name):
            if value is not None:
                dropped.add(name)
        elif value is not None and value != "":
            check_text(name, "a field's name")
            try:
                _check_nested(value, name)
            except RecursionError as error:
                raise Refused("too_deep", name) from error
            other[name] = privacy.prune(value, dropped)
    return listed, other


def numbered_lines(block: bytes, first_line: int) -> Iterator[tuple[int, bytes]]:
    """Lines of a block that are not blank, with their numbers."""
    lines = block.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, first_line):
        if line.strip(_BLANK):
            yield number, line


def unread(number: int, refused: Refused, line: bytes) -> Reject:
    """The reject of a line that could not be read: what may be kept of it is masked."""
    text = line[: 4 * privacy.MAX_PAYLOAD].decode("utf-8", "backslashreplace").strip()
    return Reject(number, refused.code, refused.sentence(), privacy.mask_unparsed(text.replace("\x00", "\\x00")))


def read_honest(block: bytes, first_line: int, known: dict[str, FieldType], renames: dict[str, str]) -> RawRows:
    """Read a block of JSON Lines one by one. `known` are the fields that the feed lists, after `renames`."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    names: dict[str, None] = {}
    unknown: set[str] = set()
    dropped: set[str] = set()
    for number, line in numbered_lines(block, first_line):
        try:
            fields = decode(line.strip(_BLANK))
            if not isinstance(fields, dict):
                raise Refused("not_json")
            listed, other = split_fields(fields, known, renames, dropped)
            row: dict[str, Any] = dict(listed)
            if other:
                row[EXTRA] = encode_extra(other)
                unknown.update(other)
        except Refused as refused:
            rejects.append(unread(number, refused, line))
            continue
        row[LINE] = number
        names.update(dict.fromkeys(row))
        rows.append(row)
    schema = {name: pl.UInt32() if name == LINE else pl.String() for name in {**names, LINE: None}}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    frame = pl.DataFrame(columns, schema=schema)
    return RawRows(frame, rejects, sorted(unknown), sorted(dropped), is_ascii=says_ascii(block))
