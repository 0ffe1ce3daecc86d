"""A first draft of a mapping from a table itself: a person reads it, corrects it, and only then is anything read through it.

What cannot be known from the table stands in the draft as a remark that says what to decide.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from pipelines.feeds.mapping.draft import Draft
from pipelines.feeds.mapping.fields import told_apart
from pipelines.feeds.mapping.words import words_of
from pipelines.feeds.reading.csvlines import BOM, records, split_record
from pipelines.feeds.reading.rows import Refused

SAMPLE_LINES: Final = 500
_TERMS: Final = frozenset({"lead_time_days", "moq_units", "multiple_units"})
SUPPLIERS: Final = frozenset({"fournisseur", "four", "supplier", "vendor"})
_LAST_LINES: Final = 20
_ANY: Final = ""
"""The encoding of a table that reads the same in each."""
TOTALS: Final = r"(?i)^[^0-9a-z]*((grand|sous|sub)[ -]*)?tota(l|ux)( (g.n.ra(l|ux)|ttc|ht|net|ventes|sales))*[^0-9a-z]*([;,|\t]|$)"
"""How a line begins that sums up others."""
WHOLE_BYTES: Final = 1 << 16
"""A table of fewer bytes is seen to its end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """The draft of one table: its form, what holds for its values, and its fields. `pattern` is of the files that hold the entity."""

    feed: str
    entity: str | None
    pattern: str
    delimiter: str
    encoding: str
    quote: str
    top: int
    has_longer_rows: bool
    has_no_header: bool
    is_open: bool
    has_totals: bool
    found: frozenset[str]
    values: list[str]
    fields: list[str]


def propose(content: bytes, feed: str, entity: str | None = None, name: str = "") -> str:
    """A draft (TOML) for a table that begins with these bytes; it says what must be looked at.

    `name` is that of a file which its mapping must say the entity of, empty where its name tells.
    """
    return as_text([proposal_of(content, feed, entity, name)])


def with_others_of(first: Proposal, content: bytes, name: str, knows_suppliers: bool) -> list[Proposal]:
    """The draft of a table of items, and those of the terms and suppliers that it names as well (unless other files have these)."""
    terms = proposal_of(content, first.feed, "terms", name) if first.entity == "items" else first
    if first.entity != "items" or "supplier_code" not in terms.found or terms.found.isdisjoint(_TERMS):
        return [first]
    suppliers = proposal_of(content, first.feed, "suppliers", name, only=SUPPLIERS)
    others = [terms] if knows_suppliers else [terms, suppliers]
    return [dataclasses.replace(one, pattern=pattern_of(name)) for one in (first, *others)]


def proposal_of(
    content: bytes, feed: str, entity: str | None = None, name: str = "", end: bytes = b"", only: frozenset[str] = frozenset()
) -> Proposal:
    """The same, to be put together with others (`as_text`). `end` is how a table ends of which `content` is only the beginning.

    With `only`, columns count whose header has one of these words.
    """
    encoding, text = _decoded(content)
    lines, quote = _records(text)
    delimiter = max(";\t|,", key=lambda mark: _agreeing(lines, mark, quote))
    width = _width(lines, delimiter, quote)
    top = next((number for number, line in enumerate(lines) if _marks_in(line, delimiter, quote) == width), 0)
    found = [fields for line in lines[top:] if (fields := _split(line, delimiter, quote)) and len(fields) == width + 1]
    above = _split(lines[top - 1], delimiter, quote) if top else None
    if above and all(above) and len(above) >= _used(found):  # the rows end in a delimiter, the header does not
        names, rows, top = above, found, top - 1
    else:
        names, rows = (found[0], found[1:]) if found else ([], [])
    names = told_apart([one or f"column_{number}" for number, one in enumerate(names, 1)])
    hidden = [place for place, one in enumerate(names) if only and only.isdisjoint(words_of(one))]
    draft = Draft(feed, entity, names, [row for row in rows if not is_total(row)], hidden=hidden)
    below = (_decoded(end)[1] if end and encoding != "utf-16" else text).split("\n")[-_LAST_LINES:]
    last = [fields for line in [*lines[top:], *below] if (fields := _split(line, delimiter, quote))]
    rest = end.decode("latin-1") if end and encoding != "utf-16" else text
    return Proposal(
        feed=feed,
        entity=entity,
        pattern=pattern_of(name),
        delimiter=delimiter,
        encoding=encoding,
        quote=quote,
        top=text.split("\n").index(lines[top].split("\n")[0]) if lines else 0,  # blank lines count, too
        has_no_header=not draft.found and any(re.fullmatch(r"[-+]?[0-9][0-9 .,:/-]*", one) for one in names),
        has_longer_rows=len(names) <= width and bool(rows),
        is_open=bool(rest) and not rest.endswith("\n") and (rest is not text or len(content) < WHOLE_BYTES),
        has_totals=any(map(is_total, last)),
        found=draft.found,
        values=draft.values(),
        fields=draft.lines(),
    )


def is_total(fields: list[str]) -> bool:
    """Whether a row sums up others: its first text is a total, and most of it is empty.

    >>> is_total(["", "Total général", "", "", "12"]), is_total(["Total Access", "", "", "1"]), is_total(["Total", "PAR", "A", "1"])
    (True, False, False)
    """
    texts = [text for text in fields if text]
    return bool(texts) and re.search(TOTALS, texts[0]) is not None and 2 * len(texts) <= len(fields) + 1


def _used(rows: list[list[str]]) -> int:
    """How many columns have values somewhere, counted from the first."""
    return max((place for row in rows for place, text in enumerate(row, 1) if text), default=0)


def _records(text: str) -> tuple[list[str], str]:
    """The first rows that are not blank, and the sign around fields: none where quotes only ever stand inside of them."""
    lines = [line for line in text.split("\n") if line.strip()]
    quoted = [line for line in lines[:SAMPLE_LINES] if '"' in line]
    if quoted and not any(re.search(r'(?:^|[;,|\t])\s*"', line) for line in quoted):
        return lines[:SAMPLE_LINES], ""
    if any(line.count('"') % 2 for line in quoted):
        whole = [record.decode("utf-8") for _, record in records(text.encode("utf-8"), 1)]
        lines = [one for one in whole if one.strip()]
    return lines[:SAMPLE_LINES], '"'


def as_text(proposals: list[Proposal]) -> str:
    """One draft of tables that lie in one folder, and so are read through one mapping: their form is that of the first.

    A table of another form is left to a folder of its own, and named.
    """
    first = proposals[0]
    encoding = next((one.encoding for one in proposals if one.encoding != _ANY), "utf-8")
    form = (first.delimiter, first.top, first.quote)
    alike = [one for one in proposals if (one.delimiter, one.top, one.quote) == form and one.encoding in (_ANY, encoding)]
    lines = [f'feed = "{first.feed}"', *files_said([(one.pattern, one.entity) for one in alike])]
    lines += ["", "[file]", f"delimiter = {json.dumps(first.delimiter)}", f'encoding = "{encoding}"']
    if any(one.quote == "" for one in alike):
        lines.append('quote = ""   # quotes stand inside of texts, and not around them')
    if first.top:
        lines.append(f"skip_lines = {first.top}")
    if any(one.is_open for one in alike):
        lines.append('# last_line = "whole"   # a last line has no end: say so if it is whole')
    if any(one.has_no_header for one in alike):
        lines.append("# header = false   # the first line looks like a row: columns are then numbers from 1, or have names = [ … ]")
    if any(one.has_longer_rows for one in alike):
        lines.append('row_end = "delimiter"   # rows end in delimiters that the header has not')
    if any(one.has_totals for one in alike):
        lines += ["", "[leave_out]", f"lines = ['{TOTALS}']   # lines that sum up others: look whether they do"]
    return "\n".join([*lines, *fields_said(alike, proposals)]) + "\n"


class Drafted(Protocol):
    """What drafts of tables and of documents have in common: what a file is, and the lines of its values and fields."""

    @property
    def feed(self) -> str:
        """The feed that it is for."""

    @property
    def entity(self) -> str | None:
        """The reference entity, null for events."""

    @property
    def pattern(self) -> str:
        """Names of its files, where they do not say the entity."""

    @property
    def values(self) -> list[str]:
        """Lines of `[values]`."""

    @property
    def fields(self) -> list[str]:
        """Lines of the fields."""


def fields_said(alike: Sequence[Drafted], proposals: Sequence[Drafted]) -> list[str]:
    """The end of a draft: values and fields of the files that one mapping can read, and the names of the others."""
    values = {line.partition("=")[0]: line for one in alike for line in one.values}
    lines = ["", "[values]", *values.values(), '# time_zone = "Europe/Paris"   # of written times; else that of the place']
    for one in alike:
        lines += ["", *one.fields]
    others = [one.pattern or one.entity or one.feed for one in proposals if one not in alike]
    return [*lines, "", f"# of another form, so they need a folder and a mapping of their own: {', '.join(others)}"] if others else lines


def files_said(named: list[tuple[str, str | None]]) -> list[str]:
    """The line that says which entities files of a name hold; none where their names say it.

    >>> files_said([("a*.csv", "items"), ("a*.csv", "terms"), ("", "suppliers")])
    ['files = { "a*.csv" = ["items", "terms"] }']
    """
    held: dict[str, list[str]] = {}
    for pattern, entity in named:
        if pattern and entity:
            held.setdefault(pattern, []).append(entity)
    said = ", ".join(f"{json.dumps(pattern, ensure_ascii=False)} = {json.dumps(entities)}" for pattern, entities in held.items())
    return [f"files = {{ {said} }}"] if said else []


def pattern_of(name: str) -> str:
    """The pattern of files that are called like this one but for a day or a number; empty without a name.

    >>> pattern_of("articles_2026-03.csv"), pattern_of("")
    ('articles*.csv', '')
    """
    stem, _, ending = name.partition(".")
    return f"{re.split('[-_ 0-9]', stem)[0]}*.{ending}" if name else ""


def _agreeing(lines: list[str], mark: str, quote: str) -> int:
    """How many lines have as many delimiters, outside of quotes, as most that have any."""
    width = _width(lines, mark, quote)
    return sum(_marks_in(line, mark, quote) == width > 0 for line in lines)


def _marks_in(line: str, mark: str, quote: str) -> int:
    fields = _split(line, mark, quote)
    return len(fields) - 1 if fields else 0


def _decoded(content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", content.decode("utf-16", "replace")
    try:
        return _ANY if content.isascii() else "utf-8", content.removeprefix(BOM).decode("utf-8").replace("\r", "")
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252", "replace").replace("\r", "")


def _width(lines: list[str], mark: str, quote: str) -> int:
    """How many delimiters most lines have, of those that have any."""
    counted = Counter(count for line in lines if (count := _marks_in(line, mark, quote)))
    return counted.most_common(1)[0][0] if counted else 0


def _split(line: str, delimiter: str, quote: str) -> list[str] | None:
    try:
        return [text.strip() for text in split_record(line, delimiter, quote)]
    except Refused:
        return None
