"""The spool's records and files: whole or not at all, and the same when read again."""

from __future__ import annotations

import dataclasses
import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from feeds.landed import land_file

from pipelines.durable import remove_abandoned, write_bytes_whole, write_whole
from pipelines.errors import UserError
from pipelines.spool import Delivery, Manifest, Spool, UnitRange, delivery_id_of, unit_id_of
from pipelines.spool.records import instant_text

DELIVERY = Delivery(
    delivery_id="d1", feed="pos", source_system="pos", source_uri="pos/a.jsonl", content_sha256="00", bytes=10, rows_in=2,
    first_known_at="2026-03-09T00:00:00.000000Z", units=["u1"], ranges=[UnitRange("u1", 0, 10, 1, 2)],
)  # fmt: skip
MANIFEST = Manifest(
    unit_id="u1", delivery_id="d1", feed="pos", source_system="pos", source_uri="pos/a.jsonl", entity=None, known_at="2026-03-09T00:00:00.000000Z",
    content_sha256="00", units_in_delivery=1, first_line=1, rows_in=2, rows_parsed=1, rows_rejected=1, segment="u1.parquet", segment_sha256="11",
    rejects="u1.parquet", columns=["key_hi"], occurred_min=None, occurred_max=None, unknown_columns=[],
)  # fmt: skip

WRITTEN_DELIVERY = b"""{
  "delivery_id": "bd1d84f94a27e256fbc531da97a7bca8",
  "feed": "pos",
  "source_system": "till",
  "source_uri": "pos/till/a.csv",
  "content_sha256": "b201137a6d545acef9b42e01873c80600fd427acfd8b6404376b96ac5c1c914c",
  "bytes": 40,
  "rows_in": 2,
  "first_known_at": "2026-03-09T00:00:00.000000Z",
  "units": [
    "6dd26f820e075b165654dbff98fc7e4a"
  ],
  "ranges": [
    {
      "unit_id": "6dd26f820e075b165654dbff98fc7e4a",
      "start": 21,
      "end": 40,
      "first_line": 2,
      "rows": 2
    }
  ],
  "entity": null,
  "sequence": 0,
  "reading": "",
  "mapping": "",
  "left_out": 0
}"""
WRITTEN_MANIFEST = b"""{
  "unit_id": "6dd26f820e075b165654dbff98fc7e4a",
  "delivery_id": "bd1d84f94a27e256fbc531da97a7bca8",
  "feed": "pos",
  "source_system": "till",
  "source_uri": "pos/till/a.csv",
  "entity": null,
  "known_at": "2026-03-09T00:00:00.000000Z",
  "content_sha256": "b201137a6d545acef9b42e01873c80600fd427acfd8b6404376b96ac5c1c914c",
  "units_in_delivery": 1,
  "first_line": 2,
  "rows_in": 2,
  "rows_parsed": 0,
  "rows_rejected": 2,
  "segment": null,
  "segment_sha256": null,
  "rejects": "6dd26f820e075b165654dbff98fc7e4a.parquet",
  "columns": [],
  "occurred_min": null,
  "occurred_max": null,
  "unknown_columns": [],
  "dropped_columns": [],
  "sequence": 0,
  "missing_columns": [
    "occurred_at",
    "quantity",
    "location_code",
    "document_id",
    "document_line"
  ]
}"""
"""Records as earlier versions wrote them, of `event_kind,item_code`, `sale,MUG`, an empty line and `sale,TEE` in pos/till/a.csv."""


def test_records_of_before_are_read_and_written_again_to_the_same_bytes() -> None:
    assert Delivery.from_json(WRITTEN_DELIVERY).to_json() == WRITTEN_DELIVERY
    assert Manifest.from_json(WRITTEN_MANIFEST).to_json() == WRITTEN_MANIFEST


def test_the_same_file_gives_the_same_records_as_before(tmp_path: Path) -> None:
    landed = land_file(tmp_path, "pos/till/a.csv", "event_kind,item_code\nsale,MUG\n\nsale,TEE\n")
    (delivery,), (manifest,) = landed.deliveries, landed.manifests
    assert (landed.spool.deliveries / f"{delivery.delivery_id}.json").read_bytes() == WRITTEN_DELIVERY
    assert (landed.spool.manifests / f"{manifest.unit_id}.json").read_bytes() == WRITTEN_MANIFEST


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path).make()
    spool.write_delivery(DELIVERY)
    spool.write_manifest(MANIFEST)
    assert list(spool.read_deliveries()) == [DELIVERY]
    assert list(spool.new_manifests()) == [MANIFEST]
    assert list(spool.new_manifests({"u1"})) == []
    assert DELIVERY.known_at.isoformat() == "2026-03-09T00:00:00+00:00"


def test_what_was_known_first_stands(tmp_path: Path) -> None:
    spool = Spool(tmp_path).make()
    spool.write_delivery(DELIVERY)
    later = dataclasses.replace(DELIVERY, first_known_at="2026-03-10T00:00:00.000000Z")
    assert spool.write_delivery(later) == DELIVERY


def test_a_manifest_accounts_for_its_rows() -> None:
    with pytest.raises(ValueError, match="3 rows in, but 1 parsed and 1 rejected"):
        dataclasses.replace(MANIFEST, rows_in=3)


def test_fields_of_a_later_version_are_ignored() -> None:
    assert Manifest.from_json(MANIFEST.to_json()[:-2] + b',\n  "later": 1\n}') == MANIFEST


def test_a_damaged_record_says_which_and_what_to_do(tmp_path: Path) -> None:
    spool = Spool(tmp_path).make()
    (spool.manifests / "u1.json").write_text('{"unit_id": "u1"')
    with pytest.raises(UserError, match=r"u1\.json"):
        spool.read_manifest("u1")


def test_files_that_are_being_written_are_not_seen(tmp_path: Path) -> None:
    spool = Spool(tmp_path).make()
    (spool.manifests / ".u1.json.0.tmp").write_text("{")
    assert spool.manifest_ids() == set() and list(spool.new_manifests()) == []


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "a.json", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_write_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    write_bytes_whole(tmp_path / "a", b"one")
    write_bytes_whole(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two" and [path.name for path in tmp_path.iterdir()] == ["a"]


def test_ids_depend_on_feed_path_content_and_return() -> None:
    ids = {delivery_id_of("pos", "pos/a", "00"), delivery_id_of("wms", "pos/a", "00"), delivery_id_of("pos", "pos/b", "00"),
           delivery_id_of("pos", "pos/a", "01"), delivery_id_of("pos", "pos/a", "00", 1), unit_id_of("d1", 0, 10), unit_id_of("d1", 0, 11)}  # fmt: skip
    assert len(ids) == 7 and {len(one) for one in ids} == {32}


def test_instants_are_written_in_utc_and_need_a_zone() -> None:
    assert instant_text(datetime(2026, 3, 2, 10, 5, tzinfo=timezone(timedelta(hours=1)))) == "2026-03-02T09:05:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        instant_text(datetime.fromisoformat("2026-03-02T00:00:00"))


def test_an_empty_or_missing_spool_has_nothing(tmp_path: Path) -> None:
    assert list(Spool(tmp_path / "none").read_deliveries()) == [] and Spool(tmp_path / "none").manifest_ids() == set()


def test_only_files_that_nobody_writes_any_more_are_swept(tmp_path: Path) -> None:
    spool = Spool(tmp_path).make()
    old = time.time() - 60
    abandoned = [folder / ".x.0123456789ab.tmp" for folder in (spool.manifests, spool.deliveries, tmp_path / "segments" / "pos")]
    for path in abandoned:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (old, old))
    spool.write_manifest(MANIFEST)

    def is_swept_while_written(partial: Path) -> None:
        partial.write_bytes(b"whole")
        os.utime(partial, (old, old))
        remove_abandoned(tmp_path)
        assert partial.exists(), "its writer lives"

    write_whole(tmp_path / "current", is_swept_while_written)
    spool.sweep()
    assert [path for path in abandoned if path.exists()] == []
    assert spool.has_manifest(MANIFEST.unit_id)
    assert (tmp_path / "current").read_bytes() == b"whole"


def test_a_sweep_of_a_folder_that_is_not_there_does_nothing(tmp_path: Path) -> None:
    remove_abandoned(tmp_path / "none")
    assert not (tmp_path / "none").exists()
