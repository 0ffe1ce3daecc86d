"""What a mapping is once it is checked: plain values, of which one JSON text is its meaning."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import lru_cache
from typing import Any, Final, Literal

import orjson

Ref = str | int
"""A column of the table: its name in the header, or its number from 1."""

READING: Final = "mapping:"
"""How the reading of a delivery begins that was read through a mapping."""


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from: `columns` joined by `join`, or `value` for all rows (then there are no columns).

    Of `first_of` the first that gives anything counts. `folder` is the name of the folder under the feed's, or this text where
    the file lies in none. `number_within` are fields: the value is the row's number among those that say the same in them.

    `meanings` are pairs of what is written and what it means, null for none; with `keeps_others` what they do not name
    stays as written, else it is refused. `extract` keeps what its one group matches. `empties` are texts that mean nothing; `any_value` is what every other text means;
    `add_prefix` comes before what is there. Numbers are rounded to `decimals`, null for as written. `formats` are those of
    times and days, in the notation of `strftime`; `iso` leaves the text to the feed. `time` (`HH:MM:SS`) is added where only
    a day is written. With `is_optional` the column may be missing from a file.
    """

    columns: tuple[Ref, ...] = ()
    join: str = " "
    value: str | None = None
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    meanings: tuple[tuple[str, str], ...] | None = None
    keeps_others: bool = False
    default: str | None = None
    formats: tuple[str, ...] = ()
    time: str | None = None
    is_optional: bool = False
    decimals: int | None = None
    empties: tuple[str, ...] = ()
    any_value: str | None = None
    add_prefix: str = ""
    extract: str | None = None
    first_of: tuple[Source, ...] = ()
    folder: str | None = None
    number_within: tuple[str, ...] = ()

    def all_columns(self) -> tuple[Ref, ...]:
        """Every column that the field may come from."""
        return (*self.columns, *(ref for one in self.first_of for ref in one.all_columns()))


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One kind of row of a JSON document: the path to its rows, for which documents and rows it is, and its fields.

    `rows` is empty where the document itself is the row. `where` are pairs of a path and values: all must hold; a value ""
    stands for nothing. `unless` likewise: where one of them holds, the row is left out. `columns` and `negative` as in `Mapping`.
    """

    rows: str = ""
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    columns: tuple[tuple[str, Source], ...] = ()
    negative: tuple[tuple[str, str], ...] = ()
    unless: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Mapping:
    """How tables, or JSON documents, of one feed (of one entity of `reference`) are read.

    `quote` is empty where nothing is quoted. `names` are those of the columns of a table without a header, empty for numbers
    only. `leave_lines` are regular expressions, `leave_where` pairs of a column and the values that leave a row out.
    `ends_in_delimiters`: rows may have more fields than the header, all of them empty. `thousands` are the separators that
    may part thousands. `keeps` are the unmapped columns that go to `extra`, null for all of them. `columns` are pairs of a
    field and its source, by name of the field. `negative` are pairs of event kinds: what a row of the first is when its
    quantity is negative. `parts` are those of JSON documents, which lie `at` this path of each value (empty: they are the
    value, or the elements of its list); a table has none.
    """

    feed: str
    entity: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    has_header: bool = True
    names: tuple[str, ...] = ()
    skip_lines: int = 0
    takes_open_end: bool = False
    ends_in_delimiters: bool = False
    leave_lines: tuple[str, ...] = ()
    leave_where: tuple[tuple[Ref, tuple[str, ...]], ...] = ()
    decimal: Literal[".", ","] = "."
    thousands: tuple[str, ...] = ()
    time_zone: str | None = None
    keeps: tuple[Ref, ...] | None = None
    columns: tuple[tuple[str, Source], ...] = ()
    negative: tuple[tuple[str, str], ...] = ()
    at: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether it reads JSON documents, not tables."""
        return bool(self.parts)

    @property
    def numbers_lines(self) -> bool:
        """Whether it numbers rows, so that the file cannot be cut into ranges of bytes."""
        return any(source.number_within for _, source in self.columns)

    @property
    def is_wide(self) -> bool:
        """Whether a character takes more than one byte everywhere, so that the file cannot be cut into ranges of bytes."""
        return self.encoding.startswith("utf-16")

    @property
    def leaves_out(self) -> bool:
        """Whether any row may be left out."""
        return bool(self.leave_lines or self.leave_where)

    @property
    def top_lines(self) -> int:
        """Lines before the first row."""
        return self.skip_lines + self.has_header

    def required_columns(self) -> list[Ref]:
        """Columns that a file must have, in the order of the fields, those that leave rows out last."""
        wanted = [ref for _, source in self.columns if not source.is_optional for ref in source.all_columns()]
        return list(dict.fromkeys([*wanted, *(ref for ref, _ in self.leave_where)]))

    def to_text(self) -> str:
        """The meaning as JSON; the same meaning always gives the same text.

        What is as it is unless said is left out, so that a later version that knows more to say reads no file anew.
        """
        return orjson.dumps(_said(self), option=orjson.OPT_SORT_KEYS).decode()

    @property
    def reading(self) -> str:
        """What the reading of a delivery is called that is read so: changes with the meaning, and with nothing else."""
        return READING + hashlib.sha256(self.to_text().encode()).hexdigest()[:16]


@lru_cache(maxsize=256)
def mapping_of(text: str) -> Mapping:
    """The mapping of `to_text`."""
    stored: dict[str, Any] = orjson.loads(text)
    stored["parts"] = [Part(**_frozen({**one, "columns": _sources(one)})) for one in stored.get("parts", ())]
    return Mapping(**_frozen({**stored, "columns": _sources(stored)}))


def _sources(stored: dict[str, Any]) -> list[tuple[str, Source]]:
    return [(field, _source(said)) for field, said in stored.get("columns", ())]


def _source(said: dict[str, Any]) -> Source:
    return Source(**_frozen({**said, "first_of": [_source(one) for one in said.get("first_of", ())]}))


def _said(record: Mapping | Part | Source) -> dict[str, Any]:
    """Fields of a record that are not as they are unless said."""
    values = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    said = {field.name: values[field.name] for field in dataclasses.fields(record) if values[field.name] != field.default}
    if isinstance(record, Mapping):
        said["columns"] = values["columns"]
    for name, value in said.items():
        if name == "columns" and not isinstance(record, Source):
            said[name] = [(field, _said(source)) for field, source in value]
        elif name in ("parts", "first_of"):
            said[name] = [_said(one) for one in value]
    return said


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in fields.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(one) for one in value) if isinstance(value, list | tuple) else value
