"""dbt's parsed project: in memory for the builds of this process, and kept beside the installed packages for the next ones.

Belongs here: when a parsed project still holds, and where it is kept. Does not belong here: parsing (`dbt`), preparing it when
parstock is installed (`prepare`), or who reads the manifest (`manifest`). Parsing takes dbt 5 s, and what comes out is the same
in every home; where the policies lie stands in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pipelines.durable import write_bytes_whole
from pipelines.settings import PROJECT_ROOT

PREPARED: Final = PROJECT_ROOT / "pipelines" / "marts" / "prepared"
"""What a wheel brings along. Only read: an installation may belong to somebody else."""
_KEPT: Final = 4
"""Versions of a project that stay on the disk: those between which a developer changes to and fro."""
_NO_PART: Final = frozenset({"target", "logs", "dbt_packages", "__pycache__"})
_IN_MEMORY: dict[str, Any] = {}


def parsed_project(project: Path, parse: Callable[[], Any]) -> Any:
    """The parsed project, to use once; `parse` makes it where none that holds is kept.

    A run marks the nodes it has compiled, and a marked one loses its ephemeral parents the next time: hence a copy each.
    """
    name = name_of(project, "msgpack")
    if name not in _IN_MEMORY:
        manifest = _read(project, name)
        if manifest is None:
            manifest = parse()
            keep(name, manifest.to_msgpack())
        _IN_MEMORY.clear()  # one at a time: others lie on the disk
        _IN_MEMORY[name] = manifest
    return _IN_MEMORY[name].deepcopy()


def name_of(project: Path, suffix: str) -> str:
    """The name under which this project, as these packages parse it, is kept."""
    made_by = [version("dbt-core"), version("dbt-duckdb"), content_of(project)]
    if os.environ.get("PARSTOCK_POLICY_DIR"):
        made_by.append(str(project.resolve()))  # from which dbt writes the way to the policies
    return f"{project.resolve().name}-{hashlib.sha256(chr(10).join(made_by).encode()).hexdigest()[:16]}.{suffix}"


def kept(name: str) -> Iterator[Path]:
    """Files of this name, wherever they are kept."""
    return (folder / name for folder in (PREPARED, *_folders()) if (folder / name).exists())


def keep(name: str, content: bytes) -> Path | None:
    """Keep it in the first place that may be written to; null where none may: then each process parses once."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            write_bytes_whole(folder / name, content)
            project, _, rest = name.rpartition("-")
            for old in sorted(folder.glob(f"{project}-*{Path(rest).suffix}"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                old.unlink(missing_ok=True)
            return folder / name
    return None


def content_of(project: Path) -> str:
    """A name for what the project says. Seeds count by name alone: their rows are not in the manifest, and planners change them."""
    seen = hashlib.sha256(os.environ.get("PARSTOCK_POLICY_DIR", "").encode())
    for folder, names, files in os.walk(project):
        names[:] = sorted(name for name in names if name not in _NO_PART and not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            seen.update(path.relative_to(project).as_posix().encode() + b"\0")
            if path.suffix in (".sql", ".yml", ".yaml", ".md"):
                seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def _folders() -> tuple[Path, Path]:
    """The environment of the packages, with which it goes; a user's own cache where that belongs to somebody else."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(sys.prefix) / "var" / "parstock", Path(cache) / "parstock"


def _read(project: Path, name: str) -> Any:
    from dbt.contracts.graph.manifest import Manifest

    for file in kept(name):
        try:
            content = file.read_bytes()
            with contextlib.suppress(OSError):
                os.utime(file)
            manifest = Manifest.from_msgpack(content)
        except Exception:  # not ours to read, or damaged in whatever way: then another is taken, or it is parsed
            continue
        for node in manifest.nodes.values():
            if hasattr(node, "root_path"):  # of a seed: the one thing in it that says where the project lies
                node.root_path = str(project.resolve())
        return manifest
    return None
