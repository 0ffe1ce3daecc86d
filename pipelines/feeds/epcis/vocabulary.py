"""The words of EPCIS 2.0 and of its Core Business Vocabulary (CBV): types, fields, and terms as bare words.

A term may come as a bare word (`receiving`), as a URN (`urn:epcglobal:cbv:bizstep:receiving`), as a web address
(`https://ref.gs1.org/cbv/BizStep-receiving`) or with a prefix (`cbv:BizStep-receiving`); here it is always the bare
word. A term of the sender's own is a full URI and stays as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pipelines.feeds.reading import gs1

TYPES: Final = {
    "ObjectEvent": "object",
    "AggregationEvent": "aggregation",
    "TransactionEvent": "transaction",
    "AssociationEvent": "association",
    "TransformationEvent": "transformation",
}
ACTIONS: Final = ("ADD", "OBSERVE", "DELETE")
EPC_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
QUANTITY_LISTS: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
TEXTS: Final = (
    "type", "eventID", "action", "bizStep", "disposition", "eventTime", "eventTimeZoneOffset", "recordTime", "parentID", "transformationID",
)  # fmt: skip
PLACES: Final = ("readPoint", "bizLocation")
TYPED_LISTS: Final = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}
"""Lists of values that have a `type`, and the name of the value in them."""
SENSOR_NUMBERS: Final = frozenset({"value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"})
STANDARD: Final = frozenset(
    {
        *TEXTS, *EPC_LISTS, *QUANTITY_LISTS, *PLACES, *TYPED_LISTS, "persistentDisposition", "sensorElementList", "ilmd", "certificationInfo",
        "errorDeclaration",
    }
)  # fmt: skip
"""Fields of an event that the standard defines; any other is an extension."""

_STATES_OF_OURS: Final = "allocated_picked held_back"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS: Final[dict[str, frozenset[str]]] = {
    "bizStep": _words(
        "accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting decommissioning "
        "departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing killing loading other "
        "packing picking receiving removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting shipping "
        "staging_outbound stock_taking stocking storing transporting unloading unpacking void_shipping"
    ),
    "disposition": _words(
        "active available completeness_inferred completeness_verified conformant container_closed container_open damaged destroyed "
        "dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance mismatch_quantity "
        "needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold "
        f"returned sellable_accessible sellable_not_accessible stolen unavailable unknown {_STATES_OF_OURS}"
    ),
    "bizTransactionList": _words("bol cert desadv inv pedigree po poc prodorder recadv rma so testprd testres to upevt"),
    "sourceList": _words("owning_party possessing_party location"),
    "destinationList": _words("owning_party possessing_party location"),
    "reason": _words("did_not_occur incorrect_data"),
}
"""Field → its terms as bare words. Beside the CBV's are those of ours: two states, and the documents `so` and `to`."""

WEB_TERM: Final = {
    "bizStep": "https://ref.gs1.org/cbv/BizStep-",
    "disposition": "https://ref.gs1.org/cbv/Disp-",
    "bizTransactionList": "https://ref.gs1.org/cbv/BTT-",
    "sourceList": "https://ref.gs1.org/cbv/SDT-",
    "destinationList": "https://ref.gs1.org/cbv/SDT-",
    "reason": "https://ref.gs1.org/cbv/ER-",
    "component": "https://ref.gs1.org/cbv/Comp-",
    "measurement": "https://gs1.org/voc/",
}
"""Field → what stands before a bare word of it in its web address."""

_VOC: Final = ("https://gs1.org/voc/", "https://www.gs1.org/voc/", "http://gs1.org/voc/", "https://ref.gs1.org/voc/", "gs1:")
_COMPONENT: Final = ("https://ref.gs1.org/cbv/Comp-", "cbv:Comp-", "urn:epcglobal:cbv:comp:")


@lru_cache(maxsize=4096)
def bare(term: str) -> str:
    """A term as bare word; a term of the sender's own as it is.

    >>> bare("urn:epcglobal:cbv:bizstep:receiving"), bare("cbv:Disp-in_transit"), bare("https://example.com/steps/fold")
    ('receiving', 'in_transit', 'https://example.com/steps/fold')
    """
    return gs1.bare_word(term)


@lru_cache(maxsize=4096)
def bare_measure(term: str) -> str:
    """A type of measurement or alert, or a component of a vector, without the GS1 vocabulary's prefix.

    >>> bare_measure("gs1:Temperature"), bare_measure("cbv:Comp-x"), bare_measure("example:Mood")
    ('Temperature', 'x', 'example:Mood')
    """
    for prefix in (*_VOC, *_COMPONENT):
        if term.startswith(prefix):
            return term[len(prefix) :]
    return term


def is_own_term(term: str) -> bool:
    """Whether the text can be a term of the sender's own: a URI, and none that claims to be of the CBV.

    >>> is_own_term("https://example.com/steps/fold"), is_own_term("folding"), is_own_term("urn:epcglobal:cbv:bizstep:folding")
    (True, False, False)
    """
    return ":" in term and not term.startswith(("urn:epcglobal:cbv:", "https://ref.gs1.org/cbv/", "https://ns.gs1.org/cbv/", "cbv:"))
