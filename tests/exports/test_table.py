"""The CSV for other systems."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exports.table import plain_text, read_csv, safe_text
from pipelines.exports.write import export_proposals
from tests.worlds.published_home import PublishedHome


@given(st.text(st.sampled_from("=+-@'\t\r\n,;\" aé\uff1d\uff0b\uff0d\uff201")))
def test_a_safe_text_never_begins_like_a_formula_and_comes_back_as_it_was(text: str) -> None:
    safe = safe_text(text)
    assert safe[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    assert plain_text(safe) == text


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://evil.example","x")', "Tea;=1+1", '\'t Hoen, "fine"', "-5", "line\r\n=1", "plain", "\uff1d1"]
)
def test_a_dangerous_name_is_held_and_read_back(name: str, tmp_path: Path) -> None:
    home = PublishedHome(tmp_path).planned().supplier(1, "S", name).item(1, "TEE", name).order(1, 1, inventory_position_units=-5)
    _, path = export_proposals(home.home)
    [row] = read_csv(path)
    assert (row["item_name"], row["supplier_name"], row["inventory_position_units"]) == (name, name, "-5")
    [raw] = csv.DictReader(path.open(encoding="utf-8", newline=""))
    assert raw["item_name"] == (name if name == "plain" else f"'{name}")


def test_it_says_which_publication_and_plan_it_is_of(tmp_path: Path) -> None:
    home = PublishedHome(tmp_path, version=42).planned().supplier(1, "S", "S").item(1, "TEE", "T-shirt").order(1, 1)
    _, path = export_proposals(home.home)
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith('42,"R1",2026-03-09,"TEE","T-shirt","PAR","nothing_free",0.00,12,"S"')
    assert path.parent == tmp_path / "exports" / "0000000042"


def test_without_a_plan_it_has_its_header_alone(tmp_path: Path) -> None:
    _, path = export_proposals(PublishedHome(tmp_path).home)
    assert path.read_text(encoding="utf-8").count("\n") == 1
