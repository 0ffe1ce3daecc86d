"""dbt's parsed project: in memory for the builds of this process, and beside the installed packages for the next ones.

Belongs here: when a parsed project still holds. Does not belong here: parsing (`marts_dbt`), or the manifest as a file
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

from pipelines.spool.files import write_bytes_whole
from pipelines.warehouse.manifest import content_of

_KEPT: Final = 4
"""Parsed projects that stay on the disk: of the versions between which a developer changes to and fro."""
_IN_MEMORY: dict[tuple[Path, str], tuple[int, Any]] = {}


def parsed_project(project: Path, parse: Callable[[], Any]) -> Any:
    """The parsed project, to use once; `parse` makes it where none that holds is kept.

    A run marks the nodes it has compiled, and a marked one loses its ephemeral parents the next time: hence a copy each.
    """
    key = (project.resolve(), os.environ.get("PARSTOCK_POLICY_DIR", ""))
    stamp = _stamp(project)
    known = _IN_MEMORY.get(key)
    if known is None or known[0] != stamp:
        file = _file(project)
        manifest = _read(file)
        if manifest is None:
            manifest = parse()
            _write(file, manifest)
        known = _IN_MEMORY[key] = (stamp, manifest)
    return known[1].deepcopy()


def _stamp(project: Path) -> int:
    """A number that changes when a file of the project does: names, sizes and times of change."""
    files = []
    for folder, names, found in os.walk(project):
        names[:] = [name for name in names if name not in ("target", "logs", "dbt_packages") and not name.startswith(".")]
        for name in found:
            status = (Path(folder) / name).stat()
            files.append((folder, name, status.st_size, status.st_mtime_ns))
    return hash(tuple(sorted(files)))


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
