"""Whoever owns a home: another process while there is one, else an owner started here, for as long as a command lasts.

Belongs here: finding the owner, starting one, and going on when the other one goes away in the middle. Does not belong here: what an
owner does (`owner`), asking one in another process (`client`).

Two commands at once are two of a kind: the first owns the home, the second asks it. When the first is done it stops, and the second
owns the home from then on.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Final, Self

from pipelines.owner.client import OwnerClient, OwnerGone
from pipelines.owner.owner import HomeIsOwned, Owner
from pipelines.settings import Home

WAIT_SECONDS: Final = 60.0
"""So long an owner may take to open its door after it has taken the lock, or to let go of it after it has closed the door."""
_AGAIN_SECONDS: Final = 0.1


class EitherOwner:
    """Use it as a context manager. `how` is what an owner started here is told. Raises UserError (exit code 3) where neither can be had."""

    def __init__(self, home: Home, **how: Any) -> None:
        self._home, self._how = home, how
        self._client: OwnerClient | None = None
        self._owner: Owner | None = None

    def __enter__(self) -> Self:
        self._find()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._owner is not None:
            self._owner.stop()
        elif self._client is not None:
            self._client.close()

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process owns the home now."""
        return self._owner is None

    def ask(self, question: str, **details: Any) -> Any:
        """Have the owner do something and wait for the answer. Whatever is asked may be asked again: what was done stays done."""
        while self._owner is None:
            try:
                assert self._client is not None
                return self._client.ask(question, **details)
            except OwnerGone:
                self._find()
        return self._owner.ask(question, **details)

    def _find(self) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._client = OwnerClient(self._home)
                return
            except LookupError:
                pass
            try:
                self._owner = Owner(self._home, **self._how).start()
                return
            except HomeIsOwned:
                if time.monotonic() > until:
                    raise
                time.sleep(_AGAIN_SECONDS)
