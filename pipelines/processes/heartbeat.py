"""Signs of life of the standing processes: `run/heartbeat-<part>.json`.

Belongs here: writing and reading them. Does not belong here: acting on them (`pipelines.processes.up`, the command's `doctor`).
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import time
from typing import Final

from pipelines.settings import Home

HEARTBEAT_SECONDS: Final = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a part last said: its process, how many seconds ago, and after how many it should have spoken again."""

    part: str
    pid: int
    age_seconds: float
    silent_seconds_max: float

    @property
    def is_alive(self) -> bool:
        """Whether it spoke when it should have."""
        return self.age_seconds <= self.silent_seconds_max


def beat(home: Home, part: str, *, silent_seconds_max: float = 15.0) -> None:
    """Say that a part of this process lives."""
    target = home.run / f"heartbeat-{part}.json"
    temporary = target.with_suffix(".tmp")
    temporary.write_text(json.dumps({"pid": os.getpid(), "silent_seconds_max": silent_seconds_max}), encoding="utf-8")
    temporary.rename(target)


def heartbeats(home: Home) -> list[Heartbeat]:
    """The last signs of all parts, by name."""
    found = []
    for file in sorted(home.run.glob("heartbeat-*.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        part = file.stem.removeprefix("heartbeat-")
        found.append(Heartbeat(part, said["pid"], max(0.0, time.time() - file.stat().st_mtime), said["silent_seconds_max"]))
    return found


def is_up(home: Home) -> bool:
    """Whether `parstock up` runs in this home."""
    try:
        with (home.run / "up.lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
