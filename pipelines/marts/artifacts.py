"""What a run of dbt left in its target folder, read back: for a build whose dbt was run by a scheduler.

Belongs here: reading `manifest.json` and `run_results.json`. Does not belong here: running dbt (`dbt`), or what
becomes of a build (`marts`).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipelines.errors import UserError
from pipelines.marts.export import BuiltNode
from pipelines.marts.failures import FAILED
from pipelines.settings import Home

_BUILT = ("model", "seed", "snapshot")
_SOUND = ("success", "pass", "warn", "skipped", "no-op")


def read_artifacts(home: Home) -> tuple[list[BuiltNode], dt.datetime]:
    """The nodes that the last full `dbt build` made, and when its last node ended (UTC).

    Raises UserError (exit code 1) where there is no such run, where a node failed, or where it was of a part only.
    """
    folder = home.run / "dbt" / "target"
    manifest, results = _read(folder / "manifest.json"), _read(folder / "run_results.json")
    ran = {one["unique_id"]: one for one in results["results"]}
    failed = sorted(name for name, one in ran.items() if one["status"] not in _SOUND)
    if failed:
        raise UserError(f"the last dbt build failed: {', '.join(failed[:5])}", where=str(folder), next_step="build again", exit_code=1)
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in _BUILT}
    missing = sorted(
        name
        for name, node in nodes.items()
        if node["config"].get("materialized") != "ephemeral" and ran.get(name, {}).get("status") != "success"
    )
    if missing:
        raise UserError(
            f"the last dbt run was not a full build: {', '.join(missing[:5])} and {max(len(missing) - 5, 0)} more were not built",
            where=str(folder),
            next_step="build everything, then finish it",
            exit_code=1,
        )
    ended = [dt.datetime.fromisoformat(step["completed_at"]) for one in ran.values() for step in one["timing"] if step.get("completed_at")]
    finished = max((at if at.tzinfo else at.replace(tzinfo=dt.UTC) for at in ended), default=dt.datetime.max.replace(tzinfo=dt.UTC))
    return [_built(node, ran[name]) for name, node in nodes.items() if name in ran], finished


def results_written(home: Home) -> int | None:
    """When a run last wrote its results (ns); null where none has. They stay for whoever finishes that build: a later run replaces them."""
    try:
        return (home.run / "dbt" / "target" / "run_results.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None


def failed_nodes(home: Home) -> list[SimpleNamespace]:
    """The results of nodes that failed in the last run, in the form that dbt gives them to whoever runs it (`failures`); none where there is no run."""
    folder = home.run / "dbt" / "target"
    try:
        results = json.loads((folder / "run_results.json").read_bytes())["results"]
    except FileNotFoundError:
        return []
    nodes = _read(folder / "manifest.json")["nodes"]
    return [
        SimpleNamespace(
            node=SimpleNamespace(**{**nodes[one["unique_id"]], "compiled_code": one.get("compiled_code")}),
            status=one["status"], message=one["message"], failures=one["failures"],
        )
        for one in results if one["status"] in FAILED and one["unique_id"] in nodes
    ]  # fmt: skip


def _built(node: dict[str, Any], ran: dict[str, Any]) -> BuiltNode:
    return BuiltNode(
        schema=node["schema"],
        name=node.get("alias") or node["name"],
        materialized=str(node["config"]["materialized"]),
        tags=frozenset(node["tags"]),
        compiled_code=ran.get("compiled_code") or node.get("compiled_code"),
        database=node["database"],
        comment=node.get("description") or "",
        column_comments={name: column["description"] for name, column in node["columns"].items() if column.get("description")},
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError("there is no dbt build to finish", where=str(path), next_step="run dbt build first", exit_code=1) from None
