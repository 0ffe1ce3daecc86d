"""The list of feeds. Adding one: a module that declares it, and a line here."""

from __future__ import annotations

from typing import Final

from pipelines.errors import UserError
from pipelines.feeds.back_in_stock import BACK_IN_STOCK
from pipelines.feeds.browse import BROWSE
from pipelines.feeds.cost import COST
from pipelines.feeds.csat import CSAT
from pipelines.feeds.marketplace import MARKETPLACE
from pipelines.feeds.pos import POS
from pipelines.feeds.promo import PROMO
from pipelines.feeds.reservation import RESERVATION
from pipelines.feeds.rfid import RFID
from pipelines.feeds.spec import Feed
from pipelines.feeds.subscription import SUBSCRIPTION
from pipelines.feeds.supply import SUPPLY
from pipelines.feeds.transport import TRANSPORT
from pipelines.feeds.wms import WMS

FEEDS: Final[tuple[Feed, ...]] = (
    *(POS, WMS, MARKETPLACE, RFID, SUPPLY),
    *(RESERVATION, SUBSCRIPTION, PROMO, BACK_IN_STOCK, BROWSE, TRANSPORT, CSAT, COST),
)
"""Feeds whose lines are events: those that stock is made of, then the optional ones."""

REFERENCE: Final = "reference"
FEED_BY_NAME: Final = {feed.name: feed for feed in FEEDS}
OPTIONAL_FEEDS: Final = tuple(feed.name for feed in FEEDS if feed.is_optional)
"""Names of the feeds that nobody misses where they never came."""
FEED_NAMES: Final = (*(feed.name for feed in FEEDS if not feed.is_optional), REFERENCE, *OPTIONAL_FEEDS)
"""Names of all feeds, reference data included: the folders of `landing/`."""


def check_feed_name(name: str) -> str:
    """The name itself when there is such a feed, else a UserError that lists those there are."""
    if name not in FEED_NAMES:
        raise UserError(f"no feed is called {name!r}; there are {', '.join(FEED_NAMES)}", next_step="parstock feeds")
    return name
