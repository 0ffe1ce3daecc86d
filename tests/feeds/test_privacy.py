"""Nothing personal reaches the disk: not of good lines, not of bad ones, not of files that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from feeds.landed import AS_OF, SAMPLES, land, land_file
from pipelines import stages
from pipelines.feeds.reading import privacy
from pipelines.ingest.sources.mappings import MAPPING_FILE
from pipelines.publish.reader import open_published
from pipelines.settings import Home, Settings

SECRETS = (
    "Jean",
    "Petit",
    "jeanne",
    "jean@example.org",
    "anne@example.org",
    "buyer@example.org",
    "12 34 56 78",
    "rue de la Paix",
    "C-4711",
    'C-1"',
    "Léa",
)


def written(home: Path) -> str:
    """Everything under the home as text, tables unpacked."""
    texts = []
    for path in home.rglob("*"):
        if path.suffix == ".parquet":
            texts.append(json.dumps(pl.read_parquet(path).rows(), default=str, ensure_ascii=False))
        elif path.is_file():
            texts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(texts)


def test_no_sample_leaves_anything_personal_in_the_home(tmp_path: Path) -> None:
    landed = land(tmp_path / "home", SAMPLES)
    bad = land(tmp_path / "bad", SAMPLES / "bad")
    files = [path for path in (SAMPLES / "bad").glob("*/**/*") if path.is_file() and path.name != MAPPING_FILE]
    assert len(bad.deliveries) == len(files) > 100
    text = written(tmp_path / "home") + written(tmp_path / "bad")
    assert [secret for secret in SECRETS if secret in text] == []
    assert "Vendeur" in {name for one in landed.manifests for name in one.dropped_columns}
    assert any("cashier_name" in one.dropped_columns for one in landed.manifests)


@pytest.mark.timeout(900)  # builds and publishes a whole home
def test_a_whole_home_of_all_samples_names_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    stages.run(home, SAMPLES, clock=lambda: AS_OF, settings=Settings(settle_seconds=0))
    text = written(home.root)
    assert [secret for secret in SECRETS if secret in text] == []
    # the file that everyone reads, asked rather than grepped: what it holds is packed
    with open_published(home) as con:
        names = con.execute("select table_schema, table_name from information_schema.tables where table_type <> 'SYSTEM'").fetchall()
        told = "\n".join(str(con.execute(f'from "{schema}"."{name}"').fetchall()) for schema, name in names)
    assert "MUG" in told
    assert [secret for secret in SECRETS if secret in told] == []


def test_a_customer_becomes_a_pseudonym_that_only_this_home_gives(tmp_path: Path) -> None:
    line = (
        '{"event_kind":"sale","location_code":"PAR","document_id":"A-1","document_line":%d,'
        '"occurred_at":"2026-03-02T10:05:00Z","item_code":"MUG","quantity":1,"%s":"C-9"}\n'
    )
    first = (
        land_file(tmp_path / "1", "pos/a.jsonl", line % (1, "customer_id") + line % (2, "customer_key")).events()["customer_key"].to_list()
    )
    second = land_file(tmp_path / "2", "pos/a.jsonl", line % (1, "customer_id")).events()["customer_key"].to_list()
    assert first[0] == first[1] != second[0]
    assert len(first[0]) == 32
    assert (tmp_path / "1" / "home" / "customer.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name",
    ["email", "customerName", "phone_1", "ship_to_street", "PostalCode", "first_name", "loyalty_card_no", "e-mail", "customer", "cashier"],
)
def test_a_field_that_names_somebody_is_dropped(name: str) -> None:
    assert privacy.is_personal(name)


@pytest.mark.parametrize(
    "name",
    [
        "item_name",
        "loyalty_tier",
        "card_type",
        "delivery_date",
        "campaign_name",
        "note",
        "channel",
        "customer_segment",
        "seller",
        "register_no",
    ],
)
def test_a_field_that_names_nobody_is_kept(name: str) -> None:
    assert not privacy.is_personal(name)


def test_text_that_cannot_be_parsed_is_masked() -> None:
    text = privacy.mask_unparsed(
        '{"name": "Jean Petit", "street": "1 rue", "note": "jean@example.org, 06 12 34 56 78", "quantity": 3, "gtin": "3600529000030", "phone": "061'
    )
    assert "Jean" not in text and "rue" not in text and "@" not in text and "06 12" not in text and "061" not in text
    assert '"quantity": 3' in text and "3600529000030" in text


def test_a_row_of_a_table_with_personal_columns_is_hidden_when_it_cannot_be_told_apart(tmp_path: Path) -> None:
    table = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity,customer_name\nsale,PAR,Jean Petit\n"
    assert land_file(tmp_path, "pos/a.csv", table).rejects()["payload"].to_list() == ["[masked: the row may hold personal data]"]
