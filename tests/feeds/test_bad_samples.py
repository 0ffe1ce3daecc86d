"""Every file under data/samples/bad ends as its table says, as far as ingest judges it."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from feeds.landed import SAMPLES, land_file, mapping_of_sample
from pipelines.feeds.reasons import REASONS

BAD = SAMPLES / "bad"
with (BAD / "expected.csv").open(newline="") as table:
    EXPECTED = list(csv.DictReader(table))


def test_every_bad_file_has_its_row_and_every_row_its_file() -> None:
    files = {path.relative_to(BAD).as_posix() for path in BAD.glob("*/**/*") if path.is_file() and path.name != "mapping.toml"}
    assert files == {row["file"] for row in EXPECTED}
    assert len(files) >= 45


def test_the_table_accounts_for_every_row() -> None:
    for row in EXPECTED:
        ends = sum(int(row[name]) for name in ("accepted", "duplicate", "corrected", "quarantined"))
        assert int(row["rows_in"]) == ends, row["file"]
        assert int(row["quarantined"]) == sum(int(code.split(":")[1]) for code in row["reason_codes"].split()), row["file"]


@pytest.mark.parametrize("row", EXPECTED, ids=[row["file"] for row in EXPECTED])
def test_a_bad_file_ends_as_its_table_says(row: dict[str, str], tmp_path: Path) -> None:
    if mapping := mapping_of_sample(BAD / row["file"]):
        beside = tmp_path / "landing" / row["file"]
        beside.parent.mkdir(parents=True)
        shutil.copyfile(mapping, beside.with_name(mapping.name))
    landed = land_file(tmp_path, row["file"], (BAD / row["file"]).read_bytes())
    expected = Counter({code.split(":")[0]: int(code.split(":")[1]) for code in row["reason_codes"].split()})
    of_ingest = Counter({code: count for code, count in expected.items() if code in REASONS})
    assert Counter(landed.rejects()["reason_code"].to_list()) == of_ingest
    assert sum(one.rows_in for one in landed.manifests) == int(row["rows_in"]) == landed.deliveries[0].rows_in
    assert sum(one.rows_parsed for one in landed.manifests) == int(row["rows_in"]) - of_ingest.total()
    assert landed.events().height == int(row["rows_in"]) - of_ingest.total()
