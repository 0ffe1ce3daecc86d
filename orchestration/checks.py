"""Checks that belong to the graph itself: is what stands there fresh enough to act on.

Belongs here: freshness. Does not belong here: rules about the data (dbt's tests and the gates, which are shown as checks
where they are made).
"""

from datetime import timedelta
from typing import Final

from dagster import AssetCheckResult, AssetCheckSeverity, asset_check

from orchestration.assets.ledger import GATED
from orchestration.assets.publish import MARTS_BUILD
from orchestration.resources import Site

LEDGER_AGE_MAX: Final = timedelta(hours=26)
"""A site that sells every working day sends something every day; two hours of grace."""

MARTS_AGE_MAX: Final = timedelta(hours=26)


@asset_check(asset=GATED, name="is_fresh", description=f"Some feed was heard of within {LEDGER_AGE_MAX.total_seconds() / 3600:.0f} hours.")
def ledger_is_fresh(site: Site) -> AssetCheckResult:
    """Warn when no delivery has come for more than a day; closed days make one warning, not a red run."""
    from pipelines.ledger.files import newest_known_at

    newest = newest_known_at(site.at)
    age = site.clock() - newest if newest else None
    return AssetCheckResult(
        passed=age is not None and age <= LEDGER_AGE_MAX, severity=AssetCheckSeverity.WARN,
        metadata={"newest_known_at": newest.isoformat() if newest else "nothing has come yet", "hours": age.total_seconds() / 3600 if age else -1.0},
    )  # fmt: skip


@asset_check(
    asset=MARTS_BUILD,
    name="is_fresh",
    description=f"The newest build is less than {MARTS_AGE_MAX.total_seconds() / 3600:.0f} hours old, or includes all data.",
)
def marts_are_fresh(site: Site) -> AssetCheckResult:
    """Warn when the marts are old and the ledger has more."""
    from pipelines.ledger.files import rows_by_table
    from pipelines.marts.build_files import latest_build

    build, commit_id = latest_build(site.at), rows_by_table(site.at)[0]
    is_behind = build is None or build.commit_id < commit_id
    is_old = build is None or site.clock() - build.built_at > MARTS_AGE_MAX
    return AssetCheckResult(
        passed=not (is_behind and is_old), severity=AssetCheckSeverity.WARN,
        metadata={"build": build.name if build else "none", "built_on_commit_id": build.commit_id if build else 0, "ledger_commit_id": commit_id},
    )  # fmt: skip


CHECKS: Final = [ledger_is_fresh, marts_are_fresh]
