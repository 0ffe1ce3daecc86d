"""The list of feeds. Adding one: a module that declares it, and a line here."""

from __future__ import annotations

from typing import Final

from pipelines.errors import UserError
from pipelines.feeds.declared.back_in_stock import BACK_IN_STOCK
from pipelines.feeds.declared.browse import BROWSE
from pipelines.feeds.declared.cost import COST
from pipelines.feeds.declared.csat import CSAT
from pipelines.feeds.declared.marketplace import MARKETPLACE
from pipelines.feeds.declared.pos import POS
from pipelines.feeds.declared.promo import PROMO
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.declared.reservation import RESERVATION
from pipelines.feeds.declared.rfid import RFID
from pipelines.feeds.declared.subscription import SUBSCRIPTION
from pipelines.feeds.declared.supply import SUPPLY
from pipelines.feeds.declared.transport import TRANSPORT
from pipelines.feeds.declared.wms import WMS
from pipelines.feeds.spec import FIELDS, Feed, FieldType

FEEDS: Final[tuple[Feed, ...]] = (
    *(POS, WMS, MARKETPLACE, RFID, SUPPLY),
    *(RESERVATION, SUBSCRIPTION, PROMO, BACK_IN_STOCK, BROWSE, TRANSPORT, CSAT, COST),
)
"""Feeds whose lines are events: those that stock is made of, then the optional ones."""

REFERENCE: Final = "reference"
FEED_BY_NAME: Final = {feed.name: feed for feed in FEEDS}
OPTIONAL_FEEDS: Final = tuple(feed.name for feed in FEEDS if feed.is_optional)
"""Names of the feeds that nobody misses where they never came."""
EPCIS_FEEDS: Final = tuple(feed.name for feed in FEEDS if feed.syntax == "epcis")
"""Names of the feeds whose lines are events of readers."""
FEED_NAMES: Final = (*(feed.name for feed in FEEDS if not feed.is_optional), REFERENCE, *OPTIONAL_FEEDS)
"""Names of all feeds, reference data included: the folders of `landing/`."""

_CUSTOMER: Final = {"customer_id": "customer_key"}


def is_epcis(feed: str) -> bool:
    """Whether a feed (reference data included) is read as EPCIS."""
    return feed in EPCIS_FEEDS


def check_feed_name(name: str) -> str:
    """The name itself when there is such a feed, else a UserError that lists those there are."""
    if name not in FEED_NAMES:
        raise UserError(f"no feed is called {name!r}; there are {', '.join(FEED_NAMES)}", next_step="parstock feeds")
    return name


def known_fields(feed: str, entity: str | None) -> tuple[dict[str, FieldType], dict[str, str]]:
    """Fields a line may have (by their name in the event), and the names that are renamed to them."""
    if entity is not None:
        return ENTITY_BY_NAME[entity].fields(), {}
    return dict(FIELDS), {**_CUSTOMER, **dict(FEED_BY_NAME[feed].renames)}


def required_columns(feed: str, entity: str | None) -> tuple[str, ...]:
    """Columns that the header of a table must name."""
    if entity is not None:
        return tuple(column.name for column in ENTITY_BY_NAME[entity].columns if column.required)
    return FEED_BY_NAME[feed].always_required()
