"""Of which version of the project the tables that grow were made: another one computes them otherwise, so all are made anew.

Belongs here: remembering that beside `marts.duckdb`. Does not belong here: building (`pipelines.build`), or what may stand
between builds of one version (`standing_nodes`).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.durable import write_bytes_whole
from pipelines.marts.parsed_project import content_of
from pipelines.settings import Home


def is_of_another_version(home: Home, project: Path) -> bool:
    """Whether the home has marts, and not of this project as it is now. The first build of a home is of this version."""
    return home.marts_file.exists() and _said(home) != content_of(project)


def remember_version(home: Home, project: Path) -> None:
    """After a build of everything that began with tables of this version, or with none."""
    if _said(home) != content_of(project):
        write_bytes_whole(_file(home), content_of(project).encode())


def _said(home: Home) -> str | None:
    try:
        return _file(home).read_text()
    except FileNotFoundError:
        return None


def _file(home: Home) -> Path:
    return home.marts_file.with_name("marts.version")
