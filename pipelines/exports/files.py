"""Where exports lie, and how they get there: one folder a publication, files whole or not at all, the newest twenty kept.

Belongs here: `exports/<version>/`, the pointer `exports/latest`, and the only code that deletes exports. Does not
belong here: what a file says.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.durable import sync
from pipelines.settings import Home

KEEP_NEWEST = 20
LATEST = "latest"


def version_folder(home: Home, version: int) -> Path:
    """The folder of one publication's exports; its name sorts like its number.

    >>> version_folder(Home(Path("/srv/shop")), 42).as_posix()
    '/srv/shop/exports/0000000042'
    """
    return home.exports / f"{version:010d}"


def folder_of(home: Home, version: int, out: Path | None) -> Path:
    """The folder to write to, made: the publication's own, or the one that was asked for."""
    folder = version_folder(home, version) if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A name to write to; it becomes `target` when the block ends well, and is gone when it does not."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> Path:
    """Write a text whole, in UTF-8; returns its path."""
    with whole(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return target


def exported_versions(home: Home) -> list[int]:
    """The publications that have exports, oldest first."""
    if not home.exports.is_dir():
        return []
    return sorted(int(path.name) for path in home.exports.iterdir() if path.name.isdecimal() and path.is_dir() and not path.is_symlink())


def point_to(home: Home, version: int) -> None:
    """Point `exports/latest` at a publication's folder, in one step; never back to an older one."""
    link = home.exports / LATEST
    with contextlib.suppress(OSError, ValueError):
        if int(link.readlink().name) > version:
            return
    temporary = home.exports / f".{LATEST}.{os.getpid()}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version_folder(home, version).name)
    temporary.replace(link)


def keep_newest(home: Home) -> list[int]:
    """Delete all but the newest twenty publications' exports; returns the versions that went. Other files stay."""
    gone = exported_versions(home)[:-KEEP_NEWEST]
    for version in gone:
        shutil.rmtree(version_folder(home, version), ignore_errors=True)
    return gone
