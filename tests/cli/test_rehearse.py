"""`parstock ingest --try FILE` shows how a file would be read and takes nothing; for a table without a mapping it drafts one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from feeds.landed import SAMPLES, land
from feeds.mapped import put

from pipelines.cli.main import call
from pipelines.feeds.mapping.check import load_mapping
from pipelines.feeds.mapping.propose import propose

SOUTH = SAMPLES / "pos" / "till-south" / "2026-03-02.csv"
BAD = SAMPLES / "bad" / "pos" / "mapped" / "thousands_not_stated.csv"


def test_a_mapped_file_is_shown_as_it_would_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(["ingest", "--home", str(tmp_path / "home"), "--try", str(SOUTH)]) == 0
    shown = capsys.readouterr().out
    for words in (
        "left out    3 rows",
        "dropped     Vendeur (about people)",
        "kept        Libellé (in extra)",
        "1250.0000",
        "would be refused 0",
    ):
        assert words in shown
    assert not (tmp_path / "home").exists()
    assert call(["ingest", "--try", str(SOUTH), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["source_line"] for row in rows] == [4, 5, 7, 9, 10, 11]


def test_what_would_be_refused_is_told_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["ingest", "--try", str(BAD)]) == 1
    assert "refused     line 3: quantity '1.234': not a number as the mapping states them" in capsys.readouterr().out


def test_a_named_mapping_and_a_feed_may_be_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "elsewhere/day.csv", SOUTH.read_bytes())
    assert call(["ingest", "--try", str(path), "--format", str(SOUTH.with_name("mapping.toml"))]) == 0
    assert "rows        6" in capsys.readouterr().out
    assert call(["ingest", "--try", str(path)]) == 2
    assert "no feed is known for this file" in capsys.readouterr().err


def test_a_table_without_a_mapping_gets_a_draft_that_reads_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "landing/pos/till-south/day.csv", SOUTH.read_bytes().replace(b"ART-", b""))
    assert call(["ingest", "--try", str(path)]) == 1
    remark, _, draft = capsys.readouterr().out.partition("\n")
    assert "A draft of mapping.toml" in remark
    assert 'delimiter = ";"\nencoding = "cp1252"\nskip_lines = 1' in draft and 'decimal = ","' in draft
    assert 'occurred_at = { columns = ["Date", "Heure"], format = "%d/%m/%Y %H:%M:%S" }   # look: %m/%d/%Y would fit, too' in draft
    assert load_mapping(draft.encode(), "draft", "pos") is not None
    put(tmp_path, "landing/pos/till-south/mapping.toml", draft.encode())
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert set(landed.events()["document_id"]) == {"S-301", "S-303", "S-304"}
    # a remark, a payment, a negative quantity and a total: those are for a person to decide
    assert landed.rejects()["reason_code"].to_list() == ["ragged_row", "missing_field", "quantity_not_positive", "missing_field"]


@pytest.mark.parametrize(
    ("feed", "entity", "content", "lines"),
    [
        ("reference", "items", "Référence,Désignation,EAN,PA,Devise\nMUG,Tasse,,3.50,EUR\n",
         ["[columns.items]", 'item_code = "Référence"', 'item_name = "Désignation"', 'gtin = "EAN"', 'unit_cost_amount = "PA"']),
        ("wms", None, "sku\tqty\tdate\tlot\nMUG\t1,234\t2026-03-02\tL1\n",
         ['delimiter = "\\t"', 'thousands = [","]   # look at a number above 999', 'lot_code = "lot"', "# source_event_id = \"…\"   # needed",
          'occurred_at = { column = "date", format = "%Y-%m-%d", time = "12:00" }']),
        ("pos", None, "Type;Article;Qté;Client\nXYZ;MUG;1;Jean\nVente;MUG;2;Jean\n", ['map = { "XYZ" = "", "Vente" = "sale" }', 'quantity = "Qté"']),
        ("pos", None, "", ['feed = "pos"', "# quantity = "]),
    ],
)  # fmt: skip
def test_a_draft_names_what_it_recognises_and_what_is_missing(feed: str, entity: str | None, content: str, lines: list[str]) -> None:
    draft = propose(content.encode("cp1252"), feed, entity)
    assert [line for line in lines if line not in draft] == []
    assert "Client" not in draft
