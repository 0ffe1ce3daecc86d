"""A first draft of a mapping from a table itself: a person reads it, corrects it, and only then is anything read through it.

What cannot be known from the table stands in the draft as a remark that says what to decide.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from typing import Final

import polars as pl

from pipelines.feeds.mapping.dates import has_clock, to_iso
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.csvlines import BOM, split_record
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.registry import FEED_BY_NAME, known_fields, required_columns

SAMPLE_LINES: Final = 500
_WORDS: Final[dict[str, str]] = {
    "location_code": "magasin codemagasin boutique pointdevente store storeid storecode shop site location entrepot depot warehouse",
    "register_no": "caisse nocaisse ncaisse register till terminal",
    "document_id": "ticket noticket nticket numticket numeroticket receipt receiptno transaction transactionid invoice invoiceno facture "
    "nofacture commande nocommande ncommande order orderid orderno ordernumber ponumber document",
    "document_line": "ligne noligne nligne line lineno linenumber linenum position",
    "event_kind": "type typeoperation operation nature mouvement movement kind",
    "item_code": "article codearticle refarticle reference ref sku item itemcode itemid product productcode productid codeproduit stockcode",
    "quantity": "qte quantite qty quantity units unites nombre",
    "unit_price_amount": "prix prixunitaire pu puttc price unitprice",
    "unit_cost_amount": "pa prixachat cout cost unitcost",
    "currency_code": "devise currency",
    "occurred_at": "date datetime dateheure datevente jour day invoicedate timestamp horodatage",
    "supplier_code": "fournisseur codefournisseur vendor supplier",
    "lot_code": "lot nolot nlot batch",
    "expires_on": "dlc dluo ddm peremption expiry expirydate",
    "channel_code": "canal channel",
    "uom_code": "unite uom unit",
    "reason_code": "motif reason",
    "item_name": "libelle designation description nom name",
    "gtin": "ean ean13 gtin codebarre codebarres barcode upc",
}
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


def propose(content: bytes, feed: str, entity: str | None = None) -> str:
    """A draft (TOML) for a table that begins with these bytes; it says what must be looked at."""
    encoding, text = _decoded(content)
    lines = [line for line in text.split("\n")[:SAMPLE_LINES] if line.strip()]
    delimiter = max(";\t|,", key=lambda mark: sum(line.count(mark) == _width(lines, mark) > 0 for line in lines))
    width = _width(lines, delimiter)
    top = next((number for number, line in enumerate(lines) if line.count(delimiter) == width), 0)
    rows = [fields for line in lines[top:] if (fields := _split(line, delimiter)) and len(fields) == width + 1]
    names, rows = (rows[0], rows[1:]) if rows else ([], [])
    columns = {name: [row[place] for row in rows if row[place]] for place, name in enumerate(names)}
    draft = _Draft(feed, entity, columns)
    head = [f'feed = "{feed}"', "", "[file]", f"delimiter = {json.dumps(delimiter)}", f'encoding = "{encoding}"']
    if top:
        head.append(f"skip_lines = {top}")
    return "\n".join([*head, *draft.lines()]) + "\n"


def _decoded(content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", content.decode("utf-16", "replace")
    try:
        return "utf-8", content.removeprefix(BOM).decode("utf-8").replace("\r", "")
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252", "replace").replace("\r", "")


def _width(lines: list[str], mark: str) -> int:
    """How many delimiters most lines have, of those that have any."""
    counted = Counter(count for line in lines if (count := line.count(mark)))
    return counted.most_common(1)[0][0] if counted else 0


def _split(line: str, delimiter: str) -> list[str] | None:
    try:
        return [text.strip() for text in split_record(line, delimiter)]
    except Refused:
        return None


def plain_word(name: str) -> str:
    """A name without accents, blanks and signs, to compare with others.

    >>> plain_word("N° ticket"), plain_word("Qté")
    ('nticket', 'qte')
    """
    letters = unicodedata.normalize("NFKD", name.replace("°", "").replace("º", "")).lower()
    return re.sub(r"[^a-z0-9]", "", letters)


class _Draft:
    """Which column may be which field, and in what form its values are."""

    def __init__(self, feed: str, entity: str | None, columns: dict[str, list[str]]) -> None:
        self._feed, self._entity, self._columns = feed, entity, columns
        self._known, _ = known_fields(feed, entity)
        by_word = {word: field for field, words in _WORDS.items() for word in words.split()}
        self._fields: dict[str, str] = {}
        for name in columns:
            word = plain_word(name)
            field = name if name in self._known else word if word in self._known else by_word.get(word)
            if field in self._known and field not in self._fields.values() and not privacy.is_personal(name):
                self._fields[name] = str(field)
        self._clock = next((name for name in columns if plain_word(name) in _CLOCKS), None)

    def lines(self) -> list[str]:
        """The rest of the draft."""
        table = "[columns]" if self._entity is None else f"[columns.{self._entity}]"
        sources = [self._source(field, name) for name, field in self._fields.items()]
        found = set(self._fields.values())
        missing = [name for name in required_columns(self._feed, self._entity) if name not in found]
        wanted = [f'# {name} = "…"   # needed: name its column, or say {{ value = "…" }}' for name in missing]
        return [
            "",
            "[values]",
            *self._numbers(),
            '# time_zone = "Europe/Paris"   # of written times; else that of the place',
            "",
            table,
            *sources,
            *wanted,
        ]

    def _numbers(self) -> list[str]:
        texts = [
            text for name, field in self._fields.items() if self._known[field] in ("decimal", "integer") for text in self._columns[name]
        ]
        has_comma = any(re.search(r"\d,\d{1,2}\b(?![\d,.])", text) for text in texts)
        marks = [mark for mark in ("\u00a0", "\u202f", " ") if any(re.search(rf"\d{mark}\d{{3}}", text) for text in texts)]
        other = "." if has_comma else ","
        if any(re.search(rf"\d\{other}\d{{3}}\b", text) for text in texts):
            marks.append(other)
        lines = ['decimal = ","'] if has_comma else []
        return [*lines, f"thousands = {json.dumps(marks)}   # look at a number above 999"] if marks else lines

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
        if kind in ("instant", "date"):
            return self._time(field, name, texts)
        if kind in ("decimal", "integer") and texts and all(text.endswith("€") for text in texts):
            return f'{field} = {{ column = {said}, strip_suffix = "€" }}'
        return f"{field} = {said}"

    def _time(self, field: str, name: str, texts: list[str]) -> str:
        said = json.dumps(name, ensure_ascii=False)
        days = [day + time for day in _DAYS for time in _TIMES]
        fits = [one for one in days if texts and not to_iso(pl.Series(texts), (one,), None, None, is_day=True)[1].any()]
        if not fits:
            return f"{field} = {said}   # in ISO 8601, or say format = …"
        remark = f"   # look: {fits[1]} would fit, too" if len(fits) > 1 else ""
        if has_clock(fits[0]) or field != "occurred_at":
            return f'{field} = {{ column = {said}, format = "{fits[0]}" }}{remark}'
        if self._clock is None:
            return f'{field} = {{ column = {said}, format = "{fits[0]}", time = "12:00" }}{remark}'
        clocks = self._columns[self._clock]
        clock = "%H:%M:%S" if clocks and clocks[0].count(":") == 2 else "%H:%M"
        both = json.dumps([name, self._clock], ensure_ascii=False)
        return f'{field} = {{ columns = {both}, format = "{fits[0]} {clock}" }}{remark}'
