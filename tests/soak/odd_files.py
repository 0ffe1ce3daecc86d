"""Odd files for as long as somebody likes: part of `make soak`. Prints each way of failing once, with the seed that shows it.

Ends with exit code 1 where any file could not be read and not be refused. `--seed` begins elsewhere; by default each run has files of its own.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from random import Random

from tests.worlds.odd_files import check, odd_file


def main() -> int:
    """Try files until the minutes of CPU time are over; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=30.0, help="of CPU time")
    arguments.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    said = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    found: Counter[tuple[str, ...]] = Counter()
    tried, until = 0, time.process_time() + 60 * said.minutes
    while time.process_time() < until:
        seed = said.seed + tried
        tried += 1
        odd = odd_file(Random(seed))
        try:
            check(odd)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            way = (type(error).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-3:]))
            found[way] += 1
            if found[way] == 1:
                print(f"seed {seed}: {odd!r}", "".join(traceback.format_exception(error)), sep="\n", flush=True)
    print(f"{tried:,} files from seed {said.seed} on; {sum(found.values()):,} failed, in {len(found):,} ways")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
