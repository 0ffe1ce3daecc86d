"""What columns are called in French and English exports, as plain words: what a draft of a mapping looks names up in.

Belongs here: words, by the field that they may stand for. Does not belong here: how a draft is made (`propose.py`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ANYWHERE: Final[dict[str, str]] = {
    "location_code": "shopid outletid warehouseid branchid codemagasin storeid storecode codesite codedepot codeentrepot codeboutique "
    "depotcode magasin boutique store shop site location entrepot depot warehouse outlet branch succursale agence pdv "
    "pointdevente lieu emplacement nommagasin nomsite nomdepot nomentrepot nomboutique storename locationname warehousename "
    "sitename",
    "register_no": "nocaisse ncaisse tpv registerid terminalid tillid caisse register till terminal poste",
    "document_id": "ticket noticket nticket numticket numeroticket receipt receiptno transactionid invoiceno nofacture nfacture nocommande "
    "ncommande orderid orderno ordernumber ponumber nopiece npiece bon bl nbon refcommande refdocument documentno docno "
    "documentid ticketid idticket ncde numcde cde voucher purchaseorder po transaction invoice facture commande order "
    "document piece ordre n no number numero saleid",
    "document_line": "ligne noligne nligne line lineno linenumber linenum position orderlineid orderlinenumber salelineid lineitemid lineid "
    "uid sequence",
    "event_kind": "entrytype type typeoperation operation nature mouvement movement kind status statut etat typemouvement movementtype "
    "typetransaction transactiontype typedocument sens codemouvement",
    "item_code": "offersku shopsku customsku catalogobjectid lineobjectnumber sku codearticle refarticle reference ref itemcode itemid "
    "productcode productid codeproduit stockcode refproduit ugs idproduit idarticle itemno itemnumber productno productnumber "
    "partno partnumber matnr stockkeepingunit itemsku productsku variantsku lineitemsku article item product produit material",
    "quantity": "qte quantite qty quantity units unites nombre qtevendue quantitevendue qtecommandee qterecue nb nbr pieces pcs qtelivree "
    "qteexpediee qtestock quantitestock stock stockreel stockphysique quantiteenstock enstock onhand quantityonhand qtyonhand "
    "stockquantity stockqty quantityordered qtyordered quantitysold qtysold quantityreceived lineitemquantity unitquantity "
    "quantitybase orderedquantity shippedquantity",
    "unit_price_amount": "prix prixunitaire pu puttc puht price unitprice prixttc prixht prixvente prixventettc prixventeht pvttc pvht pv "
    "sellingprice retailprice saleprice salesprice listprice prixunit punitaire itemprice lineitemprice priceunit "
    "basepricemoney directunitcost",
    "unit_cost_amount": "pa prixachat prixachatht cout coutunitaire cost unitcost pamp prmp costprice purchaseprice prixachatunitaire "
    "purchasecost costunit cmup coutachat prixrevient",
    "currency_code": "devise currency monnaie currencycode codedevise currencyiso",
    "occurred_at": "date datetime dateheure datevente jour day invoicedate timestamp horodatage datemouvement orderdate datecommande "
    "datecreatedgmt datecreated createdat creationdate datecreation created saledate transactiondate datetransaction "
    "dateticket datefacture dateoperation datepiece datedocument datedoc purchasedate postingdate documentdate datestock "
    "datecomptage dateinventaire datereception receiptdate dateexpedition shipmentdate shipdate soldat updatedat lastupdate "
    "datemaj closedat completetime calculatedat placedat purchasedat datetimeutc soldon",
    "supplier_code": "vendorid buyfromvendorno vendornumber codefournisseur codefour vendorcode suppliercode vendorno supplierid fournisseur "
    "four vendor supplier",
    "lot_code": "lot nolot nlot batch",
    "expires_on": "dlc dluo ddm peremption expiry expirydate",
    "due_at": "datelivraison livraisonprevue deliverydate duedate expecteddate datelivraisonprevue dateprevue eta deliverydue "
    "expectedreceiptdate datereceptionprevue",
    "channel_code": "canalvente canal channel",
    "uom_code": "unite uom unit unitemesure codeunite unitcode unitofmeasure udm uniteachat unitecommande",
    "base_uom_code": "unite uom unit unitebase unitestock unitegestion baseunit codeunite unitcode unitofmeasure baseuom udm",
    "reason_code": "motif reason codemotif reasoncode raison cause",
    "item_name": "libelle designation description nom name nomarticle libellearticle itemname productname title titre libelleproduit "
    "nomproduit libellelong libellecourt articlename",
    "gtin": "ean ean13 gtin codebarre codebarres codeean barcode upc gencod codebarresean codebarreean gencode codeean13 eancode gtin13 barcodes upccode",
    "category": "famille categorie rayon category family department codefamille sousfamille gamme group productgroup itemgroup",
    "brand": "marque brand",
    "shelf_life_days": "dureedevie dureevie shelflife conservation",
    "launched_on": "datelancement lancement launchdate",
    "ended_on": "datefin findevente enddate",
    "weight_grams": "poidsg poidsgrammes weightg",
    "location_kind": "typesite typemagasin typelieu type kind",
    "country_code": "pays country countrycode codepays",
    "time_zone": "fuseau fuseauhoraire timezone tz zonehoraire",
    "gln": "gln codegln",
    "lead_time_days": "delai delaijours delailivraison delaidelivraison leadtime leadtimedays delaij delaireappro delaiapprovisionnement "
    "delaireapprovisionnement delaiappro leaddays leadtimeindays deliverytime deliverydays",
    "moq_units": "minimum mini qtemini qtemin quantitemini quantiteminimale minimumcommande moq minimumorder minqty "
    "quantiteminimumcommande minicde mincde quantiteminimum qteminimum qtemincommande qteminicommande minimumachat minorderqty "
    "minimumorderquantity minorder minorderquantity minimumqty",
    "multiple_units": "multiple colisage pcb conditionnement lotachat packsize casesize multiplecommande lotcommande multipleachat qtecolis "
    "unitesparcolis parcombien ordermultiple lotsize uvc innerpack casepack packqty unitspercase",
    "max_units": "maximum maxi qtemaxi qtemax maxqty",
    "order_cost_amount": "coutcommande fraiscommande ordercost",
    "priority": "priorite rang priority rank",
    "valid_from": "debut datedebut validedu apartirdu validfrom",
    "valid_to": "fin datefin valideau jusquau validto",
    "component_units": "qte quantite qty quantity nombre qtecomposant coefficient",
    "kit_item_code": "kit lotcompose parent ensemble compose produitfini nomenclature codekit codeparent produitparent kitcode parentitem "
    "bundle bundlesku kitsku parentsku",
    "component_item_code": "composant component enfant codecomposant codeenfant componentcode componentsku childsku child componentitem",
}
"""Field to its words, in any feed or entity that has the field; the first word that a file has counts: codes and numbers before the bare noun."""

_BY_FILE: Final[dict[str, dict[str, str]]] = {
    "items": {"item_code": "code id", "item_name": "intitule", "item_kind": "type nature", "unit_price_amount": "tarif"},
    "locations": {
        "location_code": "code codelieu id",
        "location_name": "nom name nommagasin nomsite nomdepot nomentrepot nomboutique storename locationname warehousename sitename libelle "
        "designation intitule ville",
        "location_kind": "nature",
    },
    "suppliers": {"supplier_code": "code id", "supplier_name": "nom name raisonsociale companyname displayname libelle intitule", "supplier_kind": "type nature"},
    "channels": {"channel_code": "code id", "channel_name": "nom name libelle", "channel_kind": "type nature"},
    "terms": {"unit_cost_amount": "prix prixunitaire pu tarif price unitprice", "item_code": "code"},
    "uoms": {"numerator": "nombre qte quantite coefficient contenance facteur factor quantity qty unitsperpack unites", "denominator": "diviseur"},
    "wms": {"source_event_id": "nmouvement nomouvement idmouvement movementid movementno movementnumber nevenement eventid entryno"},
    "supply": {
        "unit_price_amount": "prixachat pa prixachatunitaire pu prix cost unitcost costprice price unitprice",
        "location_code": "livrer lieulivraison sitelivraison magasinlivraison shipto deliverto",
    },
    "reasons": {"reason_code": "code", "reason_name": "libelle nom", "event_kind": "operation"},
}  # fmt: skip
"""Words that mean something in the files of one entity or feed alone; they come before the others."""

_ENTITIES: Final = {
    "terms": "conditions conditionsachat tarifs tarifsachat tarifsfournisseurs terms purchaseterms articlesfournisseurs fournisseursarticles approvisionnement",
    "uoms": "unites conditionnements uoms units colisages",
    "bom": "nomenclatures nomenclature composants bom kits",
    "calendars": "calendriers calendrier calendars feries joursferies holidays",
    "reasons": "motifs reasons",
    "channels": "canaux canal channels",
    "items": "articles article produits produit items products product catalogue catalog references skus item",
    "locations": "magasins magasin sites site lieux depots depot entrepots entrepot boutiques boutique stores store shops warehouses locations location pdv "
    "pointsdevente pointdevente",
    "suppliers": "fournisseurs fournisseur suppliers supplier vendors vendor",
}
"""What files of an entity are called; of one that is called after two the first counts: the terms of suppliers are terms."""


_MEANINGS: Final = {
    "location_kind": {
        "store": "magasin boutique store shop succursale pointdevente",
        "dc": "entrepot depot warehouse dc plateforme stock reserve centrale logistique distributioncenter distributioncentre",
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


_FILLERS: Final = frozenset(
    {"de", "du", "des", "d", "la", "le", "les", "l", "en", "au", "aux", "a", "of", "the", "per", "par", "pour", "in"}
)
_SAME: Final = {"numero": "n", "num": "n", "nr": "n", "identifiant": "id", "reference": "ref", "quantites": "quantite"}
"""Words of a header that are written in several ways, to that of the lists above."""
_NUMBERS: Final = frozenset({"n", "no", "number", "id", "code", "ref"})
"""What stands beside a noun and says only that its number is meant."""
_ASIDE: Final = frozenset(
    {"ttc", "ht", "net", "eur", "euro", "euros", "usd", "gbp", "chf", "jour", "jours", "day", "days", "j", "unite", "unites"}
)
"""What stands behind a name and says only in what it is measured."""


def plain_word(name: str) -> str:
    """A name without accents, blanks and signs, to compare with others.

    >>> plain_word("N° ticket"), plain_word("Qté")
    ('nticket', 'qte')
    """
    letters = unicodedata.normalize("NFKD", name.replace("°", "").replace("º", "")).lower()
    return re.sub(r"[^a-z0-9]", "", letters)


def spellings(name: str, file: str = "") -> list[str]:
    """The plain word of a header first, then what it comes to without small words, units and, in an entity's file, its own noun.

    >>> spellings("Numéro de ticket"), spellings("Prix unitaire TTC (€)")[-1], spellings("Nom du magasin", "locations")[-1]
    (['numerodeticket', 'nticket', 'ticketn', 'codeticket', 'ticket'], 'unitaireprix', 'nom')
    """
    found = [plain_word(name)]
    words = [_SAME.get(word, word) for word in words_of(re.sub(r"\(.*?\)", " ", name)) if word not in _FILLERS]
    found.append("".join(words))
    while len(words) > 1 and words[-1] in _ASIDE:
        words = words[:-1]
        found.append("".join(words))
    if len(words) == 2:
        found.append("".join(reversed(words)))
    if len(words) > 1 and words[0] in ("n", "id"):
        found.append("code" + "".join(words[1:]))
    found.append("".join(word for word in words if word not in _NUMBERS))
    nouns = set(_ENTITIES.get(file, "").split())
    nouns |= {noun.removesuffix("s") for noun in nouns}
    found.append("".join(word for word in words if word not in nouns))
    return [word for word in dict.fromkeys(found) if word]


def words_of(name: str) -> list[str]:
    """The words of a header, each plain; `N°` is one."""
    apart = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", re.sub(r"(?i)\bn[°º]", "n ", name))
    return [plain for part in re.split(r"[^\w]|_", apart) if (plain := plain_word(part))]


def fields_of(file: str) -> dict[str, list[tuple[str, int]]]:
    """Plain word to the fields that it may stand for in files of a feed or entity, each with how early it stands among the field's words."""
    found: dict[str, list[tuple[str, int]]] = {}
    own = _BY_FILE.get(file, {})
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

    >>> entity_called("Articles 2026"), entity_called("Tarifs fournisseurs"), entity_called("Points de vente"), entity_called("ventes")
    ('items', 'terms', 'locations', None)
    """
    whole = plain_word(re.sub(r"[0-9]", "", stem))
    words = {plain_word(part) for part in re.split(r"[^\w]|[_0-9]", stem)}
    by_name = {entity: set(names.split()) for entity, names in _ENTITIES.items()}
    return next((entity for entity, names in by_name.items() if whole in names), None) or next(
        (entity for entity, names in by_name.items() if words & names), None
    )
