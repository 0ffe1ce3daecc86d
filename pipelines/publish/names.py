"""Names in `published/`: which version is which file, and which one readers get.

Belongs here: the names and the symlink's reading. Does not belong here: writing a version (`snapshot`), deleting one
(`retention`).
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.settings import Home

_VERSION_NAME = re.compile(r"^parstock_(\d{10,})\.(duckdb|json)$")


def version_file(home: Home, version: int) -> Path:
    """The file of one version; a version's file never changes and its name is never used again.

    >>> version_file(Home(Path("/srv/shop")), 42).as_posix()
    '/srv/shop/published/parstock_0000000042.duckdb'
    """
    return home.published / f"parstock_{version:010d}.duckdb"


def files_named_by(home: Home, version: int) -> Path:
    """The list of the Parquet files that a version's views read (JSON, beside the version)."""
    return version_file(home, version).with_suffix(".json")


def version_of(name: str) -> int | None:
    """The version in a file's name; null for any other file.

    >>> version_of("parstock_0000000042.duckdb"), version_of("parstock.duckdb"), version_of(".parstock_0000000042.tmp")
    (42, None, None)
    """
    match = _VERSION_NAME.match(name)
    return int(match.group(1)) if match else None


def versions(home: Home) -> list[int]:
    """The versions whose file is there, oldest first."""
    if not home.published.is_dir():
        return []
    files = (version_of(path.name) for path in home.published.iterdir() if path.suffix == ".duckdb")
    return sorted(version for version in files if version is not None)


def current_version(home: Home) -> int | None:
    """The version that readers get now; null before the first publish."""
    try:
        return version_of(home.published_file.readlink().name)
    except OSError:
        return None


def next_version(home: Home) -> int:
    """The version after every one that has left a trace, so that numbers grow across restarts, crashes included."""
    traces = [version_of(path.name) for path in home.published.iterdir()] if home.published.is_dir() else []
    return 1 + max([version for version in traces if version is not None] + [current_version(home) or 0])
