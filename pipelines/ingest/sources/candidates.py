"""Files as they lie in the landing folders, found without opening any."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator

from pipelines.feeds.declared.reference import ENTITY_BY_NAME, entity_of_path
from pipelines.feeds.registry import REFERENCE
from pipelines.settings import Home

_PARTIAL = (".part", ".tmp")


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A file as it lies there: where it is, and the marks by which a change would show.

    `read_as` is the entity that a mapping reads a reference file as, null where its name tells.
    """

    feed: str
    parts: tuple[str, ...]
    path: str
    mode: int
    marks: tuple[int, int, int, int]
    modified_at: float
    read_as: str | None = None

    @property
    def source_uri(self) -> str:
        """Path under the landing root; bytes that are no UTF-8 are shown as escapes."""
        return os.fsencode("/".join((self.feed, *self.parts))).decode("utf-8", "backslashreplace")

    @property
    def entity(self) -> str | None:
        """Entity of a reference file; null for other feeds and for a file that is named after none."""
        return self.read_as or (entity_of_path(self.parts) if self.feed == REFERENCE else None)

    @property
    def source_system(self) -> str:
        """The first folder under the feed, else the feed's name."""
        first = self.parts[0] if len(self.parts) > 1 else self.feed
        if self.feed == REFERENCE and first in ENTITY_BY_NAME:
            first = self.feed
        return os.fsencode(first).decode("utf-8", "backslashreplace")


def marks_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """The marks of a file by which a change would show."""
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is hidden or still being written."""
    return name.startswith(".") or name.lower().endswith(_PARTIAL)


def walk(feed: str, folder: str, parts: tuple[str, ...], unreadable: list[str]) -> Iterator[Candidate]:
    """Files under a folder, however deep; links are given as what they are, not followed.

    A folder that cannot be looked into is told of in `unreadable`, and stops no other.
    """
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        where = os.fsencode("/".join((feed, *parts))).decode("utf-8", "backslashreplace")
        unreadable.append(f"{where}: {error.strerror}; give parstock the right to read the folder")
        return
    with entries:
        for entry in entries:
            if is_unfinished(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from walk(feed, entry.path, (*parts, entry.name), unreadable)
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # gone, or hidden with its folder
                continue
            yield Candidate(feed, (*parts, entry.name), entry.path, status.st_mode, marks_of(status), status.st_mtime)


def landing_mark(home: Home) -> str:
    """A short text that changes when a file comes to the landing folder, changes or goes; empty where none lies there."""
    seen = hashlib.sha256()
    files = sorted(path for path in home.landing.rglob("*") if path.is_file() and not is_unfinished(path.name))
    for path in files:
        status = path.stat()
        seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:16] if files else ""
