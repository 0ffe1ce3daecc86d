"""Asking a running owner, from another process.

Belongs here: finding the owner and its answers. Does not belong here: what the owner does (`owner.py`).
"""

from __future__ import annotations

import json
from typing import Any

from pipelines.errors import UserError
from pipelines.meeting import meet
from pipelines.settings import Home


class OwnerGone(UserError):
    """The owner has stopped, or was killed, before it answered: what was asked may have been done or not."""

    def __init__(self) -> None:
        super().__init__("the owner process has ended", next_step="parstock doctor", exit_code=3)


class OwnerClient:
    """A connection to the home's running owner. Raises LookupError when none runs."""

    def __init__(self, home: Home) -> None:
        self._connection, _ = meet(home, "owner")

    def ask(self, question: str, **details: Any) -> Any:
        """Ask and wait for the answer. Raises UserError with the owner's own words when it could not, OwnerGone when it is no more."""
        try:
            self._connection.send_bytes(json.dumps({"question": question, "details": details}).encode())
            answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise OwnerGone from error
        if "gone" in answer:
            raise OwnerGone
        if "error" in answer:
            raise UserError(answer["error"], exit_code=int(answer.get("exit_code", 3)))
        return answer["answer"]

    def close(self) -> None:
        """Ask nothing more."""
        self._connection.close()
