"""What to order: one planning run makes safety stock, reorder points and proposals together, and keeps what they rest on.

Belongs here: the run as an asset. Does not belong here: the mathematics (`pipelines.planning`).
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, AssetSpec, MaterializeResult, multi_asset

from orchestration.resources import Site
from orchestration.told import RETRY, in_words

PLAN_KEYS: Final = [AssetKey(["plan", name]) for name in ("settings", "supply", "safety_stock", "reorder_points", "reorder_proposals")]
PLANS_FROM: Final = [
    AssetKey(["publish", "marts_build"]),
    AssetKey(["demand", "variance"]),
    AssetKey(["plan", "lead_times"]),
    AssetKey(["stock", "on_hand"]),
]
"""Planning reads what is published; these are the marts that decide."""


def planning_asset(descriptions: Mapping[str, str]) -> AssetsDefinition:
    """The tables of a plan."""

    @multi_asset(
        name="plan",
        specs=[
            AssetSpec(key, deps=PLANS_FROM, group_name="plan", description=descriptions.get(key.path[-1]), kinds={"python", "polars"}, owners=["team:planning"])
            for key in PLAN_KEYS
        ],
        retry_policy=RETRY,
    )  # fmt: skip
    def plan(context: AssetExecutionContext, site: Site) -> Iterator[MaterializeResult[Any]]:
        """Plan from what is published, as of the run's clock."""
        from pipelines import stages
        from pipelines.publish.questions import published_rows

        started = time.monotonic()
        with in_words(site):
            run_id = stages.plan(site.at, site.clock(), clock=site.clock)
            rows = published_rows(site.at, tuple(".".join(key.path) for key in PLAN_KEYS))
        seconds = time.monotonic() - started
        for key in PLAN_KEYS:
            yield MaterializeResult(
                asset_key=key, metadata={"dagster/row_count": rows[".".join(key.path)], "run_id": run_id, "seconds": seconds}
            )

    return plan
