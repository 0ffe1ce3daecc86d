"""The five jobs: stretches of the path that are run together.

Belongs here: which assets. Does not belong here: when (`schedules`, `sensors`).
"""

from __future__ import annotations

from typing import Final

from dagster import AssetKey, AssetSelection, define_asset_job

from orchestration.assets.planning import PLAN_KEYS
from orchestration.assets.publish import MARTS_BUILD, SNAPSHOT

_READ: Final = AssetSelection.assets(SNAPSHOT, AssetKey(["ops", "alert_watch"]))
_PLAN: Final = AssetSelection.assets(*PLAN_KEYS)
# The dbt groups are all that the build's asset rests on, down to the ledger.
_MARTS: Final = AssetSelection.assets(MARTS_BUILD).upstream() - AssetSelection.groups("feeds", "ledger")
_PROPOSALS: Final = AssetSelection.assets(AssetKey(["exports", "reorder_proposals"]))
_BRIEF: Final = AssetSelection.assets(AssetKey(["exports", "daily_brief"]), AssetKey(["exports", "dbt_docs"]))

INGEST_FEEDS: Final = define_asset_job(
    "ingest_feeds",
    AssetSelection.groups("ledger") | _READ,
    description="Ingest new files of the landing folders and check them with the gates.",
)
KPI_REFRESH: Final = define_asset_job(
    "kpi_refresh", _MARTS | _READ, description="Bring the marts and KPIs up to the ledger, past every gate, and publish them."
)
SAFETY_STOCK_REFRESH: Final = define_asset_job(
    "safety_stock_refresh", _PLAN | _READ, description="Compute safety stock and reorder points again from the published tables."
)
REORDER_PROPOSALS: Final = define_asset_job(
    "reorder_proposals",
    _MARTS | _PLAN | _READ | _PROPOSALS,
    description="Newest marts, a plan from them, and the files that buyers order from.",
)
DAILY_BRIEF: Final = define_asset_job(
    "daily_brief", _READ | _BRIEF, description="The brief before the day begins, and the tables' reference."
)

JOBS: Final = (INGEST_FEEDS, KPI_REFRESH, SAFETY_STOCK_REFRESH, REORDER_PROPOSALS, DAILY_BRIEF)
JOB_NAMES: Final = tuple(job.name for job in JOBS)
