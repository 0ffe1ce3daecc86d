"""Files as nobody should send them: samples of every feed, form and vendor with something odd done to them.

Belongs here: making such files from a source of random numbers, and passing one through everything that reads it, without a
home. Does not belong here: how many are tried (`tests/properties/test_odd_files.py`, `tests/soak`).
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Final

from pipelines.feeds import adapters
from pipelines.feeds.declared.reference import ENTITIES, ENTITY_BY_NAME
from pipelines.feeds.mapping.check import feed_of
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.parse import Parsed, place_of
from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES, REFERENCE
from pipelines.feeds.spec import FIELDS
from pipelines.ingest import stage
from pipelines.ingest.sources.mappings import load_all
from pipelines.ingest.survey import how_of, survey_stream
from pipelines.ingest.unit import WorkUnit
from pipelines.spool import Origin, UnitRange

SAMPLES: Final = Path(__file__).resolve().parents[2] / "data" / "samples"
SECRET: Final = b"k" * 32

TIMES: Final = (
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z", "1899-12-31T23:59:59Z",
    "2200-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z", "2026-02-29T10:00:00Z", "2026-03-29T02:30:00", "2026-13-01T00:00:00Z", "2026-03-02",
    "2026-03-02T24:00:00Z", "2026-03-02T10:05:60Z", "2026-03-02T10:05:00+25:00", "2026-03-02T10:05:00+14:59", "2026-03-02T10:05:00.1234567890Z",
    "02/03/2026 10:05", "+10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "46083", "46083.5", "1772445900", "1772445900000", "now", "2026-W10-1",
    "\uff12\uff10\uff12\uff16-03-02T10:05:00Z",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-0", "-1", "1e3", "1E400", "0x10", "1_000", "1,5", "1.5", ".5", "5.", "+5", "--5", "00012", "1000000", "1000001", "99999999999999", "999999999999999",
    "99999999999999999999999999999999", "-99999999999999999999", "0.00001", "0.12345", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "NaN", "Infinity", "-inf", "\uff11\uff12", "\u0663", "1\u00a0000", "1 000", "½", "1" * 400, "0." + "0" * 300 + "1", "999999999", "1000000000",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\u00a0", "\u200b", "\ufeff", "\u202e", "TEE\u200b-M", "tee-m", "\u2009MUG\u3000", "e\u0301", "\U0001f4a9", "\x00", "\x1f", "\x7f", "\x85", "\u2028",
    "\ud800", "a" * 513, "é" * 300, "'; drop table items; --", "${jndi:x}", "=1+1", "{}", "[]", "null", "true", "1.5", "NULL", "-", "*", ",", ";", '"', "'",
    "\\", "\t", "\n", "\r\n", "self", "jean@example.org", "+33 6 12 34 56 78", "urn:epc:id:sgtin:0614141.107346.2018", "urn:epc:id:sgtin:", "https://id.gs1.org/01/",
    "urn:uuid:x", "03600529000061", "360052900006", "EUR", "eur", "XXX", "Europe/Paris", "../../etc/passwd", "CON", "%s%n", "<a/>", "&amp;", "🇫🇷", "\u0600\u0600",
)  # fmt: skip
VALUES: Final = (
    None,
    True,
    False,
    0,
    -1,
    1,
    1.5,
    1e308,
    10**30,
    [],
    {},
    [None],
    [[[[[]]]]],
    {"a": {"b": []}},
    [1, "x"],
    {"": ""},
    {"event_kind": "sale"},
)


@dataclasses.dataclass(frozen=True)
class OddFile:
    """A file as it would lie in a landing folder: what it is called there, its bytes, and how somebody says that it is read."""

    feed: str
    name: str
    content: bytes
    entity: str | None = None
    adapter: str | None = None
    mapping: Mapping | None = None

    def __repr__(self) -> str:
        shown = self.content if len(self.content) <= 2_000 else self.content[:2_000] + b"..."
        return (
            f"OddFile({self.feed}/{self.name}, entity={self.entity}, adapter={self.adapter}, mapping={self.mapping is not None}, {shown!r})"
        )


def odd_file(rng: Random) -> OddFile:
    """A file of any kind."""
    makers: tuple[Callable[[Random], OddFile], ...] = (
        _json_lines, _json_lines, _json_lines, _table, _table, _table, _reference, _reference, _document, _document, _document, _mapped, _mapped,
        _mapped_document, _mapped_document, _noise,
    )  # fmt: skip
    made = rng.choice(makers)(rng)
    if rng.random() < 0.25:
        made = dataclasses.replace(made, content=_damaged(rng, made.content))
    if rng.random() < 0.08:
        packed = gzip.compress(made.content, mtime=0)
        made = dataclasses.replace(made, name=f"{made.name}.gz", content=_damaged(rng, packed) if rng.random() < 0.3 else packed)
    return made


# --- what it is made of ---------------------------------------------------------------------------------------------


@cache
def _samples(ending: str) -> tuple[tuple[str, Path], ...]:
    """Feed and path of the samples with this ending, the bad ones included."""
    found = []
    for path in sorted(SAMPLES.rglob(f"*{ending}")):
        parts = path.relative_to(SAMPLES).parts
        feed = parts[1] if parts[0] == "bad" else parts[0]
        if feed in FEED_NAMES and path.stat().st_size < 60_000:
            found.append((feed, path))
    return tuple(found)


@cache
def _lines_of(feed: str) -> tuple[dict[str, Any], ...]:
    """Lines of a feed's samples that are JSON objects."""
    found = []
    for other, path in _samples(".jsonl"):
        for line in path.read_bytes().split(b"\n") if other == feed else ():
            with contextlib.suppress(ValueError, RecursionError):
                value = json.loads(line)
                if isinstance(value, dict):
                    found.append(value)
    return tuple(found)


@cache
def _values_of(ending: str) -> tuple[tuple[str, Path, Any], ...]:
    found = []
    for feed, path in _samples(ending):
        with contextlib.suppress(ValueError, RecursionError):
            found.append((feed, path, json.loads(path.read_bytes())))
    return tuple(found)


def _odd_text(rng: Random) -> str:
    return rng.choice(rng.choice((TIMES, NUMBERS, TEXTS)))


def _odd_value(rng: Random) -> Any:
    return rng.choice(VALUES) if rng.random() < 0.3 else _odd_text(rng)


def _json_lines(rng: Random) -> OddFile:
    feed = rng.choice([feed for feed in FEED_BY_NAME if _lines_of(feed)])
    lines = []
    for _ in range(rng.randint(1, 12)):
        line = dict(rng.choice(_lines_of(feed)))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            _put(
                rng,
                line,
                [*line, *FIELDS] if rng.random() < 0.8 else ["customer_name", "note", "", "\u200b", "extra", "source_line", "epcs"],
            )
        lines.append(json.dumps(line, ensure_ascii=rng.random() < 0.5, separators=(",", ":") if rng.random() < 0.5 else None))
    if rng.random() < 0.15:
        lines.insert(
            rng.randrange(len(lines) + 1),
            rng.choice(("", " ", "{}", "[]", "null", '{"a":1,"a":2}', "{" * 90, '{"event_kind":"sale"', '"x"', "\ufeff{}")),
        )
    end = rng.choice(("\n", "\n", "\n", "\r\n"))
    return OddFile(feed, "a.jsonl", (end.join(lines) + rng.choice((end, end, ""))).encode("utf-8", "surrogatepass"))


def _put(rng: Random, line: dict[str, Any], names: list[str]) -> None:
    name = rng.choice(names)
    if rng.random() < 0.15:
        line.pop(name, None)
    elif name.endswith(("_at", "_on", "Time")) and rng.random() < 0.7:
        line[name] = rng.choice(TIMES)
    elif name in ("quantity", "unit_price_amount", "source_revision") and rng.random() < 0.7:
        line[name] = rng.choice(NUMBERS)
    else:
        line[name] = _odd_value(rng)


def _table(rng: Random) -> OddFile:
    feed = rng.choice([feed for feed in FEED_BY_NAME if _lines_of(feed) and feed != "rfid"])
    rows = [dict(rng.choice(_lines_of(feed))) for _ in range(rng.randint(1, 10))]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["event_kind"]
    return OddFile(feed, "a.csv", _written(rng, columns, [[_cell(row.get(name)) for name in columns] for row in rows]))


def _reference(rng: Random) -> OddFile:
    entity = rng.choice(ENTITIES)
    columns = [column.name for column in entity.columns if column.required or rng.random() < 0.6]
    columns += [name for name in ("valid_from", "valid_to", "note") if rng.random() < 0.3]
    rows = [[_of_column(rng, entity.name, name) for name in columns] for _ in range(rng.randint(1, 10))]
    if rng.random() < 0.2:
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
        return OddFile(REFERENCE, f"{entity.name}.jsonl", ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"), entity.name)
    return OddFile(REFERENCE, f"{entity.name}.csv", _written(rng, columns, rows), entity.name)


def _of_column(rng: Random, entity: str, name: str) -> str:
    if rng.random() < 0.15:
        return _odd_text(rng)
    column = next((column for column in ENTITY_BY_NAME[entity].columns if column.name == name), None)
    kind = column.type if column is not None else "instant"
    if column is not None and column.values and rng.random() < 0.8:
        return rng.choice(column.values)
    plain = {
        "decimal": ("1.5", "0", ""),
        "integer": ("1", "0", "7", ""),
        "date": ("2026-01-01", ""),
        "instant": ("2026-01-01", ""),
        "boolean": ("true", ""),
    }
    odd = {"decimal": NUMBERS, "integer": NUMBERS, "date": TIMES, "instant": TIMES, "boolean": TEXTS, "text": TEXTS}
    return rng.choice(plain.get(kind, ("TEE", "MUG", "EUR", "x")) if rng.random() < 0.6 else odd[kind])


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _written(rng: Random, columns: list[str], rows: list[list[str]]) -> bytes:
    """A table, of which some cells are odd, some rows ragged, and some quotes missing."""
    columns = list(columns)
    if rng.random() < 0.1:
        columns[rng.randrange(len(columns))] = rng.choice((*TEXTS, columns[0]))
    for row in rows:
        for _ in range(rng.choice((0, 0, 1, 2))):
            if row:
                row[rng.randrange(len(row))] = _odd_text(rng)
        if rng.random() < 0.05:
            row.append("more") if rng.random() < 0.5 else row.pop()
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if rng.random() < 0.2 else csv.QUOTE_MINIMAL
    writer = csv.writer(out, lineterminator=rng.choice(("\n", "\n", "\r\n")), quoting=quoting)
    writer.writerows([columns, *rows])
    text = out.getvalue()
    if rng.random() < 0.1:
        text = text.replace('"', "", 1)
    if rng.random() < 0.15:
        text = text.rstrip("\n")
    encoding = "utf-8-sig" if rng.random() < 0.1 else "utf-8"
    return (
        text.encode(encoding, "surrogatepass")
        if rng.random() < 0.9
        else text.encode(rng.choice(("utf-16", "cp1252", "latin-1")), "replace")
    )


def _document(rng: Random) -> OddFile:
    if rng.random() < 0.15:
        feed, path = rng.choice(_samples(".xml"))
        content = path.read_bytes()
        for _ in range(rng.randint(1, 3)):
            content = _replaced_in_xml(rng, content)
        return OddFile(feed, path.name, content)
    feed, path, value = rng.choice(_values_of(rng.choice((".json", ".json", ".jsonld"))) or _values_of(".json"))
    value = json.loads(json.dumps(value))
    for _ in range(rng.randint(1, 4)):
        value = _with_odd_node(rng, value)
    return OddFile(feed, path.name, json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass"))


def _replaced_in_xml(rng: Random, content: bytes) -> bytes:
    ends = [place for place, byte in enumerate(content) if byte == ord(">")]
    if len(ends) < 2:
        return content
    start = rng.choice(ends[:-1]) + 1
    end = content.find(b"<", start)
    return content[:start] + _odd_text(rng).encode("utf-8", "replace") + content[end if end > start else start :]


def _with_odd_node(rng: Random, value: Any) -> Any:
    """The value with one node, somewhere in it, replaced, doubled or taken out."""
    if isinstance(value, dict) and value and rng.random() < 0.93:
        name = rng.choice(list(value))
        if rng.random() < 0.1:
            return {other: inner for other, inner in value.items() if other != name}
        return {**value, name: _with_odd_node(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        if rng.random() < 0.1:
            return value[:place] + value[place + 1 :] if rng.random() < 0.5 else [*value, value[place]]
        return [*value[:place], _with_odd_node(rng, value[place]), *value[place + 1 :]]
    return _odd_value(rng)


@cache
def _mappings() -> tuple[tuple[str, str | None, Mapping, tuple[bytes, ...]], ...]:
    """Every mapping among the samples, with the tables beside it."""
    found = []
    for path in sorted(SAMPLES.rglob("mapping.toml")):
        parts = path.relative_to(SAMPLES).parts
        feed = parts[1] if parts[0] == "bad" else parts[0]
        tables = tuple(table.read_bytes() for table in sorted(path.parent.glob("*.csv")))
        found += [(feed, entity, made, tables) for entity, made in load_all(path.read_bytes(), path.name, feed).items() if tables]
    return tuple(found)


def _mapped(rng: Random) -> OddFile:
    feed, entity, mapping, tables = rng.choice(_mappings())
    mapping = dataclasses.replace(
        mapping,
        decimal=rng.choice((".", ",")),
        time_zone=rng.choice((mapping.time_zone, "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns")),
        encoding=rng.choice((mapping.encoding, mapping.encoding, "utf-8", "utf-16", "utf-16-le", "iso-8859-15")),
        quote=rng.choice((mapping.quote, mapping.quote, "", "'")),
        takes_open_end=rng.random() < 0.3,
    )
    content = rng.choice(tables)
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(lines))
        cells = lines[place].split(mapping.delimiter.encode())
        cells[rng.randrange(len(cells))] = _odd_text(rng).encode("utf-8", "replace")
        lines[place] = mapping.delimiter.encode().join(cells)
    return OddFile(feed, f"{entity or 'a'}.csv", b"\n".join(lines), entity, mapping=mapping)


@cache
def _document_mappings() -> tuple[tuple[str, str | None, Mapping, Any], ...]:
    """The mappings of JSON documents that are shipped, each with every document of its feed's samples, its own or not."""
    found = []
    for path in sorted(Path(adapters.__file__).parent.rglob("*.toml")):
        content = path.read_bytes()
        feed = feed_of(content, path.name)
        documents = [value for other, _, value in _values_of(".json") if other == feed]
        found += [(feed, entity, made, value) for entity, made in load_all(content, path.name, feed).items() for value in documents]
    return tuple(found)


def _mapped_document(rng: Random) -> OddFile:
    feed, entity, mapping, value = rng.choice(_document_mappings())
    value = json.loads(json.dumps(value))
    for _ in range(rng.randint(0, 4)):
        value = _with_odd_node(rng, value)
    name = f"{entity or 'a'}{rng.choice(('.json', '.json', '.jsonl'))}"
    return OddFile(feed, name, json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass"), entity, mapping=mapping)


def _noise(rng: Random) -> OddFile:
    feed = rng.choice(FEED_NAMES)
    entity = rng.choice(ENTITIES).name if feed == REFERENCE else None
    ending = rng.choice((".jsonl", ".csv", ".json", ".xml", ".jsonld", ".txt", ".csv.gz", ".JSONL"))
    content = (
        rng.randbytes(rng.randint(0, 400))
        if rng.random() < 0.5
        else "\n".join(_odd_text(rng) for _ in range(30)).encode("utf-8", "surrogatepass")
    )
    return OddFile(feed, f"{entity or 'a'}{ending}", content, entity)


def _damaged(rng: Random, content: bytes) -> bytes:
    """Some bytes of it other, away, or twice."""
    for _ in range(rng.randint(1, 3)):
        if not content:
            return content
        place, length = rng.randrange(len(content)), rng.randint(0, 12)
        more = rng.choice(
            (b"", b"\x00", b"\n", b"\r", b'"', b"\xff", b"\xc3", b"\xef\xbb\xbf", b"{", b"}", b",", rng.randbytes(3), content[:40])
        )
        content = content[:place] + more + content[place + length :]
    return content


# --- what reads it --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Bytes:
    """Bytes in memory as the content of a unit."""

    content: bytes

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.content)


def read(odd: OddFile) -> list[tuple[int, Parsed]]:
    """Survey the file and parse its units as ingest does, without its net: raises whatever goes wrong. Rows counted, and what came of them."""
    how = how_of(odd.name, odd.feed, odd.entity, odd.adapter, odd.mapping)
    place = place_of(odd.feed, odd.feed)
    found = survey_stream(io.BytesIO(odd.content), how, odd.feed, odd.entity, 1 << 12, place)
    ranges = found.ranges
    parsed = []
    for one in ranges:
        is_last = one is ranges[-1]
        lines = UnitRange("u", one.start, one.end, one.first_line, one.rows)
        origin = Origin("d", odd.feed, odd.feed, f"{odd.feed}/{odd.name}", odd.entity, "", "", units_in_delivery=len(ranges))
        unit = WorkUnit(origin, lines, dataclasses.replace(found.how, is_cut=found.how.is_cut and is_last), _Bytes(odd.content))
        parsed.append((one.rows, stage._parse(unit, SECRET)))
    return parsed


def check(odd: OddFile) -> None:
    """Every line of the file is accounted for, nothing is our own fault, and what is accepted can be stored and is of our years."""
    for rows, parsed in read(odd):
        assert parsed.events.height + parsed.rejects.height == rows
        assert "unreadable" not in set(parsed.rejects["reason_code"]), parsed.rejects.filter(
            parsed.rejects["reason_code"] == "unreadable"
        ).rows()
        assert all(parsed.rejects["reason"].str.len_chars() > 0)
        stage.parquet_bytes(parsed.events)
        stage.parquet_bytes(parsed.rejects)
        stage._extremes(parsed.events)
        for column in parsed.events.iter_columns():
            if column.dtype.is_temporal():
                low, high = column.min(), column.max()
                assert low is None or (_year(low) >= 1899 and _year(high) <= 2200), (column.name, low, high)


def _year(value: object) -> int:
    assert isinstance(value, date | datetime)
    return value.year
