"""The list of feeds. Adding one: a module that declares it, and a line here."""

from __future__ import annotations

from typing import Final

from pipelines.errors import UserError
from pipelines.feeds.marketplace import MARKETPLACE
from pipelines.feeds.pos import POS
from pipelines.feeds.rfid import RFID
from pipelines.feeds.spec import Feed
from pipelines.feeds.supply import SUPPLY
from pipelines.feeds.wms import WMS

FEEDS: Final[tuple[Feed, ...]] = (POS, WMS, MARKETPLACE, RFID, SUPPLY)
"""Feeds whose lines are events."""

REFERENCE: Final = "reference"
FEED_BY_NAME: Final = {feed.name: feed for feed in FEEDS}
FEED_NAMES: Final = (*FEED_BY_NAME, REFERENCE)
"""Names of all feeds, reference data included: the folders of `landing/`."""


def check_feed_name(name: str) -> str:
    """The name itself when there is such a feed, else a UserError that lists those there are."""
    if name not in FEED_NAMES:
        raise UserError(f"no feed is called {name!r}; there are {', '.join(FEED_NAMES)}", next_step="parstock feeds")
    return name
