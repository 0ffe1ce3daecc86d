"""What `parstock explain` takes as a whole process: `python tests/bench/bench_explain.py [--home DIR] [--times N] [--seed S]`.

Asks for random planned item-places of a home (the demo's; made first when none is given), half of them with a proposal,
each in a process of its own. Prints the medians and the worst of wall clock and of processor time; the promise is 2 s on
a quiet machine.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
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


def main() -> None:
    """Time it and say what it took."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--home", type=Path)
    asked.add_argument("--times", type=int, default=10)
    asked.add_argument("--seed", type=int, default=7)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-explain-") as folder:
        home = options.home or Path(folder)
        if not options.home:
            subprocess.run(
                [sys.executable, "-m", "pipelines.cli", "demo", "--home", folder], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
            )
        ask(home, options.times, options.seed)


def ask(home: Path, times: int, seed: int) -> None:
    """Explain random item-places of a home, and print how long it took."""
    rows = run_sql(Home(home), _TARGETS).rows
    dice = random.Random(seed)
    ordered, others = [row[0] for row in rows if row[1]], [row[0] for row in rows if not row[1]]
    targets = [dice.choice(ordered if number % 2 and ordered else others) for number in range(times)]
    walls, processors = [], []
    for target in targets:
        start, before = time.perf_counter(), processor_seconds()
        command = [sys.executable, "-m", "pipelines.cli", "explain", target, "--home", str(home)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - start)
        processors.append(processor_seconds() - before)
    for name, took in (("wall clock", walls), ("processor", processors)):
        print(f"{name:<11} median {statistics.median(took):.2f} s, worst {max(took):.2f} s of {len(took)}")
    print(f"the promise is  {PROMISE_SECONDS:.0f} s")


if __name__ == "__main__":
    main()
