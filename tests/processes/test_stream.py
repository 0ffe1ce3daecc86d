"""The stream's process: one that fails ends, so that it is started again and no command waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT, Home

pytestmark = pytest.mark.timeout(60)

_FAILING = """
import sys, threading, time
from pipelines.ingest import pipeline

def fails(*_, **__):
    threading.Thread(target=time.sleep, args=(50,)).start()  # as the runner leaves them
    raise OSError("no space left")

pipeline.ingest_stream = fails
from pipelines.processes.stream import main
main()
"""


def test_a_stream_that_fails_ends_whatever_threads_it_leaves(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    with (tmp_path / "said").open("wb") as said:
        stream = subprocess.Popen(
            [sys.executable, "-c", _FAILING, str(home.root)], stdin=subprocess.PIPE, stderr=said,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        )  # fmt: skip
        try:
            assert stream.wait(30) == 1
        finally:
            stream.kill()
            stream.wait()
            if stream.stdin:
                stream.stdin.close()
    assert "no space left" in (tmp_path / "said").read_text()
    assert not (home.run / "stream.json").exists()  # nobody is sent there any more
