"""Which column of a table (or path in a document) may be which field, and in what form its values are: a draft's fields.

Belongs here: what names and values suggest. Does not belong here: the form of the file (`propose.py`, `propose_json.py`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from typing import Final

import polars as pl

from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.mapping.dates import UNIX, has_clock, to_iso
from pipelines.feeds.mapping.words import fields_of, meaning_of, plain_word, spellings, words_of
from pipelines.feeds.reading import privacy
from pipelines.feeds.registry import FEED_BY_NAME, known_fields, required_columns

_RARELY_MAPPED: Final = frozenset({"source_system", "item_code_kind", "location_code_kind"})
_CLOCKS: Final = frozenset({"heure", "time", "hour", "hms", "horaire", "h"})
_CLOCK: Final = r"^[0-2]?[0-9][:hH.]?[0-5][0-9]"
_CLOCK_FORMS: Final = ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p", "%Hh%M", "%H.%M", "%H%M%S", "%H%M", "%H:%M:%S.%f")
_KINDS: Final = {
    "sale": "vte vente ventes sale sales v s", "return": "ret retour retours return returns r avoir", "sale_void": "ann annulation void cancel",
    "receipt": "rec reception receipt entree entrees in ent purchase achat", "ship": "exp expedition ship shipment sortie sorties out sor sale vente",
    "adjust": "aju ajustement adjust adjustment correction regularisation", "count": "inv inventaire count comptage",
    "transfer_ship": "transfertsortant transferout", "transfer_receive": "transfertentrant transferin", "scrap": "casse rebut scrap",
}  # fmt: skip
_OUTWARD: Final = ("ship", "transfer_ship", "scrap", "supplier_return")
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
_CURRENCIES: Final = {"EUR": r"€|\bEUR\b|\bEUROS?\b", "GBP": r"£|\bGBP\b", "USD": r"\bUSD\b", "CHF": r"\bCHF\b", "CAD": r"\bCAD\b"}
_PARTS: Final = ("code", "sku", "number", "no", "name", "label", "amount", "value", "id")
"""What a name of an object's own says little by, the likeliest to be its code first."""
_SIGNS: Final = ("€", "EUR", "$", "£", "CHF")
"""What may stand before or behind an amount; a dollar's sign does not say whose."""
_LOOSE: Final = 100
"""So much further than any of a field's words is a spelling that only comes near one."""
_TIMES: Final = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "%H%M%S", " %I:%M %p")


def likely_fields(name: str, known: Collection[str], file: str) -> list[tuple[str, int, bool]]:
    """The fields that a header or path may stand for in files of a feed or entity, each with how far-fetched that is (0 first).

    The last of it says whether the header is the field's own name.
    """
    words = fields_of(file)
    found = [(field, 0, True) for field in known if plain_word(field) == plain_word(_last(name))]
    names = _names_of(name)
    told_of = _PARTS.index(_last(name)) if _last(name) in _PARTS else 0
    for further, one in enumerate(names):
        for looseness, word in enumerate(spellings(one, file)):
            rank = _LOOSE * (further + max(0, looseness - 1)) + told_of
            found += [(field, rank + place, False) for field, place in words.get(word, ()) if field in known]
    return sorted(found, key=lambda one: (not one[2], one[1]))


def _names_of(path: str) -> list[str]:
    """A header itself; of a path its last name, and where that says only what is told of the object (`store.code`), the object's."""
    *above, last = path.split(".") if _is_path(path) else [path]
    if not above or above[-1].endswith("]") or last not in _PARTS:
        return [last]
    own = [last] if last == "sku" else []  # an item's, whatever the object is called
    return [*own, f"{above[-1]} {last}", above[-1]]


class Draft:
    """Which column (or path) may be which field, and in what form its values are.

    `hints` name the field of a column outright, `hidden` are places of columns to leave alone.
    """

    def __init__(
        self,
        feed: str,
        entity: str | None,
        names: list[str],
        rows: list[list[str]],
        hints: dict[str, str] | None = None,
        hidden: Collection[int] = (),
    ) -> None:
        self._feed, self._entity, self._rows = feed, entity, rows
        self._columns = {name: [row[place] for row in rows if row[place]] for place, name in enumerate(names) if place not in hidden}
        self._places = {name: place for place, name in enumerate(names)}
        self._doubled = {name.rpartition(" (")[0] for name in names if re.search(r" \(\d+\)$", name)} & set(names)
        self._known, _ = known_fields(feed, entity)
        self._fields = self._named_fields(hints or {})
        self._clock = next((name for name in self._columns if name not in self._fields and self._is_clock(name)), None)

    def _named_fields(self, hints: dict[str, str]) -> dict[str, str]:
        """Columns and the fields that their names stand for, each field once: the likeliest name that has values wins."""
        likely: list[tuple[bool, bool, int, int, str, str]] = []
        for place, (name, texts) in enumerate(sorted(self._columns.items(), key=lambda one: one[0].count(".") if _is_path(one[0]) else 0)):
            if _is_about_people(name, self._entity):
                continue
            if hints.get(name) in self._known:
                likely.append((False, not texts, 0, place, name, hints[name]))
            likely += [
                (not is_exact, not texts, rank, place, name, field)
                for field, rank, is_exact in likely_fields(name, self._known, self._entity or self._feed)
            ]
        found: dict[str, str] = {}
        for *_, name, field in sorted(likely):
            if name not in found and field not in found.values():
                found[name] = field
        return {name: found[name] for name in self._columns if name in found}

    @property
    def found(self) -> frozenset[str]:
        """The fields that a column was found for."""
        return frozenset(self._fields.values())

    def _is_clock(self, name: str) -> bool:
        """Whether a column holds the time of a day that stands in another: called so, and each value written so."""
        texts = self._columns[name]
        return bool(texts) and not _CLOCKS.isdisjoint(words_of(_last(name))) and all(re.match(_CLOCK, text) for text in texts)

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
        if self._entity is None and "event_kind" not in said and said:
            lines += self._kind_of_all()
        if self._entity is None and "document_id" in said and "document_line" not in said and self._is_of_lines():
            lines.append('document_line = { number_within = "document_id" }   # no column numbers the lines of a document')
        if self._feed == "wms" and "source_event_id" not in said and {"location_code", "item_code", "occurred_at"} <= said:
            lines.append(self._own_number())
        if self._feed == "marketplace" and "channel_code" not in said and {"document_id", "item_code"} <= said:
            lines.append('channel_code = { folder = "web" }   # the name of the folder that the files lie in')
        names = {field: name for name, field in self._fields.items()}
        for thing in ("item", "location", "supplier", "channel") if self._entity in ("items", "locations", "suppliers", "channels") else ():
            if f"{thing}_code" in self._known and f"{thing}_code" not in said and f"{thing}_name" in names:
                lines.append(f"{thing}_code = {self._called(names[f'{thing}_name'])}   # no column has a code, so its name is one")
        if self._entity == "terms" and "location_code" not in said:
            lines.append('location_code = { value = "*" }   # the terms hold everywhere')
        if self._entity == "uoms" and "numerator" in said and "denominator" not in said:
            lines.append('denominator = { value = "1" }   # the numbers are base units')
        if self._entity == "locations" and "time_zone" not in said and said:
            lines.append('# time_zone = { value = "Europe/Paris" }   # times that are written without a zone need that of their place')
        if "currency_code" in self._known and "currency_code" not in said and any(name.endswith("_amount") for name in said):
            currency = self._currency()
            lines.append(f'{"" if currency else "# "}currency_code = {{ value = "{currency or "EUR"}" }}   # an amount needs its currency')
        return lines

    def _kind_of_all(self) -> list[str]:
        """What every row is, where no column says it."""
        if self._feed == "pos":
            return ['event_kind = { value = "sale" }   # every row is a sale']
        if self._feed == "wms" and self._says_stock():
            return [
                'event_kind = { value = "opening" }   # a list of stock; "count" where books are kept already, "snapshot" only to compare'
            ]
        orders = {"supply": "po_created", "marketplace": "order_placed"}.get(self._feed)
        if orders is not None and {"document_id", "quantity"} <= set(self._fields.values()):
            return [f'event_kind = {{ value = "{orders}" }}   # every row is a line of an order']
        return []

    def _says_stock(self) -> bool:
        """Whether the quantity is what lies there, by its name."""
        return any(
            field == "quantity" and not {"stock", "hand", "onhand"}.isdisjoint(words_of(name)) for name, field in self._fields.items()
        )

    def _own_number(self) -> str:
        """An event's own number, made of what tells the rows of a warehouse apart where it numbers none."""
        if "document_id" in self._fields.values():
            return 'source_event_id = { number_within = "document_id" }   # no column numbers the rows'
        names = {field: name for name, field in self._fields.items()}
        apart = ["location_code", "item_code", "occurred_at"]
        if not self._says_stock():
            return f"source_event_id = {{ number_within = {json.dumps(apart)} }}   # no column numbers the rows"
        columns = ", ".join(self._called(names[field]) for field in apart)
        return f'source_event_id = {{ columns = [{columns}], join = "/" }}   # an item has one row a place and day'

    def _currency(self) -> str | None:
        """The currency that headers or amounts name by its code or sign; null where they do not."""
        names = " ".join(self._columns)
        texts = [text for name, field in self._fields.items() if field.endswith("_amount") for text in self._columns[name][:20]]
        written = f"{names} {' '.join(texts)}".upper()
        return next((code for code, pattern in _CURRENCIES.items() if re.search(pattern, written)), None)

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
        others = [name for name in columns if name not in about_people and (self._columns[name] or not re.fullmatch(r"column_\d+", name))]
        free = [name for name in self._known if name not in said and (self._entity or name not in _RARELY_MAPPED)]
        lines = [""]
        if others:
            lines.append(f"# columns that found no field: {', '.join(json.dumps(name, ensure_ascii=False) for name in others)}")
        if about_people:
            lines.append(f"# columns about people, which are dropped: {len(about_people)}")
        return [*lines, f"# fields that are free: {', '.join(free)}"] if free else lines

    def _returns(self) -> list[str]:
        """Kinds whose rows have quantities below 0: a sale is a return then, and what goes out loses its sign."""
        names = {field: name for name, field in self._fields.items()}
        places = [self._places[names[field]] for field in ("quantity", "event_kind") if field in names]
        below = [row for row in self._rows if "quantity" in names and row[places[0]].startswith("-")]
        meant = {self._kind_meant(row[places[1]]) for row in below if len(places) > 1}
        turned = [f'{kind} = "{kind}"' for kind in ("return", *_OUTWARD) if kind in meant]
        if self._feed == "pos" and below:
            turned.insert(0, 'sale = "return"')
        return ["", "[negative_quantity]", *turned] if turned else []

    def _kind_meant(self, text: str) -> str:
        """The kind that a text of the feed's column of kinds may stand for; empty where none is known."""
        kinds = {one.name for one in FEED_BY_NAME[self._feed].kinds} if self._entity is None else set()
        words = {word: meaning for meaning, several in _KINDS.items() if meaning in kinds for word in several.split()}
        return text if text in kinds else words.get(plain_word(text), "")

    def _numbers(self) -> list[str]:
        texts = [
            text for name, field in self._fields.items() if self._known[field] in ("decimal", "integer") for text in self._columns[name]
        ]
        has_comma = any(re.search(r"\d,(?:\d{1,2}|\d{4,})(?![\d,.])|\b0,\d", text) for text in texts) and not any(
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
        said, texts = self._called(name), self._columns[name]
        kind = self._known[field]
        if field == "event_kind":
            distinct = [text for text, _ in Counter(texts).most_common(12)]
            pairs = ", ".join(f"{json.dumps(text, ensure_ascii=False)} = {json.dumps(self._kind_meant(text))}" for text in distinct)
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
        if kind == "integer" and any(re.search(r"[.,]\d*[1-9]", text) and not re.search(r"\d[.,]\d{3}$", text) for text in texts):
            return f"{field} = {{ column = {said}, round = 0 }}   # a whole number is needed"
        for sign in _SIGNS if kind in ("decimal", "integer") else ():
            for where, has_sign in (("suffix", str.endswith), ("prefix", str.startswith)):
                if any(has_sign(text, sign) for text in texts):
                    return f'{field} = {{ column = {said}, strip_{where} = "{sign}" }}'
        return f"{field} = {said}"

    def _called(self, name: str) -> str:
        """How a mapping names a column: by its header, or by its number where several are called so."""
        return str(self._places[name] + 1) if name in self._doubled else json.dumps(name, ensure_ascii=False)

    def _closed(self, field: str) -> tuple[str, ...]:
        """The values that a field of an entity may have, where they are a list."""
        columns = ENTITY_BY_NAME[self._entity].columns if self._entity is not None else ()
        return next((column.values for column in columns if column.name == field), ())

    def _time(self, field: str, name: str, texts: list[str]) -> str:
        said = self._called(name)
        days = [*(day + time for day in _DAYS for time in _TIMES), *UNIX]
        fits, remark = _fitting(texts, days)
        if not fits:
            return self._serial_time(field, said, texts, days)
        if has_clock(fits) or field != "occurred_at":
            return f'{field} = {{ column = {said}, format = "{fits}" }}{remark}'
        if self._clock is not None:
            places = self._places[name], self._places[self._clock]
            together = [f"{row[places[0]]} {row[places[1]]}" for row in self._rows if row[places[0]] and row[places[1]]]
            both, _ = _fitting(together, [f"{fits} {one}" for one in _CLOCK_FORMS])
            if both:
                return f'{field} = {{ columns = [{said}, {self._called(self._clock)}], format = "{both}" }}{remark}'
        return f'{field} = {{ column = {said}, format = "{fits}", time = "12:00" }}{remark}'

    def _serial_time(self, field: str, said: str, texts: list[str], days: list[str]) -> str:
        """A column of days as a spreadsheet counts them, perhaps among written ones; or of what nothing here reads."""
        serials = [text for text in texts if re.fullmatch(r"[1-9][0-9]{4}(?:[.,][0-9]+)?", text)]
        written = [text for text in texts if text not in serials]
        fits, _ = _fitting(written, days)
        if not serials or (written and not fits):
            return f"{field} = {said}   # in ISO 8601, or say format = …"
        formats = json.dumps([*([fits] if fits else []), "excel"])
        clock = ', time = "12:00"' if field == "occurred_at" and not (fits and has_clock(fits)) else ""
        return f"{field} = {{ column = {said}, format = {formats}{clock} }}   # days as a spreadsheet counts them"


def _fitting(texts: list[str], formats: list[str]) -> tuple[str, str]:
    """The first format that reads all of the texts, empty where none does; and a remark where another reads them as other days."""
    found: dict[tuple[str, ...], str] = {}
    for one in formats if texts else ():
        read, bad = to_iso(pl.Series(texts), (one,), None, None, is_day=True)
        if not bad.any():
            found.setdefault(tuple(read), one)
    first, *others = [*found.values(), ""]
    return first, f"   # look: {others[0]} would fit, too" if others and others[0] else ""


def _last(name: str) -> str:
    """The last name of a path; a column's own."""
    return name.rpartition(".")[2] if _is_path(name) else name


def _is_path(name: str) -> bool:
    """Whether a name is a path in a document, and no header with a point in it."""
    return "[]" in name or re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", name) is not None


def _is_about_people(name: str, entity: str | None) -> bool:
    """Whether a column's name suggests personal data; the bare `nom` of an entity is that of the thing."""
    return privacy.is_personal(name) and not (entity is not None and name.lower() in ("name", "nom"))
