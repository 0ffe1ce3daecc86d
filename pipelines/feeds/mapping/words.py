"""What columns are called in French and English exports, as plain words: what a draft of a mapping looks names up in.

Belongs here: words, by the field that they may stand for. Does not belong here: how a draft is made (`propose.py`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ANYWHERE: Final[dict[str, str]] = {
    "location_code": "magasin codemagasin boutique pointdevente store storeid storecode shop site codesite location entrepot depot warehouse "
    "lieu emplacement",
    "register_no": "caisse nocaisse ncaisse register till terminal tpv",
    "document_id": "ticket noticket nticket numticket numeroticket receipt receiptno transaction transactionid invoice invoiceno facture "
    "nofacture nfacture commande nocommande ncommande order orderid orderno ordernumber ponumber document nopiece npiece piece bon bl",
    "document_line": "ligne noligne nligne line lineno linenumber linenum position",
    "event_kind": "type typeoperation operation nature mouvement movement kind status statut etat",
    "item_code": "sku codearticle refarticle article reference ref item itemcode itemid product productcode productid codeproduit stockcode "
    "produit refproduit",
    "quantity": "qte quantite qty quantity units unites nombre qtevendue quantitevendue qtecommandee qterecue",
    "unit_price_amount": "prix prixunitaire pu puttc puht price unitprice prixttc prixht prixvente prixventettc prixventeht pvttc pvht pv sellingprice retailprice",
    "unit_cost_amount": "pa prixachat prixachatht cout coutunitaire cost unitcost pamp prmp costprice purchaseprice",
    "currency_code": "devise currency monnaie",
    "occurred_at": "date datetime dateheure datevente jour day invoicedate timestamp horodatage datemouvement orderdate "
    "datecommande datecreatedgmt datecreated createdat creationdate datecreation created",
    "supplier_code": "fournisseur codefournisseur codefour four vendor supplier vendorcode suppliercode vendorno supplierid",
    "lot_code": "lot nolot nlot batch",
    "expires_on": "dlc dluo ddm peremption expiry expirydate",
    "due_at": "datelivraison livraisonprevue deliverydate duedate expecteddate",
    "channel_code": "canal channel canalvente",
    "uom_code": "unite uom unit unitemesure",
    "base_uom_code": "unite uom unit unitedebase unitestock unitegestion baseunit",
    "reason_code": "motif reason",
    "item_name": "libelle designation description nom name nomarticle libellearticle itemname productname",
    "gtin": "ean ean13 gtin codebarre codebarres codeean barcode upc",
    "category": "famille categorie rayon category family department",
    "brand": "marque brand",
    "shelf_life_days": "dureedevie dureevie shelflife conservation",
    "launched_on": "datelancement lancement launchdate",
    "ended_on": "datefin findevente enddate",
    "weight_grams": "poidsg poidsgrammes weightg",
    "location_kind": "typesite typemagasin typelieu type kind",
    "country_code": "pays country countrycode codepays",
    "time_zone": "fuseau fuseauhoraire timezone",
    "gln": "gln codegln",
    "lead_time_days": "delai delaijours delailivraison delaidelivraison leadtime leadtimedays delaij",
    "moq_units": "minimum mini qtemini qtemin quantitemini quantiteminimale minimumcommande moq minimumorder minqty",
    "multiple_units": "multiple colisage pcb conditionnement lotachat packsize casesize multiplecommande",
    "max_units": "maximum maxi qtemaxi qtemax maxqty",
    "order_cost_amount": "coutcommande fraiscommande ordercost",
    "priority": "priorite rang priority rank",
    "valid_from": "debut datedebut validedu apartirdu validfrom",
    "valid_to": "fin datefin valideau jusquau validto",
    "component_units": "qte quantite qty quantity nombre",
    "kit_item_code": "kit lotcompose parent ensemble",
    "component_item_code": "composant component enfant",
}
"""Field to its words, in any feed or entity that has the field; the first word that a file has counts."""

_BY_ENTITY: Final[dict[str, dict[str, str]]] = {
    "items": {"item_code": "code", "item_name": "intitule", "item_kind": "type nature", "unit_price_amount": "tarif"},
    "locations": {
        "location_code": "code codelieu id", "location_name": "nom name libelle designation intitule ville", "location_kind": "nature",
    },
    "suppliers": {"supplier_code": "code id", "supplier_name": "nom name raisonsociale libelle intitule", "supplier_kind": "type nature"},
    "channels": {"channel_code": "code id", "channel_name": "nom name libelle", "channel_kind": "type nature"},
    "terms": {"unit_cost_amount": "prix prixunitaire pu tarif price unitprice", "item_code": "code"},
    "uoms": {"numerator": "nombre qte quantite coefficient contenance", "denominator": "diviseur"},
    "reasons": {"reason_code": "code", "reason_name": "libelle nom", "event_kind": "operation"},
}  # fmt: skip
"""Words that mean something in the files of one entity alone; they come before the others."""

_ENTITIES: Final = {
    "items": "articles article produits produit items products catalogue catalog references",
    "locations": "magasins magasin sites site lieux depots entrepots boutiques stores shops warehouses locations",
    "suppliers": "fournisseurs fournisseur suppliers vendors",
    "terms": "conditions conditionsachat tarifs tarifsachat tarifsfournisseurs terms purchaseterms articlesfournisseurs",
    "channels": "canaux canal channels",
    "uoms": "unites conditionnements uoms units",
    "bom": "nomenclatures nomenclature composants bom kits",
    "calendars": "calendriers calendrier calendars",
    "reasons": "motifs reasons",
}


_MEANINGS: Final = {
    "location_kind": {
        "store": "magasin boutique store shop succursale pointdevente",
        "dc": "entrepot depot warehouse dc plateforme stock reserve",
        "channel_fulfilment": "prestataire fba marketplace",
    },
    "channel_kind": {
        "store": "magasin boutique store",
        "web": "web site internet ecommerce",
        "marketplace": "marketplace",
        "b2b": "b2b pro",
    },
    "item_kind": {
        "stock": "stock article produit bien marchandise",
        "service": "service prestation",
        "kit": "kit",
        "bundle": "lot pack bundle",
    },
}
"""What values of a field with a list of values are called."""


def plain_word(name: str) -> str:
    """A name without accents, blanks and signs, to compare with others.

    >>> plain_word("N° ticket"), plain_word("Qté")
    ('nticket', 'qte')
    """
    letters = unicodedata.normalize("NFKD", name.replace("°", "").replace("º", "")).lower()
    return re.sub(r"[^a-z0-9]", "", letters)


def fields_of(entity: str | None) -> dict[str, list[tuple[str, int]]]:
    """Plain word to the fields that it may stand for, in a feed (null) or an entity, each with how early it stands among the field's words."""
    found: dict[str, list[tuple[str, int]]] = {}
    own = _BY_ENTITY.get(entity or "", {})
    for table in (own, _ANYWHERE):
        for field, words in table.items():
            later = len(own.get(field, "").split()) if table is not own else 0
            for rank, word in enumerate(words.split(), 1 + later):
                found.setdefault(word, []).append((field, rank))
    return found


def meaning_of(field: str, written: str) -> str:
    """The value of a field that a word stands for; empty where none is known.

    >>> meaning_of("location_kind", "Entrepôt"), meaning_of("location_kind", "?")
    ('dc', '')
    """
    word = plain_word(written)
    return next((value for value, words in _MEANINGS.get(field, {}).items() if word in words.split()), "")


def entity_called(stem: str) -> str | None:
    """The entity that a file of this name (without its ending) is likely to hold; null where no word is known.

    >>> entity_called("Articles 2026"), entity_called("fournisseurs"), entity_called("ventes")
    ('items', 'suppliers', None)
    """
    words = {plain_word(part) for part in re.split(r"[\s_.\-0-9]+", stem)} | {plain_word(re.sub(r"[0-9]", "", stem))}
    return next((entity for entity, names in _ENTITIES.items() if words & set(names.split())), None)
