"""What comes in: one asset a feed, observed, never made here.

Belongs here: the feeds as the registry declares them. Does not belong here: reading them (the ledger's asset does).
"""

from __future__ import annotations

import importlib
from typing import Any, Final

from dagster import AssetKey, AssetObservation, AssetSpec

from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES
from pipelines.settings import Home

FEED_KEYS: Final = {name: AssetKey(["feeds", name]) for name in FEED_NAMES}


def _spec(name: str) -> AssetSpec:
    title = FEED_BY_NAME[name].title if name in FEED_BY_NAME else "reference data: items, places, suppliers, terms"
    said = importlib.import_module(f"pipelines.feeds.declared.{name}").__doc__ or ""
    return AssetSpec(
        FEED_KEYS[name], group_name="feeds", description=f"{title}\n\n{said}", kinds={"file"}, owners=["team:data"],
        tags={"parstock/landing": name},
    )  # fmt: skip


FEED_SPECS: Final = [_spec(name) for name in FEED_NAMES]


def observe_feeds(home: Home) -> list[AssetObservation]:
    """One observation a feed: deliveries, rows, what was set aside, and when it was last heard of."""
    from pipelines.publish.questions import feeds_seen

    observed = []
    for name, seen in feeds_seen(home).items():
        metadata: dict[str, Any] = {
            "deliveries": seen.deliveries,
            "rows": seen.rows_in,
            "accepted": seen.accepted,
            "quarantined": seen.quarantined,
        }
        if seen.last_seen_at is not None:
            metadata["last_seen_at"] = seen.last_seen_at.isoformat()
        observed.append(AssetObservation(FEED_KEYS[name], metadata=metadata))
    return observed
