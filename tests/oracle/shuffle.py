"""The same set of lines, sent in another way: copied, permuted, cut into other files, formats and scans.

Belongs here: disturbances that must not change what the ledger says, and the Hypothesis strategy of them. Does not
belong here: contradictions (`conflicting_payload`), where the first stands and order matters.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from oracle import generate
from oracle.generate import Line


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a set of lines is sent; everything random in it follows from `seed`."""

    seed: int
    scans: int = 2
    """How many times the landing folder is looked at; the second brings what the reference data lacked."""
    files: int = 3
    """Files of a feed in one scan."""
    copy_rate: float = 0.1
    """How many of the lines are sent once more."""
    csv_rate: float = 0.3
    gzip_rate: float = 0.2
    resend_rate: float = 0.2
    """How many of the files come again in a later scan, under another name."""
    kills: tuple[str, ...] = ()
    """Failpoints: the n-th scan is killed there and taken once more (a point that it does not pass kills nothing)."""


KILL_POINTS = ("after_segment", "after_manifest", "before_commit", "after_commit", "after_flush_file", "after_current")
"""Where an ingest can die between a file and the ledger; what each leaves behind is told in `faults.killing`."""


def schedules() -> st.SearchStrategy[Schedule]:
    """Any schedule; it shrinks to one scan after the other, one file a feed, no copies, plain JSON Lines, no kills."""
    share = st.sampled_from([0.0, 0.1, 0.5])
    kill = st.builds(lambda point, nth: f"{point}:{nth}", st.sampled_from(KILL_POINTS), st.integers(1, 4))
    return st.builds(
        Schedule,
        seed=st.integers(0, 2**31),
        scans=st.integers(2, 4),
        files=st.integers(1, 6),
        copy_rate=share,
        csv_rate=share,
        gzip_rate=share,
        resend_rate=share,
        kills=st.lists(kill, max_size=2).map(tuple),
    )


def write(root: Path, lines: list[Line], schedule: Schedule) -> list[Path]:
    """Write the lines as scans under `root`, in the order in which they are to be delivered; returns their folders."""
    chance = random.Random(schedule.seed)
    folders = [root / str(number) for number in range(1, schedule.scans + 1)]
    for folder in folders:
        folder.mkdir(parents=True)
    generate.write_reference(folders[0])
    generate.write_reference(folders[1], is_later=True)
    sent = lines + [line for line in lines if chance.random() < schedule.copy_rate]
    chance.shuffle(sent)
    cut: dict[tuple[int, str, int], list[dict[str, Any] | str]] = defaultdict(list)
    for feed, line in sent:
        cut[chance.randrange(schedule.scans), feed, chance.randrange(schedule.files)].append(line)
    for (scan, feed, number), batch in sorted(cut.items()):
        name, content = _file(batch, f"{scan}-{number}", feed, chance, schedule)
        _put(folders[scan] / feed / name, content)
        if chance.random() < schedule.resend_rate:
            _put(chance.choice(folders[scan:]) / feed / f"again-{name}", content)
    return folders


def cut_into_lines(source: Path, target: Path) -> None:
    """A landing folder with every line of a JSON Lines file in a file of its own; `reference` stays as it is."""
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        place = target / path.relative_to(source)
        if path.suffix != ".jsonl":
            _put(place, path.read_bytes())
            continue
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
            _put(place.with_name(f"{place.stem}-{number:03d}.jsonl"), line)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _file(batch: list[dict[str, Any] | str], stem: str, feed: str, chance: random.Random, schedule: Schedule) -> tuple[str, bytes]:
    rows = [line for line in batch if isinstance(line, dict)]
    if feed != "rfid" and len(rows) == len(batch) and chance.random() < schedule.csv_rate:
        name, text = f"{stem}.csv", _as_csv(rows, chance)
    else:
        name, text = f"{stem}.jsonl", "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in batch)
    content = text.encode()
    if chance.random() < schedule.gzip_rate:
        return f"{name}.gz", gzip.compress(content, mtime=0)
    return name, content


def _as_csv(rows: list[dict[str, Any]], chance: random.Random) -> str:
    columns = sorted({name for row in rows for name in row})
    chance.shuffle(columns)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
