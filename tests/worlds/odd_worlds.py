"""Worlds in which what is right is mixed with what is at the edge of it: everything that ingest takes has to be built, planned and shown.

Belongs here: making the landing folder of such a world from a source of random numbers, and taking it through the commands.
Does not belong here: how many are tried (`tests/cli/test_odd_worlds.py`, `tests/soak`), files that nobody could read (`odd_files`).
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import traceback
from pathlib import Path
from random import Random
from typing import Any, Final

from oracle import generate
from oracle.generate_reference import FIRST, LATER

from pipelines.cli.main import call
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.registry import FEED_BY_NAME
from pipelines.feeds.spec import FIELDS
from pipelines.publish.reader import run_sql
from pipelines.settings import Home

AS_OF: Final = ("2026-04-01T18:00+02:00", "2026-04-02T18:00+02:00")
"""When the two folders of a world are seen: after all that its honest lines say."""

EDGES: Final[dict[str, tuple[str, ...]]] = {
    "integer": ("0", "1", "2", "-1", "36500", "1000000000", "999999", "1000001"),
    "decimal": ("0", "0.0001", "1", "12", "999999.9999", "-5", "9999999999", "99999999999999", "1000000", "60000"),
    "date": ("1900-01-01", "2200-12-31", "2000-01-01", "2026-03-02", "1999-12-31", "2026-12-31", "2026-04-01"),
    "instant": (
        "2000-01-01T00:00:00Z", "2000-01-01T00:00:00+14:00", "2199-12-31T23:59:59Z", "2200-12-31T23:59:59Z", "2026-03-29T02:30:00+01:00", "2026-03-02T10:00:00-12:00",
        "2026-10-25T02:30:00+02:00", "2026-04-01T12:00:00Z", "1900-01-01",
    ),
    "boolean": ("true", "false", ""),
    "text": (
        "", "x", "TEE", "MUG", "DUO", "GIFT", "NEW", "DC1", "LIS", "S1", "web", "EUR", "JPY", "é" * 200, "a" * 512, "'; drop table items; --", "=1+1", "<a href='#'>",
        "100%", "a\tb", 'say "so"', "{}", "../../x", "🧦", "tee", "T EE", "Ünïcode ~ £", "NULL", "nan", "*", "Mo,We", "Mo-Fr 09:00-19:30",
    ),
}  # fmt: skip
"""Values at the edge of what is taken, by type of field; some lie beyond it."""

MORE: Final = {
    "terms": "supplier_code,item_code,location_code,lead_time_days,moq_units,multiple_units,max_units,priority,unit_cost_amount,currency_code\n"
    "S1,TEE,*,3,6,6,,1,4.00,EUR\nS1,MUG,*,10,1,12,48,1,1.50,EUR\nS1,TEA,DC1,0,0,0,,2,,EUR\n",
    "supplier_terms": "supplier_code,location_code,order_days,calendar_code\nS1,*,\"Mo,Th\",fr\n",
    "relations": "item_code,relation_kind,related_item_code,valid_from\nTEA,substitute,MUG,2026-03-01\n",
    "segments": "segment_code,member_kind,member_code\nbest,item,TEE\n",
    "calendars": "calendar_code,day_kind,starts_on,ends_on,period_name,zone\nfr,closed,2026-04-06,,Easter,*\n",
    "reasons": "event_kind,reason_code,reason_name,is_demand\nadjust,damage,Broken,false\n",
}  # fmt: skip
"""entity → its file, beside those of the oracle's world."""

COMMANDS: Final = (
    ("brief",), ("brief", "--lang", "fr"), ("export",), ("rejects",), ("feeds",), ("alerts",), ("decisions",), ("plan",), ("doctor",), ("gates",),
)  # fmt: skip
"""What is asked of a world that is built. Whatever came, none may fail."""

MAY_SAY_NO: Final = {"doctor", "gates"}
"""Commands whose exit code 1 says that something is wrong with the data."""


def make(folder: Path, seed: int, *, lines: int = 120) -> list[Path]:
    """Two landing folders, to be seen one after the other."""
    rng = Random(seed)
    rate = rng.choice((0.02, 0.1, 0.3))
    first, later = folder / "1", folder / "2"
    for place, files in ((first, FIRST | MORE), (later, LATER)):
        for entity, text in files.items():
            _write(place / "reference" / f"{entity}.csv", _table(rng, rate, entity, text))
    sent: dict[Path, list[str]] = {}
    for feed, line in generate.lines(seed, lines):
        text = line if isinstance(line, str) else json.dumps(_line(rng, rate, feed, line), ensure_ascii=False)
        sent.setdefault((first if rng.random() < 0.8 else later) / feed / "all.jsonl", []).append(text)
    for path, texts in sent.items():
        _write(path, "\n".join(texts) + "\n")
    return [first, later]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _line(rng: Random, rate: float, feed: str, line: dict[str, Any]) -> dict[str, Any]:
    """The line, with a share of its fields at the edge, and now and then a field that it had not, or another kind."""
    made = dict(line)
    for name in line:
        if name in FIELDS and rng.random() < rate / 4:
            made[name] = rng.choice(EDGES[FIELDS[name]])
    if rng.random() < rate:
        name = rng.choice(sorted(FIELDS))
        made[name] = rng.choice(EDGES[FIELDS[name]])
    if feed in FEED_BY_NAME and "event_kind" in made and rng.random() < rate / 2:
        made["event_kind"] = rng.choice(FEED_BY_NAME[feed].kinds).name
    return made


def _table(rng: Random, rate: float, entity: str, text: str) -> str:
    """The table, with a share of its cells at the edge, columns that it had not, and rows that nobody sent."""
    rows = list(csv.DictReader(io.StringIO(text)))
    declared = {column.name: column for column in ENTITY_BY_NAME[entity].columns}
    names = list(rows[0])
    names += [name for name in (*declared, "valid_from", "valid_to") if name not in names and rng.random() < rate]
    if rng.random() < rate:
        rows.append(dict.fromkeys(names, ""))
    rows += [dict(row) for row in rows if rng.random() < rate / 2]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(rng, rate, declared.get(name), row.get(name) or "") for name in names])
    return out.getvalue()


def _cell(rng: Random, rate: float, column: Any, value: str) -> str:
    if rng.random() >= (rate / 4 if value else rate):
        return value
    if column is not None and column.values and rng.random() < 0.7:
        return rng.choice(column.values)
    return rng.choice(EDGES[column.type if column is not None else "instant"])


def walk(folder: Path, seed: int) -> list[str]:
    """Everything from landing to what people read, of one world; returns what went wrong, in words."""
    home = folder / "home"
    wrong = []
    for landing, as_of in zip(make(folder / "landing", seed), AS_OF, strict=True):
        wrong += _asked("run", "--from", str(landing), "--as-of", as_of, home=home)
    if wrong:
        return wrong
    for words in COMMANDS:
        wrong += _asked(*words, *(["--as-of", AS_OF[1]] if words == ("plan",) else []), home=home)
    for item, place in run_sql(Home(home), _ITEMS_TO_EXPLAIN).rows:
        wrong += _asked("explain", f"{item}@{place}", home=home)
    wrong += [f"{path}: {parts}" for path, *parts in run_sql(Home(home), _UNACCOUNTED).rows]
    return wrong


_ITEMS_TO_EXPLAIN: Final = """
select item_code, location_code from plan.reorder_points join core.dim_item using (item_id) join core.dim_location using (location_id)
where item_code not like '%@%' and item_code not like '-%' order by hash(item_code || location_code) limit 2"""
_UNACCOUNTED: Final = """
select source_uri, rows_in, accepted, duplicate, corrected, quarantined from ops.deliveries
where rows_in <> accepted + duplicate + corrected + quarantined"""


def _asked(*words: str, home: Path) -> list[str]:
    """What a command did wrong: nothing, mostly."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code = call([*words, "--home", str(home)])
        except Exception:  # of our own making: the command line catches what it expects
            complained.write(traceback.format_exc())
            code = 70
    allowed = {0, 1} if words[0] in MAY_SAY_NO else {0}
    is_traced = "Traceback" in complained.getvalue()
    return [f"parstock {' '.join(words)}: exit {code}\n{complained.getvalue()[-3000:]}"] if code not in allowed or is_traced else []
