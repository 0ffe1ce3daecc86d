"""A finished dbt build as files: what `marts/<build>/` holds, and how to find the newest.

Belongs here: the form of `build.json` and of the folder's name. Imports no engine, so that the publisher and the
command can ask for the newest build without loading dbt.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

from pipelines.settings import Home

BUILD_FILE = "build.json"
_BUILD_NAME = re.compile(r"^(\d{6,})-c(\d+)$")


@dataclasses.dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a build, in the form a reader needs it.

    `kind` is parquet (`file` is the name in the build's folder), view (`sql` is the query) or macro (`sql` is the
    whole CREATE statement). `fingerprint` and `rows` are null but for parquet: two tables of one fingerprint hold
    the same rows. `comment` and `column_comments` are the model's descriptions, '' and {} where it has none.
    """

    schema: str
    name: str
    kind: str
    file: str | None = None
    sql: str | None = None
    is_hot: bool = False
    rows: int | None = None
    fingerprint: str | None = None
    comment: str = ""
    column_comments: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """`schema.name`, as readers write it."""
        return f"{self.schema}.{self.name}"


@dataclasses.dataclass(frozen=True, slots=True)
class MartsBuild:
    """What a run of dbt left behind.

    `folder` is null when nothing was exported (a subset build). `commit_id` is the ledger's commit that every mart
    rests on, `built_at` the instant of the pin (UTC), `relations` stand in the order in which they can be created.
    `seconds_dbt` and `seconds_export` are 0 for a build read back from its folder, `nodes` too.
    """

    name: str
    folder: Path | None
    commit_id: int
    ledger_hash: str | None
    built_at: dt.datetime
    relations: tuple[Relation, ...] = ()
    nodes: int = 0
    seconds_dbt: float = 0.0
    seconds_export: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The content of `build.json` (the folder and the timings stay out: they are not of the build)."""
        return {
            "build": self.name,
            "commit_id": self.commit_id,
            "ledger_hash": self.ledger_hash,
            "built_at": self.built_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "relations": [
                {key: value for key, value in dataclasses.asdict(relation).items() if value is not None} for relation in self.relations
            ],
        }


def load_build(folder: Path) -> MartsBuild:
    """The build whose files lie in `folder`.

    Raises FileNotFoundError where there is no `build.json`: such a folder is not a finished build.
    """
    content = json.loads((folder / BUILD_FILE).read_text(encoding="utf-8"))
    return MartsBuild(
        name=content["build"],
        folder=folder,
        commit_id=content["commit_id"],
        ledger_hash=content["ledger_hash"],
        built_at=dt.datetime.fromisoformat(content["built_at"]),
        relations=tuple(Relation(**relation) for relation in content["relations"]),
    )


def build_number(name: str) -> int | None:
    """The running number in a build's name; null for any other folder.

    >>> build_number("000017-c42"), build_number(".000018-c42.tmp")
    (17, None)
    """
    match = _BUILD_NAME.match(name)
    return int(match.group(1)) if match else None


def build_folders(home: Home) -> list[Path]:
    """The folders of finished builds, oldest first."""
    if not home.marts.is_dir():
        return []
    numbered = [(build_number(folder.name), folder) for folder in home.marts.iterdir()]
    return [folder for _, folder in sorted((number, folder) for number, folder in numbered if number is not None)]


def latest_build_name(home: Home) -> str | None:
    """The name of the newest finished build, without reading it; null where there is none."""
    folders = build_folders(home)
    return folders[-1].name if folders else None


def latest_build(home: Home) -> MartsBuild | None:
    """The newest finished build; null in a home where dbt has not been run to the end yet."""
    folders = build_folders(home)
    return load_build(folders[-1]) if folders else None
