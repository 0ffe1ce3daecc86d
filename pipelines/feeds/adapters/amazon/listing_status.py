"""Amazon's notification that an item can be bought, or no longer: `LISTINGS_ITEM_STATUS_CHANGE`, payload version 1.0.

Follows `schemas/notifications/ListingsItemStatusChangeNotification.json` of amzn/selling-partner-api-models (August 2026).

| theirs | ours |
|---|---|
| Payload.MarketplaceId | channel_code (see `amazon`) |
| Payload.Sku, else Payload.Asin | item_code |
| EventTime | occurred_at |
| Payload.Status | `listing_on` when BUYABLE is among it, else `listing_off` |

Quirks: an item that is DISCOVERABLE only is shown and cannot be bought; that is off. Its schema ends the type in CHANGED,
its example and what is sent in CHANGE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.adapters.adapter import Adapter, Line, Place
from pipelines.feeds.adapters.amazon import common as amazon
from pipelines.feeds.reading.rows import Refused

_TYPES: Final = frozenset({"LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_STATUS_CHANGED"})


def recognises(document: Any) -> bool:
    """Whether it is a notification of this type."""
    kind = amazon.at(amazon.content(document), "NotificationType")
    return isinstance(kind, str) and kind in _TYPES


def lines(document: Any, place: Place) -> Iterator[Line | Refused]:
    """One event. Raises Refused where it does not say what of which item."""
    body = amazon.body(document)
    listing = amazon.at(body, "Payload")
    states = amazon.at(listing, "Status")
    if not isinstance(states, list):
        raise Refused("missing_field", "Payload.Status")
    yield {
        "event_kind": "listing_on" if "BUYABLE" in states else "listing_off",
        "channel_code": amazon.channel(place, amazon.at(listing, "MarketplaceId"), "Payload.MarketplaceId"),
        "occurred_at": amazon.text(body.get("EventTime"), "EventTime"),
        **amazon.item(amazon.at(listing, "Sku"), amazon.at(listing, "Asin"), "Payload.Sku"),
    }


AMAZON_LISTING_STATUS: Final = Adapter(
    "amazon-listing-status", "Amazon listing status notification", "marketplace", frozenset({"NotificationType"}), recognises, lines
)
