"""Named points at which a test may kill the process, to prove that nothing is lost there.

Belongs here: the hook. It does nothing unless `PARSTOCK_FAIL_AT` names the point (`name`, or `name:3` for the third
time it is passed).
"""

from __future__ import annotations

import os
import signal

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here by SIGKILL when the environment asks for it."""
    wanted = os.environ.get("PARSTOCK_FAIL_AT")
    if not wanted:
        return
    point, _, nth = wanted.partition(":")
    if point == name:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] >= int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
