"""`parstock ingest --try FILE` shows how a file would be read and takes nothing; for a table without a mapping it drafts one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from feeds.landed import SAMPLES, land
from feeds.mapped import put

from pipelines.cli.main import call
from pipelines.feeds.adapters.registry import ADAPTERS
from pipelines.feeds.mapping.check import load_mapping
from pipelines.feeds.mapping.propose import propose
from pipelines.feeds.mapping.propose_json import propose_json

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
    # a remark, a payment and a return without its currency: those are for a person to decide
    assert landed.rejects()["reason_code"].to_list() == ["ragged_row", "missing_field", "currency_missing"]


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


# ---- any format, and identity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [adapter.name for adapter in ADAPTERS])
def test_a_file_is_tried_as_the_document_that_it_is_said_to_be(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "elsewhere/a.json", b'{"some": "document"}')
    feed = next(adapter.feed for adapter in ADAPTERS if adapter.name == name)
    named = ["--feed", feed] if feed == "reference" else []
    if feed == "reference":
        path = put(tmp_path, "elsewhere/items.json", b'{"some": "document"}')
    assert call(["ingest", "--try", str(path), "--format", name, *named]) == 1
    shown = capsys.readouterr().out
    assert f"feed        {feed}" in shown and "refused     line" in shown


def test_a_name_that_no_format_has_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "marketplace/a.json", b"{}")
    assert call(["ingest", "--try", str(path), "--format", "shopify-order"]) == 2
    assert "shopify-orders" in capsys.readouterr().err


TICKETS = "ticket;date;sku;qty\nT1;2026-03-02 10:00:00;MUG;1\nT1;2026-03-02 10:00:00;MUG;1\nT1;2026-03-02 10:00:00;TEA;2\n"
JOINED = """\
feed = "pos"
[file]
delimiter = ";"
[values]
time_zone = "Europe/Paris"
[columns]
location_code = { value = "PAR" }
document_id = "ticket"
document_line = "sku"
occurred_at = { column = "date", format = "%Y-%m-%d %H:%M:%S" }
item_code = "sku"
quantity = "qty"
event_kind = { value = "sale" }
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"sku"', "1 would be repeats of a line above, 0 conflicts"),
        ('{ value = "1" }', "1 would be repeats of a line above, 1 conflicts"),
        ('{ number_within = "document_id" }', "every line is one of its own"),
    ],
)
def test_lines_that_could_not_be_told_apart_are_counted(line: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "pos/till/day.csv", TICKETS)
    put(tmp_path, "pos/till/mapping.toml", JOINED.replace('document_line = "sku"', f"document_line = {line}").encode())
    assert call(["ingest", "--try", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"identity    {said}" in shown
    assert ("number_within" in shown) == ("would be" in said)


def test_rows_of_reference_that_replace_one_another_are_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "reference/items.csv", "item_code,item_name\nA,Mug\nA,Mug\nA,Cup\n")
    assert call(["ingest", "--try", str(path)]) == 0
    assert (
        "1 would be repeats of a line above, 1 conflicts (the same line with other content): the last row of a key stays"
        in capsys.readouterr().out
    )


def test_a_last_line_is_tried_as_it_is_said_to_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "reference/items.csv", "item_code,item_name\nA,Mug")
    assert call(["ingest", "--try", str(path)]) == 1
    assert call(["ingest", "--try", str(path), "--last-line", "whole"]) == 0
    capsys.readouterr()


# ---- drafts ----------------------------------------------------------------------------------------------------

ERP = {
    "articles.csv": "Code article;Désignation;Prix achat HT;Unité\nMUG;Tasse;3,12345;EA\n",
    "magasins.csv": "Code magasin;Nom;Type;Fuseau horaire\nPAR;Paris;Boutique;Europe/Paris\nDC;Lyon;Entrepôt;Europe/Paris\n",
    "fournisseurs.csv": "Code;Raison sociale;Pays\nACME;Société Acmé;FR\n",
    "conditions.csv": "Fournisseur;Article;Délai (jours);Mini;PCB\nACME;MUG;7;6;6\n",
}


def test_a_folder_gets_one_draft_through_which_all_its_tables_are_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "reference" / "erp"
    for name, text in ERP.items():
        put(folder, name, text)
    put(folder, "mapping.toml", b"")  # as a shell makes it before the command begins
    assert call(["ingest", "--try", str(folder)]) == 1
    draft = capsys.readouterr().out
    put(folder, "mapping.toml", draft.replace("# currency_code", "currency_code").encode())
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert {one.entity: one.rows_in for one in landed.deliveries} == {"items": 1, "locations": 2, "suppliers": 1, "terms": 1}
    assert landed.rejects().height == 0
    assert sorted(landed.events()["location_kind"].drop_nulls()) == ["dc", "store"]
    assert call(["ingest", "--try", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert all(f"file        {name}" in shown for name in ERP)
    assert call(["ingest", "--try", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["file"], row["entity"]) for row in rows if row["entity"] == "locations"] == [("magasins.csv", "locations")] * 2


@pytest.mark.parametrize(
    ("entity", "header", "fields"),
    [
        ("items", "SKU,Product name,Brand,Barcode,Cost price,Retail price,Currency,Base unit",
         ["item_code", "item_name", "brand", "gtin", "unit_cost_amount", "unit_price_amount", "currency_code", "base_uom_code"]),
        ("items", "Référence,Libellé,Famille,Marque,Code EAN,PAMP,PV TTC,Devise", ["item_code", "item_name", "category", "brand", "gtin",
         "unit_cost_amount", "unit_price_amount", "currency_code"]),
        ("locations", "Code,Nom,Type,Pays", ["location_code", "location_name", "location_kind", "country_code"]),
        ("locations", "Store,Name,Kind,Country code,Time zone", ["location_code", "location_name", "location_kind", "country_code", "time_zone"]),
        ("suppliers", "Code fournisseur,Raison sociale", ["supplier_code", "supplier_name"]),
        ("suppliers", "Vendor code,Name", ["supplier_code", "supplier_name"]),
        ("terms", "Vendor,SKU,Lead time,MOQ,Pack size,Price", ["supplier_code", "item_code", "lead_time_days", "moq_units", "multiple_units", "unit_cost_amount"]),
        ("terms", "Fournisseur,Réf. article,Délai,Qté mini,Colisage,PA", ["supplier_code", "item_code", "lead_time_days", "moq_units", "multiple_units",
         "unit_cost_amount"]),
    ],
)  # fmt: skip
def test_reference_tables_are_known_by_french_and_english_words(entity: str, header: str, fields: list[str]) -> None:
    draft = propose(f"{header}\n{','.join('1' for _ in header.split(','))}\n".encode(), "reference", entity)
    assert [field for field in fields if f"\n{field} = " not in draft] == []


def test_quoted_delimiters_are_no_delimiters() -> None:
    draft = propose(b'sku;name;qty\nA;"a, b, c, d";1\nB;"x; y, z, ""w""";2\n', "pos")
    assert 'delimiter = ";"' in draft and 'quantity = "qty"' in draft


def test_a_draft_lists_what_found_no_other() -> None:
    draft = propose(b"sku;Saison;qty;Client\nA;ete;1;Jean\n", "pos")
    assert '# columns that found no field: "Saison"' in draft and "# columns about people, which are dropped: 1" in draft
    assert "# fields that are free: " in draft and "register_no" in draft.partition("# fields that are free: ")[2]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("date\n43960\n43961\n", 'format = ["excel"], time = "12:00"'),
        ("date\n43960\n2020-05-10\n", 'format = ["%Y-%m-%d", "excel"], time = "12:00"'),
        ("date\n43960.5\n10/05/2020 10:00\n", 'format = ["%d/%m/%Y %H:%M", "excel"]'),
        ("qty\n49.9999999999999\n", "round = 4"),
        ("qty\n-1\n", '[negative_quantity]\nsale = "return"'),
    ],
)
def test_a_draft_says_what_values_ask_for(column: str, told: str) -> None:
    rows = column.splitlines()
    assert told in propose("".join(f"{row};x\n" for row in rows).encode(), "pos")


def test_a_column_of_line_numbers_that_numbers_nothing_is_no_line_number() -> None:
    same = "ticket;ligne;sku;qty\n" + "".join(f"T{number // 4};1;A;1\n" for number in range(8))
    other = "ticket;ligne;sku;qty\n" + "".join(f"T{number // 4};{number % 4};A;1\n" for number in range(8))
    assert 'document_line = { number_within = "document_id" }' in propose(same.encode(), "pos")
    assert 'document_line = "ligne"' in propose(other.encode(), "pos")


def test_documents_get_a_draft_that_reads_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    order = {"id": 7, "status": "paid", "created_at": "2026-03-02T10:00:00Z", "currency": "EUR", "customer": {"name": "Jean"},
             "lines": [{"id": 1, "sku": "MUG", "qty": 2, "price": 9.9}], "payments": [{"id": 5, "amount": 20}]}  # fmt: skip
    path = put(tmp_path, "landing/marketplace/shop/a.json", json.dumps({"page": 1, "orders": [order]}).encode())
    assert call(["ingest", "--try", str(path)]) == 1
    draft = capsys.readouterr().out
    assert 'documents = "orders"\nrows = "lines[]"' in draft and "Jean" not in draft
    draft = draft.replace('"paid" = ""', '"paid" = "order_placed"').replace('# channel_code = "…"', 'channel_code = { folder = "web" }')
    put(tmp_path, "landing/marketplace/shop/mapping.toml", draft.encode())
    events = land(tmp_path / "home", tmp_path / "landing").events()
    assert events.select("document_id", "document_line", "item_code", "channel_code").rows() == [("7", "1", "MUG", "shop")]


def test_what_is_no_json_gets_no_draft() -> None:
    assert propose_json(b"{", "marketplace") is None
    assert propose_json(b"[1, 2]", "marketplace") is None
    assert propose_json(b"[]", "marketplace") is None


def test_an_interchange_gets_its_name_and_no_draft(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "supply/a.csv", b"UNB+UNOC:3+A+B+260302:0900+1'UNH+1+ORDERS:D:96A:UN'")
    assert call(["ingest", "--try", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "an EDIFACT interchange (ORDERS)" in shown and "draft" not in shown
