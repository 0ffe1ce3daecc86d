"""What every feed of the registry must fulfil; a new feed is held to it by being listed."""

from __future__ import annotations

import importlib
import json
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feeds.landed import SAMPLES, land, land_file
from pipelines.events import EVENT_SCHEMA, POLARS_SCHEMA
from pipelines.feeds.declared.reference import ENTITIES, entity_of_path
from pipelines.feeds.reading.privacy import is_personal
from pipelines.feeds.reasons import REASONS
from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES, FEEDS, OPTIONAL_FEEDS
from pipelines.feeds.spec import FIELDS, Feed
from pipelines.owner.posting.posting import posting_kinds

by_name = pytest.mark.parametrize("feed", FEEDS, ids=[feed.name for feed in FEEDS])


@by_name
def test_a_declaration_names_only_fields_and_columns_that_exist(feed: Feed) -> None:
    for kind in feed.kinds:
        assert set(feed.required_of(kind)) <= set(FIELDS)
        assert set(kind.natural_key or feed.natural_key or ()) - {"day", "any_revision"} <= set(FIELDS)
        assert kind.voids is None or feed.kind(kind.voids)
    for expectation in feed.expectations:
        assert set(expectation.columns) <= set(EVENT_SCHEMA)
    assert len({kind.name for kind in feed.kinds}) == len(feed.kinds)


@by_name
def test_a_declaration_travels_to_workers(feed: Feed) -> None:
    assert pickle.loads(pickle.dumps(feed)) == feed


@pytest.mark.parametrize("name", FEED_NAMES)
def test_every_feed_has_a_sample_that_parses(name: str, tmp_path: Path) -> None:
    root = tmp_path / "landing"
    root.mkdir()
    copy = root / name
    for path in (SAMPLES / name).rglob("*"):
        if path.is_file():
            (copy / path.relative_to(SAMPLES / name)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(SAMPLES / name)).write_bytes(path.read_bytes())
    landed = land(tmp_path / "home", root)
    assert landed.events().height > 0
    assert all(one.rows_in == one.rows_parsed + one.rows_rejected for one in landed.manifests)
    assert set(landed.rejects()["reason_code"].to_list()) <= set(REASONS) - {"unreadable"}


@by_name
def test_every_kind_of_a_feed_is_in_its_samples(feed: Feed, tmp_path: Path) -> None:
    if feed.syntax == "epcis":
        wanted = {"object_observe", "aggregation_add", "transformation"}
    else:
        wanted = {kind.name for kind in feed.kinds}
    shutil.copytree(SAMPLES / feed.name, tmp_path / "landing" / feed.name)
    assert wanted <= set(land(tmp_path / "home", tmp_path / "landing").events()["event_kind"])


@by_name
def test_segments_have_the_columns_and_types_of_the_event_schema(feed: Feed, tmp_path: Path) -> None:
    for path in (SAMPLES / feed.name).glob("*.*"):
        events = land_file(tmp_path / path.stem, f"{feed.name}/{path.name}", path.read_bytes()).events()
        assert {name: POLARS_SCHEMA[name] for name in events.columns} == dict(events.schema)
        assert {"key_hi", "key_lo", "payload_hash", "occurred_at", "event_kind", "source_line"} <= set(events.columns)
        assert (
            events.select("key_hi", "key_lo", "payload_hash", "occurred_at", "event_kind", "source_line")
            .null_count()
            .sum_horizontal()
            .item()
            == 0
        )


@by_name
def test_identity_does_not_depend_on_order_or_cut(feed: Feed, tmp_path: Path) -> None:
    path = next(iter(sorted((SAMPLES / feed.name).glob("*.jsonl"))))
    lines = path.read_text().splitlines(keepends=True)
    mixed = lines[:]
    random.Random(5).shuffle(mixed)
    key = tmp_path / "customer.key"
    key.write_text("5" * 64)

    def events(name: str, content: str) -> pl.DataFrame:
        return land_file(tmp_path / name, f"{feed.name}/{path.name}", content, customer_key_file=key).events()

    whole, shuffled = events("whole", "".join(lines)), events("mixed", "".join(mixed))
    single = pl.concat([events(f"line{number}", line) for number, line in enumerate(lines)], how="diagonal")
    identity = ["key_hi", "key_lo", "payload_hash", *[name for name in ("target_hi", "target_lo") if name in whole.columns]]
    for other in (shuffled, single):
        assert_frame_equal(whole.select(identity).sort(identity), other.select(identity).sort(identity))


def test_the_feeds_load_no_engine_but_polars() -> None:
    script = (
        "import sys, importlib, pkgutil, pipelines.feeds as feeds\n"
        "for module in pkgutil.walk_packages(feeds.__path__, 'pipelines.feeds.'): importlib.import_module(module.name)\n"
        "print(sorted({'apache_beam', 'duckdb', 'dagster', 'dbt', 'great_expectations'} & {name.split('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_reference_files_are_known_by_folder_or_name() -> None:
    for entity in ENTITIES:
        assert entity_of_path((f"{entity.name}.csv",)) == entity.name
        assert entity_of_path((f"{entity.name}-2026.jsonl.gz",)) == entity.name
        assert entity_of_path((entity.name, "whatever.csv")) == entity.name
    assert entity_of_path(("item.csv",)) is None


def test_every_feed_is_listed_under_its_name() -> None:
    assert FEED_NAMES[:6] == ("pos", "wms", "marketplace", "rfid", "supply", "reference")
    assert FEED_NAMES[6:] == OPTIONAL_FEEDS
    assert all(FEED_BY_NAME[feed.name] is feed for feed in FEEDS)


def test_optional_feeds_move_no_stock_and_share_no_kind_with_another() -> None:
    kinds = Counter(kind.name for feed in FEEDS for kind in feed.kinds)
    assert [kind for kind, feeds in kinds.items() if feeds > 1] == []
    moving = posting_kinds() | {"sale_void", "void_ship"}
    assert [kind.name for feed in FEEDS if feed.is_optional for kind in feed.kinds if kind.name in moving] == []


@by_name
def test_fields_beyond_the_columns_have_names_that_are_kept(feed: Feed) -> None:
    assert feed.extra_names().isdisjoint({*FIELDS, *EVENT_SCHEMA, *dict(feed.renames)})
    assert [name for name in feed.extra_names() if is_personal(name) or not name.isidentifier()] == []
    for kind in feed.kinds:
        types = {"occurred_at": "instant"} | {field.name: field.type for field in kind.extra}
        assert all(types[field.not_below] == field.type for field in kind.extra if field.not_below)
        assert set(kind.any_of) <= set(FIELDS)


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if feed.syntax == "flat"], ids=lambda feed: feed.name)
def test_the_example_on_a_feeds_page_is_a_line_it_takes(feed: Feed, tmp_path: Path) -> None:
    page = importlib.import_module(f"pipelines.feeds.declared.{feed.name}").__doc__ or ""
    (example,) = re.findall(r"^    (\{.*?\})$", page, re.MULTILINE | re.DOTALL)
    landed = land_file(tmp_path, f"{feed.name}/example.jsonl", json.dumps(json.loads(example)) + "\n")
    assert landed.rejects()["reason"].to_list() == []
    assert [one.unknown_columns for one in landed.manifests] == [[]]
