"""dbt's parsed project: in memory for the builds of this process, and beside the installed packages for the next ones.

Belongs here: when a parsed project still holds. Does not belong here: parsing (`dbt`), or the manifest as a file
that others read (`manifest`). Parsing takes dbt 5 s, and what comes out is the same in every home; where the policies lie
stands in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pipelines.marts.manifest import content_of
from pipelines.spool.files import write_bytes_whole

_KEPT: Final = 4
"""Parsed projects that stay on the disk: of the versions between which a developer changes to and fro."""
_IN_MEMORY: dict[Path, Any] = {}


def parsed_project(project: Path, parse: Callable[[], Any]) -> Any:
    """The parsed project, to use once; `parse` makes it where none that holds is kept.

    A run marks the nodes it has compiled, and a marked one loses its ephemeral parents the next time: hence a copy each.
    """
    file = _file(project)
    if file not in _IN_MEMORY:
        manifest = _read(file)
        if manifest is None:
            manifest = parse()
            _write(file, manifest)
        _IN_MEMORY.clear()  # one at a time: others lie on the disk
        _IN_MEMORY[file] = manifest
    return _IN_MEMORY[file].deepcopy()


def _file(project: Path) -> Path:
    """Where this project is kept: in the environment of the packages that parsed it, and gone with them."""
    made_by = [sys.version, version("dbt-core"), version("dbt-duckdb"), str(project.resolve()), content_of(project)]
    return Path(sys.prefix) / "var" / "parstock" / f"project-{hashlib.sha256(chr(10).join(made_by).encode()).hexdigest()[:16]}.msgpack"


def _read(file: Path) -> Any:
    from dbt.contracts.graph.manifest import Manifest

    try:
        content = file.read_bytes()
        os.utime(file)
        return Manifest.from_msgpack(content)
    except Exception:  # not there, not ours to touch, or damaged in whatever way: then it is parsed
        return None


def _write(file: Path, manifest: Any) -> None:
    """Keep it where that is allowed; an installation that may not be written to parses once a process."""
    with contextlib.suppress(OSError):
        write_bytes_whole(file, manifest.to_msgpack())
        for old in sorted(file.parent.glob("project-*.msgpack"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
