"""Ingest beside a standing stream, as the command that asks sees it: its folder goes through the pipeline that runs there.

Belongs here: whether to ask, and asking. Does not belong here: taking what was asked (`standing`). Imports no engine: a
command that asks needs none.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pipelines.errors import UserError
from pipelines.ingest.report import IngestReport, OnProgress, Progress
from pipelines.meeting import meet
from pipelines.settings import Home, Settings

DOOR: Final = "stream"
_SMALL_UNITS: Final = 4
"""More than these units' bytes are taken by a pipeline of their own: it parses side by side, and the stream stays free."""


def ask_stream(
    home: Home, from_dir: Path | None, *, clock: Callable[[], datetime], feeds: Iterable[str] | None, adapter: str | None, settings: Settings,
    on_progress: OnProgress,
) -> IngestReport | None:  # fmt: skip
    """Have the home's standing stream take `from_dir/<feed>/**` (default: the landing folder) once; returns what it did.

    Null where the command has to do it itself: nobody stands there, or went away over it, or works by other settings, or
    there is much. Raises the UserError of the pass otherwise.
    """
    root = (from_dir or home.landing).resolve()
    if not _is_small(root, _SMALL_UNITS * settings.unit_bytes, since=_newest_sighting(home)):
        return None
    try:
        connection, _ = meet(home, DOOR)
    except LookupError:
        return None
    request = {
        "root": str(root), "feeds": list(feeds) if feeds else None, "adapter": _absolute(adapter), "now": clock().isoformat(), "settings": marks_of(settings),
    }  # fmt: skip
    with contextlib.closing(connection):
        try:
            connection.send_bytes(json.dumps(request).encode())
            while "progress" in (answer := json.loads(connection.recv_bytes())):
                on_progress(Progress(**answer["progress"]))
        except (OSError, EOFError):  # it ended: what it has parsed is parsed, the rest is found again
            return None
    if "error" in answer:
        raise UserError(**answer["error"])
    return IngestReport(**answer["report"]) if "report" in answer else None


def marks_of(settings: Settings) -> list[Any]:
    """The settings that decide what becomes of a file."""
    return [settings.unit_bytes, settings.settle_seconds, settings.last_line, str(settings.customer_key_file or "")]


def _is_small(root: Path, size_max: int, *, since: float) -> bool:
    """Whether what came to a folder since then is together at most so big; false for one that is not there."""
    left = size_max
    for folder, _, files in os.walk(root):
        for name in files:
            with contextlib.suppress(OSError):
                status = (Path(folder) / name).stat()
                left -= status.st_size if status.st_ctime >= since else 0
            if left < 0:
                return False
    return root.is_dir()


def _newest_sighting(home: Home) -> float:
    """When the home last wrote down a delivery that it saw (seconds since 1970, the disk's clock); 0 where it never did.

    What lies in a folder for longer was taken then, or is taken now in a stream a little longer.
    """
    try:
        return (home.spool / "deliveries").stat().st_mtime
    except FileNotFoundError:
        return 0


def _absolute(adapter: str | None) -> str | None:
    """A mapping is named by its file, which the other process must find."""
    return str(Path(adapter).resolve()) if adapter and adapter.lower().endswith(".toml") else adapter
