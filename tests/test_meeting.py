"""Processes of one home find each other."""

from __future__ import annotations

import json
import queue
import socket
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pipelines.meeting import Door, meet
from pipelines.settings import Home

pytestmark = pytest.mark.timeout(30)


def test_who_goes_away_on_the_threshold_keeps_nobody_else_out(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    door = Door(home, "here")
    let_in: queue.Queue[Connection | None] = queue.Queue()
    threading.Thread(target=lambda: let_in.put(door.accept()), daemon=True).start()
    address = json.loads((home.run / "here.json").read_text())["address"]
    for _ in range(3):
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as stranger:
            stranger.connect(address if isinstance(address, str) else tuple(address))

    connection, _ = meet(home, "here")

    connection.send_bytes(b"good morning")
    inside = let_in.get(timeout=20)
    assert inside is not None
    assert inside.recv_bytes() == b"good morning"
    door.close()
    assert door.accept() is None
    with pytest.raises(LookupError):
        meet(home, "here")


def test_who_lets_nobody_in_is_not_waited_for(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    door = Door(home, "hung")  # nobody accepts: its process was stopped
    with pytest.raises(LookupError):
        meet(home, "hung", wait_seconds=0.2)
    door.close()
