"""Every file under data/samples/bad ends as its table says, the whole way: parsed, resolved, applied, accounted for."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from feeds.landed import AS_OF, SAMPLES, mapping_of_sample
from pipelines import stages
from pipelines.settings import Home, Settings

BAD = SAMPLES / "bad"
with (BAD / "expected.csv").open(newline="") as table:
    EXPECTED = list(csv.DictReader(table))
AT_ONCE = Settings(settle_seconds=0)


@pytest.fixture(scope="module")
def home_that_knows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the samples' reference data, to be copied."""
    root = tmp_path_factory.mktemp("reference")
    shutil.copytree(SAMPLES / "reference", root / "landing" / "reference")
    stages.ingest(Home(root / "home"), root / "landing", clock=lambda: AS_OF, engine="direct", settings=AT_ONCE)
    return root / "home"


@pytest.mark.parametrize("row", EXPECTED, ids=[row["file"] for row in EXPECTED])
def test_a_bad_file_is_accounted_for_as_its_table_says(row: dict[str, str], home_that_knows: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(home_that_knows, home.root, ignore=shutil.ignore_patterns("*.sock"))
    path = tmp_path / "landing" / row["file"]
    path.parent.mkdir(parents=True)
    shutil.copyfile(BAD / row["file"], path)
    if mapping := mapping_of_sample(BAD / row["file"]):
        shutil.copyfile(mapping, path.with_name(mapping.name))
    stages.ingest(home, tmp_path / "landing", clock=lambda: AS_OF, engine="direct", settings=AT_ONCE)

    current = json.loads((home.ledger / "current.json").read_text())

    def rows(name: str, query: str) -> list[tuple[object, ...]]:
        files = [str(home.ledger / file["path"]) for file in current["tables"][name]["files"]]
        with duckdb.connect() as con:
            con.execute(f"create view {name} as from read_parquet({files})")
            return con.execute(query, [row["file"]]).fetchall()

    counted = rows(
        "deliveries",
        """select delivery_id, sum(rows_in)::INT, sum(accepted)::INT, sum(duplicate)::INT, sum(corrected)::INT, sum(quarantined)::INT
        from deliveries where source_uri = ? group by 1""",
    )
    assert [line[1:] for line in counted] == [
        tuple(int(row[name]) for name in ("rows_in", "accepted", "duplicate", "corrected", "quarantined"))
    ]
    set_aside = rows(
        "quarantine", f"select reason_code, reason from quarantine where delivery_id = '{counted[0][0]}' and ? <> '' and sign = 1"
    )
    assert Counter(code for code, _ in set_aside) == Counter({c.split(":")[0]: int(c.split(":")[1]) for c in row["reason_codes"].split()})
    assert all(reason for _, reason in set_aside)
