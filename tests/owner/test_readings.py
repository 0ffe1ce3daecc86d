"""A mended mapping replaces what it read before: nothing is booked twice, and the counts say what was corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.small_home import SmallHome

HEAD = "ticket;no;time;sku;qty;price;note\n"
LINES = [
    "T1;1;2026-03-02 10:00:00;MUG;2;9.90;",
    "T1;2;2026-03-02 10:00:00;TEE;1;19.90;",
    "T1;3;2026-03-02 10:00:00;TEE;1;19.90;x",
    "T2;1;2026-03-02 11:00:00;MUG;-1;9.90;",
]
DAY = HEAD + "\n".join(LINES) + "\n"
FIELDS = {
    "document_id": '"ticket"',
    "document_line": '"no"',
    "occurred_at": '{ column = "time", format = "%Y-%m-%d %H:%M:%S" }',
    "item_code": '"sku"',
    "quantity": '{ column = "qty", strip_prefix = "-" }',
    "event_kind": '{ value = "sale" }',
    "location_code": '{ value = "PAR" }',
}
SHELF = "sellable_accessible"


def mapping(rest: str = "", **fields: str) -> str:
    said = {**FIELDS, **fields}
    columns = "".join(f"{name} = {value}\n" for name, value in said.items() if value)
    return f'feed = "pos"\n[file]\ndelimiter = ";"\n[values]\ntime_zone = "Europe/Paris"\n{rest}\n[columns]\n{columns}'


def read(home: SmallHome, text: str, day: str = DAY) -> None:
    home.deliver(**{"pos/till/day.csv": day, "pos/till/mapping.toml": text})


def counts(home: SmallHome) -> list[tuple[int, ...]]:
    """rows_in, accepted, duplicate, corrected, quarantined of each reading, in the order in which they came."""
    return home.rows("""
        select sum(rows_in)::INT, sum(accepted)::INT, sum(duplicate)::INT, sum(corrected)::INT, sum(quarantined)::INT from deliveries
        where source_uri = 'pos/till/day.csv' group by delivery_id order by min(first_known_at)""")


def test_a_first_try(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    read(home, mapping())
    assert home.on_hand() == {("MUG", "PAR", SHELF): -3, ("TEE", "PAR", SHELF): -2}
    read(home, mapping(document_line='{ columns = ["no", "sku"], join = "-" }'))
    assert home.on_hand() == {("MUG", "PAR", SHELF): -3, ("TEE", "PAR", SHELF): -2}
    assert counts(home) == [(4, 4, 0, 0, 0), (4, 0, 0, 4, 0)]
