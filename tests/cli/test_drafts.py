"""What a newcomer's own files ask of a draft: `parstock ingest --try` writes one through which every row of them is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from feeds.landed import land
from feeds.mapped import put

from pipelines.cli.main import call
from pipelines.feeds.mapping.propose import propose
from pipelines.feeds.mapping.propose_json import propose_json

ALSO_SAID = ("# currency_code", "currency_code")


def drafted(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """The draft for a folder, laid beside its files once its currency is said."""
    assert call(["ingest", "--try", str(folder)]) == 1
    draft = capsys.readouterr().out.replace(*ALSO_SAID)
    put(folder, "mapping.toml", draft.encode())
    return draft


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Magasin;Date de vente;Heure de vente;Numéro de ticket;Code de l'article;Quantité;Prix unitaire TTC\r\n"
         "P;13/03/2026;09:12;7;A;1;9,90\r\nP;13/03/2026;09:12;7;A;-2;1 204,50\r\nTotal général;;;;;;1 214,40\r\n", "cp1252"),
        ("date\ttime\tstore\treceipt number\titem sku\tqty\tsale price (USD)\n3/13/2026\t9:12 AM\tP\t7\tA\t1\t$9.90\n"
         "3/13/2026\t9:12 AM\tP\t7\tA\t-2\t$1,204.50\n\n", "utf-8"),
        ("Ticket;Jour;Heure;Magasin;Article;Article;Qté;PU (€)\n7;2026-03-13;9h12;P;A;Tasse;1;9,90 €;\n7;2026-03-13;9h12;P;A;Tasse;-2;0,500 €;\n",
         "utf-16"),
        ('"Order Number","Sale Date","Shop","Product code","Description","Quantity","Price (GBP)"\n"7","2026-03-13 09:12","P","A","Mug, ""big""\nred","1","9.90"\n'
         '"7","2026-03-13 09:12","P","A","Mug","-2","1204.50"\n', "utf-8-sig"),
        ('N° de ticket;Date;Point de vente;Réf. article;Désignation;Qté vendue\n7;13/03/2026 09:12;P;A;Tuyau 5" cuivre;1\n7;13/03/2026 09:12;P;A;Vis 3";-2\n', "cp1252"),
    ],
    ids=["french till", "american till", "utf-16, doubled names, rows end in a delimiter", "quoted line ends", "inches"],
)  # fmt: skip
def test_a_till_is_read_through_its_draft_to_the_last_row(
    content: str, encoding: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "landing" / "pos" / "till"
    put(folder, "day.csv", content.encode(encoding))
    drafted(capsys, folder)
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert landed.rejects().rows() == []
    events = landed.events()
    assert sorted(events.select("event_kind", "item_code", "quantity", "document_line").rows()) == [
        ("return", "A", 2, "2"), ("sale", "A", 1, "1"),
    ]  # fmt: skip
    assert {f"{at:%Y-%m-%d %H:%M}" for at in events["occurred_at"]} == {"2026-03-13 09:12"}


def test_a_total_far_below_is_seen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = "".join(f"{number};2026-03-13 10:00:00;P;A;1\n" for number in range(5_000))
    path = put(tmp_path, "pos/till/day.csv", f"ticket;date;magasin;article;qte\n{rows};;;TOTAL;5000".encode())
    assert path.stat().st_size > 1 << 16
    assert call(["ingest", "--try", str(path)]) == 1
    draft = capsys.readouterr().out
    assert "[leave_out]" in draft and "last_line" in draft
    shop = "magasin;ticket;date;article;qte\nTotal Access;1;2026-03-13 10:00:00;A;1\nTotal;;;;1\n"
    put(tmp_path / "landing", "pos/till/day.csv", shop.encode())
    drafted(capsys, tmp_path / "landing" / "pos" / "till")
    assert land(tmp_path / "home", tmp_path / "landing").events()["location_code"].to_list() == ["Total Access"]


def test_blank_lines_above_a_header_are_counted_and_a_table_without_one_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "pos" / "till"
    put(folder, "day.csv", b"Export caisse\r\nle 13/03/2026\r\n\r\nMagasin;Ticket;Date;Article;Qte\r\nP;1;13/03/2026 10:00;A;2\r\n")
    assert "skip_lines = 3" in drafted(capsys, folder)
    assert land(tmp_path / "home", tmp_path / "landing").events().height == 1
    assert "# header = false" in propose(b"13/03/2026;P;1;A;2\n14/03/2026;P;2;A;1\n", "pos")


def test_a_path_that_leads_nowhere_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(["ingest", "--try", str(tmp_path / "pos" / "none.csv")]) == 2
    assert "there is no such file" in capsys.readouterr().err


ERP = {
    "Liste des articles.csv": "Code de l'article;Nom du produit;Famille d'article;Code-barres EAN;Prix d'achat HT (€);Prix de vente TTC;Unité de base\n"
    "A;Tasse;Mugs;4006381333931;3,12345 €;9,90;PCE\n",
    "Points de vente.csv": "Identifiant du magasin;Nom du magasin;Type de magasin;Adresse;Ville;Pays\nP;Paris Opéra;Magasin;1 rue X;Paris;FR\n",
    "Fournisseurs.csv": "N° fournisseur;Raison sociale;Contact\nF1;Société Acmé;Jean\n",
    "Tarifs fournisseurs.csv": "N° fournisseur;Code article;Délai de livraison (jours);Quantité minimum de commande;Multiple de commande;Prix d'achat unitaire HT\n"
    "F1;A;7;6;6;3,1\n",
    "Unités.csv": "Code article;Code unité;Contenance\nA;CT;12\n",
    "Nomenclature.csv": "Produit fini;Composant;Quantité\nK;A;2\n",
}  # fmt: skip


def test_tables_of_an_erp_are_told_by_their_names_and_read_through_one_draft(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "reference" / "erp"
    for name, text in ERP.items():
        put(folder, name, text.encode("cp1252"))
    draft = drafted(capsys, folder)
    assert "# time_zone = { value =" in draft and "needed" not in draft
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert landed.rejects().rows() == []
    assert {one.entity for one in landed.deliveries} == {"items", "locations", "suppliers", "terms", "uoms", "bom"}
    said = landed.events()
    for field, value in (
        ("item_name", "Tasse"),
        ("gtin", "04006381333931"),
        ("location_name", "Paris Opéra"),
        ("lead_time_days", 7),
        ("numerator", 12),
    ):
        assert said[field].drop_nulls().to_list() == [value]


def test_a_table_of_items_that_names_terms_and_suppliers_is_read_as_all_of_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "reference" / "erp"
    head = "Référence;Libellé;Prix d'achat;Code fournisseur;Nom fournisseur;Délai (j);Mini cde;Colisage\n"
    put(folder, "catalogue.csv", f"{head}A;Tasse;3,10;F1;Acmé;7;6;6\nB;Thé;2,10;F1;Acmé;7;6;6\n".encode("cp1252"))
    put(folder, "magasins.csv", "Nom du magasin;Pays\nParis Opéra;FR\n".encode("cp1252"))
    assert 'location_code = "Nom du magasin"' in drafted(capsys, folder)
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert {one.entity: one.rows_in for one in landed.deliveries} == {"items": 2, "terms": 2, "suppliers": 2, "locations": 1}
    assert landed.rejects().rows() == []


def test_a_table_in_another_encoding_is_left_to_a_mapping_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "reference" / "erp"
    put(folder, "articles.csv", "Code;Libellé\nA;Thé\n".encode("cp1252"))
    put(folder, "fournisseurs.csv", "Code;Raison sociale\nF;Société\n".encode())
    put(folder, "unites.csv", b"Code article;Code unite;Nombre\nA;CT;12\n")
    draft = drafted(capsys, folder)
    assert "mapping of their own: fournisseurs*.csv" in draft
    assert "[columns.items]" in draft and "[columns.uoms]" in draft


@pytest.mark.parametrize(
    ("feed", "content", "lines"),
    [
        ("wms", "Date du stock;Code dépôt;Code article;Stock physique;Emplacement\n13/03/2026;D;A;1 204;A1\n",
         ['event_kind = { value = "opening" }', 'source_event_id = { columns = ["Code dépôt", "Code article", "Date du stock"], join = "/" }',
          'location_code = "Code dépôt"']),
        ("wms", "Date;Dépôt;Article;Quantité;Type de mouvement\n13/03/2026;D;A;-3;Sortie\n",
         ['source_event_id = { number_within = ["location_code", "item_code", "occurred_at"] }', '{ "Sortie" = "ship" }', 'ship = "ship"']),
        ("wms", "N° mouvement;Date;Dépôt;Article;Quantité;Sens\n1;13/03/2026;D;A;3;Entrée\n", ['source_event_id = "N° mouvement"', '"Entrée" = "receipt"']),
        ("supply", "N° de commande;Ligne;Date de commande;Fournisseur;Livrer à;Article;Qté commandée;Prix d'achat\nC1;1;13/03/2026;F;D;A;6;3,10\n",
         ['event_kind = { value = "po_created" }', 'location_code = "Livrer à"', 'unit_price_amount = "Prix d\'achat"']),
        ("marketplace", "Order Number,Order Date,Item SKU,Quantity Ordered,Item Price,Currency\n1,2026-03-13 10:00,A,2,9.90,EUR\n",
         ['event_kind = { value = "order_placed" }', 'channel_code = { folder = "web" }', 'item_code = "Item SKU"']),
    ],
)  # fmt: skip
def test_what_no_column_says_is_said_where_the_others_tell_it(feed: str, content: str, lines: list[str]) -> None:
    draft = propose(content.encode("cp1252"), feed)
    assert [line for line in lines if line not in draft] == []
    assert "needed" not in draft


ORDER = {"orderNumber": "A1", "createdAt": "2026-03-02T10:00:00Z", "currency": "EUR", "total": {"amount": "12.00", "currency": "EUR"},
         "customer": {"email": "a@example.org"}, "shipping": None,
         "items": [{"lineNo": 1, "product": {"sku": "MUG", "name": "Mug"}, "qty": "2", "price": {"amount": "6.00"}, "taxes": [{"rate": "20"}]}]}  # fmt: skip
TICKET = {
    "ticket": {"numero": "T1", "date": "13/03/2026 10:05", "magasin": "PAR"},
    "lignes": [{"article": "MUG", "quantite": "1,5", "prix": "3,20"}],
}


@pytest.mark.parametrize(
    ("feed", "name", "content"),
    [
        ("marketplace", "a.json", json.dumps({"data": {"orders": [ORDER]}, "meta": {"page": 1, "date": "2026-03-02"}})),
        ("marketplace", "a.jsonl", f"{json.dumps(ORDER)}\n{json.dumps({**ORDER, 'orderNumber': 'A2', 'items': []})}\n"),
        ("marketplace", "a.json", json.dumps([{"No": "1", "Order_Date": "2026-03-02", "Lines": [{"Line_No": 10000, "Item_No": "MUG", "Quantity": 3}]}])),
        ("wms", "a.json", json.dumps({"stocks": [{"warehouse": "DC", "sku": "MUG", "onHand": 12, "updatedAt": 1772445600}]})),
        ("pos", "a.json", json.dumps([TICKET])),
        ("pos", "a.json", json.dumps({"magasin": "PAR", "date": "2026-03-02", "tickets": [{"numero": "T1", "lignes": TICKET["lignes"]}]})),
    ],
)  # fmt: skip
def test_documents_are_read_through_their_draft(
    feed: str, name: str, content: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "landing" / feed / "shop"
    put(folder, name, content.encode())
    draft = drafted(capsys, folder)
    if "decimal" not in draft and "3,20" in content:
        raise AssertionError(draft)
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert landed.rejects().rows() == [] and landed.events()["item_code"].to_list() == ["MUG"]


SQUARE = {"order": {"id": "O1", "location_id": "L", "closed_at": "2026-03-02T10:00:00Z", "tenders": [{"id": "t", "type": "CARD"}],
          "line_items": [{"uid": "u", "quantity": "2", "catalog_object_id": "MUG", "quantity_unit": {"catalog_object_id": "EACH"}}]}, "errors": []}  # fmt: skip
LIGHTSPEED = {"@attributes": {"count": "1"}, "SaleLine": {"saleLineID": "7", "saleID": "3", "shopID": "1", "itemID": "MUG", "unitQuantity": "2",
              "timeStamp": "2026-03-02T10:00:00+00:00", "Discounts": [{"id": 1}]}}  # fmt: skip
ENTRY = {
    "entryNo": 10,
    "entryType": "Purchase",
    "documentType": "x",
    "postingDate": "2026-03-02",
    "itemNo": "MUG",
    "locationCode": "DC",
    "quantity": 2,
}


@pytest.mark.parametrize(("feed", "document"), [("pos", SQUARE), ("pos", LIGHTSPEED), ("wms", {"value": [ENTRY]})])
def test_documents_of_real_systems_are_read_through_their_draft(
    feed: str, document: dict[str, object], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "landing" / feed / "shop"
    put(folder, "a.json", json.dumps(document).encode())
    drafted(capsys, folder)
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert landed.rejects().rows() == []
    assert landed.events().select("item_code", "quantity").rows() == [("MUG", 2)]


def test_reference_documents_share_a_draft_where_they_lie_alike(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "reference" / "erp"
    put(folder, "produits.json", b'[{"sku": "A", "name": "Mug", "category": {"id": 7, "name": "Mugs"}}]')
    put(folder, "suppliers.json", b'[{"code": "F", "name": "Acme"}]')
    put(folder, "stores.json", b'{"stores": [{"id": 1, "name": "Paris", "type": "store", "timezone": "Europe/Paris"}]}')
    draft = drafted(capsys, folder)
    assert '"produits*.json" = ["items"]' in draft and 'category = "category.name"' in draft
    assert "mapping of their own: stores*.json" in draft
    (folder / "stores.json").unlink()
    landed = land(tmp_path / "home", tmp_path / "landing")
    assert {"A", "F"} <= {*landed.events()["item_code"], *landed.events()["supplier_code"]}


def test_json_beside_tables_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    put(tmp_path, "pos/till/a.csv", b"ticket;magasin\n1;P\n")
    put(tmp_path, "pos/till/b.json", json.dumps([TICKET]).encode())
    assert "not in this one: b.json" in drafted(capsys, tmp_path / "pos" / "till")
    assert propose_json(b"[3]", "pos") is None
