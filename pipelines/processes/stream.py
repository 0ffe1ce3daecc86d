"""The stream as a process of its own: `python -m pipelines.processes.stream HOME`, started and ended by `pipelines.processes.up`.

Belongs here: the life of that process. Does not belong here: what the stream does (`pipelines.ingest`).
It ends when its stdin does: whoever started it is gone then, or wants it to end.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pipelines.processes.heartbeat import HEARTBEAT_SECONDS, beat
from pipelines.settings import Home, Settings

GRACE_SECONDS: Final = 3.0
"""What is being parsed may be finished; after that the process goes, and the next one parses it again."""


def main() -> None:
    """Watch the landing folders of the home that is named until stdin ends, and take what commands hand in."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s  %(message)s", level=logging.INFO)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of the terminal's processes; the supervisor ends this one
    home = Home(Path(sys.argv[1]))
    stopping = threading.Event()

    def listen() -> None:
        while os.read(0, 1024):
            pass
        stopping.set()
        threading.Timer(GRACE_SECONDS, os._exit, (0,)).start()

    def live() -> None:
        while not stopping.wait(HEARTBEAT_SECONDS):
            beat(home, "stream")

    threading.Thread(target=listen, daemon=True).start()
    threading.Thread(target=live, daemon=True).start()
    from pipelines.ingest.pipeline import ingest_stream
    from pipelines.ingest.sources.registry import open_sources
    from pipelines.ingest.standing import Counter

    log = logging.getLogger("parstock.stream")
    settings = Settings()
    counter = Counter(home, settings, stopping.is_set)
    code = 0
    try:
        ingest_stream(
            home,
            open_sources(home, settings),
            settings=settings,
            handed=counter.handed,
            clock=lambda: datetime.now(UTC),
            should_stop=stopping.is_set,
            on_unreadable=lambda what: log.warning("cannot be read: %s", what),
        )
    except BaseException:  # Polars can raise PanicException, which is no Exception
        log.exception("the stream failed; what commands handed in they do themselves")
        code = 1
    counter.close()
    logging.shutdown()
    os._exit(code)  # Beam's threads would hold the interpreter back


if __name__ == "__main__":
    main()
