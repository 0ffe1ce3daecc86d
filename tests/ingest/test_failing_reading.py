"""Where our own code fails on what somebody sent, that alone is set aside, with the file, the line and what was said."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from feeds.landed import AS_OF, SAMPLES, Landed, land, land_file

from pipelines.feeds.adapters import documents
from pipelines.feeds.parse import derive
from pipelines.feeds.reasons import REASONS
from pipelines.ingest import stage
from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources import candidates, files
from pipelines.ingest.survey import survey
from pipelines.settings import Home, Settings
from pipelines.spool import Spool

HEADER = "event_kind,location_code,document_id,document_line,occurred_at,item_code,quantity"
NUMBERS = [number for number in range(1, 24)]


def line(number: int) -> dict[str, Any]:
    return {
        "event_kind": "sale", "location_code": "PAR", "document_id": "BAD" if number in (3, 17) else f"A-{number}", "document_line": number,
        "occurred_at": "2026-03-02T10:05:00Z", "item_code": "MUG", "quantity": 1,
    }  # fmt: skip


JSON_LINES = "".join(json.dumps(line(number)) + "\n" for number in NUMBERS).encode()
TABLE = (HEADER + "\n" + "".join(",".join(str(value) for value in line(number).values()) + "\n" for number in NUMBERS)).encode()


def failing(rows: Any, feed: Any, context: Any) -> Any:
    """Judging the rows, but for those of one ticket."""
    if (rows.frame["document_id"] == "BAD").any():
        raise OverflowError("date value out of range")
    return derive(rows, feed, context)


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("a.jsonl", JSON_LINES, 1),
        ("a.jsonl.gz", gzip.compress(JSON_LINES), 1),
        ("a.csv", TABLE, 2),
        ("a.csv", TABLE.replace(b"\n", b"\r\n"), 2),
        ("a.jsonl", b"\n\n" + JSON_LINES + b"\n \n", 3),
        ("a.jsonl", JSON_LINES.rstrip(b"\n"), 1),
    ],
)
def test_of_a_file_only_the_lines_are_set_aside_that_cannot_be_parsed(
    name: str, content: bytes, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.feeds.parse.derive", failing)
    landed = land_file(tmp_path, f"pos/{name}", content)
    told = landed.rejects()
    assert told["line_no"].to_list() == [first + 2, first + 16]
    assert set(told["reason_code"]) == {"unreadable"}
    assert "OverflowError: date value out of range" in told["reason"][0]
    assert "BAD" in told["payload"][0]
    assert landed.events()["source_line"].to_list() == [first - 1 + number for number in NUMBERS if number not in (3, 17)]


def test_a_table_whose_lines_cannot_be_told_apart_is_set_aside_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.feeds.parse.derive", failing)
    landed = land_file(tmp_path, "pos/a.csv", TABLE.replace(b"BAD", b'"B\nAD"').replace(b"A-5,", b"BAD,"))
    assert set(landed.rejects()["reason_code"]) == {"unreadable"}
    assert landed.rejects().height == len(NUMBERS)
    assert "pos/a.csv from line 2 on (OverflowError" in landed.rejects()["reason"][0]


def test_what_cannot_be_written_is_set_aside_like_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def extremes(events: pl.DataFrame) -> Any:
        if events.height:
            raise OverflowError("date value out of range")
        return None, None

    monkeypatch.setattr(stage, "_extremes", extremes)
    landed = land_file(tmp_path, "pos/a.jsonl", JSON_LINES)
    assert landed.rejects().height == len(NUMBERS)
    assert landed.events().is_empty()


def test_a_file_that_cannot_be_looked_through_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_through(path: str, *rest: Any) -> Any:
        if path.endswith("bad.jsonl"):
            raise RecursionError("maximum recursion depth exceeded")
        return survey(path, *rest)

    monkeypatch.setattr(files, "survey", looked_through)
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    for name in ("bad", "good"):
        (tmp_path / "landing" / "pos" / f"{name}.jsonl").write_bytes(JSON_LINES)
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert [(one.source_uri, one.rows_in, one.rows_rejected) for one in landed.manifests] == [
        ("pos/bad.jsonl", 1, 1),
        ("pos/good.jsonl", 23, 0),
    ]
    assert "pos/bad.jsonl (RecursionError: maximum recursion depth exceeded)" in landed.rejects()["reason"][0]


def test_of_many_documents_only_the_one_is_set_aside_that_an_adapter_fails_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = documents._made_by

    def made(adapter: Any, document: Any, *rest: Any) -> Any:
        if document.plain.get("order_number") == 2:
            raise TypeError("'NoneType' object is not iterable")
        return real(adapter, document, *rest)

    monkeypatch.setattr(documents, "_made_by", made)
    order = json.loads((SAMPLES / "marketplace" / "shopify" / "order_created.json").read_text())
    orders = [{**order, "order_number": number, "id": 9_000 + number} for number in (1, 2, 3)]
    landed = land_file(tmp_path, "marketplace/web/orders.json", json.dumps(orders))
    told = landed.rejects().filter(pl.col("reason_code") == "unreadable")
    assert told["reason"].to_list() == [f"TypeError: 'NoneType' object is not iterable: {REASONS['unreadable']}"]
    assert landed.events()["document_id"].n_unique() == 2


def test_a_folder_that_may_not_be_looked_into_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(folder: Any) -> Any:
        if str(folder).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    landing = tmp_path / "landing"
    for name in ("secret", "till"):
        (landing / "pos" / name).mkdir(parents=True)
        (landing / "pos" / name / "a.jsonl").write_bytes(JSON_LINES)
    monkeypatch.setattr(candidates.os, "scandir", scandir)
    home, quick = Home(tmp_path / "home").make(), Settings(settle_seconds=0)
    report = ingest_batch(home, [files.landing_of(home, quick, landing)], clock=AS_OF, engine="direct", settings=quick)
    assert report.unreadable == ["pos/secret: Permission denied; give parstock the right to read the folder"]
    assert [one.source_uri for one in Landed(Spool(home.spool)).deliveries] == ["pos/till/a.jsonl"]


def test_two_links_are_not_the_same_thing_twice(tmp_path: Path) -> None:
    landing = tmp_path / "landing" / "pos"
    landing.mkdir(parents=True)
    for name in ("one", "two"):
        (landing / f"{name}.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert len({one.content_sha256 for one in landed.deliveries}) == 2
    assert all(reason.startswith("skipped: not a regular file") for reason in landed.rejects()["reason"])
