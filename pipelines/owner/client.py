"""Asking a running owner, from another process.

Belongs here: finding the owner and its answers. Does not belong here: what the owner does (`owner.py`).
"""

from __future__ import annotations

import json
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import Any

from pipelines.errors import UserError
from pipelines.settings import Home


class OwnerClient:
    """A connection to the home's running owner. Raises LookupError when none runs."""

    def __init__(self, home: Home) -> None:
        try:
            stored = json.loads((home.run / "owner.json").read_text())
            address = stored["address"]
            self._connection = Client(tuple(address) if isinstance(address, list) else address, authkey=stored["token"].encode())
        except (OSError, ValueError, KeyError, AuthenticationError) as error:
            raise LookupError("no owner runs") from error

    def ask(self, question: str, **details: Any) -> Any:
        """Ask and wait for the answer. Raises UserError with the owner's own words when it could not."""
        try:
            self._connection.send_bytes(json.dumps({"question": question, "details": details}).encode())
            answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise UserError("the owner went away", next_step="parstock doctor", exit_code=3) from error
        if "error" in answer:
            raise UserError(answer["error"], exit_code=3)
        return answer["answer"]
