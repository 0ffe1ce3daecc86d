"""How processes of one home find each other: a socket, and a file in `run/` that says where it is and with which token.

Belongs here: listening and connecting. Does not belong here: what is said. A socket's path over 100 characters becomes a
loopback port: systems cut longer ones off.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Final

from pipelines.settings import Home

_SOCKET_PATH_MAX: Final = 100
_AGAIN_SECONDS: Final = 0.05
"""After somebody who could not be let in: what keeps everybody out, as too many open files, must not keep a core busy."""


class Door:
    """A listener of this process, told to others in `run/<name>.json` until it is closed; `more` is told with it."""

    def __init__(self, home: Home, name: str, **more: Any) -> None:
        self._file = _told(home, name)
        self._is_closed = False
        path = str((home.run / f"{name}.sock").resolve())
        token = secrets.token_hex(16)
        if len(path) <= _SOCKET_PATH_MAX:
            Path(path).unlink(missing_ok=True)
            self._listener = Listener(path, family="AF_UNIX", authkey=token.encode())
        else:
            self._listener = Listener(("127.0.0.1", 0), family="AF_INET", authkey=token.encode())
        self._content = json.dumps({"pid": os.getpid(), "address": self._listener.address, "token": token, **more})
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._content)

    def accept(self) -> Connection | None:
        """The next who comes; null when the door is closed. Who goes away on the threshold keeps nobody else out."""
        while not self._is_closed:
            try:
                return self._listener.accept()
            except AuthenticationError:
                continue
            except (OSError, EOFError):
                if not self._is_closed:
                    time.sleep(_AGAIN_SECONDS)
        return None

    @property
    def is_told(self) -> bool:
        """Whether others still find it: false when the home has gone away or is another one now."""
        try:
            return self._file.read_text() == self._content
        except OSError:
            return False

    def close(self) -> None:
        """Let nobody in any more."""
        self._is_closed = True
        if self.is_told:
            self._file.unlink(missing_ok=True)
        self._listener.close()


def meet(home: Home, name: str, *, wait_seconds: float = 20.0) -> tuple[Connection, dict[str, Any]]:
    """A connection to the process behind a door, and what it tells of itself. Raises LookupError when there is none.

    One that was stopped, or hangs, and does not let anybody in within `wait_seconds` is none either.
    """
    try:
        told = json.loads(_told(home, name).read_text())
        address = told["address"]
        return _connected(tuple(address) if isinstance(address, list) else address, told["token"].encode(), wait_seconds), told
    except (OSError, EOFError, ValueError, KeyError, AuthenticationError) as error:
        raise LookupError(f"nobody answers at {name}") from error


def _connected(address: Any, token: bytes, wait_seconds: float) -> Connection:
    """Knock and show the token. The system lets a client wait for good for an answer, so that is done beside."""
    found: queue.SimpleQueue[Connection | Exception] = queue.SimpleQueue()
    given_up = threading.Event()

    def knock() -> None:
        try:
            connection = Client(address, authkey=token)
        except Exception as error:
            found.put(error)
        else:
            found.put(connection)
            if given_up.is_set():
                connection.close()

    threading.Thread(target=knock, daemon=True).start()
    try:
        answer = found.get(timeout=wait_seconds)
    except queue.Empty:
        given_up.set()
        raise TimeoutError(f"no answer for {wait_seconds:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _told(home: Home, name: str) -> Path:
    return home.run / f"{name}.json"
