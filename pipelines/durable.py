"""Files that appear whole or not at all, and stay: temporary name, fsync of the file, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

PARTIAL_SUFFIX = ".tmp"
_TAKING_SECONDS = 0.2
"""No writer needs longer from making its file to locking it."""


def sync(path: Path) -> None:
    """Make a closed file's content, or the names in a folder, durable; never call it on a database that is open."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then make it durable and rename it to `path`.

    A reader sees the old file, no file, or the whole new one. The temporary name starts with a dot and is
    unique, so two writers of the same bytes do not disturb each other; it is removed when `write` fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent / f".{path.name}.{uuid.uuid4().hex[:12]}{PARTIAL_SUFFIX}"
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # as long as it is held, somebody is writing: see remove_abandoned
        write(partial)
        os.fsync(descriptor)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    sync(path.parent)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of `folder` that nobody writes any more: their writer was killed. No folder is no fault."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(PARTIAL_SUFFIX) and _is_abandoned(entry.path):
                Path(entry.path).unlink(missing_ok=True)


def _is_abandoned(path: str) -> bool:
    """Whether nobody holds the file's lock; false for one so young that its writer may not have taken it yet."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        if time.time() - os.fstat(descriptor).st_mtime < _TAKING_SECONDS:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def write_bytes_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that it appears whole or not at all."""

    def fill(partial: Path) -> None:
        partial.write_bytes(content)

    write_whole(path, fill)
