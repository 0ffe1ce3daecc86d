"""A pass over a landing folder in a process that may be killed.

Belongs here: starting such processes cheaply: one server imports ingest once and forks each of them, before any of Polars' threads
has started. Does not belong here: what is expected of them.
"""

from __future__ import annotations

import multiprocessing
import os
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

AS_OF: Final = datetime(2026, 3, 9, tzinfo=UTC)
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "pipelines.ingest.pipeline", "pipelines.ingest.sources.files"])


def pass_over(home: Path, landing: Path, fail_at: str = "") -> BaseProcess:
    """Start one pass, in small units and without Beam; it kills itself at the failpoint `fail_at`, if one is named."""
    process = _FORKS.Process(target=_pass, args=(str(home), str(landing), fail_at), daemon=True)
    process.start()
    return process


def _pass(home: str, landing: str, fail_at: str) -> None:
    from pipelines.ingest.pipeline import ingest_batch
    from pipelines.ingest.sources.files import landing_of
    from pipelines.settings import Home, Settings

    os.environ["PARSTOCK_FAIL_AT"] = fail_at
    settings, made = Settings(settle_seconds=0.05, unit_bytes=700), Home(Path(home))
    ingest_batch(made, [landing_of(made, settings, Path(landing))], clock=AS_OF, engine="direct", settings=settings)
