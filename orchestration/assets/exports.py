"""Files for people: what to order, the day's brief, the marts explained.

Belongs here: the exports as assets. Does not belong here: what is in them (`pipelines.exports`).
"""

import time
from pathlib import Path
from typing import Any

from dagster import AssetKey, Config, MarkdownMetadataValue, MaterializeResult, MetadataValue, asset

from orchestration.assets.planning import PLAN_KEYS
from orchestration.assets.publish import MARTS_BUILD, SNAPSHOT
from orchestration.resources import Site
from orchestration.told import RETRY, in_words


class Words(Config):
    """How an export speaks: `en` or `fr`."""

    language: str = "en"


@asset(
    key=AssetKey(["exports", "reorder_proposals"]), group_name="exports", deps=[SNAPSHOT, PLAN_KEYS[-1]], kinds={"excel", "csv"},
    owners=["team:planning"], retry_policy=RETRY,
)  # fmt: skip
def reorder_proposals(site: Site, config: Words) -> MaterializeResult[Any]:
    """The proposals as a workbook, one sheet a supplier, and as CSV."""
    from pipelines.exports.write import export_proposals
    from pipelines.publish.questions import published_rows

    started = time.monotonic()
    with in_words(site):
        files = export_proposals(site.at, None, language=config.language)
        rows = published_rows(site.at, ("plan.reorder_proposals",))["plan.reorder_proposals"]
    return _made(files, started, **{"dagster/row_count": rows})


@asset(
    key=AssetKey(["exports", "daily_brief"]), group_name="exports", deps=[SNAPSHOT, AssetKey(["ops", "alert_watch"])], kinds={"markdown", "html"},
    owners=["team:planning"], retry_policy=RETRY,
)  # fmt: skip
def daily_brief(site: Site, config: Words) -> MaterializeResult[Any]:
    """What changed, what is short, what to order, what the data lacks."""
    from pipelines.exports.write import write_brief

    started = time.monotonic()
    with in_words(site):
        brief = write_brief(site.at, language=config.language)
    return _made([brief.markdown, brief.html], started, head=MarkdownMetadataValue("\n\n".join(brief.head)))


@asset(
    key=AssetKey(["exports", "dbt_docs"]),
    group_name="exports",
    deps=[MARTS_BUILD],
    kinds={"html"},
    owners=["team:data"],
    retry_policy=RETRY,
)
def dbt_docs(site: Site) -> MaterializeResult[Any]:
    """Every table and column explained, as one page beside the snapshot."""
    from pipelines.exports.write import write_docs

    started = time.monotonic()
    with in_words(site):
        page = write_docs(site.at)
    return _made([page], started)


def _made(files: list[Path], started: float, **more: Any) -> MaterializeResult[Any]:
    paths = {f"file_{file.suffix.removeprefix('.')}": MetadataValue.path(str(file)) for file in files}
    return MaterializeResult(
        metadata={**paths, **more, "bytes": sum(file.stat().st_size for file in files), "seconds": time.monotonic() - started}
    )
