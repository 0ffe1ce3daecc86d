"""Everything that the suite tries a little of, tried for hours: `make soak`. Keeps what came of it, by day, in `tests/soak/results/`.

    MINUTES=30     CPU minutes of odd files
    WORLDS=200     odd worlds from landing to the brief
    SCHEDULES=500  random schedules against the oracle
    WITHDRAWALS=20 random worlds from which deliveries are taken back

0 leaves a part out. Ends with exit code 1 where a part failed.
"""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = Path(__file__).resolve().parent / "results"
HEAD: Final = "| part | how much | came out | CPU minutes |\n|---|---|---|---|\n"


@dataclasses.dataclass(frozen=True)
class Part:
    """Something that can be tried for long: its name, the variable that says for how long, and what runs it."""

    name: str
    variable: str
    amount: int
    command: tuple[str, ...]


_PYTEST: Final = ("pytest", "-q", "--timeout=0", "-p", "no:cacheprovider")
PARTS: Final = (
    Part("odd files, CPU minutes", "MINUTES", 30, ("tests/soak/odd_files.py", "--minutes")),
    Part("odd worlds, from landing to the brief", "WORLDS", 200, ("tests/soak/odd_worlds.py", "--worlds")),
    Part("schedules against the oracle", "SCHEDULES", 500, (*_PYTEST, "tests/properties/test_ledger_properties.py")),
    Part("worlds with deliveries taken back", "WITHDRAWALS", 20, (*_PYTEST, "tests/properties/test_withdrawal_properties.py")),
)


def main() -> int:
    """Run the parts one after another; returns the exit code."""
    rows, is_bad = [], False
    for part in PARTS:
        amount = int(os.environ.get(part.variable) or part.amount)
        if amount:
            row, has_failed = _tried(part, amount)
            rows.append(row)
            is_bad = is_bad or has_failed
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{time.strftime('%Y-%m-%d')}.md"
    kept.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows), encoding="utf-8")
    print(f"kept in {kept.relative_to(ROOT)}")
    return 1 if is_bad else 0


def _tried(part: Part, amount: int) -> tuple[tuple[str, ...], bool]:
    """The row of the table, and whether anything failed; what the part prints is shown as it comes."""
    is_pytest = part.command[0] == "pytest"
    words = ["-m", *part.command] if is_pytest else [*part.command, str(amount)]
    told = {f"PARSTOCK_{part.variable}": str(amount)} if is_pytest else {}
    before, last = _processor(), ""
    with subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **told}, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip("= \n") or last
    return (part.name, f"{amount:,}", last, f"{(_processor() - before) / 60:.1f}"), process.returncode != 0


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
