"""Publishing: a small versioned DuckDB file of views over immutable Parquet, and the swap of the symlink to it.

Belongs here: the one writer of `published/`, which works inside the owner but in an engine of its own. Does not
belong here: deleting (`retention`), reading (`reader`), and anything that computes: formulas come from dbt as SQL.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from pipelines.durable import sync
from pipelines.failpoints import failpoint
from pipelines.marts.build_files import MartsBuild
from pipelines.publish import snapshot_sql as sql
from pipelines.publish.names import current_version, files_named_by, next_version, version_file
from pipelines.publish.template import Template, template_of
from pipelines.publish.writing import Writer
from pipelines.settings import Home

__all__ = ["Publication", "Publisher", "next_version", "publish_snapshot"]


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """What a publication says of itself. Instants are aware; the newest ones are null while the ledger is empty."""

    published_at: dt.datetime
    newest_known_at: dt.datetime | None
    newest_occurred_at: dt.datetime | None
    commit_id: int
    ledger_hash: str


class Publisher:
    """The writer of `published/` for one home; keep one as long as the owner lives, and close it.

    Not for several threads. The marts' part of a file is made once a build and copied from memory afterwards, so that
    a publish costs the ledger's changed views and the tail.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._root = home.root.resolve()
        home.published.mkdir(parents=True, exist_ok=True)
        for left in home.published.glob(".parstock*.tmp*"):
            left.unlink()  # of a publisher that was killed: nobody has ever been served this name
        self._writer = Writer()
        self._template = Template(b"", {})
        self._template_build = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the engine back; published files are not touched."""
        self._writer.close()

    def publish(
        self, *, version: int, ledger: Mapping[str, Any], tail: Mapping[str, pa.Table], marts: MartsBuild, publication: Publication
    ) -> Path:
        """Write one version whole and let readers have it; returns its file.

        `ledger` is the content of `ledger/current.json`; `tail` holds the rows of ledger tables above its commit (columns
        as in `LEDGER_TABLES`; tables may be missing or empty). Until the last step readers keep the version before.
        Raises ValueError where `version` is not above the current one, or where the build has no folder.
        """
        before = current_version(self.home)
        if before is not None and version <= before:
            raise ValueError(f"version {version} is not above version {before}, which readers have")
        if marts.folder is None:
            raise ValueError("only an exported build can be published")
        target = version_file(self.home, version)
        temporary = self.home.published / f".{target.stem}.tmp"
        tails = {table: rows for table, rows in tail.items() if rows.num_rows}
        views = sql.ledger_views(self._root / "ledger", ledger, tails, marts.commit_id)
        self._prepare(marts, views)
        temporary.write_bytes(self._template.content)
        self._fill(temporary, tails, views, version, marts, publication)
        sync(temporary)
        self._list_files(version, ledger, marts, publication)
        temporary.rename(target)
        self._swap(target)
        return target

    def _prepare(self, marts: MartsBuild, views: Mapping[str, str]) -> None:
        """Have the template of a marts build: everything but the tail and the publication's row."""
        if self._template_build != marts.name:
            self._template, self._template_build = template_of(self.home, marts, views, self._writer), marts.name

    def _fill(
        self, file: Path, tails: Mapping[str, pa.Table], views: Mapping[str, str], version: int, marts: MartsBuild, publication: Publication
    ) -> None:
        """Bring a copy of the template up to the version it is to show."""
        row = [
            version,
            publication.published_at,
            publication.newest_known_at,
            publication.newest_occurred_at,
            publication.commit_id,
            marts.commit_id,
            publication.ledger_hash,
            marts.name,
            sql.FORMAT_VERSION,
        ]
        statements = [sql.tail_table(table, f'"{table}_rows"') for table in tails]
        changed = {name: query for name, query in views.items() if self._template.views.get(name) != query}
        statements += [f"CREATE OR REPLACE VIEW ledger.{name} AS {query}" for name, query in changed.items()]
        self._writer.write(file, statements, row=row, arrow={f"{table}_rows": rows for table, rows in tails.items()})

    def _list_files(self, version: int, ledger: Mapping[str, Any], marts: MartsBuild, publication: Publication) -> None:
        """Write down, before the version can be seen, which files must stay for as long as it does."""
        names = sorted(file["path"] for table in ledger["tables"].values() for file in table["files"])
        at = publication.published_at.astimezone(dt.UTC).isoformat()
        content = {"version": version, "published_at": at, "marts": marts.name, "ledger": names}
        target = files_named_by(self.home, version)
        temporary = self.home.published / f".{target.name}.tmp"
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.rename(target)

    def _swap(self, target: Path) -> None:
        """Point the symlink at a version, in one step; relative, so that the home can be mounted elsewhere."""
        link = self.home.published / ".parstock.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(target.name)
        failpoint("before_swap")
        link.rename(self.home.published_file)
        failpoint("after_swap")
        sync(self.home.published)


def publish_snapshot(
    home: Home, *, version: int, ledger: Mapping[str, Any], tail: Mapping[str, pa.Table], marts: MartsBuild, publication: Publication
) -> Path:
    """Publish once (`Publisher.publish`); who publishes again and again keeps a `Publisher`, which costs a third."""
    with Publisher(home) as publisher:
        return publisher.publish(version=version, ledger=ledger, tail=tail, marts=marts, publication=publication)
