"""A first draft of a mapping from a table itself: a person reads it, corrects it, and only then is anything read through it.

What cannot be known from the table stands in the draft as a remark that says what to decide.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from typing import Final

from pipelines.feeds.mapping.draft import Draft
from pipelines.feeds.reading.csvlines import BOM, split_record
from pipelines.feeds.reading.rows import Refused

SAMPLE_LINES: Final = 500
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
    top: int
    is_open: bool
    values: list[str]
    fields: list[str]


def propose(content: bytes, feed: str, entity: str | None = None, name: str = "") -> str:
    """A draft (TOML) for a table that begins with these bytes; it says what must be looked at.

    `name` is that of a file which its mapping must say the entity of, empty where its name tells.
    """
    return as_text([proposal_of(content, feed, entity, name)])


def proposal_of(content: bytes, feed: str, entity: str | None = None, name: str = "") -> Proposal:
    """The same, to be put together with others (`as_text`)."""
    encoding, text = _decoded(content)
    lines = [line for line in text.split("\n")[:SAMPLE_LINES] if line.strip()]
    delimiter = max(";\t|,", key=lambda mark: _agreeing(lines, mark))
    width = _width(lines, delimiter)
    top = next((number for number, line in enumerate(lines) if _marks_in(line, delimiter) == width), 0)
    rows = [fields for line in lines[top:] if (fields := _split(line, delimiter)) and len(fields) == width + 1]
    names, rows = (rows[0], rows[1:]) if rows else ([], [])
    draft = Draft(feed, entity, names, rows)
    is_open = bool(content) and not content.endswith(b"\n") and len(content) < WHOLE_BYTES
    return Proposal(feed, entity, pattern_of(name), delimiter, encoding, top, is_open, draft.values(), draft.lines())


def as_text(proposals: list[Proposal]) -> str:
    """One draft of tables that lie in one folder, and so are read through one mapping: their form is that of the first.

    A table of another form is left to a folder of its own, and named.
    """
    first = proposals[0]
    encoding = next((one.encoding for one in proposals if one.encoding != "utf-8"), first.encoding)
    alike = [one for one in proposals if (one.delimiter, one.top) == (first.delimiter, first.top)]
    files = [f"{json.dumps(one.pattern, ensure_ascii=False)} = [{json.dumps(one.entity)}]" for one in alike if one.pattern and one.entity]
    lines = [f'feed = "{first.feed}"']
    if files:
        lines.append(f"files = {{ {', '.join(files)} }}")
    lines += ["", "[file]", f"delimiter = {json.dumps(first.delimiter)}", f'encoding = "{encoding}"']
    if first.top:
        lines.append(f"skip_lines = {first.top}")
    if any(one.is_open for one in alike):
        lines.append('# last_line = "whole"   # a last line has no end: say so if it is whole')
    values = list({line.partition("=")[0]: line for one in alike for line in one.values}.values())
    lines += ["", "[values]", *values, '# time_zone = "Europe/Paris"   # of written times; else that of the place']
    for one in alike:
        lines += ["", *one.fields]
    others = [one.pattern or one.entity or one.feed for one in proposals if one not in alike]
    if others:
        lines += ["", f"# of another form, so they need a folder and a mapping of their own: {', '.join(others)}"]
    return "\n".join(lines) + "\n"


def pattern_of(name: str) -> str:
    """The pattern of files that are called like this one but for a day or a number; empty without a name.

    >>> pattern_of("articles_2026-03.csv"), pattern_of("")
    ('articles*.csv', '')
    """
    stem, _, ending = name.partition(".")
    return f"{re.split('[-_ 0-9]', stem)[0]}*.{ending}" if name else ""


def _agreeing(lines: list[str], mark: str) -> int:
    """How many lines have as many delimiters, outside of quotes, as most that have any."""
    width = _width(lines, mark)
    return sum(_marks_in(line, mark) == width > 0 for line in lines)


def _marks_in(line: str, mark: str) -> int:
    fields = _split(line, mark)
    return len(fields) - 1 if fields else 0


def _decoded(content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", content.decode("utf-16", "replace")
    try:
        return "utf-8", content.removeprefix(BOM).decode("utf-8").replace("\r", "")
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252", "replace").replace("\r", "")


def _width(lines: list[str], mark: str) -> int:
    """How many delimiters most lines have, of those that have any."""
    counted = Counter(count for line in lines if (count := _marks_in(line, mark)))
    return counted.most_common(1)[0][0] if counted else 0


def _split(line: str, delimiter: str) -> list[str] | None:
    try:
        return [text.strip() for text in split_record(line, delimiter)]
    except Refused:
        return None
