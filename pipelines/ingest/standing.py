"""The end of a standing stream at which commands hand it their folders (`beside` is theirs).

Belongs here: answering them. Does not belong here: a second way in; what is handed is surveyed as ever, and its units go
through the pipeline that runs.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.ingest.beside import DOOR, marks_of
from pipelines.ingest.live import Handed
from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.report import Progress
from pipelines.ingest.sources.files import landing_of
from pipelines.ingest.unit import WorkUnit
from pipelines.meeting import Door
from pipelines.settings import Home, Settings
from pipelines.spool import Manifest, Spool

log = logging.getLogger("parstock.stream")
_LOOK_SECONDS = 0.01


class Counter:
    """Where commands hand in their folders while this process's stream runs; `handed` is what the stream is to be given."""

    def __init__(self, home: Home, settings: Settings, is_stopped: Callable[[], bool]) -> None:
        self.handed = Handed()
        self._home, self._settings, self._is_stopped = home, settings, is_stopped
        self._door = Door(home, DOOR)
        threading.Thread(target=self._accept, name="stream-counter", daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._door.close()

    def _accept(self) -> None:
        while (connection := self._door.accept()) is not None:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        """One request. Where it fails beyond words the connection closes, and the command does it itself."""
        try:
            with connection:
                request = json.loads(connection.recv_bytes())
                _say(connection, self._answer(request, lambda progress: _say(connection, {"progress": dataclasses.asdict(progress)})))
        except (OSError, EOFError):  # the command has gone: what it handed in goes its way
            return
        except Exception:
            log.exception("what a command handed in could not be taken")

    def _answer(self, request: dict[str, Any], on_progress: Callable[[Progress], None]) -> dict[str, Any]:
        if request["settings"] != marks_of(self._settings):
            return {}
        try:
            landing = landing_of(self._home, self._settings, Path(request["root"]), feeds=request["feeds"], adapter=request["adapter"])
            report = ingest_batch(
                self._home, [landing], clock=datetime.fromisoformat(request["now"]), on_progress=on_progress, settings=self._settings,
                hand_over=self._through_the_stream,
            )  # fmt: skip
        except UserError as error:
            if self._is_stopped():  # and so not all came through: the command does it itself
                return {}
            return {"error": {"what": error.what, "where": error.where, "next_step": error.next_step, "exit_code": error.exit_code}}
        return {"report": dataclasses.asdict(report)}

    def _through_the_stream(self, units: list[WorkUnit]) -> Iterator[Manifest]:
        """Give units to the stream; brings each manifest when it is in the spool. Ends early with the stream."""
        spool = Spool(self._home.spool)
        self.handed.add(units)
        left = {unit.unit_id for unit in units}
        while left and not self._is_stopped():
            parsed = {unit_id for unit_id in left if spool.has_manifest(unit_id)}
            yield from map(spool.read_manifest, sorted(parsed))
            left -= parsed
            if left:
                time.sleep(_LOOK_SECONDS)


def _say(connection: Connection, answer: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(answer).encode())
