"""Odd worlds from landing to the brief, as many as somebody likes: part of `make soak`. Prints each that a command failed on, with its seed.

Ends with exit code 1 where any did. A world is 15 seconds or so of CPU time.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the oracle's package

from tests.worlds.odd_worlds import walk


def main() -> int:
    """Walk the worlds; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--worlds", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    said = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    os.environ["PARSTOCK_BUILD_PROCESS_SECONDS"] = "0"  # hundreds of processes that stand and wait would be left behind
    failed = 0
    for seed in range(said.seed, said.seed + said.worlds):
        # the reports of the gates are written behind: their writer may still be at it
        with tempfile.TemporaryDirectory(prefix="parstock-odd-", ignore_cleanup_errors=True) as folder:
            wrong = walk(Path(folder), seed)
        failed += bool(wrong)
        for words in wrong:
            print(f"seed {seed}: {words}", flush=True)
    print(f"{said.worlds:,} worlds from seed {said.seed} on; {failed:,} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    from pipelines.cli.main import leave

    leave(main())  # as the command ends: engines that Beam and dbt loaded print lists when the interpreter takes itself apart
