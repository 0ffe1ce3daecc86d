"""The part of a mapping that is about JSON documents: where they lie, what their rows are, and the fields of each kind of row."""

from __future__ import annotations

import dataclasses
from typing import Any

from pipelines.feeds.mapping.check_fields import Defaults, Paths, Rules, negative_of
from pipelines.feeds.mapping.paths import is_path, lists_of
from pipelines.feeds.mapping.spec import Mapping, Part, Ref
from pipelines.feeds.mapping.table import Checked


def json_mapping(top: Checked, leave_out: Checked, columns: Checked, common: Mapping, defaults: Defaults) -> Mapping:
    """The mapping of JSON documents: `common`, with what `documents`, `rows` and the columns say."""
    lies = top.text("documents", "") or ""
    if lies and (not is_path(lies) or lists_of(lies)):
        top.fault("documents", lies, "the path to the documents, such as orders or data.orders")
    said = top.take("rows")
    if isinstance(said, dict):  # of reference: each entity has its own
        said = said.get(common.entity or "")
    kinds: list[Checked] = []
    if isinstance(said, list) and said and all(isinstance(one, dict) for one in said):
        kinds = [top.of(f"rows[{number}]", one) for number, one in enumerate(said, 1)]
    elif said is None or isinstance(said, str):
        kinds = [top.of("rows", {"path": said or ""})]
    else:
        top.fault("rows", said, 'the path to the rows, such as "line_items[]", or several [[rows]]')
    shared = {name: columns.take(name) for name in columns.names()}
    negative = negative_of(top, common.feed)
    unless = tuple(leave_out.lists_by_name("where"))
    made = [_part(one, shared, common, defaults, unless) for one in kinds]
    parts = tuple(dataclasses.replace(part, negative=negative) for part, _ in made)
    keeps = _keeps(top, made[0][1]) if len(made) == 1 else None
    return dataclasses.replace(common, at=lies, parts=parts, keeps=keeps)


def _part(
    rule: Checked, shared: dict[str, Any], common: Mapping, defaults: Defaults, unless: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[Part, Paths]:
    rows = (rule.text("path", "") or "").strip()
    everywhere = unless
    if rows and (not is_path(rows) or not rows.endswith("[]")):
        rule.fault("path", rows, "the path to the lines of a document, which ends in [], such as line_items[]")
        rows = ""
    paths = Paths(rows)
    where = tuple((str(paths.ref(rule.inner("where"), path, path)), values) for path, values in rule.lists_by_name("where"))
    unless = unless + tuple((str(paths.ref(rule.inner("unless"), path, path)), values) for path, values in rule.lists_by_name("unless"))
    for path, _ in everywhere:
        paths.ref(rule.of("leave_out", {}), path, path)
    own = rule.take("columns") or {}
    if not isinstance(own, dict):
        rule.fault("columns", own, "a table: [rows.columns]")
        own = {}
    columns = rule.of("columns", {**shared, **own})
    found = Rules(common.feed, common.entity, paths, defaults).columns(columns)
    rule.nothing_else()
    return Part(rows, where, tuple(sorted(found.items())), (), unless), paths


def _keeps(top: Checked, paths: Paths) -> tuple[Ref, ...] | None:
    """Paths to keep in `extra`; documents keep nothing that is not named."""
    said = top.take("unmapped")
    if said is None or said == "drop":
        return None
    if isinstance(said, list):
        return tuple(paths.ref(top, "unmapped", one) for one in said)
    top.fault("unmapped", said, '"drop", or a list of paths')
    return None
