"""What Amazon says it keeps for us: `getInventorySummaries` (FBA Inventory API v1), and the notification of its changes.

Follows `models/fba-inventory-api-model/fbaInventory.json` and
`schemas/notifications/FBAInventoryAvailabilityChangeNotification.json` of amzn/selling-partner-api-models (August 2026).
Each item of a marketplace becomes one `snapshot` of feed `wms` a state, at Amazon's pool of that marketplace (`amazon`):
what Amazon's warehouses think they have, which posts nothing and is compared.

| theirs (summary; notification) | state |
|---|---|
| fulfillableQuantity + reservedQuantity.pendingCustomerOrderQuantity; Fulfillable + PendingCustomerOrder | sellable_not_accessible |
| reservedQuantity.pendingTransshipmentQuantity; WarehouseTransfer | in_transit |
| the rest of reservedQuantity.totalReservedQuantity; WarehouseProcessing | in_progress |
| unfulfillableQuantity: customer-, warehouse-, distributor-, carrierDamagedQuantity | damaged |
| unfulfillableQuantity.expiredQuantity | expired |
| the rest of unfulfillableQuantity.totalUnfulfillableQuantity; Unfulfillable | non_sellable_other |
| researchingQuantity.totalResearchingQuantity; Researching | unknown |

| theirs (summary; notification) | ours |
|---|---|
| granularity.granularityId; MarketplaceId | location_code |
| sellerSku, else asin; SKU | item_code |
| lastUpdatedTime; EventTime | occurred_at |
| location, fnSku, state and time | source_event_id, so that a page read again says nothing new |
| fulfillable, pending orders and what is on its way in | extra of the sellable line |

Units that wait for a customer's order count as sellable: they lie on the shelf, and what is reserved is no state of
the ledger, from which they leave with the shipment. What is on its way in is in no pool yet. A bucket of 0 is said as 0;
one that is missing is unknown and not said. Quirks: a summary without `inventoryDetails` (`details=false`) has one total
of everything, on its way in or not, and is refused; one without `lastUpdatedTime` has no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.reading.rows import Refused

_DAMAGED: Final = ("customerDamagedQuantity", "warehouseDamagedQuantity", "distributorDamagedQuantity", "carrierDamagedQuantity")
_TYPE: Final = "FBA_INVENTORY_AVAILABILITY_CHANGES"


def _is_summaries(document: Any) -> bool:
    return isinstance(amazon.at(amazon.content(document), "inventorySummaries"), list)


def _summary_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """Snapshots of every item of a page, at the pool of its marketplace. Raises Refused where no marketplace is named."""
    body = amazon.body(document)
    location = amazon.pool(amazon.channel(place, amazon.at(body, "granularity", "granularityId"), "granularity.granularityId"))

    def item_lines(summary: dict[str, Any], path: str) -> Iterator[Line]:
        if summary.get("inventoryDetails") is None:
            raise Refused("missing_field", f"{path}.inventoryDetails")
        what = amazon.item(summary.get("sellerSku"), summary.get("asin"), f"{path}.sellerSku")
        told = _Told(
            location, what, str(summary.get("fnSku") or what["item_code"]), summary.get("lastUpdatedTime"), f"{path}.lastUpdatedTime"
        )
        yield from told.snapshots(*_summary_states(summary["inventoryDetails"], f"{path}.inventoryDetails"))

    yield from amazon.each(body.get("inventorySummaries"), "inventorySummaries", item_lines)


def _summary_states(details: Any, path: str) -> tuple[dict[str, int | None], Line]:
    """Units by state, and what the sellable line says beside its sum."""
    units = partial(_units, details, path)
    fulfillable = units("fulfillableQuantity")
    reserved, pending, moving = (
        units("reservedQuantity", name)
        for name in ("totalReservedQuantity", "pendingCustomerOrderQuantity", "pendingTransshipmentQuantity")
    )
    bad = [units("unfulfillableQuantity", name) for name in _DAMAGED]
    damaged = None if all(one is None for one in bad) else sum(one or 0 for one in bad)
    expired = units("unfulfillableQuantity", "expiredQuantity")
    unfulfillable = units("unfulfillableQuantity", "totalUnfulfillableQuantity")
    states = {
        "sellable_not_accessible": _sum(fulfillable, pending),
        "in_transit": moving,
        "in_progress": _rest(reserved, pending, moving),
        "damaged": damaged,
        "expired": expired,
        "non_sellable_other": _rest(unfulfillable, damaged, expired),
        "unknown": units("researchingQuantity", "totalResearchingQuantity"),
    }
    beside = {
        "fulfillable": fulfillable,
        "pending_customer_order": pending,
        "inbound_working": units("inboundWorkingQuantity"),
        "inbound_shipped": units("inboundShippedQuantity"),
        "inbound_receiving": units("inboundReceivingQuantity"),
    }
    return states, _said(beside)


def _is_change(document: Any) -> bool:
    return bool(amazon.at(amazon.content(document), "NotificationType") == _TYPE)


def _change_lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """Snapshots of the item in every marketplace that the notification names. Raises Refused where it names none."""
    body = amazon.body(document)
    payload = amazon.at(body, "Payload")
    what = amazon.item(amazon.at(payload, "SKU"), amazon.at(payload, "ASIN"), "Payload.SKU")
    fnsku = str(amazon.at(payload, "FNSKU") or what["item_code"])

    def marketplace_lines(one: dict[str, Any], path: str) -> Iterator[Line]:
        location = amazon.pool(amazon.channel(place, one.get("MarketplaceId"), f"{path}.MarketplaceId"))
        told = _Told(location, what, fnsku, body.get("EventTime"), "EventTime")
        yield from told.snapshots(*_change_states(one.get("FulfillmentInventory"), f"{path}.FulfillmentInventory"))

    where = "Payload.FulfillmentInventoryByMarketplace"
    yield from amazon.each(amazon.at(payload, "FulfillmentInventoryByMarketplace"), where, marketplace_lines)


def _change_states(inventory: Any, path: str) -> tuple[dict[str, int | None], Line]:
    units = partial(_units, inventory, path)
    fulfillable, pending = units("Fulfillable"), units("ReservedQuantityBreakdown", "PendingCustomerOrder")
    states = {
        "sellable_not_accessible": _sum(fulfillable, pending),
        "in_transit": units("ReservedQuantityBreakdown", "WarehouseTransfer"),
        "in_progress": units("ReservedQuantityBreakdown", "WarehouseProcessing"),
        "non_sellable_other": units("Unfulfillable"),
        "unknown": units("Researching"),
    }
    beside = {
        "fulfillable": fulfillable,
        "pending_customer_order": pending,
        "inbound_working": units("InboundQuantityBreakdown", "Working"),
        "inbound_shipped": units("InboundQuantityBreakdown", "Shipped"),
        "inbound_receiving": units("InboundQuantityBreakdown", "Receiving"),
    }
    return states, _said(beside)


def _units(value: Any, path: str, *names: str) -> int | None:
    """Units at a path of names; null where they are not told. Raises Refused for what is no number from 0."""
    found = amazon.at(value, *names)
    if found is None:
        return None
    if amazon.is_short_number(found):  # a path costs more than a number
        return int(found)
    return amazon.whole(found, ".".join((path, *names)))


def _sum(fulfillable: int | None, pending: int | None) -> int | None:
    """What is sellable; unknown where the greater part of it is, and with no reservation told, just what can be sold."""
    return None if fulfillable is None else fulfillable + (pending or 0)


def _rest(total: int | None, *parts: int | None) -> int | None:
    """What a total has beyond its parts, never below 0."""
    return None if total is None else max(0, total - sum(part or 0 for part in parts))


def _said(values: dict[str, int | None]) -> Line:
    return {name: str(value) for name, value in values.items() if value is not None}


class _Told:
    """What all snapshots of an item share: where, what, and when it was told."""

    __slots__ = ("fnsku", "location", "what", "when")

    def __init__(self, location: str, what: Line, fnsku: str, when: Any, path: str) -> None:
        self.location, self.what, self.fnsku = location, what, fnsku
        self.when = amazon.text(when, path)

    def snapshots(self, states: dict[str, int | None], beside: Line) -> Iterator[Line]:
        """One line a state whose units are told."""
        for state, units in states.items():
            if units is not None:
                yield {
                    "event_kind": "snapshot",
                    "source_event_id": f"{self.location}/{self.fnsku}/{state}/{self.when}",
                    "location_code": self.location,
                    "occurred_at": self.when,
                    **self.what,
                    "stock_state": state,
                    "quantity": str(units),
                    **(beside if state == "sellable_not_accessible" else {}),
                }


AMAZON_FBA_INVENTORY: Final = Adapter(
    "amazon-fba-inventory", "Amazon FBA inventory summary", "wms", frozenset({"inventorySummaries"}), _is_summaries, _summary_lines
)
AMAZON_FBA_CHANGE: Final = Adapter(
    "amazon-fba-availability",
    "Amazon FBA inventory availability notification",
    "wms",
    frozenset({"NotificationType"}),
    _is_change,
    _change_lines,
)
