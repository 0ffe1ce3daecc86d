"""Which column of a table (or path in a document) may be which field, and in what form its values are: a draft's fields.

Belongs here: what names and values suggest. Does not belong here: the form of the file (`propose.py`, `propose_json.py`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Final

import polars as pl

from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.mapping.dates import has_clock, to_iso
from pipelines.feeds.mapping.words import fields_of, meaning_of, plain_word
from pipelines.feeds.reading import privacy
from pipelines.feeds.registry import FEED_BY_NAME, known_fields, required_columns

_RARELY_MAPPED: Final = frozenset({"source_system", "item_code_kind", "location_code_kind"})
_CLOCKS: Final = frozenset({"heure", "time", "hour", "hms"})
_KINDS: Final = {
    "sale": "vte vente ventes sale sales v s", "return": "ret retour retours return returns r avoir", "sale_void": "ann annulation void cancel",
    "receipt": "rec reception receipt", "ship": "exp expedition ship shipment", "adjust": "aju ajustement adjust", "count": "inv inventaire count",
}  # fmt: skip
_DAYS: Final = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%y",
    "%d-%b-%Y",
)
_TIMES: Final = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "%H%M%S", " %I:%M %p")


class Draft:
    """Which column (or path) may be which field, and in what form its values are. `hints` name the field of a column outright."""

    def __init__(self, feed: str, entity: str | None, names: list[str], rows: list[list[str]], hints: dict[str, str] | None = None) -> None:
        self._feed, self._entity, self._rows = feed, entity, rows
        self._columns = {name: [row[place] for row in rows if row[place]] for place, name in enumerate(names)}
        self._places = {name: place for place, name in enumerate(names)}
        self._known, _ = known_fields(feed, entity)
        self._fields = self._named_fields(hints or {})
        self._clock = next((name for name in names if plain_word(_last(name)) in _CLOCKS and name not in self._fields), None)

    def _named_fields(self, hints: dict[str, str]) -> dict[str, str]:
        """Columns and the fields that their names stand for, each field once: the likeliest name that has values wins."""
        words = fields_of(self._entity)
        likely: list[tuple[bool, bool, int, int, str, str]] = []
        for place, (name, texts) in enumerate(self._columns.items()):
            if _is_about_people(name, self._entity):
                continue
            word = plain_word(_last(name))
            exact = [field for field in self._known if plain_word(field) == word or hints.get(name) == field]
            likely += [(False, not texts, 0, place, name, field) for field in exact]
            likely += [(True, not texts, rank, place, name, field) for field, rank in words.get(word, ()) if field in self._known]
        found: dict[str, str] = {}
        for *_, name, field in sorted(likely):
            if name not in found and field not in found.values():
                found[name] = field
        return {name: found[name] for name in self._columns if name in found}

    def values(self) -> list[str]:
        """What holds for all values."""
        return self._numbers()

    def lines(self) -> list[str]:
        """The fields, and what found no other."""
        table = "[columns]" if self._entity is None else f"[columns.{self._entity}]"
        sources = [
            self._source(field, name) for name, field in self._fields.items() if field != "document_line" or not self._numbers_repeat(name)
        ]
        said = {line.partition(" ")[0] for line in sources}
        made = self._made_up(said)
        needed = [name for name in required_columns(self._feed, self._entity) if name not in said | {one.partition(" ")[0] for one in made}]
        wanted = [f'# {name} = "…"   # needed: name its column, or say {{ value = "…" }}' for name in needed]
        return [
            table,
            *sources,
            *made,
            *wanted,
            *self._left(said | {one.removeprefix("# ").partition(" ")[0] for one in (*made, *wanted)}),
            *self._returns(),
        ]

    def _made_up(self, said: set[str]) -> list[str]:
        """Fields that no column gives and that can still be said."""
        lines = []
        if self._feed == "pos" and "event_kind" not in said and said:
            lines.append('event_kind = { value = "sale" }   # every row is a sale')
        if self._entity is None and "document_id" in said and "document_line" not in said and self._is_of_lines():
            lines.append('document_line = { number_within = "document_id" }   # no column numbers the lines of a document')
        if self._entity == "terms" and "location_code" not in said:
            lines.append('location_code = { value = "*" }   # the terms hold everywhere')
        if "currency_code" in self._known and "currency_code" not in said and any(name.endswith("_amount") for name in said):
            is_euro = any("€" in text for texts in self._columns.values() for text in texts[:20])
            lines.append(f'{"" if is_euro else "# "}currency_code = {{ value = "EUR" }}   # an amount needs its currency')
        return lines

    def _is_of_lines(self) -> bool:
        key = FEED_BY_NAME[self._feed].natural_key
        return key is not None and "document_line" in key

    def _numbers_repeat(self, name: str) -> bool:
        """Whether a column that is called like a line's number numbers no lines: within a document most are the same."""
        document = next((one for one, field in self._fields.items() if field == "document_id"), None)
        if document is None or len(self._rows) < 2:
            return False
        pairs = {(row[self._places[document]], row[self._places[name]]) for row in self._rows}
        return 2 * len(pairs) <= len(self._rows)

    def _left(self, said: set[str]) -> list[str]:
        """What found no other: columns without a field, fields without a column."""
        columns = [name for name in self._columns if name not in self._fields and name != self._clock]
        about_people = [name for name in columns if _is_about_people(name, self._entity)]
        others = [name for name in columns if name not in about_people]
        free = [name for name in self._known if name not in said and (self._entity or name not in _RARELY_MAPPED)]
        lines = [""]
        if others:
            lines.append(f"# columns that found no field: {', '.join(json.dumps(name, ensure_ascii=False) for name in others)}")
        if about_people:
            lines.append(f"# columns about people, which are dropped: {len(about_people)}")
        return [*lines, f"# fields that are free: {', '.join(free)}"] if free else lines

    def _returns(self) -> list[str]:
        quantity = next((self._columns[name] for name, field in self._fields.items() if field == "quantity"), [])
        if self._feed == "pos" and any(text.startswith("-") for text in quantity):
            return ["", "[negative_quantity]", 'sale = "return"']
        return []

    def _numbers(self) -> list[str]:
        texts = [
            text for name, field in self._fields.items() if self._known[field] in ("decimal", "integer") for text in self._columns[name]
        ]
        has_comma = any(re.search(r"\d,(?:\d{1,2}|\d{4,})(?![\d,.])", text) for text in texts) and not any(
            re.search(r"\d,\d{3}\.\d", text) for text in texts
        )
        marks = [mark for mark in ("\u00a0", "\u202f", " ") if any(re.search(rf"\d{mark}\d{{3}}", text) for text in texts)]
        other = "." if has_comma else ","
        if any(re.search(rf"\d\{other}\d{{3}}\b", text) for text in texts):
            marks.append(other)
        lines = ['decimal = ","'] if has_comma else []
        if marks:
            lines.append(f"thousands = {json.dumps(marks)}   # look at a number above 999")
        if any(re.search(r"[.,]\d{5,}$|\d[eE][+-]?\d+$", text) for text in texts):
            lines.append("round = 4   # some numbers have more than 4 decimals")
        return lines

    def _source(self, field: str, name: str) -> str:
        said, texts = json.dumps(name, ensure_ascii=False), self._columns[name]
        kind = self._known[field]
        if field == "event_kind":
            kinds = {one.name for one in FEED_BY_NAME[self._feed].kinds}
            words = {word: meaning for meaning, several in _KINDS.items() if meaning in kinds for word in several.split()}
            distinct = [text for text, _ in Counter(texts).most_common(12)]
            pairs = ", ".join(
                f"{json.dumps(text, ensure_ascii=False)} = {json.dumps(text if text in kinds else words.get(plain_word(text), ''))}"
                for text in distinct
            )
            return f'event_kind = {{ column = {said}, map = {{ {pairs} }} }}   # say what each means; "" is refused'
        closed = self._closed(field)
        if closed and not set(texts) <= set(closed):
            distinct = [text for text, _ in Counter(texts).most_common(12)]
            pairs = ", ".join(
                f"{json.dumps(text, ensure_ascii=False)} = {json.dumps(text if text in closed else meaning_of(field, text))}"
                for text in distinct
            )
            return f"{field} = {{ column = {said}, map = {{ {pairs} }} }}   # one of {', '.join(closed)}"
        if kind in ("instant", "date"):
            return self._time(field, name, texts)
        if kind in ("decimal", "integer") and texts and all(text.endswith("€") for text in texts):
            return f'{field} = {{ column = {said}, strip_suffix = "€" }}'
        return f"{field} = {said}"

    def _closed(self, field: str) -> tuple[str, ...]:
        """The values that a field of an entity may have, where they are a list."""
        columns = ENTITY_BY_NAME[self._entity].columns if self._entity is not None else ()
        return next((column.values for column in columns if column.name == field), ())

    def _time(self, field: str, name: str, texts: list[str]) -> str:
        said = json.dumps(name, ensure_ascii=False)
        days = [day + time for day in _DAYS for time in _TIMES]
        fits = [one for one in days if texts and not to_iso(pl.Series(texts), (one,), None, None, is_day=True)[1].any()]
        if not fits:
            return self._serial_time(field, said, texts, days)
        remark = f"   # look: {fits[1]} would fit, too" if len(fits) > 1 else ""
        if has_clock(fits[0]) or field != "occurred_at":
            return f'{field} = {{ column = {said}, format = "{fits[0]}" }}{remark}'
        if self._clock is None:
            return f'{field} = {{ column = {said}, format = "{fits[0]}", time = "12:00" }}{remark}'
        clocks = self._columns[self._clock]
        clock = "%H:%M:%S" if clocks and clocks[0].count(":") == 2 else "%H:%M"
        both = json.dumps([name, self._clock], ensure_ascii=False)
        return f'{field} = {{ columns = {both}, format = "{fits[0]} {clock}" }}{remark}'

    def _serial_time(self, field: str, said: str, texts: list[str], days: list[str]) -> str:
        """A column of days as a spreadsheet counts them, perhaps among written ones; or of what nothing here reads."""
        serials = [text for text in texts if re.fullmatch(r"[1-9][0-9]{4}(?:[.,][0-9]+)?", text)]
        written = [text for text in texts if text not in serials]
        fits = [one for one in days if written and not to_iso(pl.Series(written), (one,), None, None, is_day=True)[1].any()]
        if not serials or (written and not fits):
            return f"{field} = {said}   # in ISO 8601, or say format = …"
        formats = json.dumps([*fits[:1], "excel"])
        clock = ', time = "12:00"' if field == "occurred_at" and not any(map(has_clock, fits[:1])) else ""
        return f"{field} = {{ column = {said}, format = {formats}{clock} }}   # days as a spreadsheet counts them"


def _last(name: str) -> str:
    """The last name of a path; a column's own."""
    return name.rpartition(".")[2] if "[]" in name or "." in name else name


def _is_about_people(name: str, entity: str | None) -> bool:
    """Whether a column's name suggests personal data; the bare `nom` of an entity is that of the thing."""
    return privacy.is_personal(name) and not (entity is not None and name.lower() in ("name", "nom"))
