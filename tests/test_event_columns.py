"""The table of event columns: what is taken from it, and that no other list of them says otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.events import ENGINE_TYPES, EVENT_COLUMNS, FREE_TEXT, KEPT_EVENT, LEDGER_EVENT, LEDGER_MOVEMENT, SENT, EventColumn
from pipelines.feeds.spec import FIELDS
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import DBT_PROJECT

STAGING = DBT_PROJECT / "models" / "staging"
RENAMED = {"lot_code": "lot_id"}
NOT_STAGED = {"movements": {"named_item_id"}}
"""What only the owner reads of a table of the ledger."""


def test_every_column_stands_once_and_says_what_it_means() -> None:
    names = [column.name for column in EVENT_COLUMNS]
    assert sorted(names) == sorted(set(names))
    assert [column.name for column in EVENT_COLUMNS if not column.meaning] == []


@pytest.mark.parametrize("place", [lambda c: c.kept, lambda c: c.event, lambda c: c.move], ids=["kept", "event", "move"])
def test_the_places_in_a_table_are_numbered_without_gap(place: Callable[[EventColumn], int | None]) -> None:
    numbers = sorted(number for column in EVENT_COLUMNS if (number := place(column)) is not None)
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_ledgers_tables_are_as_their_files_have_always_been() -> None:
    """Files are read by name, and written by order: these first columns stay as they are, new ones come behind."""
    assert list(LEDGER_TABLES["movements"])[:5] == ["movement_id", "event_id", "movement_kind", "item_id", "from_location_id"]
    assert list(LEDGER_TABLES["movements"].items())[-3:] == [
        ("customer_key", "VARCHAR"),
        ("named_item_id", "BIGINT"),
        ("commit_id", "BIGINT"),
    ]
    assert list(LEDGER_TABLES["events"].items())[16:19] == [
        ("occurred_at", "TIMESTAMPTZ"), ("business_on", "DATE"), ("known_at", "TIMESTAMPTZ"),
    ]  # fmt: skip
    assert list(KEPT_EVENT.items())[-2:] == [("named_item_id", "BIGINT"), ("epc", "VARCHAR")]
    assert (len(LEDGER_MOVEMENT), len(LEDGER_EVENT), len(KEPT_EVENT)) == (34, 37, 42)


def test_senders_write_columns_of_the_segment_and_what_people_write_is_masked() -> None:
    assert set(FIELDS) - {"source_system"} == set(SENT)
    assert set(SENT) <= set(ENGINE_TYPES)
    assert set(FREE_TEXT) <= {name for name, kind in FIELDS.items() if kind == "text"}


def _described(model: str) -> list[str]:
    """Columns that the properties of a staging model describe."""
    text = (STAGING / "_staging__models.yml").read_text(encoding="utf-8")
    part = text.split(f"- name: stg_ledger__{model}\n")[1].split("\n  - name: ")[0]
    return re.findall(r"^      - name: (\w+)$", part, flags=re.MULTILINE)


def _taking_all(table: str) -> str:
    """The model that takes all columns of a table of the ledger."""
    left_out = f" exclude ({', '.join(sorted(NOT_STAGED[table]))})" if table in NOT_STAGED else ""
    return f"select *{left_out} rename (lot_code as lot_id) from {{{{ source('ledger', '{table}') }}}}"


@pytest.mark.parametrize("table", ["movements", "events"])
def test_staging_has_the_ledgers_columns_and_describes_each(table: str) -> None:
    wanted = [RENAMED.get(name, name) for name in LEDGER_TABLES[table] if name not in NOT_STAGED.get(table, ())]
    assert _described(table) == wanted
    text = (STAGING / f"stg_ledger__{table}.sql").read_text(encoding="utf-8")
    assert " ".join(text[text.index("select") :].split()) == _taking_all(table)


def test_every_column_of_the_ledgers_events_and_movements_has_a_doc_block() -> None:
    text = (DBT_PROJECT / "models" / "_columns.md").read_text(encoding="utf-8")
    described = set(re.findall(r"{% docs (\w+) %}", text))
    staged = {name for table in ("movements", "events") for name in LEDGER_TABLES[table]} - NOT_STAGED["movements"]
    assert {RENAMED.get(name, name) for name in staged} - described == set()


def test_a_column_that_travels_all_the_way_is_named_in_three_files() -> None:
    """In the table, where dbt describes what it is, and of which models; all else takes it from there."""
    root = Path(__file__).resolve().parents[1]
    files = {
        file.relative_to(root).as_posix()
        for folder, endings in (("pipelines", ("*.py",)), ("dbt_project", ("*.sql", "*.yml", "*.md")))
        for ending in endings
        for file in (root / folder).rglob(ending)
        if "campaign_code" in file.read_text(encoding="utf-8") and not {"simulate", "target"} & set(file.parts)
    }
    said_of_it_alone = {"pipelines/feeds/declared/promo.py"}
    assert files - said_of_it_alone == {
        "pipelines/events.py", "dbt_project/models/_columns.md", "dbt_project/models/staging/_staging__models.yml",
    }  # fmt: skip
