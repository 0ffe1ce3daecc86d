"""Amazon as our customer (Vendor APIs): what purchase orders and shipments for them have in common.

All of it is of the one channel `<folder>-vendor` (`amazon-vendor`), of kind `b2b`: Amazon's purchase order is a sales order
of ours, under its `purchaseOrderNumber`.

A line is known by the product, as its `vendorProductIdentifier` says it, else by its ASIN: the sequence number of a
shipment's item counts within the shipment and is not that of the order. Where one document has a vendor's identifier
with several ASINs, the ASIN tells the lines apart. An identifier that is a right GTIN of 12 to 14 digits is
taken as one, any other as our SKU.

`Cases` with a `unitSize` are as many eaches (prices, too, are per each); without one they are the item's unit `CS`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.reading.gs1 import gtin14
from pipelines.feeds.reading.rows import Refused

_OURS: Final = "vendorProductIdentifier"
_ASINS: Final = ("amazonProductIdentifier", "buyerProductIdentifier")


def channel(place: Place) -> str:
    """The channel of purchase orders.

    >>> channel(Place(None))
    'amazon-vendor'
    """
    return f"{place.channel(amazon.VENDOR)}-vendor"


def _asin(one: dict[str, Any]) -> Any:
    return next((one[name] for name in _ASINS if one.get(name)), None)


def doubled(items: Any) -> frozenset[str]:
    """Vendor's identifiers that stand with more than one ASIN in a list of items."""
    objects = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    pairs = {(str(one[_OURS]), str(_asin(one))) for one in objects if one.get(_OURS)}
    counts = Counter(code for code, _ in pairs)
    return frozenset(code for code, count in counts.items() if count > 1)


def product(one: dict[str, Any], several: frozenset[str], path: str) -> Line:
    """The item's columns and its document_line; raises Refused where it names no product."""
    ours, asin = one.get(_OURS), _asin(one)
    what = amazon.item(ours, asin, f"{path}.{_OURS}")
    code = what["item_code"]
    if ours and len(code) >= 12 and gtin14(code) is not None:
        what["item_code_kind"] = "gtin"
    return {**what, "document_line": str(asin) if code in several and asin else code}


def units(quantity: Any, path: str) -> tuple[int, str | None]:
    """A quantity in eaches, and the unit where it is another; raises Refused.

    >>> units({"amount": 2, "unitOfMeasure": "Cases", "unitSize": 6}, ""), units({"amount": 2, "unitOfMeasure": "Cases"}, "")
    ((12, None), (2, 'CS'))
    """
    if quantity is None:
        raise Refused("missing_field", path)
    amount = amazon.whole(amazon.at(quantity, "amount"), f"{path}.amount")
    if amazon.at(quantity, "unitOfMeasure") != "Cases":
        return amount, None
    size = amazon.optional_whole(amazon.at(quantity, "unitSize"), f"{path}.unitSize")
    return (amount * size, None) if size else (amount, "CS")


def quantity(value: Any, path: str) -> Line:
    """The quantity's columns; raises Refused."""
    amount, unit = units(value, path)
    return {"quantity": str(amount), **({"uom_code": unit} if unit else {})}
