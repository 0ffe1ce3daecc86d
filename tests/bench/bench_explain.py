"""What `parstock explain` takes as a whole process: `python tests/bench/bench_explain.py --home DIR [--times N] [--seed S]`.

Asks for random planned item-places of a home (the demo's: `parstock demo --home DIR`), half of them with a proposal, each
in a process of its own. Prints the medians and the worst of wall clock and of processor time; the promise is 2 s on a
quiet machine. Exit code 1 where the median of processor time is above it.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.publish.reader import run_sql
from pipelines.settings import Home

ROOT = Path(__file__).resolve().parents[2]
PROMISE_SECONDS = 2.0
_TARGETS = """
select i.item_code || '@' || l.location_code, p.item_id is not null
from plan.reorder_points r join core.dim_item i using (item_id) join core.dim_location l using (location_id)
left join plan.reorder_proposals p using (item_id, location_id, run_id) order by 1"""


def processor_seconds() -> float:
    """What finished children have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Time it and say what it took."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--times", type=int, default=10)
    asked.add_argument("--seed", type=int, default=7)
    options = asked.parse_args()
    rows = run_sql(Home(options.home), _TARGETS).rows
    dice = random.Random(options.seed)
    ordered, others = [row[0] for row in rows if row[1]], [row[0] for row in rows if not row[1]]
    targets = [dice.choice(ordered if number % 2 and ordered else others) for number in range(options.times)]
    walls, processors = [], []
    for target in targets:
        start, before = time.perf_counter(), processor_seconds()
        command = [sys.executable, "-m", "pipelines.cli", "explain", target, "--home", str(options.home)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - start)
        processors.append(processor_seconds() - before)
    for name, took in (("wall clock", walls), ("processor", processors)):
        print(f"{name:<11} median {statistics.median(took):.2f} s, worst {max(took):.2f} s of {len(took)}")
    return int(statistics.median(processors) > PROMISE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
