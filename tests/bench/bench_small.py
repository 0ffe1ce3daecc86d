"""What small inputs take: `python tests/bench/bench_small.py [--only WORD]`.

Makes a thousand rows of its own (a warehouse, two shops, 24 items, two months) and times, each as a user sees it: the first
reorder list of a new home; one more file in a new process, and while a process that builds stands; the question `ops.alerts`;
`explain`; one file beside `up`; Dagster's code location with dbt's manifest kept and without. Prints wall-clock seconds, the
processor seconds of everything that was started for it, and the promise, which is for two quiet cores.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402

from pipelines.publish.reader import run_sql  # noqa: E402
from pipelines.settings import Home  # noqa: E402

FIRST, DAYS, ITEMS = date(2026, 1, 5), 60, 24
AS_OF = "2026-03-06T20:00+01:00"
SHOPS = ("PAR", "LIL")
_A_PLANNED_ITEM = """
select item_code, location_code
from plan.reorder_points join core.dim_item using (item_id) join core.dim_location using (location_id) order by all"""


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", default="", help="only lines with this word; what they need is done all the same")
    only = asked.parse_args().only
    with tempfile.TemporaryDirectory(prefix="parstock-bench-") as folder:
        home, landing = Path(folder) / "home", Path(folder) / "landing"
        rows = write_landing(landing)

        def line(what: str, promise: float, work: Callable[[], Any], *, home: Path = home, is_measured: bool = True) -> None:
            wall, processor = measured(work, home)
            if is_measured and only in what:
                print(f"{what:62} {wall:6.2f} s wall {processor:6.2f} s processor   promise {promise:g} s", flush=True)

        line(f"new home, {rows:,} rows from landing to reorder list", 15, lambda: run(home, landing, build_process_seconds=0))
        line("one more file, in a new process", 7, lambda: run(home, one_more(folder, 1), build_process_seconds=0))
        line(
            "(a process that builds is left standing)",
            7,
            lambda: run(home, one_more(folder, 2), build_process_seconds=300),
            is_measured=False,
        )
        line("one more file, while a process that builds stands", 5, lambda: run(home, one_more(folder, 3), build_process_seconds=300))
        line("ops.alerts", 0.2, lambda: run_sql(Home(home), "select * from ops.alerts"))
        item, place = run_sql(Home(home), _A_PLANNED_ITEM).rows[0]
        line("explain", 0.8, lambda: parstock(home, "explain", f"{item}@{place}"))
        with standing(home):
            line("ingest of one file beside up", 1.3, lambda: parstock(home, "ingest", "--from", one_more(folder, 4)))
        line("(Dagster's code location, bytecode)", 5, lambda: dagster(Path(folder) / "other"), is_measured=False)
        line("Dagster's code location, a home's first time", 5, lambda: dagster(Path(folder) / "dagster"))
        line("Dagster's code location, again", 5, lambda: dagster(Path(folder) / "dagster"))
        end_builder(home)


def write_landing(folder: Path) -> int:
    """Write the thousand rows; returns how many there are."""
    dice = random.Random(11)
    files: dict[str, list[str]] = {
        "reference/locations.csv": ["location_code,location_name,location_kind,time_zone,country_code", "DC,Warehouse,dc,Europe/Paris,FR"],
        "reference/channels.csv": ["channel_code,channel_name,channel_kind,time_zone", "store,Shops,store,"],
        "reference/networks.csv": ["channel_code,location_code,priority"],
        "reference/suppliers.csv": ["supplier_code,supplier_name,supplier_kind", "SUP,Works,manufacturer"],
        "reference/items.csv": ["item_code,item_name,item_kind,category,base_uom_code,unit_cost_amount,unit_price_amount,currency_code"],
        "reference/terms.csv": [
            "supplier_code,item_code,location_code,lead_time_days,moq_units,multiple_units,unit_cost_amount,currency_code"
        ],
        "wms/days.jsonl": [],
        "pos/days.jsonl": [],
    }
    for shop in SHOPS:
        files["reference/locations.csv"].append(f"{shop},Shop {shop},store,Europe/Paris,FR")
        files["reference/networks.csv"].append(f"store,{shop},1")
    for number in range(ITEMS):
        files["reference/items.csv"].append(f"I{number:02},Item {number},stock,general,EA,{2 + number}.00,{5 + 2 * number}.90,EUR")
        files["reference/terms.csv"].append(f"SUP,I{number:02},*,{3 + number % 5},12,6,{2 + number}.00,EUR")
        for place in ("DC", *SHOPS):
            event = {"event_kind": "opening", "source_event_id": f"O{place}{number}", "location_code": place, "quantity": 60}
            files["wms/days.jsonl"].append(json.dumps(event | {"item_code": f"I{number:02}", "occurred_at": f"{FIRST}T06:00:00+01:00"}))
    while rows_of(files) < 1000:
        ticket, day = len(files["pos/days.jsonl"]), FIRST + timedelta(days=dice.randrange(DAYS))
        files["pos/days.jsonl"].append(sale(f"T{ticket}", day, dice))
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return rows_of(files)


def rows_of(files: dict[str, list[str]]) -> int:
    """Lines without headers."""
    return sum(len(lines) - name.endswith(".csv") for name, lines in files.items())


def sale(ticket: str, day: date, dice: random.Random) -> str:
    """A ticket of one line."""
    return json.dumps({
        "event_kind": "sale", "location_code": dice.choice(SHOPS), "register_no": "1", "document_id": ticket, "document_line": 1,
        "occurred_at": f"{day}T{dice.randrange(9, 19):02}:{dice.randrange(60):02}:00+01:00", "item_code": f"I{dice.randrange(ITEMS):02}",
        "quantity": dice.randrange(1, 4), "currency_code": "EUR", "unit_price_amount": "9.90",
    })  # fmt: skip


def one_more(folder: str, number: int) -> Path:
    """A landing folder with one more ticket, written a while ago."""
    path = Path(folder) / f"more-{number}" / "pos" / "more.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(sale(f"MORE-{number}", FIRST + timedelta(days=DAYS - 1), random.Random(number)) + "\n", encoding="utf-8")
    os.utime(path, (time.time() - 60,) * 2)
    return path.parents[1]


def run(home: Path, landing: Path, *, build_process_seconds: float) -> None:
    """`parstock run`, with a process that builds that stays so long."""
    parstock(home, "run", "--from", landing, "--as-of", AS_OF, PARSTOCK_BUILD_PROCESS_SECONDS=str(build_process_seconds))


def parstock(home: Path, *arguments: object, **settings: str) -> None:
    """One command in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, arguments), "--home", str(home)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, **settings},
    )  # fmt: skip


def dagster(home: Path) -> None:
    """Load what Dagster loads."""
    command = [sys.executable, "-c", "import orchestration.definitions"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PARSTOCK_HOME": str(home)}, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def standing(home: Path) -> Iterator[None]:
    """`parstock up` over the home, once its stream and its first build are there."""
    with (home / "run" / "up.log").open("wb") as log:
        command = [sys.executable, "-m", "pipelines.cli", "up", "--home", str(home), "--no-scheduler", "--build-seconds", "600"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 300
        while not (home / "run" / "stream.json").exists() and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(10)  # Beam loads, and what was left to build is built
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def measured(work: Callable[[], Any], home: Path) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: of this process, of those it waited for, and of the home's that builds."""
    before, started = processor_seconds() + builder_seconds(home), time.monotonic()
    work()
    wall = time.monotonic() - started
    return wall, processor_seconds() + builder_seconds(home) - before


def processor_seconds() -> float:
    """What this process and its children that have ended have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def builder(home: Path) -> psutil.Process | None:
    """The home's standing process that builds."""
    with contextlib.suppress(OSError, psutil.NoSuchProcess):
        return psutil.Process(json.loads((home / "run" / "build.json").read_text())["pid"])
    return None


def builder_seconds(home: Path) -> float:
    """What the process that builds has used; one that ended with its command was waited for there."""
    process = builder(home)
    if process is None:
        return 0.0
    used = process.cpu_times()
    return float(used.user + used.system)


def end_builder(home: Path) -> None:
    """Leave nothing behind."""
    process = builder(home)
    if process is not None:
        process.kill()


if __name__ == "__main__":
    main()
