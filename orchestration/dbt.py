"""dbt's project in the words of the asset graph.

Belongs here: keys, groups and checks of dbt's nodes. Does not belong here: running dbt (`assets.marts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from dagster import AssetKey
from dagster_dbt import DagsterDbtTranslator

PLANNED: Final = ("plan__settings", "plan__supply", "plan__safety_stock", "plan__reorder_points", "plan__reorder_proposals")
"""Models that are views over what planning wrote: planning makes these assets, dbt only shows them."""

_OWNERS: Final = {"plan": "team:planning"}


class PathTranslator(DagsterDbtTranslator):
    """Key = [schema, table], group = schema: as in the tree and in SQL."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """Schema and the table's name there."""
        return AssetKey([str(dbt_resource_props["schema"]), str(dbt_resource_props.get("alias") or dbt_resource_props["name"])])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The schema."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the model's own file says, its grain first; its SQL is a click away in the project."""
        return str(dbt_resource_props.get("description") or f"Seed {dbt_resource_props['name']}.csv: planners may change it.")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Who answers for it."""
        return [_OWNERS.get(str(dbt_resource_props["schema"]), "team:data")]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> dict[str, str]:
        """Dbt's tags: `hot` is what the publisher computes anew at every publish."""
        return {f"parstock/{tag}": "yes" for tag in dbt_resource_props.get("tags", [])}


def manifest_for_assets(path: Path) -> dict[str, Any]:
    """Dbt's manifest without what planning makes, and with every test at one model.

    The tail of a ledger table (`…_new`) is not shown beside the table. A model that reads the plan reads the one before:
    it does not wait for the plan that rests on it, so that arrow is not drawn. A test over several models is shown at the
    last of them that readers see.
    """
    manifest: dict[str, Any] = orjson.loads(path.read_bytes())
    nodes: dict[str, Any] = manifest["nodes"]
    planned = {unique_id for unique_id, node in nodes.items() if node["name"] in PLANNED}
    tails = {unique_id for unique_id in manifest["sources"] if unique_id.endswith("_new")}
    hidden = (
        planned
        | tails
        | {unique_id for unique_id, node in nodes.items() if node["resource_type"] == "test" and planned & {*_parents(node)}}
    )
    manifest["nodes"] = {unique_id: node for unique_id, node in nodes.items() if unique_id not in hidden}
    for kind in ("parent_map", "child_map"):
        manifest[kind] = {
            unique_id: [other for other in others if other not in hidden]
            for unique_id, others in manifest[kind].items()
            if unique_id not in hidden
        }
    for kind in ("nodes", "exposures", "unit_tests"):
        for node in manifest.get(kind, {}).values():
            node["depends_on"]["nodes"] = [parent for parent in _parents(node) if parent not in hidden]
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and not node.get("attached_node"):
            node["attached_node"] = _shown_at(node, manifest["nodes"])
    return manifest


def planned_descriptions(path: Path) -> dict[str, str]:
    """What dbt's project says of the tables that planning makes, by name."""
    nodes = orjson.loads(path.read_bytes())["nodes"].values()
    return {node["alias"]: node["description"] for node in nodes if node["name"] in PLANNED}


def ledger_descriptions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What dbt's project says of the ledger's tables, by name."""
    return {source["name"]: source["description"] for source in manifest["sources"].values() if source["schema"] == "ledger"}


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("depends_on", {}).get("nodes", []))


def _shown_at(test: Mapping[str, Any], nodes: Mapping[str, Any]) -> str | None:
    parents = [parent for parent in _parents(test) if parent in nodes]
    read = [parent for parent in parents if nodes[parent]["schema"] not in ("staging", "intermediate")]
    return (read or parents)[-1] if parents else None
